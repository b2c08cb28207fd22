"""Find the original that an article copies, and the story it belongs to.

Facts are one record per article; the look-up structures are derived from them. All copies meet in one partition
because the topic is keyed by language, so the earliest in log order is the original on every run.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Article, Document
from pipeline.stages.cluster import STORY_KEY, Joined, Stories, story_language, told
from pipeline.stages.decision import Decision, Fact
from pipeline.stages.sketch import (
    BANDS,
    HASHES,
    SKETCH_VERSION,
    Sketch,
    band_hashes,
    content_hash,
    same_figures,
    sketch,
)

WINDOW = timedelta(days=7)
SIMILARITY = 0.7
# A band's chain is followed this far: texts of one template must not make each other expensive.
CHAIN = 48
EXPIRE_AT_ONCE = 200


class Remembrance(msgspec.Struct, frozen=True, array_like=True):
    """Keep what later articles are compared with; a copy keeps only its links."""

    version: int
    language: str
    seen: float
    revision: int
    content: bytes
    duplicate_of: str | None
    story: bytes
    minima: bytes = b""
    pairs: int = 0
    figures: bytes = b""


class Remembered:
    """Look up earlier articles by content and likeness, one shelf per language; bounded by the window.

    ``window`` is how far back copies are looked for, in the log's own time; ``similarity`` the share of words in
    common, in the same order, that makes a copy.
    """

    def __init__(self, window: timedelta = WINDOW, similarity: float = SIMILARITY) -> None:
        self.window = window.total_seconds()
        # Two texts that share a part s of their words at random share about s squared of their word pairs.
        self.containment = similarity * similarity
        self._shelves: dict[str, Shelf] = {}
        self._languages: dict[str, str] = {}

    def learn(self, key: str, value: bytes | None) -> None:
        """Take in one fact."""
        if key.startswith(STORY_KEY):
            self.shelf(story_language(key)).stories.learn(key, value)
            return
        before = self._languages.pop(key, None)
        if before is not None:
            self._shelves[before].remove(key)
        if value is None:
            return
        fact = msgspec.msgpack.decode(value, type=Remembrance)
        self._languages[key] = fact.language
        self.shelf(fact.language).add(key, fact)

    def shelf(self, language: str) -> Shelf:
        """Return what is remembered in one language."""
        if language not in self._shelves:
            self._shelves[language] = Shelf(language)
        return self._shelves[language]


class Shelf:
    """Hold one language's articles: by content, by the bands of their sketches, and their stories."""

    def __init__(self, language: str) -> None:
        self.facts: dict[str, Remembrance] = {}
        self.stories = Stories(language)
        self._by_content: dict[bytes, list[str]] = {}
        self._ids: list[str | None] = []
        self._slots: dict[str, int] = {}
        self._minima = np.zeros((64, HASHES), dtype=np.uint16)
        self._next = np.full((64, BANDS), -1, dtype=np.int32)
        self._heads = np.full((BANDS, 128), -1, dtype=np.int32)

    def add(self, key: str, fact: Remembrance) -> None:
        """File one article."""
        self.facts[key] = fact
        if fact.duplicate_of is None:
            self._by_content.setdefault(fact.content, []).append(key)
            if fact.minima and fact.version == SKETCH_VERSION:
                self._file(key, np.frombuffer(fact.minima, dtype=np.uint16))

    def remove(self, key: str) -> None:
        """Take one article out."""
        fact = self.facts.pop(key)
        same = self._by_content.get(fact.content)
        if same and key in same:
            same.remove(key)
            if not same:
                del self._by_content[fact.content]
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._ids[slot] = None
            if len(self._ids) > 1024 and len(self._slots) * 2 < len(self._ids):
                self._refile()

    def same_content(self, content: bytes) -> str | None:
        """Return the earliest remembered article with exactly these words."""
        found = self._by_content.get(content)
        return min(found, key=lambda key: (self.facts[key].seen, key)) if found else None

    def alike(self, wanted: Sketch, containment: float, since: float) -> str | None:
        """Return the most alike remembered original above ``containment``; of equals the earliest."""
        slots = self._candidates(wanted.minima)
        if not len(slots):
            return None
        equal: NDArray[np.float64] = (self._minima[slots] == wanted.minima).mean(axis=1)
        best: tuple[float, float, str] | None = None
        for slot, jaccard in zip(slots.tolist(), equal.tolist(), strict=True):
            key = self._ids[slot]
            if key is None:
                continue
            fact = self.facts[key]
            shared = _containment(jaccard, wanted.pairs, fact.pairs)
            if shared < containment or fact.seen < since:
                continue
            if not same_figures(wanted.figures, np.frombuffer(fact.figures, dtype=np.uint32)):
                continue
            rank = (-round(shared, 2), fact.seen, key)
            best = rank if best is None or rank < best else best
        return best[2] if best else None

    def expired(self, before: float) -> list[str]:
        """Return some of the articles older than ``before``; a bounded number at a time."""
        old: list[str] = []
        for key, fact in self.facts.items():  # in order of arrival, so nearly in order of time
            if fact.seen >= before or len(old) >= EXPIRE_AT_ONCE:
                break
            old.append(key)
        return old

    def _file(self, key: str, minima: NDArray[np.uint16]) -> None:
        slot = len(self._ids)
        if slot >= len(self._minima):
            self._minima = np.concatenate([self._minima, np.zeros_like(self._minima)])
            self._next = np.concatenate([self._next, np.full_like(self._next, -1)])
        self._ids.append(key)
        self._slots[key] = slot
        self._minima[slot] = minima
        if slot >= self._heads.shape[1]:
            self._rebucket(self._heads.shape[1] * 2, slot)
        self._link(slot, slot + 1)

    def _link(self, first: int, last: int) -> None:
        bands = np.arange(BANDS)
        mask = np.uint32(self._heads.shape[1] - 1)
        for slot in range(first, last):
            buckets = band_hashes(self._minima[slot]) & mask
            self._next[slot] = self._heads[bands, buckets]
            self._heads[bands, buckets] = slot

    def _rebucket(self, size: int, filled: int) -> None:
        self._heads = np.full((BANDS, size), -1, dtype=np.int32)
        self._link(0, filled)

    def _refile(self) -> None:
        kept = [(key, self._minima[slot].copy()) for key, slot in self._slots.items()]
        self._ids, self._slots = [], {}
        self._heads = np.full((BANDS, 128), -1, dtype=np.int32)
        for key, minima in kept:
            self._file(key, minima)

    def _candidates(self, minima: NDArray[np.uint16]) -> NDArray[np.int32]:
        bands = np.arange(BANDS)
        current = self._heads[bands, band_hashes(minima) & np.uint32(self._heads.shape[1] - 1)]
        found: list[NDArray[np.int32]] = []
        for _ in range(CHAIN):
            alive = current >= 0
            if not alive.any():
                break
            bands, current = bands[alive], current[alive]
            found.append(current)
            current = self._next[current, bands]
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int32)


def deduplicate(article: Article, remembered: Remembered, now: datetime) -> Decision:
    """Decide whether an article copies an earlier one, and which story it belongs to.

    An article is never its own duplicate: the same revision again gives the same document again. A later revision keeps
    its original and its story. ``now`` is not used: time is the log's own.
    """
    language = article.language or "und"
    shelf = remembered.shelf(language)
    before = shelf.facts.get(article.id)
    if before is not None and before.revision >= article.revision:
        return _decision(article, before, ())
    since = article.seen.timestamp() - remembered.window
    content = content_hash(article.title, article.text, article.language)
    made = sketch(article.text, article.language)
    if before is not None:
        original, joined = before.duplicate_of, Joined(before.story)
    else:
        original = shelf.same_content(content)
        if original is not None and shelf.facts[original].seen < since:
            original = None
        if original is None and made is not None:
            original = shelf.alike(made, remembered.containment, since)
        joined = shelf.stories.join(article, shelf.facts[original].story if original else None)
    fact = Remembrance(
        version=SKETCH_VERSION,
        language=language,
        seen=article.seen.timestamp(),
        revision=article.revision,
        content=content,
        duplicate_of=original,
        story=joined.story,
    )
    if original is None and made is not None:
        fact = msgspec.structs.replace(
            fact, minima=made.minima.tobytes(), pairs=made.pairs, figures=made.figures.tobytes()
        )
    # The stories' facts go first: what a crash leaves half written is then found and finished.
    facts = [*joined.facts, *(Fact(key=key, value=None) for key in shelf.expired(since) if key != article.id)]
    facts.append(Fact(key=article.id, value=msgspec.msgpack.encode(fact)))
    return _decision(article, fact, tuple(facts))


def _decision(article: Article, fact: Remembrance, facts: tuple[Fact, ...]) -> Decision:
    fields = {name: getattr(article, name) for name in Article.__struct_fields__}
    document = Document(**fields, duplicate_of=fact.duplicate_of, **told(fact.story))
    return Decision(outcome="duplicate" if fact.duplicate_of else "original", emit=(document,), facts=facts)


def _containment(jaccard: float, one: int, other: int) -> float:
    """Estimate the share of the smaller set that lies in the larger one, from Jaccard and the sizes."""
    smaller = min(one, other)
    return min(1.0, jaccard * (one + other) / ((1 + jaccard) * smaller)) if smaller else 0.0
