"""What the search engines are given to index: our tokens, space-joined, so that they find what the matcher matches.

Stems carry the document's language as a prefix (``en=run``), because a word matches by its stem in the document's own
language: a query for a word asks for its stem in every language the index holds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.language.compounds import compound, compounds
from pipeline.language.tokens import STEMMERS, Analysis, analyze, earlier_stem, stem
from pipeline.model import Document
from pipeline.moments import EPOCH, microseconds
from pipeline.query.tree import (
    And,
    AnyNode,
    Keyword,
    Not,
    Or,
    Query,
    Range,
    Word,
    walk,
)
from pipeline.query.values import event_values, quotation_values

# Engines cut or refuse very long terms (Elasticsearch's whitespace analyser cuts at 255 UTF-16 units).
MAX_TOKEN = 100
MAX_KEYWORD = 500
_COMPOUND = "~"
_TIE_BITS = 30
_MAX_SECONDS = (1 << 32) - 1
_COMMONEST_TERMS = 40


class Terms(msgspec.Struct, frozen=True):
    """Hold the space-joined tokens of each text part of a document, and its stems with language prefix."""

    title: str
    body: str
    title_stems: str
    body_stems: str
    author: str
    source: str


def terms_of(document: Document) -> Terms:
    """Return what the engines index of a document's text."""
    title, body = analyze(document.title, document.language), analyze(document.text, document.language)
    return Terms(
        title=joined(title.tokens),
        body=joined(body.tokens),
        title_stems=_stems(title),
        body_stems=_stems(body),
        author=joined(analyze("\n".join(document.authors)).tokens),
        source=joined(analyze(document.source).tokens),
    )


def stem_terms(word: str, languages: Iterable[str]) -> list[str]:
    """Return the terms a word is found by in documents of these index languages (see ``index_language``)."""
    return sorted({f"{language}={clip(stem(word, language or None))}" for language in languages})


def earlier_stem_terms(word: str, languages: Iterable[str]) -> list[str]:
    """Return other terms that documents have for a word which an earlier version of the analysis was used for."""
    found = {f"{language}={clip(earlier_stem(word, language or None))}" for language in languages}
    return sorted(found.difference(stem_terms(word, languages)))


def compound_terms(tokens: Sequence[str], languages: Iterable[str]) -> list[str]:
    """Return the terms by which words that hyphens join are found in documents of these index languages."""
    return sorted({_compound_term(compound(tokens, language), language) for language in languages if language})


def compounds_of(text: str | None, language: str | None) -> list[str]:
    """Return the terms of the words that hyphens join in a text."""
    prefix = index_language(language)
    return [_compound_term(found, prefix) for found in compounds(text, language)]


def is_compound_term(term: str) -> bool:
    """Tell whether a term is that of words that hyphens join: no token begins so."""
    return term.startswith(_COMPOUND)


def index_language(language: str | None) -> str:
    """Return the prefix that stems of a language have: its code, or nothing where words are not stemmed."""
    return language if language is not None and language in STEMMERS else ""


def events_of(document: Document) -> list[dict[str, tuple[str, ...]]]:
    """Return what each event is found by."""
    return [event_values(event) for event in document.events]


def quotations_of(document: Document) -> list[dict[str, tuple[str, ...]]]:
    """Return what each quotation is found by."""
    return [quotation_values(quotation) for quotation in document.quotations]


def facets_of(document: Document) -> set[tuple[str, str]]:
    """Return the (field, value) pairs that a document is counted under, besides source, language and day."""
    found = {("tag", tag) for tag in document.tags if tag}
    if document.story_id:
        found.add(("story", document.story_id))
    for event in document.events:
        found.add(("event", event.type))
        found.update(("actor", actor.name or actor.text) for actor in (*event.actors, *event.recipients))
        if event.location:
            found.add(("place", event.location.name or event.location.text))
    found.update(("actor", q.speaker.name or q.speaker.text) for q in document.quotations if q.speaker)
    return found


def clip(token: str) -> str:
    """Cut a token to what the engines take."""
    return token if len(token) <= MAX_TOKEN else token[:MAX_TOKEN]


def clip_keyword(value: str) -> str:
    """Cut a keyword to what is indexed of it."""
    return value if len(value) <= MAX_KEYWORD else value[:MAX_KEYWORD]


def order_key(document: Document, first_seen: datetime) -> int:
    """Return the number that newest-first sorts by: seconds since 1970, then bits of the id to break ties.

    An article counts from its publication, but never from later than we first saw it: feeds announce the future.
    """
    moment = min(document.published, first_seen) if document.published else first_seen
    return (_seconds(moment) << _TIE_BITS) | (zlib.crc32(document.id.encode("utf-8", "surrogatepass")) >> 2)


def least_key(moment: datetime) -> int:
    """Return the least key that articles of a moment or later have."""
    return _seconds(moment) << _TIE_BITS


def greatest_key(moment: datetime) -> int:
    """Return a key that no article of a moment or earlier passes, not even by making way for others of its second."""
    return (_seconds(moment) + 2) << _TIE_BITS


def _seconds(moment: datetime) -> int:
    return max(-_MAX_SECONDS, min(_MAX_SECONDS, microseconds(moment) // 1_000_000))


def order_day(key: int) -> str:
    """Return the day, in UTC, of an order key."""
    return f"{EPOCH + timedelta(seconds=key >> _TIE_BITS):%Y-%m-%d}"


def counts_copies(node: AnyNode) -> bool:
    """Tell whether a query asks how many copies an article has, which is known of documents that are read back only."""
    return any(isinstance(inner, Range) and inner.name == "copies" for inner in walk(node))


def similar_query(
    document: Document, frequencies: Callable[[Sequence[str]], Sequence[int]], size: int, terms: int = 12
) -> Query | None:
    """Make the query for "more like this": the words that are frequent here and rare elsewhere.

    ``frequencies`` tells how many of the ``size`` indexed documents hold each word. ``None``: nothing to go by.
    """
    counts: dict[str, float] = {}
    for part, weight in (
        (analyze(document.title, document.language), 3),
        (analyze(document.text, document.language), 1),
    ):
        for token in part.tokens:
            if len(token) > 2 and not token.isdecimal():
                counts[token] = counts.get(token, 0) + weight
    commonest = sorted(counts, key=lambda token: (-counts[token], token))[:_COMMONEST_TERMS]
    if not commonest:
        return None
    found = zip(commonest, frequencies(commonest), strict=True)
    # A word of this document alone finds nothing else; one of a tenth of all documents says nothing.
    most = max(size // 10, min(20, size * 2 // 3))
    weights = {token: counts[token] / (1 + count) for token, count in found if 1 < count <= most}
    best = sorted(weights, key=lambda token: (-weights[token], token))[:terms]
    if not best:
        return None
    words: AnyNode = Or(nodes=tuple(Word(text=token) for token in best))
    others = Not(node=Keyword(name="id", value=document.id.casefold()))
    return Query(text=" OR ".join(best), root=And(nodes=(words, others)))


def joined(tokens: Sequence[str]) -> str:
    """Join tokens by spaces, each cut to what the engines take."""
    return " ".join(_clipped(tokens))


def _stems(analysis: Analysis) -> str:
    if not analysis.tokens:
        return ""
    prefix = index_language(analysis.language) + "="
    stems = prefix + f" {prefix}".join(_clipped(analysis.stems))
    return " ".join([stems, *compounds_of(analysis.text, analysis.language)])


def _compound_term(found: str, language: str) -> str:
    return clip(f"{_COMPOUND}{language}={found}")


def _clipped(tokens: Sequence[str]) -> Sequence[str]:
    return [clip(token) for token in tokens] if tokens and max(map(len, tokens)) > MAX_TOKEN else tokens
