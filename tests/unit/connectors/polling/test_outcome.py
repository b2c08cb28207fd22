"""What polls leave behind: when the feed is due, where it is, and how it fares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors.fetch.http import Fetched, FetchError
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.formats.update_hints import UpdateHints
from connectors.polling.outcome import USUAL, failed, pinged, succeeded
from connectors.polling.reading import FeedReading
from connectors.polling.schedule import MOVES_BELIEVED, Poll
from connectors.polling.subscription import Subscription

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
URL = "https://site.example/feed"
FEED = Subscription(url=URL, added=NOW)
NEW = Poll(next_check=NOW)


def answer(body: bytes | None = b"x", moved_to: str | None = None, **headers: str) -> Fetched:
    return Fetched(url=moved_to or URL, status=200 if body else 304, body=body, headers=headers, moved_to=moved_to)


def reading(*minutes_ago: float, moved_to: str | None = None) -> FeedReading:
    moments = tuple(NOW - timedelta(minutes=minutes) for minutes in minutes_ago)
    parsed = ParsedFeed(hints=UpdateHints(moved_to=moved_to))
    return FeedReading(
        parsed=parsed, entries=len(moments), articles=(), published=moments, recent=b"", arrived=moments, per_day=2.0
    )


def after(poll: Poll, *readings: FeedReading | None, fetched: Fetched | None = None) -> Poll:
    for one in readings:
        poll = succeeded(poll, FEED, fetched or answer(), one, NOW, USUAL)
    return poll


def test_first_poll_tells_no_delay_and_later_ones_their_median() -> None:
    first = after(NEW, reading(500, 900))
    assert (first.delay_s, first.per_day) == (None, 2.0)
    assert after(first, reading(2, 4, 9)).delay_s == 240
    assert pinged(first, reading(0.1), NOW).delay_s == 6
    assert after(first, None).delays == ()


def test_entry_from_the_future_is_not_the_last() -> None:
    assert after(NEW, reading(5, -600)).last_entry == NOW - timedelta(minutes=5)
    assert pinged(after(NEW, reading(5)), reading(-600), NOW).last_entry == NOW - timedelta(minutes=5)


def test_move_is_believed_after_repeats_and_then_remembered() -> None:
    moved = answer(moved_to="https://new.example/feed")
    polls = [NEW]
    for _ in range(MOVES_BELIEVED):
        polls.append(after(polls[-1], None, fetched=moved))
    assert [poll.moved_to_if_believed for poll in polls] == [None] * MOVES_BELIEVED + ["https://new.example/feed"]
    assert after(polls[-1], None).moved_to_if_believed == "https://new.example/feed"  # no redirect from there
    assert after(polls[1], None).moves == 0


def test_feed_that_says_itself_where_it_went_is_believed_at_once() -> None:
    assert after(NEW, reading(moved_to="https://new.example/")).moved_to_if_believed == "https://new.example/"
    assert after(NEW, reading(moved_to=URL)).moved_to is None


@pytest.mark.parametrize(
    ("error", "retired", "wait_s"),
    [
        (FetchError("gone", "410", 410), True, None),
        (FetchError("status", "busy", 503, 7_200.0), False, 7_200),
        (NotAFeedError("no feed"), False, 900),
    ],
)
def test_failure_is_kept_in_words_and_counted(
    error: FetchError | NotAFeedError, retired: bool, wait_s: float | None
) -> None:
    poll = failed(after(NEW, reading(5)), error, NOW + timedelta(hours=1), USUAL)
    assert (poll.error, poll.failures, poll.retired) == (str(error), 1, retired)
    assert poll.last_success == NOW
    assert wait_s is None or (poll.next_check - poll.last_check).total_seconds() == wait_s  # type: ignore[operator]
    assert after(poll, None).error is None
    assert failed(poll, error, NOW, USUAL).failures == 2


def test_validators_of_an_index_are_not_kept() -> None:
    plain = after(NEW, reading(5), fetched=answer(etag='"1"'))
    assert (plain.etag, plain.body_hash is not None) == ('"1"', True)
    assert after(plain, None, fetched=answer(None)).etag == '"1"'
    changed = msgspec.structs.replace(plain, etag='"old"')
    assert after(changed, reading(5)).etag is None  # a new body without one
