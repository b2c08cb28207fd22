"""Write the figures of a text in other styles: 1.5m and 1.5 million, 12% and 12 per cent, 1200 and 1,200."""

from __future__ import annotations

import re

# By what is written out, its short form; of several with one, the first is written where only that is known.
_SHORT = {
    "million": "m", "billion": "bn", "trillion": "tn", "thousand": "k",
    "millionen": "mio", "milliarden": "mrd", "milliarde": "mrd",
    "millions d'euros": "m€", "millions d’euros": "m€", "milliards d'euros": "md€", "milliards d’euros": "md€",
    "миллионов": "млн", "миллиона": "млн", "миллион": "млн", "миллиардов": "млрд", "миллиарда": "млрд", "тысяч": "тыс",
    "per cent": "%", "percent": "%", "prozent": "%", "pour cent": "%", "por ciento": "%", "por cento": "%",
    "per cento": "%", "procent": "%", "процентов": "%", "процента": "%",
}  # fmt: skip
_GLUED = frozenset(("m", "bn", "tn", "k", "%"))
_LONG = {short: long for long, short in reversed(_SHORT.items())}
_PERCENT = {
    "de": "Prozent", "fr": "pour cent", "es": "por ciento", "pt": "por cento", "it": "per cento", "nl": "procent",
    "sv": "procent", "da": "procent", "ru": "процентов",
}  # fmt: skip
_YEARS = range(1900, 2100)
_SPACE = "[ \u00a0\u202f]"
_WRITTEN_OUT = re.compile(rf"(?<=\d){_SPACE}({'|'.join(_SHORT)})(?!\w)", re.IGNORECASE)
_ABBREVIATED = re.compile(rf"(?<=\d){_SPACE}?({'|'.join(_LONG)})(?!\w)", re.IGNORECASE)
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[., \u00a0\u202f]\d{3})+(?![\d.,]*\d)")
_UNGROUPED = re.compile(r"(?<![\d.,])\d{4,}(?![\d.,]*\d)")


def other_styles(text: str, language: str | None) -> list[str]:
    """Return a text with its figures in short, and with them written out, as far as that is another text."""
    short = _GROUPED.sub(lambda number: re.sub(r"\D", "", number[0]), text)
    short = _WRITTEN_OUT.sub(lambda scale: _shortened(scale[1].lower()), short)
    long = _UNGROUPED.sub(lambda number: number[0] if int(number[0]) in _YEARS else f"{int(number[0]):,}", text)
    long = _ABBREVIATED.sub(lambda scale: f" {_written_out(scale[1].lower(), language)}", long)
    return [each for each in dict.fromkeys((short, long)) if each != text]


def _shortened(scale: str) -> str:
    short = _SHORT[scale]
    return short if short in _GLUED else f" {short}"


def _written_out(short: str, language: str | None) -> str:
    return _PERCENT.get(language or "", _LONG["%"]) if short == "%" else _LONG[short]
