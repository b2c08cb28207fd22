"""Figures in a text, and those that took the place of another from one version of a text to the next.

A figure tells how many or how much. Times of day, ratings, counts of readers and numbers of parts and updates are none.
"""

from __future__ import annotations

import difflib
import re

from pipeline.language.numbers import marks_of, plain_number
from pipeline.language.sentences import split_sentences

# Sentences that differ in more than figures are the same statement if they share this much of their words.
SAME_STATEMENT_SHARE_MIN = 0.6
COMPARED_SENTENCES = 60
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_NUMBER = r"\d+(?:[.,]\d+)*"
_COUNTED_READERS = (
    r"stars?|ratings?|reviews?|views?|reads?|readers|clicks|comments?|replies|likes?|retweets?|upvotes?|downloads?|"
    r"followers|forks?|min(?:ute)?s? read|Sterne|Aufrufe|Kommentare?|étoiles?|commentaires?|estrellas?|comentarios?"
)
_NUMBERED = (
    r"updates?|part|parts|page|chapter|episode|version|day|no\.|number|issue|vol\.|volume|live|teil|seite|folge|"
    r"partie|parte|página|pagina|capítulo|actualización|mise à jour|aggiornamento"
)
_AGO = r"seconds?|secs?|minutes?|mins?|hours?|hrs?|days?"
_NO_FIGURE = re.compile(
    rf"\b\d{{1,2}}[:.h]\d{{2}}(?::\d{{2}})?\s?(?:[ap]\.?m\b\.?|uhr\b|h\b)?(?![.,]?\d)(?!\s?(?:%|percent|million|billion))"
    rf"|\b\d{{1,2}}\s?(?:[ap]\.?m\b\.?|uhr\b|o'clock\b)"
    rf"|[★☆⭐✩✭]+\s*{_NUMBER}|{_NUMBER}\s*[★☆⭐✩✭]+"
    rf"|\b{_NUMBER}k?\s+(?:{_COUNTED_READERS})\b"
    rf"|\b(?:{_COUNTED_READERS}|shared|abonn\w+|geteilt|partages?|compartid\w+)\s*[:(]\s*{_NUMBER}k?\)?"
    rf"|(?:©|\(c\)|\bcopyright)\s*(?:©\s*)?\d{{4}}(?:\s*[-–]\s*\d{{4}})?"
    rf"|\b(?:{_NUMBERED})\s+(?:no\.?\s*|number\s+|nr\.?\s*|#\s*)?{_NUMBER}(?:\s*(?:of|/|von|de|di)\s*\d+)?"
    rf"|#\s?\d+\b|\(\s*\d+\s*(?:of|/|von|de|di)\s*\d+\s*\)"
    rf"|\b{_NUMBER}\s+(?:{_AGO})\s+ago\b|\b(?:vor|il y a|hace)\s+{_NUMBER}\s+\w+",
    re.IGNORECASE,
)
_COUNTING = (
    "two three four five six seven eight nine ten eleven twelve",
    "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "deux trois quatre cinq six sept huit neuf dix onze douze",
    "dos tres cuatro cinco seis siete ocho nueve diez once doce",
)
_VALUES = {word: f"{number}" for words in _COUNTING for number, word in enumerate(words.split(), 2)}
_WORDS = frozenset((*_VALUES, "dozens", "scores", "hundreds", "thousands"))
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|\w+|[%$€£¥]")
_CORRECTION = re.compile(
    r"(?:^|\n|\()[^\S\n]*(?:[\[*—-][^\S\n]*)?(?:corrections?\b|corrects?\b|corrected\b|clarification\b|erratum\b|retraction\b|"
    r"berichtigung\b|korrektur\b|correctif\b|rectificatif\b|correction\b|corrección\b|rectificación\b|fe de erratas\b|"
    r"correzione\b|errata\b|correção\b|rettifica\b|correctie\b|rectificatie\b|rättelse\b|rettelse\b|berigtigelse\b|"
    r"korreksjon\b|oikaisu\b|sprostowanie\b|oprava\b|helyesbítés\b|corecție\b|corectură\b|correcció\b|исправление\b|"
    r"поправка\b|уточнение\b|виправлення\b|уточнення\b|düzeltme\b|διόρθωση\b|ralat\b|koreksi\b|đính chính\b|"
    r"تصحيح\b|تصويب\b|اصلاحیه\b|תיקון\b|更正|勘误|勘誤|訂正|정정)"
    r"|\b(?:has|have) been (?:corrected|amended|updated to correct|revised to correct)\b"
    r"|\b(?:an|a) (?:earlier|previous|prior) (?:version|headline) (?:of this |misstated|said|incorrectly|gave|named)",
    re.IGNORECASE,
)


def figures(text: str) -> list[str]:
    """Return the figures of a text in digits, in order."""
    return _FIGURE.findall(_NO_FIGURE.sub(" ", text))


def replaced_figures(before: str, after: str, language: str | None) -> list[tuple[str, str]]:
    """Return which figure took the place of which where a passage took the place of another.

    The statement must be the same otherwise, or nearly: what was only added replaced nothing.
    """
    old, new = (
        [_TOKEN.findall(_NO_FIGURE.sub(" ", sentence)) for sentence in _sentences(text, language)]
        for text in (before, after)
    )
    found: list[tuple[str, str]] = []
    for sentence in new:
        if not any(map(_is_figure, sentence)) or sentence in old:
            continue
        likest = max(old, key=lambda each: _likeness(each, sentence), default=None)
        if likest is not None and _likeness(likest, sentence) >= SAME_STATEMENT_SHARE_MIN:
            found += _pairs(likest, sentence, marks_of(language))
    return list(dict.fromkeys(found))


def is_correction(text: str) -> bool:
    """Tell whether a passage says that something was put right."""
    return _CORRECTION.search(text) is not None


def _sentences(text: str, language: str | None) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)[:COMPARED_SENTENCES]]


def _is_figure(token: str) -> bool:
    return token[0].isdecimal() or token.casefold() in _WORDS


def _masked(tokens: list[str]) -> list[str]:
    return ["#" if _is_figure(token) else token.casefold() for token in tokens]


def _likeness(one: list[str], other: list[str]) -> float:
    return difflib.SequenceMatcher(None, _masked(one), _masked(other), autojunk=False).ratio()


def _pairs(old: list[str], new: list[str], marks: str) -> list[tuple[str, str]]:
    matcher = difflib.SequenceMatcher(None, _masked(old), _masked(new), autojunk=False)
    return [
        (was, now)
        for i, j, size in matcher.get_matching_blocks()
        for was, now in zip(old[i : i + size], new[j : j + size], strict=True)
        if _is_figure(was) and _value(was, marks) != _value(now, marks)
    ]


def _value(figure: str, marks: str) -> str:
    """Return what a figure says however it is written: 1,200 is 1200, and five is 5."""
    figure = figure.casefold()
    return plain_number(figure, marks) if figure[0].isdecimal() else _VALUES.get(figure, figure)
