"""Tokenisation: the one reading of text that search, alerts, deduplication and extraction share.

A token is a run of letters, marks and digits. Kept whole: numbers with separators (``4.25``; what only groups the
digits is left out, ``1,800`` is ``1800``), dotted acronyms (``U.S.`` is ``us``), ``AT&T``, ``C++`` and ``C#``. A ``&``
that stands alone is ``and``. Everything else that joins words (hyphen, apostrophe, slash, ``#``, ``@``) separates them,
so ``covid-19`` is two tokens; which ones a hyphen joins is asked in ``compounds``. Scripts written without spaces
become overlapping bigrams. Each token is folded: compatibility forms, case, accents, width, and variants of Arabic
letters and of Hindi's nasals are gone.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import cast

import Stemmer

from pipeline.language.numbers import marks_of, plain_number
from pipeline.language.overstemmed import OWN_STEMS
from pipeline.language.plurals import singular, singulars
from pipeline.language.scripts import BY_CHARACTER, INDIC, MARKS
from pipeline.language.sentences import split_sentences
from pipeline.language.variants import one_form, one_forms

# What an index was written with is only found by the same: a change of tokens or stems is a new version, and indices of
# an earlier one are written anew in the background.
ANALYSIS_VERSION = 4
# What lies beyond is neither searched nor matched, by any engine: a bound on the work for one article.
MAX_CHARS = 1_000_000
# Remembered are texts for as long as a batch of articles takes through all stages, and the many short values apart from
# them: titles, names and tags would push the texts out.
SHORT_CHARS = 300
CACHED_CHARS = 50_000
CACHED_SHORT = 1 << 12
CACHED_LONG = 512
MAX_STEMS = 1 << 17
MAX_PIECE = 40
# So many characters are read for each of the first words of a text; of a longer beginning where they are not enough.
LEAD_CHARS = 12

STEMMERS: dict[str, str] = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

# Between letters of Indic scripts it says how they are drawn.
_JOINER = rf"(?<=[{INDIC}])[\u200c\u200d](?=[{INDIC}])"
_TOKEN = re.compile(
    r"(?<!\w)[A-Za-z](?:\+\+|#)(?!\w)"  # C++, C#
    rf"|(?<![\w.])[^\W\d_{BY_CHARACTER}](?:\.[^\W\d_{BY_CHARACTER}])+(?!\w)\.?"  # U.S.
    r"|\d+(?:[.,:\u066b\u066c]\d+)+(?![^\W\d])"  # 1,800  4.25  12:30
    r"|(?<![\w&])&(?![\w&])"  # Marks & Spencer
    rf"|[^\W{BY_CHARACTER}]+(?:&[^\W{BY_CHARACTER}]+)+"  # AT&T
    rf"|[{BY_CHARACTER}]+"
    rf"|(?:[^\W{BY_CHARACTER}]|[{MARKS}]|{_JOINER})+"
)
# What no token holds nor looks at beside it: splitting there first, and remembering the pieces, is several times faster
# than searching. Typographic marks are blanked too: alone they should not cost a text the way of plain ASCII.
_APART = bytes(ord(c.lower() if c.isalnum() or c in "_&.,:+#" else " ") for c in map(chr, range(128))).ljust(256)
_PIECE = re.compile(r"\S+")
_PUNCTUATION = "‘’“”„«»–—…•·€£©®°\u00a0\u2009\u202f"
_IS_BY_CHARACTER = re.compile(f"[{BY_CHARACTER}]")
# A nasal before a consonant of its place of articulation may be written as a point: हिन्दी, हिंदी.
_NASALS = re.compile("ङ्(?=[क-घ])|ञ्(?=[च-झ])|ण्(?=[ट-ढ])|न्(?=[त-ध])|म्(?=[प-भ])")
_NUKTA = "\u093c"
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ħ": "h"})
# Letters that Arabic, Persian and Urdu, or the habits of who types, write differently; tatweel only stretches a word.
_ARABIC = str.maketrans({"ى": "ي", "ی": "ي", "ک": "ك", "ڪ": "ك", "ٱ": "ا", "ة": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه",
                         "ـ": None, "\u066c": ",", "\u066b": "."})  # fmt: skip
_INDIC = str.maketrans({"ँ": "ं", "\u200c": None, "\u200d": None})
# Letters of their own that Unicode would take for и and і with an accent; Snowball's Russian needs the first.
_NOT_ACCENTED = "йї"


class Analysis:
    """Hold the tokens of a text: folded form, and the characters ``starts[i]`` to ``ends[i]`` it came from.

    Only what is asked for is worked out: most articles are tokenised for a matcher that finds nothing in them.
    """

    __slots__ = ("_sentence_starts", "_spans", "_stems", "language", "text", "tokens")

    def __init__(self, text: str, language: str | None, tokens: list[str]) -> None:
        self.text = text
        self.language = language
        self.tokens = tokens
        self._spans: tuple[list[int], list[int]] | None = None
        self._stems: list[str] | None = None
        self._sentence_starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Return the character each token begins at."""
        return self._located()[0]

    @property
    def ends(self) -> list[int]:
        """Return the character after the last of each token."""
        return self._located()[1]

    @property
    def stems(self) -> list[str]:
        """Return the Snowball stem of each token in the text's language; the token itself where there is none."""
        if self._stems is None:
            language = self.language
            known = language in STEMMERS
            self._stems = list(map(_stems_of(language).__getitem__, self.tokens)) if known else self.tokens
        return self._stems

    def sentence(self, token: int) -> int:
        """Return the number of the sentence that a token stands in."""
        if self._sentence_starts is None:
            self._sentence_starts = [start for start, _ in split_sentences(self.text, self.language)]
        return bisect_right(self._sentence_starts, self.starts[token]) - 1

    def __len__(self) -> int:
        return len(self.tokens)

    def _located(self) -> tuple[list[int], list[int]]:
        if self._spans is None:
            found = list(_spans(self.text[:MAX_CHARS]))
            self._spans = [start for start, _ in found], [end for _, end in found]
        return self._spans


def analyze(text: str | None, language: str | None = None) -> Analysis:
    """Tokenise ``text``; stages that ask for the same text one after the other share the work."""
    if not text:
        return _EMPTY
    if len(text) <= SHORT_CHARS:
        return _short(text, language)
    return _long(text, language) if len(text) <= CACHED_CHARS else _analyze(text, language)


def first_stems(text: str | None, language: str | None, count: int) -> list[str]:
    """Return the first stems of a text, as its whole analysis has them, without reading more of it than they take."""
    size = count * LEAD_CHARS
    while text and len(text) > size:
        # No token goes over a space.
        end = max(text.rfind(" ", 0, size), text.rfind("\n", 0, size))
        if end > 0 and len(found := _analyze(text[:end], language).tokens) >= count:
            return Analysis(text[:end], language, found[:count]).stems
        size *= 4
    return analyze(text, language).stems[:count]


def tokens_of(text: str) -> tuple[str, ...]:
    """Return the folded tokens of a text, as a query for it would have them."""
    # Interned: a hundred thousand rules are made of far fewer words.
    return tuple(map(sys.intern, _analyze(text, None).tokens))


def located_tokens(text: str, language: str | None) -> Iterator[tuple[str, int, int]]:
    """Yield each token of a text of a language with the characters it begins at and ends before."""
    return _read(text[:MAX_CHARS], marks_of(language))


@lru_cache(maxsize=1 << 17)
def fold(token: str) -> str:
    """Fold one token: NFKC, case, accents, and letters that Unicode does not take apart (``ø``, ``ł``, ``æ``)."""
    if token == "&":
        return "and"
    if "." in token and token[0].isalpha():
        token = token.replace(".", "")
    if token.isascii():
        return token.lower()
    plain = unicodedata.normalize("NFKC", token).casefold().translate(_LETTERS)
    if plain.isascii():
        return plain
    decomposed = "".join(c if c in _NOT_ACCENTED else unicodedata.normalize("NFKD", c) for c in plain)
    kept = "".join(_digit(c) if c.isdecimal() else c for c in decomposed if not _is_accent(c)).translate(_ARABIC)
    if "\u0900" <= kept[:1] < "\u0e00":
        kept = _NASALS.sub("ं", kept.translate(_INDIC))
    return unicodedata.normalize("NFC", kept) or plain


def written(word: str, marks: str = ",") -> str:
    """Return the token that a word of a text is read as; ``marks`` group the digits of numbers in its language."""
    token = fold(word)
    return plain_number(token, marks) if token[0].isdigit() and not token.isalnum() else token


def stem(token: str, language: str | None) -> str:
    """Return the Snowball stem of a folded token in a language, or the token where Snowball has no such language."""
    return _stems_of(language)[token] if language in STEMMERS else token


def earlier_stem(token: str, language: str | None) -> str:
    """Return the stem that version 3 of the analysis gave a token: for indices that still hold those."""
    return _stems_of(language).earlier(token) if language in STEMMERS else token


def stems_of(tokens: Collection[str], language: str) -> dict[str, str]:
    """Return the stem of each folded token in a language that has stems."""
    return _stems_of(language).of(tokens)


def stems(tokens: Iterable[str], language: str | None) -> set[str]:
    """Return the different stems of folded tokens in a language."""
    return set(map(_stems_of(language).__getitem__, tokens)) if language in STEMMERS else set(tokens)


def forget() -> None:
    """Forget what is remembered of texts and words: what comes next costs what it costs a new process."""
    for remembered in (_short, _long, _parts, _stems_of, fold):
        remembered.cache_clear()


def learn_stems(language: str | None, stems: Mapping[str, str]) -> None:
    """Remember stems that another process of this version has worked out."""
    if stems and language in STEMMERS:
        known = _stems_of(language)
        if len(known) + len(stems) >= MAX_STEMS:
            known.clear()
        known.update(stems)


class _Stems(dict[str, str]):
    """Remember the stems of one language: a text of 300 words is looked up in 10 µs, and news repeats its words."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language
        self._own = OWN_STEMS if language == "en" else {}
        stemmer = Stemmer.Stemmer(STEMMERS[language], 0)
        self._stem, self._stem_all = stemmer.stemWord, stemmer.stemWords

    def __missing__(self, token: str) -> str:
        result = self.earlier(one_form(token) if self._language == "en" else token)
        if len(self) >= MAX_STEMS:
            self.clear()
        self[token] = result
        return result

    def of(self, tokens: Collection[str]) -> dict[str, str]:
        """Return the stem of each token; of many new ones it takes a third of the time that one by one would."""
        found = dict(zip(tokens, map(self.get, tokens), strict=True))
        new = [token for token, root in found.items() if root is None]
        bases = one_forms(new) if self._language == "en" else new
        roots = self._stem_all(list(singulars(bases, self._language)))
        made: dict[str, str | None] = dict(zip(new, map(str.lower, roots), strict=True))
        made |= {new[n]: fold(root) for n, root in enumerate(roots) if not (root.isascii() and root.isalnum())}
        if not self._own.keys().isdisjoint(bases):
            made |= {token: self._own[base] for token, base in zip(new, bases, strict=True) if base in self._own}
        if len(self) + len(made) >= MAX_STEMS:
            self.clear()
        self.update(cast("dict[str, str]", made))
        return cast("dict[str, str]", found | made if len(made) < len(found) else made)

    def earlier(self, token: str) -> str:
        """Return the stem without regard to irregular verbs and to spellings, as version 3 did."""
        own = self._own.get(token)
        if own is not None:
            return own
        root = self._stem(singular(token, self._language))
        return root.lower() if root.isascii() and root.isalnum() else fold(root)


@lru_cache(maxsize=len(STEMMERS))
def _stems_of(language: str) -> _Stems:
    return _Stems(language)


def _digit(character: str) -> str:
    return str(unicodedata.decimal(character))


def _is_accent(character: str) -> bool:
    # Marks above U+0900 carry vowels in Indic and Thai scripts: part of the spelling, not an accent.
    return unicodedata.category(character) == "Mn" and (ord(character) < 0x900 or character == _NUKTA)


def _analyze(text: str, language: str | None) -> Analysis:
    plain = text[:MAX_CHARS]
    marks = marks_of(language)
    if not plain.isascii():
        for mark in _PUNCTUATION:
            plain = plain.replace(mark, " ")
    tokens: list[str] = []
    if plain.isascii():
        # As bytes it is folded and blanked in a tenth of the time.
        for piece in plain.encode().translate(_APART).decode().split():
            if piece.isalnum():
                tokens.append(piece)
            elif piece[-1] in ".,:" and piece[:-1].isalnum():
                tokens.append(piece[:-1])
            else:
                tokens += _tokens_in(piece, marks)
        return Analysis(text, language, tokens)
    for piece in plain.split():
        if piece.isascii() and piece.isalnum():
            tokens.append(piece.lower())
        elif piece[-1] in ".,:" and piece.isascii() and piece[:-1].isalnum():
            tokens.append(piece[:-1].lower())
        else:
            tokens += _tokens_in(piece, marks)
    return Analysis(text, language, tokens)


def _tokens_in(piece: str, marks: str) -> Iterable[str]:
    return _parts(piece, marks) if len(piece) < MAX_PIECE else [token for token, _, _ in _read(piece, marks)]


_short = lru_cache(maxsize=CACHED_SHORT)(_analyze)
_long = lru_cache(maxsize=CACHED_LONG)(_analyze)


@lru_cache(maxsize=1 << 15)
def _parts(piece: str, marks: str) -> tuple[str, ...]:
    return tuple(token for token, _, _ in _read(piece, marks))


def _read(text: str, marks: str) -> Iterator[tuple[str, int, int]]:
    """Yield (folded token, start, end): what ``_analyze`` must agree with, piece by piece.

    ``marks`` are those that group the digits of a number in the text's language.
    """
    for start, end in _found(text):
        yield written(text[start:end], marks), start, end


def _found(text: str) -> Iterator[tuple[int, int]]:
    """Yield the characters of each token, by what a token is."""
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        word = found[0]
        if word.isascii() or not _IS_BY_CHARACTER.match(word):
            yield start, end
            continue
        for n in range(start, max(end - 1, start + 1)):
            yield n, min(n + 2, end)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the same, piece by piece: a fifth of the time where most pieces are plain words."""
    for found in _PIECE.finditer(text.encode().translate(_APART).decode() if text.isascii() else text):
        piece, (start, end) = found[0], found.span()
        if piece.isascii():
            if piece.isalnum():
                yield start, end
                continue
            if piece[-1] in ".,:" and piece[:-1].isalnum():
                yield start, end - 1
                continue
        for first, last in _found(piece):
            yield start + first, start + last


_EMPTY = Analysis("", None, [])
