"""One event, told by many articles."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.model import Document, Event, ReportedEvent
from pipeline.stages.extract.events.merging import figures_in, merge_reports
from pipeline.stages.extract.stage import read

DAY = datetime(2022, 2, 21, 9, tzinfo=UTC)


def article(name: str, text: str, story: str | None = "story", **fields: Any) -> Document:
    given: dict[str, Any] = {"id": name, "source": name, "seen": DAY, "published": DAY, "text": text, "language": "en"}
    return read(Document(**given | {"story_id": story} | fields))


def merged(*documents: Document) -> tuple[ReportedEvent, ...]:
    pairs: list[tuple[Document, Event]] = [(document, event) for document in documents for event in document.events]
    assert pairs, "nothing was coded"
    return merge_reports(pairs)


def test_reports_of_one_story_are_one_event_and_copies_count_once() -> None:
    (event,) = merged(
        article("reuters", "France condemned North Korea on Monday."),
        article("afp", "On Monday, France condemned North Korea again."),
        article("paper", "France condemned North Korea on Monday.", duplicate_of="reuters"),
    )
    assert (event.event.reports, event.event.origins) == (3, 2)
    assert [(report.article, report.sentence) for report in event.told_by] == [
        ("reuters", "France condemned North Korea on Monday."),
        ("afp", "On Monday, France condemned North Korea again."),
        ("paper", "France condemned North Korea on Monday."),
    ]


@pytest.mark.parametrize(
    ("other", "fields"),
    [
        ("Germany condemned North Korea.", {}),
        ("France condemned North Korea.", {"story_id": "another"}),
        ("France will meet North Korea.", {}),
        ("France condemned North Korea.", {"published": DAY + timedelta(days=9)}),
        ("France condemned North Korea on 3 February.", {}),
    ],
)
def test_what_is_not_one_event_stays_apart(other: str, fields: dict[str, Any]) -> None:
    story = str(fields.pop("story_id", "story"))
    first = article(
        "a", "France condemned North Korea on Monday." if "February" in other else "France condemned North Korea."
    )
    assert len(merged(first, article("b", other, story, **fields))) == 2


def test_articles_without_a_story_merge_with_none() -> None:
    assert len(merged(*(article(name, "France condemned North Korea.", None) for name in "ab"))) == 2


def test_stories_that_turned_out_to_be_one_are_one() -> None:
    (event,) = merged(
        article("a", "France condemned North Korea.", "early"),
        article("b", "France condemned North Korea.", "late"),
        article("c", "France condemned North Korea.", "early", merged=("late",)),
    )
    assert event.event.reports == 3


def test_figures_that_disagree_stand_side_by_side_with_who_gives_them() -> None:
    (event,) = merged(
        article("reuters", "Rebels attacked the army in Mali on Sunday and killed 12 soldiers."),
        article(
            "afp", "Rebels attacked the army in Mali on Sunday, and 15 soldiers were killed, three villages burnt."
        ),
        article("bbc", "Rebels attacked the army in Mali on Sunday; at least 12 soldiers died."),
    )
    assert [(figure.counted, figure.value, figure.sources) for figure in event.figures] == [
        ("soldier", "15", ("afp",)),
        ("soldier", "12", ("bbc", "reuters")),
    ]


def test_order_of_reports_changes_neither_counts_nor_figures() -> None:
    documents = [
        article(f"s{n}", f"Rebels attacked the army in Mali on Sunday and killed {n % 3 + 5} soldiers.")
        for n in range(9)
    ]
    wanted = merged(*documents)
    random.Random(3).shuffle(documents)
    (event,), (first,) = merged(*documents), wanted
    assert (event.event.reports, event.figures) == (first.event.reports, first.figures)


@pytest.mark.parametrize(
    ("sentence", "figures"),
    [
        ("It killed 12 people and wounded 1,200 others.", {"person": "12", "other": "1,200"}),
        ("Two million people fled in 2022.", {"person": "2,000,000"}),
        ("Some 150 Russian troops and 12 new armed vehicles came.", {"troop": "150", "vehicle": "12"}),
        ("At 10 a.m. on 24 February, 3 percent of it cost $12 million.", {}),
        ("3.5 million refugees", {"refugee": "3,500,000"}),
        ("", {}),
    ],
)
def test_figures(sentence: str, figures: dict[str, str]) -> None:
    assert figures_in(sentence) == figures


def test_event_of_two_independent_publishers_is_confirmed_and_of_copies_is_not() -> None:
    told = "France condemned North Korea on Monday."
    (both,) = merged(article("reuters", told), article("afp", "On Monday, France condemned North Korea again."))
    (copied,) = merged(article("reuters", told), article("paper", told, duplicate_of="reuters"))
    assert (both.confirmed, copied.confirmed) == (True, False)


def test_report_of_the_lead_stands_for_the_event() -> None:
    filler = "The weather stayed mild through most of the weekend in the valley. " * 12
    late = filler + "France condemned North Korea on Monday."
    lead = "On Monday France condemned North Korea. " + filler
    for order in ((late, lead), (lead, late)):
        (event,) = merged(*(article(f"a{n}", text) for n, text in enumerate(order)))
        assert event.event.sentence.text == "On Monday France condemned North Korea."


def test_verbs_of_one_sentence_between_the_same_parties_are_one_act() -> None:
    document = article("reuters", "Rebels attacked the army in Mali on Sunday and killed 12 soldiers.")
    assert [event.trigger.text for event in document.events] == ["attacked"]
