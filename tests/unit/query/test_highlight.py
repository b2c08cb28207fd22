"""Passages: which part of the text is shown, and what is marked in it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Document
from pipeline.query.highlight import Snippet, highlight
from pipeline.query.parser import parse

NOW = datetime(2022, 2, 24, tzinfo=UTC)


def shown(text: str, query: str, title: str | None = None, language: str = "en") -> Snippet:
    document = Document(id="a", source="s", seen=NOW, title=title, text=text, language=language)
    return highlight(document, parse(query), NOW)


def marked(snippet: Snippet) -> list[str]:
    return [snippet.text[start:end] for start, end in snippet.marks]


def test_passage_is_where_most_different_words_are() -> None:
    text = "Putin. " + "Nothing here. " * 60 + "Putin told the council of the elections. " + "Else. " * 60
    snippet = shown(text, "putin council election")
    assert ["Putin", "council", "elections"] == marked(snippet)
    assert snippet.text.startswith("…") and snippet.text.endswith("…")


def test_words_of_the_title_are_marked_there() -> None:
    snippet = shown("Nothing.", "title:election", title="Elections held")
    assert (((0, 9),), (), "Nothing.") == (snippet.title_marks, snippet.marks, snippet.text)


def test_overlapping_pairs_of_characters_become_one_mark() -> None:
    assert ["日本の首相"] == marked(shown("今日、日本の首相は", '"日本の首相"', language="ja"))


def test_without_matching_words_the_beginning_is_shown() -> None:
    assert "First words." == shown("First words.", "lang:en").text


@given(st.lists(st.sampled_from(("putin", "Council ", "\n", "x" * 30, " ", "é. ")), max_size=80).map("".join))
def test_marks_are_in_order_inside_the_passage_and_are_the_words(text: str) -> None:
    snippet = shown(text, "putin OR council OR xx*")
    ends = [edge for span in snippet.marks for edge in span]
    assert sorted(ends) == ends
    assert all(word.strip() and not word[-1].isspace() for word in marked(snippet))
