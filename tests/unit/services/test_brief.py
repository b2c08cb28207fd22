"""A brief tells the stories that most publishers tell, with where to read them, and says when there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.model import Document
from pipeline.services.brief import Brief, brief, lines, notice
from tests.fakes.index import MemoryIndex
from tests.unit.services.desks import stories_over

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def made(*stories: tuple[str, int], limit: int = 10, days: int = 1) -> Brief:
    """Return a brief over stories of so many publishers each, who report an hour apart; one copies the first."""
    index = MemoryIndex()
    for name, publishers in stories:
        for number in range(publishers):
            seen = NOW - timedelta(hours=publishers - number)
            index.upsert(
                [
                    Document(
                        id=f"{name}{number}".ljust(32, "0"), source=f"wire {number}", seen=seen, published=seen,
                        title=f"Flood in {name}", text="Water.", url=f"https://wire.example/{name}/{number}",
                        story_id=name.ljust(32, "0"), revision=1,
                    )
                ]
            )  # fmt: skip
        copied = f"{name}0".ljust(32, "0")
        index.upsert([Document(id=f"{name}c".ljust(32, "0"), source="copier", seen=NOW, published=NOW, revision=1,
                               title=f"Flood in {name}", url="https://copier.example/", duplicate_of=copied,
                               story_id=name.ljust(32, "0"))])  # fmt: skip
    return brief(stories_over(index, NOW), "flood", NOW, days=days, limit=limit)


def test_stories_of_more_publishers_come_first_with_the_addresses_of_their_first_reports() -> None:
    told = made(("bbbb", 1), ("aaaa", 4))
    assert [(item.story.label, item.story.origins) for item in told.items] == [
        ("Flood in aaaa", 4),
        ("Flood in bbbb", 1),
    ]
    assert told.items[0].urls == tuple(f"https://wire.example/aaaa/{n}" for n in range(3))
    assert lines(told) == [
        "flood: 2 stories in the last 24 hours",
        "",
        "1. Flood in aaaa (4 publishers, 5 articles)",
        *(f"   https://wire.example/aaaa/{n}" for n in range(3)),
        "",
        "2. Flood in bbbb (1 publisher, 2 articles)",
        "   https://wire.example/bbbb/0",
    ]


def test_what_is_left_out_is_counted() -> None:
    told = made(("aaaa", 2), ("bbbb", 1), ("cccc", 1), limit=1, days=3)
    assert lines(told)[0] == "flood: 3 stories in the last 3 days"
    assert lines(told)[-1] == "2 more; `newswire story list` shows them."


def test_nothing_is_said_as_nothing() -> None:
    assert lines(made()) == ["Nothing about flood in the last 24 hours."]
    message = notice(made())
    assert (message.title, message.text) == ("Nothing about flood in the last 24 hours.",) * 2


def test_message_of_a_brief_has_its_first_line_as_title_and_the_same_key_each_time() -> None:
    told = made(("aaaa", 1))
    message = notice(told)
    assert message.title == "flood: 1 story in the last 24 hours"
    assert message.text.startswith("1. Flood in aaaa")
    assert message.id == notice(told).id
