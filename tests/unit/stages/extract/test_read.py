"""An article is read in one go, and whatever it is the reading proves what it says and stays bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Document
from pipeline.stages.decision import NoMemory
from pipeline.stages.extract.stage import extract, read

NOW = datetime(2022, 2, 21, 12, tzinfo=UTC)


def document(text: str | None, language: str | None = "en", withdrawn: bool = False) -> Document:
    """Return a document with a text and little else."""
    return Document(id="a", source="s", seen=NOW, published=NOW, text=text, language=language, withdrawn=withdrawn)


def spans(value: object) -> Iterator[dict[str, Any]]:
    """Give everything within a record that points into the text."""
    if isinstance(value, dict):
        if {"text", "start", "end"} <= value.keys():
            yield value
        for part in value.values():
            yield from spans(part)
    elif isinstance(value, list):
        for part in value:
            yield from spans(part)


def is_proven(read_: Document) -> bool:
    """Tell whether every span of a document is the text it claims to be."""
    found = msgspec.to_builtins(read_)
    parts = [found[name] for name in ("events", "quotations", "dates", "entities")]
    return all((read_.text or "")[span["start"] : span["end"]] == span["text"] for span in spans(parts))


def test_withdrawn_article_says_nothing() -> None:
    assert extract(document("Putin met Biden.", withdrawn=True), NoMemory(), NOW).emit == (
        document("Putin met Biden.", withdrawn=True),
    )


@pytest.mark.parametrize("text", [None, "", " ", "\n\n", "…", "1", "A", "“", "中国", "🙂🙂"])
def test_next_to_nothing_is_read_without_complaint(text: str | None) -> None:
    (emitted,) = extract(document(text), NoMemory(), NOW).emit

    assert isinstance(emitted, Document)
    assert is_proven(emitted)


@settings(max_examples=60)
@given(st.text(max_size=200), st.sampled_from(["en", "de", "zh", None]))
def test_spans_prove_what_is_read_in_any_text(text: str, language: str | None) -> None:
    assert is_proven(read(document(text, language)))


@pytest.mark.parametrize(
    "text",
    [
        "THE MINISTER SAID ON MONDAY THAT NATO TROOPS WOULD LEAVE RUSSIA. " * 500,
        "def f(x): return '“' + x # 2022\n" * 2_000,
        "| 12 | May | 2022 | Paris |\n" * 2_000,
        "Президент сказал: «Мы готовы». " * 1_000,
    ],
)
def test_odd_texts_are_read_in_other_languages_and_shapes_within_bounds(text: str) -> None:
    began = time.process_time()

    assert is_proven(read(document(text, "ru" if "П" in text else "en")))
    assert time.process_time() - began < 60
