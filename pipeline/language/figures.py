"""Figures in a text, and those that took the place of another from one version of a text to the next.

A figure tells how many or how much. Times of day, ratings, counts of readers and numbers of parts and updates are none.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from unicodedata import decimal

import msgspec

from pipeline.language.counters import without_counters
from pipeline.language.number_words import ONE_BEFORE, number_words
from pipeline.language.numbers import marks_of, plain_number
from pipeline.language.scales import SCALE, scale_of
from pipeline.language.scripts import WITHOUT_SPACES
from pipeline.language.sentences import split_sentences

# Sentences that differ in more than figures are the same statement if they share this much of their words.
SAME_STATEMENT_SHARE_MIN = 0.6
COMPARED_SENTENCES = 60
# Comparing takes the square of a sentence's length.
COMPARED_TOKENS = 100
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_PLAIN = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
# The Arabic signs between decimals and between thousands.
_ASCII = {"\u066b": ".", "\u066c": ","}
# Dozens and more, in English; the first three also without a number before them.
_MANY = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_VAGUE = frozenset(("dozens", "scores", "hundreds", "thousands"))
_SMALL = f"(?:{'|'.join(sorted(['one', *number_words('en')], key=len, reverse=True))})".replace("-", r"[\s-]")
_ENGLISH = (
    rf"(?:(?:half\s+an?|an?|{_SMALL})\s+(?:dozen|hundred|thousand|million|billion|trillion)|dozen|hundred|thousand)"
    r"(?:\s+(?:thousand|million|billion|trillion))?"
    rf"(?:\s+(?:and\s+)?(?:{_SMALL}\s+hundred\s+(?:and\s+)?)?{_SMALL})?"
)
_HAN_DIGITS = {character: number for number, character in enumerate("〇一二三四五六七八九")} | {"两": 2, "兩": 2}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}
_HAN = (
    rf"[{''.join([*_HAN_DIGITS, *_HAN_TENS])}]+"
    r"(?=[人名死岁歳票件起棟栋间間家台辆輛架艘天周週个個]|小时|小時|時間|日間)"
)
_DIGITS = r"\d+(?:[.,:\u066b\u066c]\d+)*"
# Digits may stand in threes: 500 000, and in Switzerland 500'000.
_NUMBER = (
    r"(?P<sign>(?<![\w.,])(?:[-\u2212]|minus[ \u00a0])(?=\d))?"
    rf"(?P<number>(?<![\d.,])\d{{1,3}}(?:[ \u00a0\u202f'’]\d{{3}})+(?![.,]?\d)|{_DIGITS})"
    rf"(?:(?P<letter>k|mn?|bn?|tn)(?!\w)|[ \u00a0\u202f]?(?P<scale>{SCALE}))?"
)
_MONEY = frozenset("$€£¥₹")
_LETTERS = {"k": 10**3, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9, "tn": 10**12}


@lru_cache(maxsize=64)
def _token(language: str | None) -> re.Pattern[str]:
    """Return what splits a sentence of a language into words, signs and figures."""
    longest_first = sorted(number_words(language), key=len, reverse=True)
    # Quatre-vingts is written with a space, too.
    words = [re.escape(each).replace(r"\-", "[ -]") for each in longest_first]
    spelled = rf"|\b(?P<spelled>{'|'.join(words)})\b(?:\s(?P<times>{SCALE}))?"
    ones = [
        rf"(?:{one})(?=\s+(?:{counted})\b)" for name, (one, counted) in ONE_BEFORE.items() if language in (None, name)
    ]
    return re.compile(
        _NUMBER
        + (rf"|\b(?P<english>{_ENGLISH})\b" if language in (None, "en") else r"|(?P<english>(?!))")
        + (spelled if words else r"|(?P<spelled>(?!))(?P<times>)")
        + (rf"|\b(?P<one>{'|'.join(ones)})\b" if ones else r"|(?P<one>(?!))")
        + rf"|(?P<han>{_HAN})|[{WITHOUT_SPACES}]|[^\W{WITHOUT_SPACES}]+|[%$€£¥₹]",
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
        [_tokens(without_counters(sentence), language, marks) for sentence in _sentences(text, language)]
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


def _tokens(sentence: str, language: str | None, marks: str) -> list[_Token]:
    found = islice(_token(language).finditer(sentence), COMPARED_TOKENS)
    return [_Token(match[0], _value(match, language, marks)) for match in found]


def _value(match: re.Match[str], language: str | None, marks: str) -> str | None:
    """Return what a figure says: 1,200 is 1200, 2.0 is 2, five is 5, two dozen are 24, 1.5 million is 1500000."""
    if match["number"]:
        return _digits(match, language, marks)
    if match["english"]:
        return _written(_english(match["english"]))
    if match["one"]:
        return "1"
    if match["han"]:
        return f"{_han(match['han'])}"
    word = " ".join((match["spelled"] or match[0]).casefold().split())
    if match["spelled"]:
        words = number_words(language)
        number = next(words[each] for each in (word, word.replace(" ", "-")) if each in words)
        return _written(number * (scale_of(match["times"], language) if match["times"] else 1))
    return word if word in _VAGUE else None


def _digits(match: re.Match[str], language: str | None, marks: str) -> str:
    number = "".join(
        _ASCII.get(each) or (each if each.isascii() else f"{decimal(each, each)}") for each in match["number"]
    )
    number = plain_number(re.sub(r"[ \u00a0\u202f'’]", "", number), marks)
    times = 1
    if match["scale"]:
        times = scale_of(match["scale"], language)
    elif match["letter"] and (len(match["letter"]) > 1 or match.string[match.start("number") - 1] in _MONEY):
        times = _LETTERS[match["letter"].casefold()]
    if not _PLAIN.fullmatch(number):
        return match[0].casefold()
    return ("-" if match["sign"] else "") + _written(Decimal(number.replace(",", ".")) * times)


def _written(number: Decimal | int | Fraction) -> str:
    """Write a number in one way only."""
    text = f"{number:f}" if isinstance(number, Decimal) else str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _english(text: str) -> Fraction:
    """Return what English words say: a hundred and twenty, half a million, two dozen."""
    whole, part = Fraction(0), Fraction(0)
    for word in re.split(r"[\s-]+", text.casefold()):
        if word == "half":
            part = Fraction(1, 2)
        elif word in _MANY:
            part = (part or Fraction(1)) * _MANY[word]
            if _MANY[word] >= _MANY["thousand"]:
                whole, part = whole + part, Fraction(0)
        elif word not in ("a", "an", "and"):
            part += 1 if word == "one" else number_words("en")[word]
    return whole + part


def _han(text: str) -> int:
    """Return what Chinese numerals say: 三 is 3, 十二 is 12, 三百 is 300, 二〇 is 20."""
    if not any(each in _HAN_TENS for each in text):
        return int("".join(f"{_HAN_DIGITS[each]}" for each in text))
    total, digit = 0, 0
    for each in text:
        if each in _HAN_TENS:
            total, digit = total + (digit or 1) * _HAN_TENS[each], 0
        else:
            digit = _HAN_DIGITS[each]
    return total + digit


def _masked(tokens: list[_Token]) -> list[str]:
    return ["#" if token.value is not None else token.text.casefold() for token in tokens]


def _likeness(one: list[_Token], other: list[_Token]) -> float:
    return difflib.SequenceMatcher(None, _masked(one), _masked(other), autojunk=False).ratio()


def _may_say_the_same(was: _Token, now: _Token) -> bool:
    """Tell whether two figures are the same if the m behind one of them is a million, not a metre."""
    return any(
        one.text[-1] in "mM" and one.value is not None and _written(Decimal(one.value) * _LETTERS["m"]) == other.value
        for one, other in ((was, now), (now, was))
    )


def _pairs(old: list[_Token], new: list[_Token]) -> list[tuple[str, str]]:
    matcher = difflib.SequenceMatcher(None, _masked(old), _masked(new), autojunk=False)
    return [
        (was.text, now.text)
        for i, j, size in matcher.get_matching_blocks()
        for was, now in zip(old[i : i + size], new[j : j + size], strict=True)
        if was.value is not None and was.value != now.value and not _may_say_the_same(was, now)
    ]
