"""Tell what an article or a sentence is about when it is about no politics: sport, markets, weather, culture.

The words of the text, of its title, tags and address say so. "England beat France" is an assault to a coder that does
not know that it reads of a match.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from pipeline.stages.extract.events.lemmas import lemma

# What gives no political events, whatever its verbs.
EVENTLESS = ("sport", "markets", "weather", "culture", "obituary", "life", "technology", "science")
POLITICS = "politics"
# A text is about a subject that this share of the telling words speaks for, if there are so many of them at least.
SHARE_MIN = 0.35
WORDS_MIN = 4
# ... and so many times as many as speak for politics.
AHEAD = 1.5
READ_CHARS = 6_000
TITLE_WEIGHT = 2
SECTION_WEIGHT = 8
_WORD = re.compile(r"[A-Za-z][A-Za-z&'/-]*[A-Za-z]")
_WORDS = re.compile(r"[A-Za-z]+")
_QUOTED = re.compile(r"[\"“][^\"“”\n]{1,600}[\"”]")
# Who speaks or is spoken to in a text that is no report.
FIRST = frozenset("i we you me my our your".split())
_TOLD = frozenset("said says told according reported announced".split())
_FOLDER = re.compile(r"/([a-z-]{2,30})(?=/)")


class Manner(NamedTuple):
    """Hold how a text speaks: the share of words for "I" and "you", and of words that say who said so."""

    personal: float
    told: float


def manner_of(text: str, quoted: bool = False) -> Manner:
    """Return how a text speaks; what stands in quotation marks counts if ``quoted``."""
    text = text[:READ_CHARS]
    words = list(map(str.lower, _WORDS.findall(text if quoted else _QUOTED.sub(" ", text))))
    total = len(words) + 20
    return Manner(sum(map(FIRST.__contains__, words)) / total, sum(map(_TOLD.__contains__, words)) / total)


class Subject(NamedTuple):
    """Hold how many telling words speak for each subject."""

    counts: dict[str, int]

    def share(self, name: str) -> float:
        """Return the share of telling words that speak for a subject, a little less in short texts."""
        return self.counts.get(name, 0) / self.total

    @property
    def total(self) -> int:
        """Return what a count is a share of."""
        return sum(self.counts.values()) + 2

    @property
    def eventless(self) -> str | None:
        """Return the subject that rules political events out, if the text is about one."""
        name = max(EVENTLESS, key=lambda each: self.counts.get(each, 0))
        count = self.counts.get(name, 0)
        if count < WORDS_MIN or count <= AHEAD * self.counts.get(POLITICS, 0):
            return None
        return name if self.share(name) >= SHARE_MIN else None


def subject_of(text: str, title: str | None = None, tags: Iterable[str] = (), url: str | None = None) -> Subject:
    """Return what a text is about by its own words, its title, its tags and the folders of its address."""
    words, sections = _words()
    counts: Counter[str] = Counter()
    for told in _telling(text[:READ_CHARS]):
        for name in words[told]:
            counts[name] += 1
    for told in _telling(title or ""):
        for name in words[told]:
            counts[name] += TITLE_WEIGHT
    folders = _FOLDER.findall((url or "").casefold().partition("//")[2])
    for section in {*(tag.casefold() for tag in tags), *folders}:
        for name in sections.get(section, ()):
            counts[name] += SECTION_WEIGHT
    return Subject(dict(counts))


def _telling(text: str) -> Iterable[str]:
    """Return the words, their base forms and the pairs of words that the table has."""
    telling = _words()[0].keys()
    forms = [word.lower() for word in _WORD.findall(text)]
    single = set(forms)
    pairs = (f"{first}-{second}" for first, second in pairwise(forms) if first in _firsts())
    return telling & (single.union(map(lemma, single), pairs))


@cache
def _firsts() -> frozenset[str]:
    """Return the words that a pair of the table may begin with."""
    hyphened = (word.split("-") for word in _words()[0] if "-" in word)
    return frozenset("-".join(parts[:at]) for parts in hyphened for at in range(1, len(parts)))


@cache
def _words() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    words: dict[str, list[str]] = {}
    sections: dict[str, list[str]] = {}
    path = files("pipeline.stages.extract.events").joinpath("lexicon", "subjects.txt")
    for line in path.read_text("utf-8").splitlines():
        head, colon, rest = line.partition(":")
        table = words
        if line.startswith("#"):
            continue
        if not colon or "=" in head:
            head, _, rest = line.partition("=")
            table = sections
        for word in rest.split():
            names = table.setdefault(word, [])
            if head.strip() not in names:
                names.append(head.strip())
    return {w: tuple(n) for w, n in words.items()}, {w: tuple(n) for w, n in sections.items()}
