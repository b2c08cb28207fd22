"""What polls leave behind: when the feed is due, where it is, and how it fares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors.fetch.http import Fetched, FetchError
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.formats.update_hints import UpdateHints
from connectors.polling.outcome import GONE_BELIEVED, GONE_FOR, USUAL, failed, held, pinged, succeeded
from connectors.polling.reading import FeedReading
from connectors.polling.schedule import (
    MOVES_BELIEVED,
    UNCHANGED_BEYOND,
    UNCHANGED_IN_RHYTHM,
    UNCHANGED_UNKNOWN,
    Poll,
    asked_s,
    rescheduled,
)
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
        (FetchError("gone", "410", 410), False, 3_600),
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


def test_feed_is_given_up_after_it_was_gone_for_a_day_and_well_again_after_one_good_answer() -> None:
    gone, poll, moment = FetchError("gone", "410", 410), after(NEW, reading(5)), NOW
    states = []
    while not poll.retired:
        poll = failed(poll, gone, moment, USUAL)
        states.append((poll.gone, moment - NOW))
        moment = poll.next_check
    assert (len(states) >= GONE_BELIEVED, states[-1][1] >= GONE_FOR) == (True, True)
    once = failed(after(NEW, reading(5)), gone, NOW, USUAL)
    assert (failed(once, NotAFeedError("x"), NOW, USUAL).gone, after(once, None).gone, after(poll, None).retired) == (
        0,
        0,
        False,
    )


def unchanged(poll: Poll, times: int, **known: object) -> Poll:
    poll = msgspec.structs.replace(poll, etag='"1"', modified="m", **known)
    for _ in range(times):
        poll = succeeded(poll, FEED, answer(None), None, NOW, USUAL)
    return poll


@pytest.mark.parametrize(
    ("known", "believed"),
    [
        ({"per_day": 24.0, "last_entry": NOW - timedelta(hours=4)}, UNCHANGED_BEYOND),
        ({"per_day": 24.0, "last_entry": NOW - timedelta(hours=2)}, UNCHANGED_IN_RHYTHM),
        ({"per_day": 0.5, "last_entry": NOW - timedelta(days=5)}, UNCHANGED_IN_RHYTHM),
        ({"per_day": 0.5, "last_entry": NOW - timedelta(days=7)}, UNCHANGED_BEYOND),
        ({}, UNCHANGED_UNKNOWN),
    ],
)
def test_server_that_says_unchanged_for_longer_than_is_likely_is_asked_for_all(
    known: dict[str, object], believed: int
) -> None:
    before, stuck = unchanged(NEW, believed - 1, **known), unchanged(NEW, believed, **known)
    assert (before.etag, before.modified, stuck.etag, stuck.modified) == ('"1"', "m", None, None)
    whole = succeeded(stuck, FEED, answer(etag='"1"'), None, NOW, USUAL)
    assert (whole.unchanged, whole.etag) == (0, '"1"')


def test_answer_without_content_keeps_what_the_next_poll_asks_with() -> None:
    poll = after(NEW, reading(5), fetched=answer(etag='"1"'))
    empty = Fetched(url=URL, status=204, body=b"", headers={})
    again = succeeded(poll, FEED, empty, None, NOW, USUAL)
    assert (again.etag, again.body_hash, again.unchanged, again.error) == ('"1"', poll.body_hash, 1, None)


def test_feed_is_held_as_long_as_its_host_asked() -> None:
    busy = failed(NEW, FetchError("status", "busy", 429, 7_200.0), NOW, USUAL)
    assert busy.held_until == busy.next_check == NOW + timedelta(hours=2)
    assert failed(NEW, FetchError("status", "busy", 503), NOW, USUAL).held_until is None
    beside = held(after(NEW, reading(5)), FetchError("rest", "rests", None, 60.0), NOW)
    assert (beside.failures, beside.error, beside.held_until) == (0, None, NOW + timedelta(seconds=60))
    assert after(busy, None).held_until is None


@pytest.mark.parametrize(
    ("asked", "expected"), [(60, (300, "min_interval_s")), (600, (600, None)), (10**6, (86_400, "max_interval_s"))]
)
def test_interval_that_was_set_is_within_the_bounds_and_due_from_the_last_poll(
    asked: int, expected: tuple[float, str | None]
) -> None:
    assert asked_s(asked, USUAL) == expected
    poll = Poll(next_check=NOW + timedelta(days=1), last_check=NOW - timedelta(seconds=100))
    wait = timedelta(seconds=expected[0])
    assert rescheduled(poll, asked, NOW, USUAL).next_check == NOW - timedelta(seconds=100) + wait
    assert rescheduled(poll, None, NOW, USUAL).next_check == NOW
    late = msgspec.structs.replace(poll, last_check=NOW - timedelta(days=9), held_until=NOW + timedelta(hours=3))
    assert rescheduled(late, 600, NOW, USUAL).next_check == NOW + timedelta(hours=3)
    refreshed = msgspec.structs.replace(poll, next_check=NOW)
    assert rescheduled(refreshed, asked, NOW, USUAL) == refreshed
    polled = succeeded(NEW, msgspec.structs.replace(FEED, interval_s=asked), answer(), reading(5), NOW, USUAL)
    assert 1.0 <= (polled.next_check - NOW) / wait <= 1.1


def test_validators_of_an_index_are_not_kept() -> None:
    plain = after(NEW, reading(5), fetched=answer(etag='"1"'))
    assert (plain.etag, plain.body_hash is not None) == ('"1"', True)
    assert after(plain, None, fetched=answer(None)).etag == '"1"'
    changed = msgspec.structs.replace(plain, etag='"old"')
    assert after(changed, reading(5)).etag is None  # a new body without one


def changed(revised: int, stable: int) -> FeedReading:
    return msgspec.structs.replace(reading(5), revised=revised, stable=stable)


def test_feed_whose_every_entry_changes_at_every_poll_is_noticed_and_polled_less_often() -> None:
    usual = after(NEW, reading(5), *[changed(5, 1)] * 4)
    restless = after(NEW, reading(5), *[changed(5, 0)] * 4)
    assert (False, True) == (usual.is_restless, restless.is_restless)
    assert usual.interval_s == restless.interval_s
    assert restless.next_check - NOW > 2 * (usual.next_check - NOW)
    assert not after(restless, changed(4, 1)).is_restless
    assert after(restless, None).is_restless


def test_few_entries_that_change_are_a_feed_that_says_something() -> None:
    assert not after(NEW, reading(5), *[changed(2, 0)] * 9).is_restless
