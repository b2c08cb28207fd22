"""What FTS5 is given of a document: one text of terms for each column, in the order of ``COLUMNS``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.language.tokens import Analysis, analyze
from pipeline.model import Document
from pipeline.query.indexing import (
    clip,
    clip_keyword,
    compounds_of,
    events_of,
    index_language,
    joined,
    quotations_of,
)
from pipeline.query.values import keyword_values

COLUMNS = "title, body, author, source, actor, target, place, said, quote, keys"
# The keywords and event codes of a document stand in one column, each as one token "field|value".
_CONTROL = {code: 0xE000 + code for code in (*range(0x21), 0x7F)}


def keyword_token(name: str, value: str) -> str:
    """Write a keyword as one token, white space and control characters replaced."""
    token = f"|{name}|{clip_keyword(value)}"
    # Most are names and codes without white space.
    return token if token.isascii() and token.isprintable() and " " not in token else token.translate(_CONTROL)


def name_tokens(tokens: Sequence[str]) -> list[str]:
    """Write the tokens of names, quotations and the like so that they differ from those of title and body."""
    return ["=" + clip(token) for token in tokens]


def language_token(language: str) -> str:
    """Write the language of a document's stems as one token."""
    return keyword_token("stems", language)


# The token of every document that is a copy.
COPY = keyword_token("copy", "yes")


class Texts(NamedTuple):
    """Hold what was read of a document: its texts in the order of their columns."""

    title: Analysis
    body: Analysis
    authors: Analysis
    source: Analysis


def texts_of(document: Document) -> Texts:
    """Read the texts of a document."""
    return Texts(
        analyze(document.title, document.language), analyze(document.text, document.language), *_names(document)
    )


def other_texts(document: Document) -> Texts:
    """Read the texts of a document, except its title and its body."""
    nothing = analyze(None)
    return Texts(nothing, nothing, *_names(document))


def _names(document: Document) -> tuple[Analysis, Analysis]:
    return analyze("\n".join(document.authors)), analyze(document.source)


def terms_row(
    document: Document, texts: Texts | None = None, write: Callable[[list[str]], str] = joined
) -> tuple[str, ...]:
    """Return the columns of a document, of whose ``texts``; ``write`` joins the tokens of title and text."""
    texts = texts or texts_of(document)
    events, quotations = events_of(document), quotations_of(document)
    keys = [keyword_token(name, value) for name, values in keyword_values(document).items() for value in values]
    keys += sorted({keyword_token(n, v) for event in events for n in ("event", "when", "scheduled") for v in event[n]})
    keys.append(language_token(index_language(document.language)))
    if document.duplicate_of:
        keys.append(COPY)
    return (
        _text(texts.title, write),
        _text(texts.body, write),
        " ".join(name_tokens(texts.authors.tokens)),
        " ".join(name_tokens(texts.source.tokens)),
        *(_values(events, name) for name in ("actor", "target", "place")),
        *(_values(quotations, name) for name in ("said", "quote")),
        " ".join(keys),
    )


def _text(read: Analysis, write: Callable[[list[str]], str]) -> str:
    """Join the tokens of a text, and behind them what the words that hyphens join are found by."""
    tokens, found = write(read.tokens), compounds_of(read.text, read.language)
    return f"{tokens} {' '.join(found)}" if found else tokens


def _values(found: Sequence[dict[str, tuple[str, ...]]], name: str) -> str:
    """Join the values so that no phrase is found across two of them."""
    if not found:
        return ""
    return " | ".join(
        " ".join(name_tokens(v.split())) for v in dict.fromkeys(v for values in found for v in values[name])
    )
