"""How a feed fares, in a word and in a sentence that says what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.polling.schedule import MOVES_BELIEVED, Poll
from connectors.polling.subscription import Subscription
from pipeline.services.feed_health import duration, health, judged

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
URL = "https://site.example/feed"


def feed(**options: Any) -> Subscription:
    return Subscription(url=URL, added=NOW - timedelta(days=40), **options)


def polled(**fields: Any) -> Poll:
    fields = {"last_check": NOW, "last_success": NOW, "last_entry": NOW - timedelta(hours=1)} | fields
    return Poll(next_check=NOW, per_day=3.0, **fields)


@pytest.mark.parametrize(
    ("subscription", "poll", "state", "words"),
    [
        (feed(), None, "new", ["not polled yet"]),
        (feed(), Poll(next_check=NOW), "new", ["not polled yet"]),
        (feed(paused=True), polled(error="x"), "paused", ["--resume"]),
        (feed(), polled(), "ok", ["3.0/day"]),
        (feed(), polled(delays=(30, 240, 600)), "ok", ["3.0/day", "seen 4 min after"]),
        (feed(), polled(error="It is busy.", failures=3), "broken", ["It is busy.", "3 times in a row", "feed test"]),
        (feed(), polled(error="No.", failures=1, last_success=NOW - timedelta(days=20)), "broken",
         ["No.", "once", "20 d ago", "feed remove"]),
        (feed(), polled(error="No.", failures=9, last_success=None), "broken", ["it never worked", "feed remove"]),
        (feed(), polled(error="Gone.", retired=True), "gone", ["Gone.", "polled no more", "feed refresh"]),
        (feed(), polled(moved_to="https://new.example/", moves=MOVES_BELIEVED), "moved", ["https://new.example/"]),
        (feed(), polled(moved_to="https://new.example/", moves=1), "ok", ["3.0/day"]),
        (feed(), polled(last_entry=NOW - timedelta(days=61)), "quiet", ["since 2021-12-25", "feed remove"]),
        (feed(), polled(last_entry=NOW - timedelta(days=59)), "ok", ["0.0/day"]),
        (feed(), polled(last_entry=None), "ok", ["3.0/day"]),
    ],
)  # fmt: skip
def test_feed_is_judged_in_a_word_and_told_what_to_do(
    subscription: Subscription, poll: Poll | None, state: str, words: list[str]
) -> None:
    found = judged(subscription, poll, NOW)
    assert (found.state, [word for word in words if word not in found.words]) == (state, [])


def test_rate_and_delay_are_fields() -> None:
    told = health(feed(), polled(delays=(30, 240, 600)), NOW)
    assert (told["per_day"], told["delay_s"], told["state"]) == (3.0, 240, "ok")
    assert health(feed(), polled(last_entry=NOW - timedelta(days=8)), NOW)["per_day"] == 0.0
    assert health(feed(), None, NOW)["delay_s"] is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_700, "62 min"), (7_200, "2 h"), (90_000, "25 h"), (200_000, "2 d")],
)
def test_duration_is_said_in_its_largest_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words
