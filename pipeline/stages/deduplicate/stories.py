"""Group different reports of one happening into a story: online, in one pass, one language at a time.

An article joins the open story whose words are most like its own (cosine of TF-IDF vectors, less for every hour since
the story's last report), and opens a story of its own when none is like enough. A story is one fact: the vector that
its articles made, older ones fading. A report that is like two stories which are like each other merges the later into
the earlier; ids already given stay as they are, the article records the merge. A story quiet for ``QUIET`` is closed.

Single-pass clustering of news: Allan et al. 1998; TF-IDF, names and time as features: Miranda et al. 2018.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TypedDict

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Article, derive_id
from pipeline.stages.decision import Fact
from pipeline.stages.deduplicate.vectors import SCALE, WIDTH, Centroids, Row, Terms, blended, compared, grown, packed
from pipeline.stages.deduplicate.weights import Vector, weigh

STORY_KEY = "story "
STORY_VERSION = 1
QUIET = timedelta(days=3)
SIMILAR = 0.18
# The distinct words that both use must make so much of the likeness, and one of them be rare: a name, mostly.
TELLING = 0.08
# Two stories are one when an article tells of both, so much like the second and by so many of its distinct words, and
# they are this much like each other.
TELLS = 0.3
BRIDGE = 5
ALIKE = 0.3
FADE_H = 200.0
# An article's words count for this share of its story's at least: a story moves on.
FRESH = 0.12
# So many words must be the same, and so many of them not just the vocabulary of storms, matches or markets.
SHARED = 3
DISTINCT = 2
# Of a story with so many reports there will be more: two words are enough, if they weigh so much.
HOT = 5
SURE = 0.4
FORGET_AT_ONCE = 200
HOUR = 3600.0
ID_BYTES = 16
COUNT_BYTES = 2
MOST_COUNTED = 65_535


class Told(TypedDict):
    """Say in a document's terms which story an article belongs to."""

    story_id: str
    merged: tuple[str, ...]
    origins: int


class Joined(msgspec.Struct, frozen=True):
    """Answer for one article: what ``told`` tells of its story, and the stories' facts.

    ``story`` is the story's id in 16 bytes, then those merged into it so far, then 2 bytes that count its origins.
    """

    story: bytes
    facts: tuple[Fact, ...] = ()


class StoryFact(msgspec.Struct, frozen=True, array_like=True):
    """Keep one open story: times in hours of the log and seconds of the reports, and its words with their weights.

    ``order`` numbers the decisions of a language; ``last`` is the article that made this fact.
    """

    version: int
    opened: int
    order: int
    last: str
    touched: int
    latest: float
    reports: int
    merged: bytes
    terms: bytes
    weights: bytes


class Stories:
    """Hold the open stories of one language, derived from their facts: the same in whatever order these come."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._centroids = Centroids()
        self._rows: dict[bytes, int] = {}
        self._ids = np.zeros((16, ID_BYTES), np.uint8)
        self._opened = np.zeros(16, np.int64)
        self._touched = np.zeros(16, np.int32)
        self._latest = np.zeros(16, np.float64)
        self._reports = np.zeros(16, np.int32)
        self._hours: Counter[int] = Counter()
        self._merged: dict[bytes, bytes] = {}
        self._into: dict[bytes, bytes] = {}
        self._order = 0
        self._last: tuple[str, bytes] = ("", b"")

    def __len__(self) -> int:
        return len(self._rows)

    def learn(self, key: str, value: bytes | None) -> None:
        """Take in one story's fact."""
        story = bytes.fromhex(key.rpartition(" ")[2])
        fact = msgspec.msgpack.decode(value, type=StoryFact) if value is not None else None
        if fact is None or fact.version != STORY_VERSION:
            self._forget(story)
            return
        row = self._rows.get(story)
        if row is None:
            row = self._open(story)
        else:
            self._leave(int(self._touched[row]))
        self._opened[row], self._touched[row] = fact.opened, fact.touched
        self._latest[row], self._reports[row] = fact.latest, fact.reports
        self._hours[fact.touched] += 1
        self._centroids.put(row, np.frombuffer(fact.terms, np.uint32), np.frombuffer(fact.weights, np.uint16))
        if fact.merged:
            self._merged[story] = fact.merged
            self._into |= dict.fromkeys(_ids(fact.merged), story)
        if fact.order >= self._order:
            self._order, self._last = fact.order, (fact.last, story)

    def join(self, article: Article, original: bytes | None) -> Joined:
        """Decide which story a new article belongs to; a copy belongs to that of its ``original``."""
        hour = int(article.seen.timestamp() // HOUR)
        moment = reported(article.published, article.seen).timestamp()
        closed = self._closed(hour)
        if original is not None:
            story = self._into.get(original[:ID_BYTES], original[:ID_BYTES])
            if story not in self._rows:
                return Joined(original, closed)
            return Joined(self._said(story), (*closed, *self._touch(article.id, story, hour, moment)))
        made, story = self._last
        if made == article.id and story in self._rows:
            # The story's fact was kept and the article's was not: a crash came between.
            return Joined(self._said(story), self._tombstones(self._merged.get(story, b"")))
        vector = weigh(
            article.title, article.text, article.language, len(self), self._centroids.vocabulary.counts, WIDTH
        )
        new = packed(vector.terms, vector.weights)
        best, second = self._likest(vector, moment)
        if best is None:
            story = bytes.fromhex(derive_id("story", article.id))
            return Joined(
                _said(story, 1), (*closed, self._fact(story, article.id, self._order + 1, hour, moment, 1, b"", *new))
            )
        if second is not None:
            return self._merge(best, second, article.id, hour, moment, new, closed)
        row = self._grown(best, new)
        merged = self._merged.get(self._id(best), b"")
        said = _said(self._id(best) + merged, int(self._reports[best]) + 1)
        return Joined(said, (*closed, self._kept(best, article.id, hour, moment, 1, merged, row)))

    def _likest(self, vector: Vector, moment: float) -> tuple[int | None, int | None]:
        """Return the story that is most like an article, if enough, and the next if the two turn out to be one."""
        rows, like = self._centroids.near(vector)
        if like is None:
            return None, None
        gaps = np.abs(moment - self._latest[rows])
        fading = 1 + gaps / HOUR / FADE_H
        likeness = np.round(like.whole / fading, 6)
        hot = (self._reports[rows] >= HOT) & (likeness >= SURE) & (like.shared >= 2)
        telling = (like.shared >= SHARED) & (like.distinct >= DISTINCT) | hot
        telling &= (np.round(like.telling / fading, 6) >= TELLING) & (like.rare >= 1)
        near = (gaps <= QUIET.total_seconds()) & (likeness >= SIMILAR) & telling
        found = sorted((-float(likeness[n]), self._id(rows[n]), n) for n in np.flatnonzero(near).tolist())[:2]
        if not found:
            return None, None
        best, *others = (int(rows[n]) for _, _, n in found)
        if (
            not others
            or -found[1][0] < TELLS
            or like.distinct[found[1][2]] < BRIDGE
            or not self._alike(best, others[0])
        ):
            return best, None
        return best, others[0]

    def _alike(self, one: int, other: int) -> bool:
        terms, weights = self._centroids.get(one)
        order = np.argsort(terms)
        neither = np.zeros(len(terms), np.bool_)
        vector = Vector(terms[order], (weights[order] / SCALE).astype(np.float32), neither, neither)
        like = compared(vector, self._centroids.terms[[other]], self._centroids.weights[[other]])
        return float(like.whole[0]) >= ALIKE

    def _merge(
        self,
        one: int,
        other: int,
        article_id: str,
        hour: int,
        moment: float,
        vector: Row,
        closed: tuple[Fact, ...],
    ) -> Joined:
        """Put the later of two stories into the earlier one, which alone goes on."""
        kept, gone = sorted((one, other), key=lambda row: (self._opened[row], self._id(row)))
        story = self._id(kept)
        new = self._id(gone) + self._merged.get(self._id(gone), b"")
        share = self._reports[kept] / (self._reports[kept] + self._reports[gone])
        both = blended(self._centroids.get(kept), self._centroids.get(gone), share)
        row = blended(both, vector, 1 - FRESH)
        merged = new + self._merged.get(story, b"")
        more = 1 + int(self._reports[gone])
        fact = self._kept(kept, article_id, hour, moment, more, merged, row)
        said = _said(story + merged, int(self._reports[kept]) + more)
        return Joined(said, (*closed, fact, *self._tombstones(new[:ID_BYTES])))

    def _grown(self, row: int, vector: Row) -> Row:
        share = max(FRESH, 1 / (1 + int(self._reports[row])))
        return blended(self._centroids.get(row), vector, 1 - share)

    def _touch(self, article_id: str, story: bytes, hour: int, moment: float) -> tuple[Fact, ...]:
        """Keep a story open that a copy came to; once an hour is enough."""
        row = self._rows[story]
        if hour <= self._touched[row] and moment <= self._latest[row] + HOUR:
            return ()
        vector = self._centroids.get(row)
        return (self._kept(row, article_id, hour, moment, 0, self._merged.get(story, b""), vector),)

    def _kept(
        self,
        row: int,
        article_id: str,
        hour: int,
        moment: float,
        more: int,
        merged: bytes,
        vector: Row,
    ) -> Fact:
        """Make the fact of a story that goes on."""
        hour, moment = max(hour, int(self._touched[row])), max(moment, float(self._latest[row]))
        reports, opened = int(self._reports[row]) + more, int(self._opened[row])
        return self._fact(self._id(row), article_id, opened, hour, moment, reports, merged, *vector)

    def _fact(
        self,
        story: bytes,
        article_id: str,
        opened: int,
        hour: int,
        moment: float,
        reports: int,
        merged: bytes,
        terms: Terms,
        weights: NDArray[np.uint16],
    ) -> Fact:
        fact = StoryFact(
            version=STORY_VERSION,
            opened=opened,
            order=self._order + 1,
            last=article_id,
            touched=hour,
            latest=moment,
            reports=reports,
            merged=merged,
            terms=terms.tobytes(),
            weights=weights.tobytes(),
        )
        return Fact(key=self._key(story), value=msgspec.msgpack.encode(fact))

    def _closed(self, hour: int) -> tuple[Fact, ...]:
        """Forget stories that nothing came to for so long that they are closed; a bounded number at a time."""
        oldest = min(self._hours, default=hour)
        if oldest >= hour - QUIET.total_seconds() / HOUR:
            return ()
        rows = [row for row in np.flatnonzero(self._touched == oldest).tolist() if self._id(row) in self._rows]
        ids = sorted(self._id(row) for row in rows)[:FORGET_AT_ONCE]
        return tuple(Fact(key=self._key(story), value=None) for story in ids)

    def _tombstones(self, stories: bytes) -> tuple[Fact, ...]:
        return tuple(Fact(key=self._key(story), value=None) for story in _ids(stories))

    def _said(self, story: bytes) -> bytes:
        return _said(story + self._merged.get(story, b""), int(self._reports[self._rows[story]]))

    def _key(self, story: bytes) -> str:
        return f"{STORY_KEY}{self._language} {story.hex()}"

    def _id(self, row: int) -> bytes:
        return bytes(self._ids[row])

    def _open(self, story: bytes) -> int:
        row = self._centroids.take()
        self._rows[story] = row
        for name in ("_ids", "_opened", "_touched", "_latest", "_reports"):
            array = getattr(self, name)
            if row >= len(array):
                setattr(self, name, grown(array))
        self._ids[row] = np.frombuffer(story, np.uint8)
        return row

    def _leave(self, hour: int) -> None:
        self._hours[hour] -= 1
        if not self._hours[hour]:
            del self._hours[hour]

    def _forget(self, story: bytes) -> None:
        row = self._rows.pop(story, None)
        if row is None:
            return
        self._leave(int(self._touched[row]))
        self._centroids.give_back(row)
        for gone in _ids(self._merged.pop(story, b"")):
            if self._into.get(gone) == story:  # not yet taken over with this one
                del self._into[gone]


def told(story: bytes) -> Told:
    """Return a document's fields from what ``join`` said of its article."""
    first, *merged = _ids(story[:-COUNT_BYTES])
    origins = int.from_bytes(story[-COUNT_BYTES:], "big")
    return Told(story_id=first.hex(), merged=tuple(each.hex() for each in merged), origins=origins)


def story_language(key: str) -> str:
    """Return the language of a story's fact from its key."""
    return key.removeprefix(STORY_KEY).rpartition(" ")[0]


def reported(published: datetime | None, seen: datetime) -> datetime:
    """Return when an article reported: as its source says, if that is believable, or when it was seen."""
    return published if published is not None and published <= seen else seen


def closes(latest: datetime, now: datetime) -> datetime | None:
    """Return when a story with its last report at ``latest`` closed, ``None`` while it is open."""
    return latest + QUIET if latest + QUIET < now else None


def _said(ids: bytes, origins: int) -> bytes:
    return ids + min(origins, MOST_COUNTED).to_bytes(COUNT_BYTES, "big")


def _ids(joined: bytes) -> list[bytes]:
    return [joined[at : at + ID_BYTES] for at in range(0, len(joined), ID_BYTES)]
