"""Numbers, sizes and times read as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.files.opml import ListRead
from pipeline.views.feeds import list_lines
from pipeline.views.words import age, counted, size_words, span_words

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_one_is_singular_and_everything_else_is_not() -> None:
    assert ["0 feeds", "1 feed", "2,000 feeds"] == [counted(n, "feed") for n in (0, 1, 2000)]
    assert ["1 delivery", "2 deliveries"] == [counted(n, "delivery", "deliveries") for n in (1, 2)]


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (12_345, "12.3 kB"), (5_000_000, "5 MB"), (1.5e9, "1.5 GB")]
)
def test_sizes_have_three_digits(size: float, words: str) -> None:
    assert size_words(size) == words


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(seconds=3), "now"),
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=23), "23h"),
        (timedelta(days=400), "400d"),
        (timedelta(hours=-2), "in 2h"),
    ],
)
def test_age_is_short(delta: timedelta, words: str) -> None:
    assert age(NOW - delta, NOW) == words


def test_spans_are_in_their_largest_unit() -> None:
    assert ["42 s", "5 min", "3 h", "47 h", "2 d"] == [span_words(n) for n in (42, 300, 10_800, 169_200, 172_800)]


def test_list_of_one_entry_is_told_of_in_the_singular() -> None:
    assert list_lines(ListRead([], (), 1), 1) == ["1 entry was read, 0 left out."]
    assert list_lines(ListRead([], (), 2_000), 2_000) == ["2,000 entries were read, 0 left out."]
