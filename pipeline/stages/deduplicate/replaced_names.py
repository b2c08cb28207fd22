"""Tell a short report in which a name stands where another's stood: the same sentences, and other news.

"A fire broke out in Leeds" and "... in Hull" differ in one word, as an edited copy may. Of a text this short the sketch
holds every pair of words, so that the words that another lacks are known exactly, and whether it had others in their
place: words that were only added or left out are no other news.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from pipeline.language.number_words import number_words
from pipeline.language.scripts import BY_CHARACTER
from pipeline.language.tokens import fold, stem
from pipeline.model import Article
from pipeline.stages.deduplicate.sketch import HASH_BYTES, MINIMA, Sketch
from pipeline.stages.deduplicate.weights import NAME_SHARE_MAX, NEWS_SHARE, has_capitals, share_of
from pipeline.stages.deduplicate.word_hashes import followed, shortened, text_bytes, words_of

# Of more words than this share, at more places than this, the whole text was changed.
CHANGED_SHARE_MAX, PLACES_MAX = 0.25, 4
# At least so large a part of the words that changed are names or figures.
TELLING_SHARE_MIN = 0.5
# Of scripts that are written without spaces, a name has so many characters.
SHORTEST_NAME = 2
# One letter more, less or other in a name as long as this is another spelling of it.
SPELLED_LETTERS_MIN = 5
_LETTERS = "abcdefghijklmnopqrstuvwxyzáàâäãåăąćčçďđéèêëěęğíîïıłńñňóôöőõøřśšşșťțúüûůýźżžß"
_WORD = re.compile(rb"[^\0]+")
_DAY = re.compile(r"\d{1,2}")
# English and German alone write them as they write names.
_DATE = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|(?:sept|nov|dec)ember"
    r"|october|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|sonnabend|januar|februar|märz|mai|juni|juli|oktober"
    r"|dezember|jan|feb|mar|apr|ju[nl]|aug|sept?|o[ck]t|nov|de[cz]|mon|tues?|wed|thurs?|fri|sat|sun"
)
_ENDS_SENTENCE = re.compile(r"[^\s,;()/-]")
_CHARACTER = re.compile(f"[{BY_CHARACTER}]")
_HIRAGANA = re.compile(r"[\u3040-\u309f]+")
_HAN_FIGURE = re.compile(r"[〇一二三四五六七八九十百千万億亿点半两兩]+")


def are_names_replaced(article: Article, made: Sketch, other: Sketch) -> bool:
    """Tell whether a short article is another in which hardly more than names, and figures with them, were replaced."""
    if not made.minima or not other.minima or max(len(made.minima), len(other.minima)) >= MINIMA * HASH_BYTES:
        return False
    mine, theirs = (set(memoryview(each.minima).cast("I").tolist()) for each in (made, other))
    return _Reading(article, theirs).are_names_replaced(made, other, len(theirs - mine))


class _Reading:
    """Read the words of an article beside the pairs of words that another has."""

    def __init__(self, article: Article, theirs: set[int]) -> None:
        text = text_bytes(article.text or "")
        self._article = article
        self._language = article.language
        self._theirs = theirs
        self._hashes = words_of([text]).hashes
        spans = [each.span() for each in _WORD.finditer(text.plain)]
        self._words = [text.raw[start:end].decode("utf-8", "replace") for start, end in spans]
        ends = [0, *(end for _, end in spans)]
        # What stands before each word.
        self._gaps = [
            text.raw[end:start].decode("utf-8", "replace") for end, (start, _) in zip(ends, spans, strict=False)
        ]
        self._places = list(self._changed())

    def are_names_replaced(self, made: Sketch, other: Sketch, missing: int) -> bool:
        """Tell it, given how many ``missing`` pairs of the other this lacks."""
        changed = sum(map(len, self._places))
        if not changed or len(self._places) > PLACES_MAX or changed > CHANGED_SHARE_MAX * len(self._words):
            return False
        replaced = missing - len(self._places)
        if not 0 < replaced <= CHANGED_SHARE_MAX * len(self._theirs):  # words were only added, or also left out
            return False
        if not has_capitals(self._article.text or ""):
            named = [n for place in self._places for n in self._plainly_named(place)]
        else:
            named = [n for place in self._places if not self._is_publisher(place) for n in place if self._is_named(n)]
            facts = [set(memoryview(each.facts).cast("H").tolist()) for each in (made, other)]
            # Inside a sentence the other must have had a name, too.
            if not facts[1] - facts[0] and not all(self._begins(n) for n in named):
                return False
        # A given name that begins a sentence goes with the name behind it.
        given = {n - 1 for n in named if self._begins(n - 1) and self._is_capital(n - 1)} if named else set()
        figures = {n for place in self._places for n in place if self._is_figure(n)}
        within = {n for place in self._places for n in place}
        telling = len(({*named, *figures} | given) & within)
        return bool(named) and telling >= TELLING_SHARE_MIN * changed and not all(map(self._is_respelled, named))

    def _changed(self) -> Iterator[range]:
        """Yield the words at each place where the other has no such pairs of words."""
        pairs = shortened(followed(self._hashes[:-1], self._hashes[1:])).tolist()
        first = 0
        for is_known, run in groupby(pair in self._theirs for pair in pairs):
            end = first + len(list(run))
            if not is_known:
                # The outer words are those beside the change, but for a single pair at an end of the text.
                is_single = end - first == 1
                yield range(
                    0 if is_single and first == 0 else first + 1, end + 1 if is_single and end == len(pairs) else end
                )
            first = end

    def _is_publisher(self, place: range) -> bool:
        """Tell whether a place names who published the article: "... told the Coast Post"."""
        return f" {self._article.source} ".casefold() in f" {' '.join(self._words[n] for n in place)} ".casefold()

    def _is_capital(self, n: int) -> bool:
        return self._words[n][0].isupper()

    def _begins(self, n: int) -> bool:
        """Tell whether a word begins a sentence."""
        return n == 0 or _ENDS_SENTENCE.search(self._gaps[n]) is not None

    def _is_figure(self, n: int) -> bool:
        return self._words[n][0].isdigit() or self._words[n].lower() in number_words(self._language)

    def _is_named(self, n: int) -> bool:
        """Tell whether a word is a name: a capital, but for days; one that begins a sentence is in the title too."""
        word = self._words[n]
        if word[0].isdigit():  # as in CVE-2026-1017
            joined = n
            while joined and self._gaps[joined] == "-" and self._words[joined][0].isdigit():
                joined -= 1
            return joined < n and self._gaps[joined + 1] == "-" and self._is_capital(joined)
        if not self._is_capital(n):
            return False
        if not self._begins(n):
            is_abbreviated_date = n + 1 < len(self._words) and _DAY.fullmatch(self._words[n + 1]) is not None
            return not is_abbreviated_date and _DATE.fullmatch(word.lower()) is None
        in_title = word in (self._article.title or word)
        return in_title and not word.isupper() and self._share(word) < NAME_SHARE_MAX

    def _plainly_named(self, place: range) -> Sequence[int]:
        """Return the words of a place that may be names in a script without capitals: those not often in news."""
        words = [self._words[n] for n in place]
        if not words or not all(map(_CHARACTER.fullmatch, words)):
            return [n for n in place if not self._is_figure(n) and self._share(self._words[n]) < NEWS_SHARE]
        run = "".join(words)
        if len(run) < SHORTEST_NAME or _HIRAGANA.fullmatch(run) or _HAN_FIGURE.fullmatch(run):
            return ()
        return place if any(self._share(run[n : n + 2]) < NEWS_SHARE for n in range(len(run) - 1)) else ()

    def _is_respelled(self, n: int) -> bool:
        """Tell whether the other has the same name with one letter more, less or other, or without its accents."""
        word = self._words[n].lower()
        if len(word) < SPELLED_LETTERS_MIN or not word.isalpha():
            return False
        cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
        other = {fold(word), *(head + tail[1:] for head, tail in cuts)}
        other.update(head + letter + tail[less:] for head, tail in cuts for letter in _LETTERS for less in (0, 1))
        hashes = words_of([text_bytes(" ".join(sorted(other - {word, ""})))]).hashes
        beside = []
        if n:
            beside.append(followed(np.full(len(hashes), self._hashes[n - 1]), hashes))
        if n + 1 < len(self._hashes):
            beside.append(followed(hashes, np.full(len(hashes), self._hashes[n + 1])))
        return any(not self._theirs.isdisjoint(shortened(pairs).tolist()) for pairs in beside)

    def _share(self, word: str) -> float:
        return share_of(stem(fold(word), self._language), self._language)
