"""Which grams a document holds, out of those that rules ask for. Each gram has a number, and grams are only ever added.

A word, or words that hyphens join, are reached through their stems in the document's language, so each language keeps
tables of its own, made when its first document comes. What a token holds is worked out once and remembered: few tokens
of an article are new, and one look-up for each is what the time goes into. A rule with a new word or pattern makes it
forget.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import Any

from pipeline.language.compounds import compound
from pipeline.language.tokens import STEMMERS, stem
from pipeline.query.evaluate import MatchView, token_test
from pipeline.query.tree import Fuzzy, Wildcard
from pipeline.query.values import event_values, keyword_values, quotation_values
from pipeline.stages.match.clauses import Gram

NOTHING, EVERYTHING = 0, 1
PACKED = "i"
MAX_REMEMBERED = 1 << 16
_SIZE = array(PACKED).itemsize
_PAIRS = frozenset({"pair", "title pair"})


def packed(number: int) -> bytes:
    """Write a number as the bytes of one array item, so that many can be joined and read as one array."""
    return number.to_bytes(_SIZE, sys.byteorder, signed=True)


class Grams:
    """Number grams, and tell which of them a document holds."""

    def __init__(self) -> None:
        self._count = 0
        # Those of a kind in a dictionary of their own, but for values of fields and patterns, which are few.
        self._fields: dict[Gram, int] = {}
        self._tokens: dict[str, int] = {}
        self._title_tokens: dict[str, int] = {}
        self._words: dict[str, int] = {}
        self._title_words: dict[str, int] = {}
        self._pairs: dict[tuple[str, ...], int] = {}
        self._title_pairs: dict[tuple[str, ...], int] = {}
        self._compounds: dict[str, int] = {}
        self._title_compounds: dict[str, int] = {}
        self._tables: dict[str, dict[Any, int]] = {
            "word": self._words,
            "title word": self._title_words,
            "compound": self._compounds,
            "title compound": self._title_compounds,
            "token": self._tokens,
            "title token": self._title_tokens,
            "pair": self._pairs,
            "title pair": self._title_pairs,
        }
        self._patterns = Patterns()
        self._languages: dict[str | None, _Language] = {}

    def __len__(self) -> int:
        return self._count + 2

    def number(self, gram: Gram) -> int:
        """Return the number of a gram, a new one if it is new."""
        kind, text = gram
        table: dict[Any, int] = self._tables.get(kind, self._fields)
        key = tuple(map(sys.intern, text.split())) if kind in _PAIRS else text if kind in self._tables else gram
        known = table.get(key)
        if known is not None:
            return known
        number = table[key] = len(self)
        self._count += 1
        match kind:
            case "word" | "title word":
                for language in self._languages.values():
                    language.add(text, number, in_title=kind != "word")
            case "compound" | "title compound":
                for language in self._languages.values():
                    language.add_compound(text, number, in_title=kind != "compound")
            case "token":
                for language in self._languages.values():
                    language.pop(text, None)
            case "prefix" | "ending" | "containing" | "wildcard" | "fuzzy1" | "fuzzy2":
                self._patterns.add(kind, text, number)
                for language in self._languages.values():
                    language.clear()
        return number

    def word(self, text: str) -> int | None:
        """Return the number of a word's gram, if it has one."""
        return self._words.get(text)

    def held(self, reading: MatchView) -> bytes:
        """Return the packed numbers of the grams a document holds, ``EVERYTHING`` first, some perhaps twice."""
        title, body = reading.tokens("title"), reading.tokens("body")
        language = self._language(reading.document.language)
        found = [packed(EVERYTHING), *map(language.__getitem__, body), *map(language.__getitem__, title - body)]
        if language.in_title:
            found += filter(None, map(language.in_title.get, reading.tokens("title", stems=True)))
        numbers = list(map(self._title_tokens.get, title)) if self._title_tokens else []
        for part, pairs in (("title", self._title_pairs), ("title", self._pairs), ("body", self._pairs)):
            if pairs:
                numbers += filter(None, map(pairs.get, pairwise(reading.part(part).tokens)))
        numbers += map(self._fields.get, _field_grams(reading))
        for part, compounds in (
            ("title", language.compounds_in_title),
            ("title", language.compounds),
            ("body", language.compounds),
        ):
            if compounds:
                found += filter(None, map(compounds.get, reading.compounds(part)))
        return b"".join([*found, array(PACKED, filter(None, numbers)).tobytes()])

    def _language(self, language: str | None) -> _Language:
        known = language if language in STEMMERS else None
        tables = self._languages.get(known)
        if tables is None:
            tables = self._languages[known] = _Language(known, self._tokens, self._patterns)
            for words, in_title in ((self._words, False), (self._title_words, True)):
                for word, number in words.items():
                    tables.add(word, number, in_title)
            for words, in_title in ((self._compounds, False), (self._title_compounds, True)):
                for word, number in words.items():
                    tables.add_compound(word, number, in_title)
        return tables


class _Language(dict[str, bytes]):
    """Remember for each token of a language the grams that a text with that token holds."""

    def __init__(self, language: str | None, tokens: dict[str, int], patterns: Patterns) -> None:
        super().__init__()
        self._language = language
        self._tokens = tokens
        self._patterns = patterns
        self._in_text: dict[str, bytes] = {}
        self.in_title: dict[str, bytes] = {}
        self.compounds: dict[str, bytes] = {}
        self.compounds_in_title: dict[str, bytes] = {}

    def add(self, word: str, number: int, in_title: bool) -> None:
        """Take in a word; what was remembered of words in texts does not know it."""
        table = self.in_title if in_title else self._in_text
        key = stem(word, self._language)
        table[key] = table.get(key, b"") + packed(number)
        if not in_title:
            self.clear()

    def add_compound(self, tokens: str, number: int, in_title: bool) -> None:
        """Take in words that hyphens join, given with spaces between."""
        table = self.compounds_in_title if in_title else self.compounds
        key = compound(tokens.split(), self._language)
        table[key] = table.get(key, b"") + packed(number)

    def __missing__(self, token: str) -> bytes:
        numbers = self._patterns.satisfied(token)
        if token in self._tokens:
            numbers.append(self._tokens[token])
        result = b"".join(map(packed, numbers)) + self._in_text.get(stem(token, self._language), b"")
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        self[token] = result
        return result


def _field_grams(reading: MatchView) -> Iterator[Gram]:
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


class Patterns:
    """Tell which patterns a token satisfies."""

    def __init__(self) -> None:
        self._prefixes: dict[str, int] = {}
        self._wildcards: dict[str, list[tuple[Callable[[str], bool], int]]] = {}
        self._fuzzy: dict[str, list[tuple[Callable[[str], bool], int]]] = {}
        self._endings: dict[str, int] = {}
        self._pieces: dict[str, int] = {}
        self._piece_lengths: set[int] = set()
        self._longest = 0
        self._longest_ending = 0
        self._edits = 0

    def add(self, kind: str, text: str, number: int) -> None:
        """Take in a pattern."""
        if kind == "prefix":
            self._prefixes[text] = number
            self._longest = max(self._longest, len(text))
        elif kind == "ending":
            self._endings[text] = number
            self._longest_ending = max(self._longest_ending, len(text))
        elif kind == "containing":
            self._pieces[text] = number
            self._piece_lengths.add(len(text))
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

    def satisfied(self, token: str) -> list[int]:
        """Return the numbers of the patterns that a token satisfies."""
        prefixes = [self._prefixes.get(token[:n], 0) for n in range(2, min(len(token), self._longest) + 1)]
        found = list(filter(None, prefixes))
        found += [number for test, number in self._wildcards.get(token[:2], ()) if test(token)]
        if self._endings:
            endings = (self._endings.get(token[-n:], 0) for n in range(1, min(len(token), self._longest_ending) + 1))
            found += filter(None, endings)
        if self._pieces:
            pieces = {token[at : at + n] for n in self._piece_lengths for at in range(len(token) - n + 1)}
            found += [self._pieces[piece] for piece in pieces & self._pieces.keys()]
        if self._fuzzy and len(token) <= self._longest:
            near = {pair for shorter in _shortened(token, self._edits) for pair in self._fuzzy.get(shorter, ())}
            found += [number for test, number in near if test(token)]
        return found


def _shortened(text: str, edits: int) -> set[str]:
    """Return what is left of a word after leaving out up to ``edits`` letters: words that near share some of it."""
    return {
        "".join(letter for n, letter in enumerate(text) if n not in out)
        for count in range(edits + 1)
        for out in combinations(range(len(text)), count)
    }
