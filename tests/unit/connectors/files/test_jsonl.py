"""Article lines are read in one way, whoever reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.jsonl import read_jsonl, read_lines
from pipeline.errors import UsageError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=ZONES) | st.datetimes()


def published(value: object) -> datetime | None:
    (article,) = read_jsonl([json.dumps({"title": "a", "published": value}).encode()], "lines", NOW)
    return article.published


@given(MOMENTS)
def test_published_is_the_moment_that_was_written_in_utc_without_a_zone(moment: datetime) -> None:
    assert published(moment.isoformat()) == (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-02-24", datetime(2022, 2, 24, tzinfo=UTC)),
        ("2022-02-24T10:00:00Z", datetime(2022, 2, 24, 10, tzinfo=UTC)),
        ("2022-02-24 10:00", datetime(2022, 2, 24, 10, tzinfo=UTC)),
        ("Thu, 24 Feb 2022 10:00:00 +0200", datetime(2022, 2, 24, 8, tzinfo=UTC)),
        (None, None),
    ],
)
def test_days_and_the_dates_of_feeds_are_read(text: str | None, expected: datetime | None) -> None:
    assert published(text) == expected


def test_line_that_cannot_be_read_is_named_with_what_is_wrong() -> None:
    for line, why in ((b"{", "JSON"), (b"[]", "title or a text"), (b'{"title": "a", "published": "soon"}', "soon")):
        with pytest.raises(UsageError, match=rf"lines, line 2: .*{why}"):
            list(read_lines([b'{"title": "a"}', line], "lines", NOW))


@pytest.mark.parametrize("field", ["title", "text", "url", "tags"])
def test_line_nested_to_any_depth_is_refused_in_words(field: str) -> None:
    for depth in range(10, 1_200, 7):
        line = b'{"title": "a", "%s": %s1%s}' % (field.encode(), b"[" * depth, b"]" * depth)
        with pytest.raises(UsageError, match=r"lines, line 1: "):
            list(read_jsonl([line], "lines", NOW))


@pytest.mark.parametrize(
    ("fields", "label"),
    [({"id": "x", "url": "https://a.example/1"}, "x"), ({"url": "https://a.example/1"}, "https://a.example/1")],
)
def test_line_is_called_by_its_id_or_else_its_address(fields: dict[str, str], label: str) -> None:
    (line,) = read_lines([json.dumps({"title": "a"} | fields).encode()], "lines", NOW)
    assert (line.number, line.label) == (1, label)


def test_same_line_is_the_same_article_at_every_reading() -> None:
    lines = [b'{"title": "a", "text": "b"}', b"", b'{"title": "a", "text": "c"}']
    first, second = (list(read_jsonl(lines, "lines", NOW)) for _ in range(2))
    assert first == second
    assert len({article.id for article in first}) == 2
