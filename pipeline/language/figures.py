"""Figures in a text, and those that took the place of another from one version of a text to the next.

A figure tells how many or how much. Times of day, ratings, counts of readers and numbers of parts and updates are none.
"""

from __future__ import annotations

import difflib
import re
from itertools import islice

import msgspec

from pipeline.language.counters import without_counters
from pipeline.language.numbers import marks_of, plain_number
from pipeline.language.sentences import split_sentences

# Sentences that differ in more than figures are the same statement if they share this much of their words.
SAME_STATEMENT_SHARE_MIN = 0.6
COMPARED_SENTENCES = 60
# Comparing takes the square of a sentence's length.
COMPARED_TOKENS = 100
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_COUNTING = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen",
    "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn "
    "neunzehn zwanzig",
    "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze",
    "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince",
)
_UNITS = {word: number for words in _COUNTING for number, word in enumerate(words.split(), 2)} | {"one": 1, "a": 1}
_TENS = {word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_MANY = {"dozen": 12, "hundred": 100, "thousand": 1000}
_VAGUE = frozenset(("dozens", "scores", "hundreds", "thousands"))
# One is a figure before those whom it counts; elsewhere it is mostly a pronoun.
_ONE = r"one(?=\s+(?:person|man|woman|child|boy|girl|soldier|officer|worker|passenger|civilian|house|death|dead)\b)"
_TOKEN = re.compile(
    # Digits may stand in threes: 500 000.
    r"(?P<grouped>(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d.,]*\d))|(?P<digits>\d+(?:[.,:]\d+)*)"
    rf"|\b(?:(?:(?P<few>{'|'.join(_UNITS | _TENS)})\s+)?(?P<many>{'|'.join(_MANY)})"
    rf"|(?P<tens>{'|'.join(_TENS)})(?:[\s-](?P<ones>one|two|three|four|five|six|seven|eight|nine))?|(?P<one>{_ONE}))\b"
    r"|\w+|[%$€£¥]",
    re.IGNORECASE,
)


class _Token(msgspec.Struct, frozen=True):
    """Hold a word, a sign or a figure; ``value`` is what a figure says however it is written, and else ``None``."""

    text: str
    value: str | None


def figures(text: str) -> list[str]:
    """Return the figures of a text in digits, in order."""
    return _FIGURE.findall(without_counters(text))


def replaced_figures(before: str, after: str, language: str | None) -> list[tuple[str, str]]:
    """Return which figure took the place of which where a passage took the place of another.

    The statement must be the same otherwise, or nearly: what was only added replaced nothing.
    """
    marks = marks_of(language)
    old, new = (
        [_tokens(without_counters(sentence), marks) for sentence in _sentences(text, language)]
        for text in (before, after)
    )
    found: list[tuple[str, str]] = []
    for sentence in new:
        if not any(token.value is not None for token in sentence) or sentence in old:
            continue
        likeness, place = max(((_likeness(each, sentence), -place) for place, each in enumerate(old)), default=(0.0, 0))
        if likeness >= SAME_STATEMENT_SHARE_MIN:
            found += _pairs(old[-place], sentence)
    return list(dict.fromkeys(found))


def _sentences(text: str, language: str | None) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)[:COMPARED_SENTENCES]]


def _tokens(sentence: str, marks: str) -> list[_Token]:
    return [_Token(match[0], _value(match, marks)) for match in islice(_TOKEN.finditer(sentence), COMPARED_TOKENS)]


def _value(match: re.Match[str], marks: str) -> str | None:
    """Return what a figure says: 1,200 is 1200, 2.0 is 2, five is 5, two dozen are 24."""
    word = match[0].casefold()
    if match["grouped"]:
        return re.sub(r"\D", "", word)
    if match["digits"]:
        return _plain(plain_number(word, marks))
    if match["many"]:
        return f"{(_UNITS | _TENS)[(match['few'] or 'one').casefold()] * _MANY[match['many'].casefold()]}"
    if match["tens"]:
        return f"{_TENS[match['tens'].casefold()] + (_UNITS[match['ones'].casefold()] if match['ones'] else 0)}"
    if match["one"]:
        return "1"
    if word in _VAGUE:
        return word
    return f"{_UNITS[word]}" if word in _UNITS and word not in ("one", "a") else None


def _plain(number: str) -> str:
    """Return a number without noughts that end its decimals."""
    whole, mark, decimals = number.partition("." if "." in number else ",")
    return number if not mark or not decimals.isdecimal() else (f"{whole}{mark}{decimals}".rstrip("0").rstrip(mark))


def _masked(tokens: list[_Token]) -> list[str]:
    return ["#" if token.value is not None else token.text.casefold() for token in tokens]


def _likeness(one: list[_Token], other: list[_Token]) -> float:
    return difflib.SequenceMatcher(None, _masked(one), _masked(other), autojunk=False).ratio()


def _pairs(old: list[_Token], new: list[_Token]) -> list[tuple[str, str]]:
    matcher = difflib.SequenceMatcher(None, _masked(old), _masked(new), autojunk=False)
    return [
        (was.text, now.text)
        for i, j, size in matcher.get_matching_blocks()
        for was, now in zip(old[i : i + size], new[j : j + size], strict=True)
        if was.value is not None and was.value != now.value
    ]
