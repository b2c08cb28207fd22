"""Words, fields and values of a query: what each becomes, and what a refusal says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.query.leaves import MAX_PHRASE
from pipeline.query.lexer import QueryError
from pipeline.query.parser import parse
from pipeline.query.printer import show
from pipeline.query.tree import Range

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("corrected:maybe", "corrected:yes or corrected:no"),
        ("scheduled:soon", "scheduled:yes or scheduled:no"),
        ("when:tomorrow", "2022-02-24"),
        ("when:2022-02-24T10:00", "no date"),
        ('actor:"?!"', "a value after actor:"),
        ('tag:"  "', "a value after tag:"),
        ("tag:*", "a value after tag:"),
        ('"?!"', "no letter or digit"),
        ("!!", "no letter or digit"),
        (f'"{"word " * (MAX_PHRASE + 1)}"', f"{MAX_PHRASE} words"),
        ("ab~", "three to"),
        ("un-council~", "one word"),
        ("published:..", "or two with .. between"),
        ("published:2022-02-30", "no date"),
        ("published:someday", "no date"),
        ("revision:many", "no number"),
        ("revision:1234567890", "no number"),
        ("last:soon", "last:"),
        ("title:(tag:war)", "inside title:"),
        ("ATLEAST0(putin)", "1 or more"),
        ("ATLEAST2(putin OR kyiv)", "one word, phrase or prefix"),
        ("SENTENCE(putin OR kyiv)", "without operators"),
        ("(putin", "not closed"),
        ("ATLEAST2(putin", "not closed"),
        ("putin )", '")"'),
        (") putin", '")"'),
        ("putin AND", "expected"),
        ("nonsense:x", "there is no field"),
    ],
)
def test_refusal_says_what_was_expected(query: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("query", "low", "high"),
    [
        ("published:2022", datetime(2022, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC) - TICK),
        ("published:2022-12", datetime(2022, 12, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC) - TICK),
        ("published:2024-02-29", datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC) - TICK),
        ("published:2022-02..", datetime(2022, 2, 1, tzinfo=UTC), None),
        ("published:..2022-02", None, datetime(2022, 3, 1, tzinfo=UTC) - TICK),
        ("published:>2022", datetime(2023, 1, 1, tzinfo=UTC), None),
        ("published:<2022", None, datetime(2022, 1, 1, tzinfo=UTC) - TICK),
        ("published:<=2022", None, datetime(2023, 1, 1, tzinfo=UTC) - TICK),
        ('published:"2022-02-24T12:00+02:00"', *[datetime(2022, 2, 24, 10, tzinfo=UTC)] * 2),
        ("revision:3", 3, 3),
        ("revision:2..5", 2, 5),
        ("revision:>2", 3, None),
        ("revision:<2", None, 1),
        ("corrected:no", None, 1),
    ],
)
def test_range_holds_all_that_its_value_stands_for(query: str, low: object, high: object) -> None:
    root = parse(query).root
    assert isinstance(root, Range)
    assert (low, high) == (root.low, root.high)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("when:2022-02 event:consult", "when:2022-02 event:CONSULT"),
        ("scheduled:yes", "scheduled:yes"),
        ('author:"Jane Doe"', 'author:"jane doe"'),
        ("source:reuters", 'source:"reuters"'),
        ("tag:wa*", "tag:wa*"),
        ("id:abc", "id:abc*"),
        ("last:90m", "last:90m"),
    ],
)
def test_value_is_shown_as_it_is_searched(query: str, shown: str) -> None:
    assert shown == show(parse(query))


def test_saved_search_stands_for_its_query_and_never_for_itself() -> None:
    assert show(parse("putin")) == show(parse("search:one", {"one": "putin"}))
    for searches, says in (({"one": "search:one"}, "refers to itself"), ({}, "saved: none")):
        with pytest.raises(QueryError, match=says):
            parse("search:one", searches)
