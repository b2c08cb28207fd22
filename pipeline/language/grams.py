"""Which grams a document holds, out of those that rules ask for. Each gram has a number, and grams are only ever added.

A word is reached through its stem in the document's language, so each language keeps a table of its own, made when its
first document comes. Patterns (prefix, wildcard, fuzzy) are worked out once per token and remembered: few tokens of an
article are new.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from itertools import combinations

from pipeline.language.analysis import STEMMERS, stem
from pipeline.language.clauses import Gram
from pipeline.language.evaluate import Reading, event_values, keyword_values, quotation_values, token_test
from pipeline.language.query import Fuzzy, Wildcard

NOTHING, EVERYTHING = 0, 1
PACKED = "i"
MAX_REMEMBERED = 1 << 16
_SIZE = array(PACKED).itemsize


def packed(number: int) -> bytes:
    """Write a number as the bytes of one array item, so that many can be joined and read as one array."""
    return number.to_bytes(_SIZE, sys.byteorder, signed=True)


class Grams:
    """Number grams, and tell which of them a document holds."""

    def __init__(self) -> None:
        self._numbers: dict[Gram, int] = {}
        self._tokens: dict[str, bytes] = {}
        self._title_tokens: dict[str, bytes] = {}
        self._words: dict[str, int] = {}
        self._title_words: dict[str, int] = {}
        self._stems: dict[str | None, tuple[dict[str, bytes], dict[str, bytes]]] = {}
        self._patterns = _Patterns()

    def __len__(self) -> int:
        return len(self._numbers) + 2

    def number(self, gram: Gram) -> int:
        """Return the number of a gram, a new one if it is new."""
        known = self._numbers.get(gram)
        if known is not None:
            return known
        number = self._numbers[gram] = len(self)
        kind, text = gram
        match kind:
            case "word" | "title word":
                (self._words if kind == "word" else self._title_words)[text] = number
                for language, tables in self._stems.items():
                    _append(tables[kind != "word"], stem(text, language), number)
            case "token":
                self._tokens[text] = packed(number)
            case "title token":
                self._title_tokens[text] = packed(number)
            case "prefix" | "wildcard" | "fuzzy1" | "fuzzy2":
                self._patterns.add(kind, text, number)
        return number

    def held(self, reading: Reading) -> bytes:
        """Return the packed numbers of the grams a document holds, ``EVERYTHING`` first, some perhaps twice."""
        title, body = reading.tokens("title"), reading.tokens("body")
        tokens = title | body
        title_stems = reading.tokens("title", stems=True)
        stems, in_title = self._tables(reading.document.language)
        found: list[bytes] = [packed(EVERYTHING)]
        found += filter(None, map(self._tokens.get, tokens))
        found += filter(None, map(stems.get, title_stems | reading.tokens("body", stems=True)))
        if self._title_tokens:
            found += filter(None, map(self._title_tokens.get, title))
        if in_title:
            found += filter(None, map(in_title.get, title_stems))
        if self._patterns:
            found += map(self._patterns.__getitem__, tokens)
        found += [packed(number) for gram in _field_grams(reading) if (number := self._numbers.get(gram))]
        return b"".join(found)

    def _tables(self, language: str | None) -> tuple[dict[str, bytes], dict[str, bytes]]:
        known = language if language in STEMMERS else None
        tables = self._stems.get(known)
        if tables is None:
            tables = self._stems[known] = ({}, {})
            for words, table in zip((self._words, self._title_words), tables, strict=True):
                for word, number in words.items():
                    _append(table, stem(word, known), number)
        return tables


def _append(table: dict[str, bytes], key: str, number: int) -> None:
    table[key] = table.get(key, b"") + packed(number)


def _field_grams(reading: Reading) -> Iterator[Gram]:
    document = reading.document
    for name, values in keyword_values(document).items():
        for value in values:
            yield name, value
    for name in ("author", "source"):
        for token in reading.tokens(name):
            yield name, token
    if document.events:
        yield "some", "event"
        for event in document.events:
            yield from _value_grams(event_values(event), ("event", "actor", "target", "place"))
    if document.quotations:
        yield "some", "quotation"
        for quotation in document.quotations:
            yield from _value_grams(quotation_values(quotation), ("said",))


def _value_grams(values: dict[str, tuple[str, ...]], names: tuple[str, ...]) -> Iterator[Gram]:
    for name in names:
        for value in values[name]:
            for token in value.split():
                yield name, token


class _Patterns(dict[str, bytes]):
    """Remember for each token the numbers of the patterns it satisfies."""

    def __init__(self) -> None:
        super().__init__()
        self._prefixes: dict[str, int] = {}
        self._wildcards: dict[str, list[tuple[Callable[[str], bool], int]]] = {}
        self._fuzzy: dict[str, list[tuple[Callable[[str], bool], int]]] = {}
        self._longest = 0
        self._edits = 0

    def __bool__(self) -> bool:
        return bool(self._longest)

    def add(self, kind: str, text: str, number: int) -> None:
        """Take in a pattern; what was remembered does not know it."""
        self.clear()
        if kind == "prefix":
            self._prefixes[text] = number
            self._longest = max(self._longest, len(text))
        elif kind == "wildcard":
            self._wildcards.setdefault(text[:2], []).append((token_test(Wildcard(pattern=text)), number))
            self._longest = max(self._longest, 2)
        else:
            edits = int(kind[-1])
            test = token_test(Fuzzy(text=text, distance=edits))
            for shorter in _shortened(text, edits):
                self._fuzzy.setdefault(shorter, []).append((test, number))
            self._edits = max(self._edits, edits)
            self._longest = max(self._longest, len(text) + edits)

    def __missing__(self, token: str) -> bytes:
        found = [self._prefixes.get(token[:n], 0) for n in range(2, min(len(token), self._longest) + 1)]
        found += [number for test, number in self._wildcards.get(token[:2], ()) if test(token)]
        if self._fuzzy and len(token) <= self._longest:
            near = {pair for shorter in _shortened(token, self._edits) for pair in self._fuzzy.get(shorter, ())}
            found += [number for test, number in near if test(token)]
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        result = self[token] = b"".join(packed(number) for number in found if number)
        return result


def _shortened(text: str, edits: int) -> set[str]:
    """Return what is left of a word after leaving out up to ``edits`` letters: words that near share some of it."""
    return {
        "".join(letter for n, letter in enumerate(text) if n not in out)
        for count in range(edits + 1)
        for out in combinations(range(len(text)), count)
    }
