"""What a person sees at 40, 80 and 200 columns, as files in tests/data/screens.

To see what a change does to them, write them anew (``TZ=UTC python -m tests.unit.views.test_screens``) and look at the
difference.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription
from pipeline.model import Actor, AlertRule, Document, Event, Report, ReportedEvent, Span, derive_id
from pipeline.ports.alerts import Tally
from pipeline.ports.revisions import Revision
from pipeline.query.parser import parse
from pipeline.services.feed_health import judged
from pipeline.services.feeds import FeedStatus
from pipeline.services.stories import StoryLine
from pipeline.views.alert_table import alert_table
from pipeline.views.feed_table import feed_table
from pipeline.views.lines import article_line, check_line
from pipeline.views.listing import Listing, day_name
from pipeline.views.revisions import diff_lines
from pipeline.views.screen import cut, hang, pad, wrap
from pipeline.views.stories import story_line
from pipeline.views.story_listing import event_listing, story_listing

SCREENS = Path(__file__).parents[2] / "data" / "screens"
WIDTHS = (40, 80, 200)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENT = Event(id="e", type="CONSULT", trigger=Span(text="met", start=0, end=3), sentence=Span(text="m", start=0, end=1))


def article(title: str, text: str, *, hours: float = 0, **fields: Any) -> Document:
    at = NOW - timedelta(hours=hours)
    return Document(id=derive_id(title), source="Harbour Wire", seen=at, published=at, title=title, text=text, **fields)


ARTICLES = (
    article("Ministers agree to reopen the border crossing at Harlin", "Talks in Geneva ended.", language="en"),
    article(
        "港の労働者がストライキを開始、物流に大きな影響が出る見通し",
        "港の労働者は月曜日にストライキを開始した。",
        hours=3,
        language="ja",
        events=(EVENT,),
    ),
    article(
        "A title that is much longer than any screen is wide, because whoever wrote it could not decide what was news "
        "and put all of it into one sentence with talks in it, three commas and no end in sight for anybody",
        "The talks went on. " * 30,
        hours=30,
        revision=3,
        duplicate_of="f" * 32,
        copies=("a" * 32,),
        events=(EVENT, EVENT),
        language="en",
    ),
    article("Talks of last year", "", hours=24 * 400, withdrawn=True, language="en"),
)


def search(width: int) -> Iterator[str]:
    listing, query = Listing(width), parse("talks OR ストライキ")
    for document in ARTICLES:
        yield from listing.lines(document, NOW, query)


def feeds(width: int) -> Iterator[str]:
    def status(name: str, poll: Poll | None, **fields: Any) -> FeedStatus:
        feed = Subscription(url=f"https://{name}.example/feed.xml", added=NOW, **fields)
        return FeedStatus(subscription=feed, poll=poll, push=None, health=judged(feed, poll, NOW))

    due, hour = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
    well = Poll(next_check=due, last_check=hour, last_success=hour, last_entry=hour, per_day=12.34, delays=(60, 90))
    broken = Poll(next_check=due, last_check=hour, failures=3, error="The host does not answer.")
    yield from feed_table(
        [
            status("well", well, title="Well and good"),
            status("a-very-long-name-of-a-host-that-goes-on", broken),
            status("new", None, title="港の新聞"),
            status("rest", well, paused=True),
        ],
        NOW,
        width,
    )


def alerts(width: int) -> Iterator[str]:
    rules = [
        AlertRule(id="1", name="talks", query="(talks OR truce) AND geneva", created=NOW),
        AlertRule(
            id="2", name="everything about the harbour", query='harbour "red line"~5', created=NOW, paused=True,
            channels=("pager", "mailto:me@example.org"),
        ),
    ]  # fmt: skip
    yield from alert_table(rules, {"1": Tally(sent=1234, withheld=5)}, lambda channel: channel, NOW, width)


def story(label: str, hours: float, **fields: Any) -> StoryLine:
    latest = NOW - timedelta(hours=hours)
    made = {
        "id": derive_id(label),
        "label": label,
        "state": "open",
        "first_seen": latest,
        "latest": latest,
        "closed": None,
    }
    made |= {"articles": 2, "origins": 1, "per_hour": 0.0, "per_hour_before": 0.0, "growth": 0.0}
    made |= {"sources": ("Harbour Wire",), "merged": ()}
    return msgspec.convert(made | fields, StoryLine)


STORIES = (
    story(ARTICLES[0].title or "", 0.2, articles=1234, origins=56, per_hour=12.5, per_hour_before=3.0, growth=9.5),
    story(ARTICLES[1].title or "", 30),
    story(ARTICLES[2].title or "", 24 * 400, state="closed"),
)


def stories(width: int) -> Iterator[str]:
    for line in STORIES:
        yield from story_listing(line, NOW, width)


def events(width: int) -> Iterator[str]:
    def actor(name: str, code: str) -> Actor:
        return Actor(text=name, name=name, code=code, start=0, end=1)

    many = tuple(
        actor(name, "OSL") for name in ("Foreign Minister Demir Oss", "the government of Oslavia", "港の労働者")
    )
    for reported, origins, parties in ((1, 1, (actor("Karhuna", "KAR"),)), (12, 7, many)):
        event = msgspec.structs.replace(
            EVENT, id=derive_id("event"), actors=parties, recipients=many[:1], reports=reported, origins=origins
        )
        told = (Report(article="a" * 32, source="Harbour Wire", event="e", sentence="They met."),)
        yield from event_listing(ReportedEvent(event=event, told_by=told, confirmed=origins > 1), width)


def hung(width: int) -> Iterator[str]:
    """Yield what has no listing of its own, as every other command prints it: a line that goes on further in."""
    for line in (story_line(STORIES[2]), "  " + article_line(ARTICLES[2]), check_line("feeds", False, "a word " * 40)):
        yield from hang(line, width)


VIEWS: dict[str, Callable[[int], Iterator[str]]] = {
    "search": search,
    "feeds": feeds,
    "alerts": alerts,
    "stories": stories,
    "events": events,
    "hung": hung,
}


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def shown(name: str, width: int) -> str:
    return "".join(f"{click.unstyle(line).rstrip()}\n" for line in VIEWS[name](width))


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sorted(VIEWS))
def test_screen_is_as_its_file(name: str, width: int) -> None:
    assert shown(name, width) == (SCREENS / f"{name}-{width}.txt").read_text("utf-8")


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("name", sorted(VIEWS))
@given(width=st.integers(40, 140))
def test_no_line_is_wider_than_the_screen(name: str, width: int) -> None:
    assert [] == [line for line in shown(name, width).splitlines() if cell_len(line) > width]


@given(st.text(), st.integers(2, 100))
def test_wrapped_text_fits_and_loses_no_word(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


STYLES = st.sampled_from(("", "\x1b[1m", "\x1b[32m", "\x1b[0m"))
LONG = st.text("ab港", min_size=30, max_size=150)
WORDS = st.lists(st.tuples(STYLES, st.text() | LONG, STYLES, st.sampled_from((" ", "  ", "\t"))), max_size=12)


@given(WORDS, st.integers(0, 90), st.integers(20, 60), st.integers(0, 40))
def test_hung_line_fits_goes_on_further_in_and_keeps_words_and_styles(
    words: list[tuple[str, str, str, str]], space: int, width: int, indent: int
) -> None:
    line = " " * space + "".join("".join(word) for word in words)
    lines = hang(line, width, indent)
    shown = [click.unstyle(each) for each in lines]
    assert all(cell_len(each) <= width for each in shown)
    assert "".join("".join(shown).split()) == "".join(click.unstyle(line).split())
    assert re.findall(r"\x1b\[\d+m", "".join(lines)) == re.findall(r"\x1b\[\d+m", line)
    if len(lines) > 1:
        begins = min(space + indent, width // 2)
        assert all(each[:begins].isspace() or begins == 0 for each in shown[1:] if each.strip())


def test_a_line_that_fits_is_left_as_it_is() -> None:
    line = click.style("name", bold=True) + "   value   of it"
    assert hang(line, 40) == [line]


@given(st.text(), st.integers(1, 60), st.integers(1, 4))
def test_cut_text_fits(text: str, width: int, most: int) -> None:
    assert cell_len(cut(text, width)) <= width
    assert cell_len(pad(text, width)) == width
    assert len(wrap(text, width, most)) <= most


def test_a_day_has_its_year_where_it_is_not_this_one() -> None:
    today = NOW.astimezone().date()
    assert day_name(today, NOW).startswith("Today, ")
    assert day_name(today - timedelta(days=1), NOW).startswith("Yesterday, ")
    assert day_name(today - timedelta(days=10), NOW)[-4:] != "2026"
    assert day_name(today - timedelta(days=400), NOW).endswith("2025")


def test_difference_is_word_by_word() -> None:
    older = Revision(revision=1, title="Two hurt in fire", text="Two people were hurt.\nMore soon.", until=NOW)
    newer = Revision(revision=2, title="Five hurt in fire", text="Five people were hurt, police said.\nMore soon.")
    lines = list(diff_lines(older, newer, coloured=False))
    assert "revision 2" in lines[0]
    assert lines[1] == "[-Two-]{+Five+} hurt in fire"
    assert lines[3] == "[-Two-]{+Five+} people were hurt{+, police said+}."
    assert lines[4] == "More soon."


if __name__ == "__main__":
    for view in VIEWS:
        for columns in WIDTHS:
            (SCREENS / f"{view}-{columns}.txt").write_text(shown(view, columns), "utf-8")
