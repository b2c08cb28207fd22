"""Regular expressions: what every match must hold is no more than that, and none costs more than its text."""

from __future__ import annotations

import contextlib
import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.query.evaluate import MatchView, find, marks
from pipeline.query.parser import parse
from pipeline.query.regex import candidates, compiled

NOW = datetime(2026, 11, 25, tzinfo=UTC)
_PIECES = st.sampled_from(
    ["rock", "Straße", "café", "talks", " ", "-", "\\.", ".", "[a-c]", "[^x]", "(an|the)", "(?:gas)?", "\\b", "\\d+",
     "s?", "x*", "a+", "o{2}", "|", "^", "$", "\\x{e9}", "\\pL", "(?-i)", "ا", "لة", "Ж"]
)  # fmt: skip
_WORDS = st.sampled_from(
    ["rock", "rocket", "STRASSE", "straße", "Café", "cafe\u0301", "talks", "the", "gas", "a.b", "U.S.", "1,800", "AT&T",
     "é", "book", "الة", "ж", "Жук", "R&D", "x-ray", "oo"]
)  # fmt: skip


def article(text: str, title: str | None = None) -> Document:
    """Make an article with a text."""
    return Document(id="a", source="Wire", seen=NOW, title=title, text=text, language="en")


@given(st.lists(_PIECES, min_size=1, max_size=6).map("".join), st.lists(_WORDS, max_size=6).map(" ".join))
def test_whatever_matches_holds_what_every_match_must(pattern: str, text: str) -> None:
    try:
        expression = compiled(pattern)
    except UsageError:
        return
    held = candidates(pattern)
    if held is not None and expression.search(text) is not None:
        assert find(held, MatchView(article(text)), NOW) is not None


@pytest.mark.parametrize(
    ("pattern", "held"),
    [
        ("rocket", ["rocket"]), ("gas price", ["price", "gas"]), ("colou?r", ["colo"]), ("(war)", None),
        ("war|peace", ["war", "peace"]), ("war|x", None), ("[abc]def+", ["def"]), (r"\bSteuer\b", ["steuer"]),
        ("a.c", None), (r"\Qabc", None),
        ("日本語", None),
    ],
)  # fmt: skip
def test_words_that_every_match_holds_are_asked_of_the_index(pattern: str, held: list[str] | None) -> None:
    node = candidates(pattern)
    assert held == (None if node is None else re.findall(r"text='(\w+)'", repr(node)))


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+b", "(.*a){20}b", "a*" * 300 + "b", "(x+x+)+y", "([a-z]+)*="])
def test_hostile_expression_costs_no_more_than_its_text(pattern: str) -> None:
    text = "a" * 200_000
    began = time.perf_counter()
    with contextlib.suppress(UsageError):
        find(parse(f"/{pattern}/").root, MatchView(article(text)), NOW)
    assert time.perf_counter() - began < 5


def test_matches_are_marked_where_they_stand() -> None:
    document = article("The rocket AB-123 flew; 🚀 and ab-7 too.", title="AB-9")
    view = MatchView(document)
    found = marks(find(parse(r"/ab-\d+/").root, view, NOW) or (), view)
    assert [mark.text for mark in found] == ["AB-9", "AB-123", "ab-7"]
    assert find(parse("🚀").root, view, NOW) == []
    assert find(parse("/flew; .{1,3}and/").root, view, NOW) is not None
