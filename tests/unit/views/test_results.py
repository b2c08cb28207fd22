"""Results as lines, JSON, CSV and Atom: every reader can read them back, whatever stands in a title."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Document
from pipeline.ports.search import Count, Day, SearchPage
from pipeline.query.parser import parse
from pipeline.views.results import footer, found_parts
from pipeline.views.tables import count_table, day_table

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
TITLES = st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=4)


def page(titles: list[str], cursor: str | None = None) -> SearchPage:
    documents = tuple(
        Document(id=f"{n:032}", source="s", seen=NOW, title=title or None, text="Talks went on.", revision=1)
        for n, title in enumerate(titles)
    )
    return SearchPage(documents=documents, total=len(documents), cursor=cursor)


def written(found: SearchPage, form: str | None, query: str | None = None) -> str:
    parts = found_parts(found, parse(query) if query else None, NOW, form)
    return "".join(part if isinstance(part, str) else part.decode() for part in parts)


@settings(max_examples=50, deadline=None)
@given(TITLES)
def test_json_is_an_object_a_line_and_the_last_has_the_cursor(titles: list[str]) -> None:
    lines = [json.loads(line) for line in written(page(titles, "next"), "json").split("\n")[:-1]]
    assert [line.get("title") for line in lines] == [title or None for title in titles]
    assert [line.get("cursor") for line in lines] == [None] * (len(titles) - 1) + ["next"] * bool(titles)


@settings(max_examples=50, deadline=None)
@given(TITLES)
def test_no_cell_of_a_table_is_a_formula(titles: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(written(page(titles), "csv"), newline="")))
    assert len(rows) == len(titles) + 1
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


@settings(max_examples=50, deadline=None)
@given(TITLES)
def test_atom_feed_can_be_parsed_and_has_an_entry_each(titles: list[str]) -> None:
    feed = ElementTree.fromstring(written(page(titles), "atom", "talks"))
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == len(titles)


def test_line_is_followed_by_the_passage_that_matched() -> None:
    lines = written(page(["Title"]), None, "talks").splitlines()
    assert ("Title" in lines[0], "Talks" in lines[1], len(lines)) == (True, True, 2)
    assert len(written(page(["Title"]), None).splitlines()) == 1


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (SearchPage(documents=(), total=1234), "0 of 1,234 articles."),
        (
            SearchPage(documents=(), total=9, cursor="c", estimated=True),
            "0 of about 9 articles. More: newswire search --more",
        ),
    ],
)
def test_footer_tells_how_much_there_is(found: SearchPage, says: str) -> None:
    assert footer(found) == says


@pytest.mark.parametrize(
    ("form", "first"), [(None, "       2  a"), ("json", '{"value":"a","documents":2}'), ("csv", "value,documents")]
)
def test_counts_have_three_forms(form: str | None, first: str) -> None:
    assert count_table([Count(value="a", documents=2)], form).splitlines()[0] == first
    assert count_table([], form) == ""


def test_days_have_their_share_of_all() -> None:
    days = [Day(day="2022-02-24", documents=1, all=4)]
    assert json.loads(day_table(days, "json"))["share"] == 0.25
    assert "25.00%" in day_table(days, None)
