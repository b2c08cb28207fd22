"""What the engines index of a document, and how a document becomes a query for others like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Actor, Document, Event, Place, Quotation, Span, Speaker
from pipeline.query.evaluate import MatchView, find
from pipeline.query.indexing import (
    MAX_KEYWORD,
    MAX_TOKEN,
    clip,
    clip_keyword,
    compound_terms,
    counts_copies,
    facets_of,
    order_day,
    order_key,
    similar_query,
    stem_terms,
    terms_of,
)
from pipeline.query.parser import parse

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOTHING = Span(text="", start=0, end=0)
TIMES = st.integers(-20_000 * 86_400, 20_000 * 86_400).map(lambda seconds: NOW + timedelta(seconds=seconds))


def document(**fields: object) -> Document:
    return Document(**({"id": "a", "source": "s", "seen": NOW, "language": "en"} | fields))  # type: ignore[arg-type]


def test_only_a_query_for_copies_counts_them() -> None:
    assert [True, True, False] == [
        counts_copies(parse(q).root) for q in ("copies:>1", "a (b OR copies:2)", "origins:2")
    ]


@given(TIMES, TIMES)
def test_newer_article_sorts_first_and_its_day_can_be_read_back(one: datetime, other: datetime) -> None:
    late = NOW + timedelta(days=40_000)
    first, second = (order_key(document(published=moment), late) for moment in (one, other))
    assert f"{one:%Y-%m-%d}" == order_day(first)
    if abs(one - other) >= timedelta(seconds=1):
        assert (one < other) == (first < second)


def test_article_of_the_future_counts_from_when_it_was_seen() -> None:
    ahead, undated = document(published=NOW + timedelta(days=9)), document()
    assert order_key(ahead, NOW) == order_key(undated, NOW) == order_key(document(published=NOW), NOW)


def test_token_and_keyword_are_cut_to_what_engines_take() -> None:
    assert [MAX_TOKEN, 3] == [len(clip("a" * (MAX_TOKEN + 1))), len(clip("abc"))]
    assert [MAX_KEYWORD, 3] == [len(clip_keyword("a" * (MAX_KEYWORD + 1))), len(clip_keyword("abc"))]


def test_document_is_indexed_by_the_stems_a_word_is_looked_up_by() -> None:
    terms = terms_of(document(title="Talks", text="They were running.", authors=("Jane Doe",)))
    assert set(stem_terms("runs", ["en"])) <= set(terms.body_stems.split())
    assert ("talks", "jane doe", "") == (terms.title, terms.author, terms_of(document()).body_stems)
    assert ["=runs", "en=run"] == stem_terms("runs", ["en", ""])


def test_document_is_indexed_by_what_words_that_hyphens_join_are_looked_up_by() -> None:
    terms = terms_of(document(title="By-elections", text="A re-elected man."))
    assert set(compound_terms(("by", "election"), ["en"])) <= set(terms.title_stems.split())
    assert ["~en=by-elect"] == compound_terms(("by", "election"), ["", "en"])
    assert "~en=re-elect" in terms.body_stems.split()
    assert "a re elected man" == terms.body


def test_document_is_counted_under_its_tags_story_events_and_speakers() -> None:
    event = Event(
        id="e",
        type="CONSULT",
        trigger=NOTHING,
        sentence=NOTHING,
        location=Place(text="Kiev", start=0, end=0, name="Kyiv"),
        actors=(Actor(text="he", name="Sergey Lavrov", start=0, end=0),),
        recipients=(Actor(text="NATO", start=0, end=0),),
    )
    said = Quotation(text="q", start=0, end=0, kind="direct", speaker=Speaker(text="Peskov", start=0, end=0))
    anonymous = Quotation(text="q", start=0, end=0, kind="direct")
    found = facets_of(document(tags=("war", ""), story_id="s1", events=(event,), quotations=(said, anonymous)))
    assert found == {
        ("tag", "war"), ("story", "s1"), ("event", "CONSULT"), ("actor", "Sergey Lavrov"), ("actor", "NATO"),
        ("place", "Kyiv"), ("actor", "Peskov"),
    }  # fmt: skip
    assert set() == facets_of(document())


def seen_in(counts: dict[str, int]) -> Callable[[Sequence[str]], list[int]]:
    def frequencies(tokens: Sequence[str]) -> list[int]:
        return [counts.get(token, 1) for token in tokens]

    return frequencies


def test_similar_articles_are_those_with_the_words_that_are_rare_elsewhere() -> None:
    quake = document(title="Earthquake shakes Varlo", text="The earthquake hit Varlo on Monday, the mayor said.")
    query = similar_query(quake, seen_in({"the": 900, "said": 800, "earthquake": 5, "varlo": 2, "mayor": 40}), 1000)
    assert query is not None
    assert "varlo OR earthquake OR mayor" == query.text
    like = document(id="b", text="Varlo is rebuilt.")
    assert [True, False, False] == [
        find(query.root, MatchView(each), NOW) is not None
        for each in (like, quake, document(id="c", text="The rest said."))
    ]


@pytest.mark.parametrize("text", [None, "", "a of 12 1000"])
def test_article_without_words_is_like_no_other(text: str | None) -> None:
    assert similar_query(document(text=text), seen_in({}), 1000) is None


def test_article_of_words_that_no_other_has_is_like_no_other() -> None:
    assert similar_query(document(text="Xyzzy plugh."), seen_in({}), 1000) is None
