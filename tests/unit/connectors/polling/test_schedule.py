"""When a feed is polled next: within its bounds whatever it says, and as it asks where it asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.update_hints import UpdateHints, update_hints
from connectors.polling.schedule import (
    DELAYS_KEPT,
    MOVES_BELIEVED,
    Poll,
    after_failure_s,
    awake,
    fresh_s,
    interval_s,
    jittered,
    rate_per_day,
    with_delays,
)

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)  # a Monday
FLOOR_S, CEILING_S = 300.0, 86_400.0

times = st.integers(-(10**8), 10**8).map(lambda seconds: NOW + timedelta(seconds=seconds))
moments = st.lists(times, max_size=30)
headers = st.dictionaries(st.sampled_from(["cache-control", "expires", "date", "age"]), st.text(max_size=40))


@given(moments, headers, st.none() | st.integers(0, 10**9))
def test_interval_stays_within_floor_and_ceiling(
    published: list[datetime], given: dict[str, str], ttl_s: int | None
) -> None:
    assert FLOOR_S <= interval_s(published, given, ttl_s, NOW, FLOOR_S, CEILING_S) <= CEILING_S


@given(moments.flatmap(lambda published: st.tuples(st.just(published), st.permutations(published))))
def test_interval_does_not_depend_on_the_order_of_entries(orders: tuple[list[datetime], list[datetime]]) -> None:
    one, other = (interval_s(published, {}, None, NOW, FLOOR_S, CEILING_S) for published in orders)
    assert one == other


@given(st.integers(1, 48), st.integers(0, 40_000))
def test_feed_that_asks_for_more_time_is_given_it(hours: int, ttl_s: int) -> None:
    published = [NOW - timedelta(minutes=number) for number in range(hours)]
    wanted = interval_s(published, {}, None, NOW, FLOOR_S, CEILING_S)
    for headers, ttl in (({}, ttl_s), ({"cache-control": f"max-age={ttl_s}"}, None)):
        assert interval_s(published, headers, ttl, NOW, FLOOR_S, CEILING_S) == max(wanted, ttl_s)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, 0),
        ({"cache-control": "public, max-age=600"}, 600),
        ({"cache-control": "s-maxage=5, Max-Age=600"}, 600),
        ({"cache-control": "max-age=600", "age": "100"}, 500),
        ({"cache-control": "max-age=600", "age": "900"}, 0),
        ({"cache-control": "no-cache, max-age=600"}, 0),
        ({"cache-control": "max-age=60", "expires": "Mon, 23 Nov 2026 20:00:00 GMT"}, 60),
        ({"expires": "Mon, 23 Nov 2026 13:30:00 GMT"}, 3_600),
        ({"expires": "Mon, 23 Nov 2026 13:30:00 GMT", "date": "Mon, 23 Nov 2026 13:00:00 GMT"}, 1_800),
        ({"expires": "Mon, 23 Nov 2026 11:30:00 GMT"}, 0),
        ({"expires": "0"}, 0),
        ({"expires": "-1", "date": "soon"}, 0),
        ({"cache-control": "no-store", "expires": "Mon, 23 Nov 2026 13:30:00 GMT"}, 0),
    ],
)
def test_answer_is_fresh_as_long_as_it_says(given: dict[str, str], seconds: int) -> None:
    assert fresh_s(given, NOW) == seconds


@given(
    times,
    st.sets(st.integers(0, 23)),
    st.sets(st.integers(0, 6)),
)
def test_no_feed_is_polled_in_its_rest_nor_later_than_its_end(
    moment: datetime, hours: set[int], days: set[int]
) -> None:
    found = awake(moment, tuple(hours), tuple(days))
    if len(hours) == 24 or len(days) == 7:
        assert found == moment
        return
    assert moment <= found <= moment + timedelta(days=8)
    assert found.hour not in hours and found.weekday() not in days
    if found != moment:
        before = found - timedelta(seconds=1)
        assert before.hour in hours or before.weekday() in days


def test_failures_make_the_wait_longer_until_the_ceiling() -> None:
    waits = [after_failure_s("status", failures, None, FLOOR_S, CEILING_S) for failures in range(1, 30)]
    assert (waits == sorted(waits), waits[0], waits[-1]) == (True, 600.0, CEILING_S)


@given(st.floats(0, 1e9), st.sampled_from(["status", "timeout", "connect", "tls", "body", "other"]))
def test_what_a_server_asks_for_is_waited_within_a_week(seconds: float, kind: str) -> None:
    assert after_failure_s(kind, 3, seconds, FLOOR_S, CEILING_S) == min(max(seconds, FLOOR_S), 7 * 86_400)


@given(st.floats(0, 1e6), st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"))
def test_jitter_is_a_tenth_at_most_and_always_the_same(seconds: float, key: str) -> None:
    assert seconds <= jittered(seconds, key) <= seconds * 1.1
    assert jittered(seconds, key) == jittered(seconds, key)


@pytest.mark.parametrize(
    ("channel", "hints"),
    [
        ("", UpdateHints()),
        ("<skipHours><hour>0</hour> <hour>23</hour><hour>24</hour></skipHours>", UpdateHints(skip_hours=(0, 23))),
        ("<SkipDays>\n<day>Saturday</day><day>sunday</day></SkipDays>", UpdateHints(skip_days=(5, 6))),
        ("<skipDays><day>Someday</day><day>Friday</day></skipDays>", UpdateHints(skip_days=(4,))),
        ("<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(24)) + "</skipHours>", UpdateHints()),
        ("<skipHours><hour>never</hour></skipHours>", UpdateHints()),
        (
            "<itunes:new-feed-url> https://new.example/feed?a=1&amp;b=2 </itunes:new-feed-url>",
            UpdateHints(moved_to="https://new.example/feed?a=1&b=2"),
        ),
        (
            "<itunes:new-feed-url><![CDATA[https://new.example/]]></itunes:new-feed-url>",
            UpdateHints(moved_to="https://new.example/"),
        ),
        ("<itunes:new-feed-url>javascript:x()</itunes:new-feed-url>", UpdateHints()),
    ],
)
def test_what_a_feed_asks_is_read(channel: str, hints: UpdateHints) -> None:
    assert update_hints(f"<rss><channel>{channel}<item/></channel></rss>".encode()) == hints


def test_feed_that_moved_is_polled_there_but_never_lost_when_that_fails() -> None:
    poll = Poll(next_check=NOW, moved_to="new", moves=MOVES_BELIEVED)
    tried = [msgspec.structs.replace(poll, failures=failures).address("old") for failures in range(6)]
    assert tried == ["new", "new", "old", "new", "new", "old"]
    assert msgspec.structs.replace(poll, moves=MOVES_BELIEVED - 1).address("old") == "old"


@pytest.mark.parametrize(
    ("hours_ago", "rate"),
    [
        ([], 0),
        ([1], 1),
        ([0.1] * 50, 50),  # a document that was all written today says no more than that
        ([1, 25, 49], 3 / (49 / 24)),
        ([24 * day for day in range(30)], 1),
        ([24 * 8], 0),
        ([-1, -2], 0),  # dated into the future
    ],
)
def test_rate_counts_a_week_or_what_is_known_of_it(hours_ago: list[float], rate: float) -> None:
    moments = [int((NOW - timedelta(hours=hours)).timestamp()) for hours in hours_ago]
    assert rate_per_day(moments, NOW) == pytest.approx(rate)


@given(st.lists(st.integers(-(10**7), 10**9), max_size=50))
def test_rate_is_never_negative_nor_more_than_there_are(ages: list[int]) -> None:
    assert 0 <= rate_per_day([int(NOW.timestamp()) - age for age in ages], NOW) <= len(ages)


def test_delay_is_the_median_of_the_latest_and_leaves_out_what_was_dated_back() -> None:
    arrived = [NOW - timedelta(seconds=seconds) for seconds in (30, 10, 20, -5, 10**6)]
    delays = with_delays((), arrived, NOW)
    assert sorted(delays) == [10, 20, 30]
    assert Poll(next_check=NOW, delays=delays).delay_s == 20
    assert Poll(next_check=NOW).delay_s is None
    assert with_delays(range(1_000), arrived, NOW)[-3:] == delays
    assert len(with_delays(range(1_000), arrived, NOW)) == DELAYS_KEPT
