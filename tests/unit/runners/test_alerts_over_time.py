"""From articles to messages over hours: what a reader hears of stories that are revised, withdrawn, held and edited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.alerts.changes import CHANGED_BACK
from pipeline.model import AlertRule, Article
from pipeline.runners import notifier
from pipeline.runners.embedded import Embedded
from pipeline.runners.polling.publishing import publish
from tests.unit.runners import test_notifier
from tests.unit.runners.test_notifier import HOUR, NOON

MINUTE = timedelta(minutes=1)
TITLE = "Flood at Eiken"
FIRST = f"r: {TITLE}"


class Newsroom(test_notifier.Newsroom):
    """Hold the embedded runtime beside a notifier over a store in memory, and the time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.runtime = Embedded(
            log=self.log,
            table=partial(SqliteTable, database),
            index=self.index,
            transaction=database.transaction,
            clock=lambda: self.now,
        )

    def ask(self, query: str = "flood", **options: Any) -> None:
        """Keep the alert r, or put it in the place of the one that is there."""
        values: dict[str, Any] = {
            "id": "r", "name": "r", "query": query, "created": NOON - HOUR, "channels": ("hook",)
        }  # fmt: skip
        self.rules.put("r", msgspec.json.encode(AlertRule(**values | options)))

    def report(self, killed: int, more: str = "", minutes: int = 10, **options: Any) -> None:
        """Publish a version of the article, and let minutes pass."""
        text = f"The flood at Eiken killed {killed} people, the mayor told reporters at the old bridge. {more}"
        values: dict[str, Any] = {
            "id": "a", "source": "bbc", "seen": self.now, "published": NOON, "title": TITLE, "text": text,
            "language": "en", "url": "https://bbc.example.org/a",
        }  # fmt: skip
        publish([Article(**values | options)], self.log)
        self.wait(minutes)

    def wait(self, minutes: int) -> None:
        """Let the time pass; of many hours, the last is looked at."""
        self.look()
        if minutes > 4 * 60:
            self.now += (minutes - 60) * MINUTE
        for step in [5] * (min(minutes, 60 if minutes > 4 * 60 else minutes) // 5) or [minutes]:
            self.look()
            self.now += step * MINUTE
        self.look()

    def look(self) -> None:
        while self.runtime.step():
            pass
        assert self.loop.drain(60)

    def told(self) -> list[str]:
        return [notice.title for notice in self.recorder.notices]

    def withheld(self) -> set[str | None]:
        return {row.error for row in self.ledger.entries(50) if row.state == "withheld"}


@pytest.fixture
def newsroom(monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    monkeypatch.setattr(notifier, "WATCH_S", 0.0)
    with Database(":memory:") as database:
        newsroom = Newsroom(database)
        yield newsroom
        newsroom.loop.close()


def changed(before: str, after: str) -> str:
    return f"{FIRST} [update: figures changed: {before} → {after}]"


def test_article_revised_three_times_within_the_hour_is_told_twice_more_and_as_it_ended(newsroom: Newsroom) -> None:
    newsroom.ask()
    for killed in (3, 5, 8, 11):
        newsroom.report(killed)
    assert newsroom.told() == [FIRST, changed("3", "5")]
    newsroom.wait(60)
    assert newsroom.told() == [FIRST, changed("3", "5"), changed("5", "11")]


def test_figure_that_came_back_to_what_was_told_is_not_told_again(newsroom: Newsroom) -> None:
    newsroom.ask()
    for killed in (3, 5, 8, 5):
        newsroom.report(killed)
    newsroom.wait(120)
    assert (newsroom.told(), newsroom.withheld()) == ([FIRST, changed("3", "5")], {CHANGED_BACK})


def test_correction_within_the_hour_of_a_figure_comes_after_it(newsroom: Newsroom) -> None:
    newsroom.ask()
    newsroom.report(3)
    newsroom.report(5)
    newsroom.report(5, "\n\nCorrection: an earlier version of this article gave the wrong name of the mayor.")
    newsroom.wait(60)
    assert newsroom.told()[2:] == [f"{FIRST} [update: corrected]"]


def test_withdrawal_is_told_at_once_and_no_figure_after_it(newsroom: Newsroom) -> None:
    newsroom.ask()
    for killed in (3, 5, 8):
        newsroom.report(killed)
    newsroom.report(8, withdrawn=True, minutes=1)
    assert newsroom.told() == [FIRST, changed("3", "5"), f"{FIRST} [update: withdrawn]"]
    newsroom.wait(120)
    assert len(newsroom.told()) == 3


def test_digest_tells_what_changed_from_end_to_end(newsroom: Newsroom) -> None:
    newsroom.ask(digest="daily@18:00")
    newsroom.report(3, minutes=24 * 60)
    newsroom.report(5, minutes=70)
    newsroom.report(8, minutes=6 * 60)
    assert newsroom.told() == [FIRST, changed("3", "8")]


def test_quiet_hours_tell_what_changed_from_end_to_end(newsroom: Newsroom) -> None:
    newsroom.ask(quiet_from="13:00", quiet_until="18:00")
    newsroom.report(3, minutes=70)
    newsroom.report(5, minutes=70)
    newsroom.report(8, minutes=6 * 60)
    assert newsroom.told() == [FIRST, changed("3", "8")]


@pytest.mark.parametrize(
    ("edited", "reason"),
    [
        ({"query": "volcano"}, "the alert asked for something else before it could be sent"),
        ({"feeds": ("https://other.example.org/feed",)}, "the alert asked for something else before it could be sent"),
        ({"query": "flood OR volcano"}, None),
        ({"paused": True}, "paused before it could be sent"),
        ({"expires": NOON + HOUR}, "expired before it could be sent"),
        ({"expires": NOON + 9 * HOUR}, None),
    ],
)
def test_what_waits_is_told_if_the_alert_still_wants_it_by_then(
    newsroom: Newsroom, edited: dict[str, Any], reason: str | None
) -> None:
    quiet = {"quiet_from": "11:00", "quiet_until": "14:00"}
    newsroom.ask(**quiet)
    newsroom.report(3)
    newsroom.ask(**{"query": "flood"} | quiet | edited)
    newsroom.wait(180)
    assert (newsroom.told(), newsroom.withheld()) == (([], {reason}) if reason else ([FIRST], set()))


def test_words_of_time_in_a_query_count_back_from_the_match_of_what_waits(newsroom: Newsroom) -> None:
    newsroom.ask("flood last:1h", quiet_from="11:00", quiet_until="18:00")
    newsroom.report(3, minutes=7 * 60)
    assert newsroom.told() == [FIRST]


def test_silence_that_was_broken_in_quiet_hours_is_not_told_after_them(newsroom: Newsroom) -> None:
    newsroom.ask(kind="silence", window_s=3600, created=NOON, quiet_from="12:30", quiet_until="15:00")
    newsroom.wait(150)  # an hour is over at 13:00
    newsroom.report(3, minutes=40)
    assert (newsroom.told(), newsroom.withheld()) == ([], {"something came before it could be sent"})


def test_silence_that_lasts_through_quiet_hours_is_told_once_after_them(newsroom: Newsroom) -> None:
    newsroom.ask(kind="silence", window_s=3600, created=NOON, quiet_from="12:30", quiet_until="15:00")
    newsroom.wait(240)
    newsroom.wait(60)
    assert newsroom.told() == ["r: nothing for 1 hour"]


def test_silence_is_broken_by_what_comes_late_and_not_by_what_was_old_when_it_came(newsroom: Newsroom) -> None:
    newsroom.ask(kind="silence", window_s=3600, created=NOON)
    newsroom.wait(50)
    newsroom.report(3, minutes=50, published=NOON - 2 * HOUR)
    assert newsroom.told() == []
    newsroom.report(3, id="b", url="https://bbc.example.org/b", published=NOON - 60 * HOUR, minutes=20)
    assert newsroom.told() == ["r: nothing for 1 hour"]


def test_quiet_hours_until_midnight_end_then(newsroom: Newsroom) -> None:
    newsroom.ask(quiet_from="11:00", quiet_until="24:00")
    newsroom.report(3, minutes=12 * 60 - 5)
    assert newsroom.told() == []
    newsroom.wait(10)
    assert newsroom.told() == [FIRST]


def test_update_that_was_put_off_is_tried_again_and_a_newer_one_follows_it(newsroom: Newsroom) -> None:
    newsroom.ask()
    for killed in (3, 5, 8):
        newsroom.report(killed)
    newsroom.wait(30)
    newsroom.recorder.failures = 6
    newsroom.wait(20)
    newsroom.report(9)
    newsroom.wait(180)
    assert newsroom.told()[2:] == [changed("5", "8"), changed("8", "9")]


@pytest.mark.parametrize("hours", [10, -2])
def test_clock_that_jumps_neither_loses_nor_doubles_what_was_put_off(newsroom: Newsroom, hours: int) -> None:
    newsroom.ask()
    for killed in (3, 5, 8):
        newsroom.report(killed)
    newsroom.now += hours * HOUR
    newsroom.wait(200)
    assert newsroom.told()[2:] == [changed("5", "8")]


def test_withdrawal_that_was_taken_back_before_it_was_told_is_not_told(newsroom: Newsroom) -> None:
    newsroom.ask(quiet_from="13:00", quiet_until="18:00")
    newsroom.report(3, minutes=70)
    newsroom.report(3, withdrawn=True)
    newsroom.report(3, minutes=6 * 60)
    assert newsroom.told() == [FIRST]


@pytest.mark.parametrize(
    ("language", "word", "before", "after", "note"),
    [
        ("zh", "洪水", "洪水造成3人死亡，市长星期一对记者说。", "洪水造成5人死亡，市长星期一对记者说。", "3 → 5"),
        ("ru", "мэр", "Погибли три человека, сообщил мэр.", "Погибли семь человек, сообщил мэр.", "три → семь"),
        ("de", "Flut", "Die Flut kostet 5 Millionen.", "Die Flut kostet 5 Milliarden.", "5 Millionen → 5 Milliarden"),
    ],
)  # fmt: skip
def test_update_is_told_in_the_words_of_its_language(
    newsroom: Newsroom, language: str, word: str, before: str, after: str, note: str
) -> None:
    newsroom.ask(word)
    for text in (before, after):
        newsroom.report(0, language=language, text=text, minutes=65)
    assert newsroom.told() == [FIRST, f"{FIRST} [update: figures changed: {note}]"]
