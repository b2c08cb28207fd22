"""Tokenisation: the one reading of text that search, alerts, deduplication and extraction share.

A token is a run of letters, marks and digits. Kept whole: numbers with separators (``1,800``, ``4.25``), dotted
acronyms (``U.S.``), ``AT&T``, ``C++`` and ``C#``. Everything else that joins words (hyphen, apostrophe, slash, ``#``,
``@``) separates them, so ``covid-19`` is two tokens and a query for it is a phrase of two. Scripts written without
spaces become overlapping bigrams. Each token is folded: compatibility forms, case, accents and width are gone.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache

import Stemmer

from pipeline.language.sentences import split_sentences

# What lies beyond is neither searched nor matched, by any engine: a bound on the work for one article.
MAX_CHARS = 1_000_000
CACHED_CHARS = 50_000

STEMMERS: dict[str, str] = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

# Scripts without spaces between words: Thai, Lao, Myanmar, Khmer; kana, Han and Hangul.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_TOKEN = re.compile(
    r"(?<!\w)[A-Za-z](?:\+\+|#)(?!\w)"  # C++, C#
    r"|(?<![\w.])(?:[^\W\d_]\.){2,}"  # U.S.
    r"|\d+(?:[.,:]\d+)+(?![^\W\d])"  # 1,800  4.25  12:30
    r"|\w+(?:&\w+)+"  # AT&T
    rf"|[{_UNSPACED}]+"
    rf"|(?:[^\W{_UNSPACED}]|[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0dff])+"
)
# Nearly all tokens of an ASCII text are plain words; only what this finds beyond them needs the full pattern.
_ASCII_WORD = re.compile(r"\w+(?:[&.,:]\w+)*(?:\+\+|#)?", re.ASCII)
# One character for one, so that offsets stay: typographic marks alone should not cost a text the fast way.
_PUNCTUATION = "‘’“”„«»–—…•·€£©®°\u00a0\u2009\u202f"
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ħ": "h"})


class Analysis:
    """Hold the tokens of a text: folded form, and the characters ``starts[i]`` to ``ends[i]`` it came from."""

    __slots__ = ("_sentence_starts", "_stems", "ends", "language", "starts", "text", "tokens")

    def __init__(
        self, text: str, language: str | None, tokens: list[str], starts: list[int], ends: list[int]
    ) -> None:
        self.text = text
        self.language = language
        self.tokens = tokens
        self.starts = starts
        self.ends = ends
        self._stems: list[str] | None = None
        self._sentence_starts: list[int] | None = None

    @property
    def stems(self) -> list[str]:
        """Return the Snowball stem of each token in the text's language; the token itself where there is none."""
        if self._stems is None:
            language = self.language
            self._stems = [stem(token, language) for token in self.tokens] if language in STEMMERS else self.tokens
        return self._stems

    def sentence(self, token: int) -> int:
        """Return the number of the sentence that a token stands in."""
        if self._sentence_starts is None:
            self._sentence_starts = [start for start, _ in split_sentences(self.text, self.language)]
        return bisect_right(self._sentence_starts, self.starts[token]) - 1

    def __len__(self) -> int:
        return len(self.tokens)


def analyse(text: str | None, language: str | None = None) -> Analysis:
    """Tokenise ``text``; stages that ask for the same text one after the other share the work."""
    if not text:
        return _EMPTY
    if len(text) > CACHED_CHARS:
        return _analyse(text, language)
    return _remembered(text, language)


def tokens_of(text: str) -> tuple[str, ...]:
    """Return the folded tokens of a text, as a query for it would have them."""
    return tuple(analyse(text).tokens)


@lru_cache(maxsize=1 << 17)
def fold(token: str) -> str:
    """Fold one token: NFKC, case, accents, and letters that Unicode does not take apart (``ø``, ``ł``, ``æ``)."""
    if token.isascii():
        return token.lower()
    plain = unicodedata.normalize("NFKC", token).casefold().translate(_LETTERS)
    if plain.isascii():
        return plain
    decomposed = unicodedata.normalize("NFKD", plain)
    kept = "".join(c for c in decomposed if not _is_accent(c))
    return unicodedata.normalize("NFC", kept) or plain


@lru_cache(maxsize=1 << 17)
def stem(token: str, language: str | None) -> str:
    """Return the Snowball stem of a folded token in a language, or the token where Snowball has no such language."""
    if language not in STEMMERS:
        return token
    result: str = fold(_stemmer(language).stemWord(token))
    return result


def _is_accent(character: str) -> bool:
    # Marks above U+0900 carry vowels in Indic and Thai scripts: part of the spelling, not an accent.
    return unicodedata.category(character) == "Mn" and ord(character) < 0x900


@lru_cache(maxsize=len(STEMMERS))
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(STEMMERS[language], 0)


@lru_cache(maxsize=512)
def _remembered(text: str, language: str | None) -> Analysis:
    return _analyse(text, language)


def _analyse(text: str, language: str | None) -> Analysis:
    analysis = Analysis(text, language, [], [], [])
    plain = text
    if not text.isascii():
        for mark in _PUNCTUATION:
            plain = plain.replace(mark, " ")
    if plain.isascii():
        _read_ascii(plain, analysis)
    else:
        _read(text, 0, min(len(text), MAX_CHARS), analysis)
    return analysis


def _read_ascii(text: str, analysis: Analysis) -> None:
    tokens, starts, ends = analysis.tokens, analysis.starts, analysis.ends
    for found in _ASCII_WORD.finditer(text, 0, MAX_CHARS):
        word = found.group()
        start, end = found.span()
        if word.isalnum():
            tokens.append(word.lower())
            starts.append(start)
            ends.append(end)
        else:
            _read(text, start, end + 1, analysis)


def _read(text: str, begin: int, end: int, analysis: Analysis) -> None:
    tokens, starts, ends = analysis.tokens, analysis.starts, analysis.ends
    for found in _TOKEN.finditer(text, begin, end):
        word = found.group()
        if not word.isascii() and _IS_UNSPACED.match(word):
            _add_bigrams(word, found.start(), analysis)
            continue
        tokens.append(fold(word))
        starts.append(found.start())
        ends.append(found.end())


def _add_bigrams(word: str, offset: int, analysis: Analysis) -> None:
    for n in range(max(len(word) - 1, 1)):
        analysis.tokens.append(fold(word[n : n + 2]))
        analysis.starts.append(offset + n)
        analysis.ends.append(offset + min(n + 2, len(word)))


_EMPTY = Analysis("", None, [], [], [])
