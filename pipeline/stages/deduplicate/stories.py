"""Group different reports of one happening into a story: online, in one pass, one language at a time.

An article joins the open story whose words are most similar to its own (cosine of TF-IDF vectors, less for every hour
since the story's last report), and opens a story of its own when none is similar enough. A story is one fact: the
vector that its articles made, older ones fading. A report that is similar to two stories which are similar to each
other merges the later into the earlier; ids already given stay as they are, the article records the merge. A story
without a report for ``CLOSES_AFTER`` is closed.

Single-pass clustering of news: Allan et al. 1998; TF-IDF, names and time as features: Miranda et al. 2018.
"""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Article, derive_id
from pipeline.stages.decision import Fact
from pipeline.stages.deduplicate.reports import (
    LINKED_SHARE_MIN,
    NO_TITLE,
    Report,
    contradicts,
    figures_kept,
    kept,
    names_kept,
    not_contradicted,
    report,
)
from pipeline.stages.deduplicate.sketch import Sketch, sketch
from pipeline.stages.deduplicate.story_facts import (
    ID_BYTES,
    STORY_KEY,
    STORY_VERSION,
    StoryDecision,
    StoryFact,
    count_sources,
    encode_story,
    ids_of,
    origins_of,
    source_bytes,
    stored,
    with_sources,
    with_vector,
)
from pipeline.stages.deduplicate.times import CLOSES_AFTER, HOUR, quiet_since, reported
from pipeline.stages.deduplicate.vectors import (
    SCALE,
    WIDTH,
    Centroids,
    Row,
    Similarity,
    blended,
    compared,
    grown,
    packed,
)
from pipeline.stages.deduplicate.weights import Vector, weigh

JOIN_SIMILARITY_MIN = 0.18
# So much of the similarity (a cosine, 0 to 1) must come from distinct words, one of them rare: a name, mostly.
JOIN_DISTINCT_SIMILARITY_MIN = 0.08
# Two stories are one when an article is this similar to the second too, by so many of its distinct words, and the two
# are this similar to each other.
MERGE_SIMILARITY_MIN = 0.3
MERGE_DISTINCT_WORDS_MIN = 5
MERGE_STORY_SIMILARITY_MIN = 0.3
SIMILARITY_HALVES_AFTER_H = 200.0
# What a figure adds that the article has in common with one of similar stories, and how many add.
FIGURE_BONUS = 0.03
# So many names in common make it likely that two texts are about one thing.
COMMON_NAMES_MIN = 2
# The newest report is at least this share of its story's vector, so that the vector follows the news.
NEW_REPORT_SHARE_MIN = 0.12
# So many words must be shared, and so many of them be more than the vocabulary of storms, matches or markets.
JOIN_SHARED_WORDS_MIN = 3
JOIN_DISTINCT_WORDS_MIN = 2
# A story with so many reports will have more: two shared words are enough, if they weigh this much.
LARGE_STORY_REPORTS_MIN = 5
LARGE_STORY_SIMILARITY_MIN = 0.4
CLOSED_AT_ONCE_MAX = 200


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
        self._titles = np.zeros(16, np.uint32)
        self._hours: Counter[int] = Counter()
        self._merged: dict[bytes, bytes] = {}
        self._sources: dict[bytes, bytes] = {}
        self._told: dict[bytes, bytes] = {}
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
        self._sources[story], self._told[story] = fact.sources, fact.told
        self._titles[row] = self._told_in(story)[-1].title if fact.told else NO_TITLE
        if fact.merged:
            self._merged[story] = fact.merged
            self._into |= dict.fromkeys(ids_of(fact.merged), story)
        if fact.order >= self._order:
            self._order, self._last = fact.order, (fact.last, story)

    def contradict(self, story: bytes, article: Article, made: Sketch) -> bool | None:
        """Tell whether an article that seems to copy one of a story's reports states other facts in the same words.

        ``story`` is as ``join`` encoded it; ``None`` is the answer where its reports are forgotten.
        """
        told = self._told_in(self._current(story))
        return contradicts(told, self._report(article, self._vector(article), made), LINKED_SHARE_MIN) if told else None

    def name_the_same(self, one: Article, made: Sketch, other: Article, other_made: Sketch) -> bool:
        """Tell whether two articles have names in common."""
        pairs = ((one, made), (other, other_made))
        first, second = (self._report(article, self._vector(article), each) for article, each in pairs)
        return names_kept(first, second) >= COMMON_NAMES_MIN

    def join(
        self,
        article: Article,
        original: bytes | None,
        made: Sketch | None = None,
        occasion: str = "",
        but: frozenset[bytes] = frozenset(),
    ) -> StoryDecision:
        """Decide which story an article belongs to; a copy belongs to that of its ``original``.

        ``made`` is the article's sketch, for who has it already; ``occasion`` tells apart decisions on one revision.
        The article joins any story ``but`` these, which are as they were encoded.
        """
        last = f"{article.id} {article.revision} {occasion}".rstrip()
        hour = int(article.seen.timestamp() // HOUR)
        moment = reported(article.published, article.seen).timestamp()
        closed = self._expired(hour)
        if original is not None:
            story = self._current(original)
            if story not in self._rows:
                return StoryDecision(original, closed)
            return StoryDecision(self._encoded(story), (*closed, *self._kept_open(last, story, hour, moment)))
        made_by, story = self._last
        if made_by == last and story in self._rows:
            # The story's fact was kept and the article's was not: a crash came between.
            return StoryDecision(self._encoded(story), self._tombstones(self._merged.get(story, b"")))
        vector = self._vector(article)
        new = self._report(article, vector, made if made is not None else sketch(article.title, article.text))
        row = packed(vector.terms, vector.weights)
        rows, similar = self._centroids.near(vector)
        if but and similar is not None:
            others = np.array([self._id(row) not in {*map(self._current, but)} for row in rows.tolist()], np.bool_)
            rows, similar = rows[others], similar.only(others)
        if self._is_in_series(rows, new):
            new = msgspec.structs.replace(new, in_series=True)
        best, second = self._most_similar(vector, rows, similar, new, moment)
        if best is None:
            story = bytes.fromhex(derive_id("story", article.id))
            fact = self._opened_by(last, hour, moment, new, row)
            return StoryDecision(encode_story(story, 1), (*closed, Fact(key=self._key(story), value=stored(fact))))
        if second is not None:
            return self._merge(best, second, last, hour, moment, new, row, closed)
        fact = self._continued(best, last, hour, moment, new)
        fact = with_vector(fact, self._with_report(best, row))
        story = self._id(best)
        encoded = encode_story(story + fact.merged, origins_of(fact))
        return StoryDecision(encoded, (*closed, Fact(key=self._key(story), value=stored(fact))))

    def _current(self, story: bytes) -> bytes:
        """Return the id of the story that an encoded one is part of by now."""
        return self._into.get(story[:ID_BYTES], story[:ID_BYTES])

    def _vector(self, article: Article) -> Vector:
        counts = self._centroids.vocabulary.counts
        return weigh(article.title, article.text, article.language, len(self), counts, WIDTH)

    def _report(self, article: Article, vector: Vector, made: Sketch) -> Report:
        return report(article, reported(article.published, article.seen), vector, made)

    def _most_similar(
        self, vector: Vector, rows: NDArray[np.int64], similar: Similarity | None, new: Report, moment: float
    ) -> tuple[int | None, int | None]:
        """Return the story most similar to an article, if enough, and the next if the two turn out to be one."""
        if similar is None:
            return None, None
        gaps = np.abs(moment - self._latest[rows])
        fading = 1 + gaps / HOUR / SIMILARITY_HALVES_AFTER_H
        similarity = np.round(similar.whole / fading, 6)
        large = (
            (self._reports[rows] >= LARGE_STORY_REPORTS_MIN)
            & (similarity >= LARGE_STORY_SIMILARITY_MIN)
            & (similar.shared >= 2)
        )
        joins = (similar.shared >= JOIN_SHARED_WORDS_MIN) & (similar.distinct >= JOIN_DISTINCT_WORDS_MIN) | large
        joins &= np.round(similar.distinct_part / fading, 6) >= JOIN_DISTINCT_SIMILARITY_MIN
        joins &= similar.rare >= 1
        near = (gaps <= CLOSES_AFTER.total_seconds()) & (similarity >= JOIN_SIMILARITY_MIN) & joins
        passing = np.flatnonzero(near).tolist()
        told = {n: self._told_in(self._id(rows[n])) for n in passing}
        score = {n: float(similarity[n]) + FIGURE_BONUS * figures_kept(told[n], new) for n in passing}
        passing.sort(key=lambda n: (-score[n], self._id(int(rows[n]))))
        found, least = not_contradicted(passing, told, new)
        if not found or float(similarity[found[0]]) < least:
            return None, None
        best, *others = (int(rows[n]) for n in found)
        if (
            not others
            or float(similarity[found[1]]) < MERGE_SIMILARITY_MIN
            or similar.distinct[found[1]] < MERGE_DISTINCT_WORDS_MIN
            or not self._are_similar(best, others[0])
        ):
            return best, None
        return best, others[0]

    def _is_in_series(self, rows: NDArray[np.int64], new: Report) -> bool:
        """Tell whether the same source sent other facts under the same title before."""
        same = rows[self._titles[rows] == new.title] if new.title else rows[:0]
        return any(contradicts(self._told_in(self._id(row)), new) for row in same.tolist())

    def _are_similar(self, one: int, other: int) -> bool:
        terms, weights = self._centroids.get(one)
        order = np.argsort(terms)
        neither = np.zeros(len(terms), np.bool_)
        vector = Vector(terms[order], (weights[order] / SCALE).astype(np.float32), neither, neither)
        similar = compared(vector, self._centroids.terms[[other]], self._centroids.weights[[other]])
        if float(similar.whole[0]) < MERGE_STORY_SIMILARITY_MIN:
            return False
        told = self._told_in(self._id(one))
        return not any(contradicts(told, each) for each in self._told_in(self._id(other)))

    def _merge(
        self,
        one: int,
        other: int,
        last: str,
        hour: int,
        moment: float,
        new: Report,
        vector: Row,
        closed: tuple[Fact, ...],
    ) -> StoryDecision:
        """Put the later of two stories into the earlier one, which alone goes on."""
        remains, gone = sorted((one, other), key=lambda row: (self._opened[row], self._id(row)))
        story, ended = self._id(remains), self._id(gone)
        ids = ended + self._merged.get(ended, b"")
        share = self._reports[remains] / (self._reports[remains] + self._reports[gone])
        both = blended(self._centroids.get(remains), self._centroids.get(gone), share)
        told = self._told_in(story)
        for each in self._told_in(ended):
            told = kept(told, each)
        fact = self._continued(remains, last, hour, moment)
        fact = msgspec.structs.replace(
            with_vector(fact, blended(both, vector, 1 - NEW_REPORT_SHARE_MIN)),
            reports=fact.reports + int(self._reports[gone]) + 1,
            merged=ids + fact.merged,
            told=msgspec.msgpack.encode(kept(told, new)),
            sources=with_sources(fact.sources, self._sources.get(ended, b"") + source_bytes(new)),
        )
        encoded = encode_story(story + fact.merged, origins_of(fact))
        facts = (*closed, Fact(key=self._key(story), value=stored(fact)), *self._tombstones(ids[:ID_BYTES]))
        return StoryDecision(encoded, facts)

    def _with_report(self, row: int, vector: Row) -> Row:
        share = max(NEW_REPORT_SHARE_MIN, 1 / (1 + int(self._reports[row])))
        return blended(self._centroids.get(row), vector, 1 - share)

    def _told_in(self, story: bytes) -> tuple[Report, ...]:
        told = self._told.get(story)
        return msgspec.msgpack.decode(told, type=tuple[Report, ...]) if told else ()

    def _kept_open(self, last: str, story: bytes, hour: int, moment: float) -> tuple[Fact, ...]:
        """Keep a story open that a copy came to; once an hour is enough."""
        row = self._rows[story]
        if hour <= self._touched[row] and moment <= self._latest[row] + HOUR:
            return ()
        return (Fact(key=self._key(story), value=stored(self._continued(row, last, hour, moment))),)

    def _opened_by(self, last: str, hour: int, moment: float, new: Report, vector: Row) -> StoryFact:
        terms, weights = vector
        return StoryFact(
            version=STORY_VERSION,
            opened=self._order + 1,
            order=self._order + 1,
            last=last,
            touched=hour,
            latest=moment,
            reports=1,
            merged=b"",
            terms=terms.tobytes(),
            weights=weights.tobytes(),
            sources=source_bytes(new),
            told=msgspec.msgpack.encode((new,)),
        )

    def _continued(self, row: int, last: str, hour: int, moment: float, new: Report | None = None) -> StoryFact:
        """Make the fact of a story that goes on, by a copy or by a ``new`` report whose words are not yet in it."""
        story = self._id(row)
        terms, weights = self._centroids.get(row)
        told, sources = self._told.get(story, b""), self._sources.get(story, b"")
        if new is not None:
            told = msgspec.msgpack.encode(kept(self._told_in(story), new))
            sources = with_sources(sources, source_bytes(new))
        return StoryFact(
            version=STORY_VERSION,
            opened=int(self._opened[row]),
            order=self._order + 1,
            last=last,
            touched=max(hour, int(self._touched[row])),
            latest=max(moment, float(self._latest[row])),
            reports=int(self._reports[row]) + (new is not None),
            merged=self._merged.get(story, b""),
            terms=terms.tobytes(),
            weights=weights.tobytes(),
            sources=sources,
            told=told,
        )

    def _expired(self, hour: int) -> tuple[Fact, ...]:
        """Forget stories that nothing came to for so long that they are closed; a bounded number at a time."""
        oldest = min(self._hours, default=hour)
        if oldest >= hour - CLOSES_AFTER.total_seconds() / HOUR:
            return ()
        return self._removed(self._touched == oldest, CLOSED_AT_ONCE_MAX)

    def untouched(self, since: float, limit: int) -> tuple[Fact, ...]:
        """Return what removes some of the stories that nothing came to since a moment."""
        if not self._hours or min(self._hours) > since // HOUR:
            return ()
        return self._removed(quiet_since(since, self._touched, self._latest), max(0, limit))

    def _removed(self, chosen: NDArray[np.bool_], limit: int) -> tuple[Fact, ...]:
        rows = np.flatnonzero(chosen).tolist()
        ids = sorted(story for row in rows if self._rows.get(story := self._id(row)) == row)
        return tuple(Fact(key=self._key(story), value=None) for story in ids[:limit])

    def _tombstones(self, stories: bytes) -> tuple[Fact, ...]:
        return tuple(Fact(key=self._key(story), value=None) for story in ids_of(stories))

    def _encoded(self, story: bytes) -> bytes:
        return encode_story(story + self._merged.get(story, b""), count_sources(self._sources.get(story, b"")))

    def _key(self, story: bytes) -> str:
        return f"{STORY_KEY}{self._language} {story.hex()}"

    def _id(self, row: int) -> bytes:
        return bytes(self._ids[row])

    def _open(self, story: bytes) -> int:
        row = self._centroids.take()
        self._rows[story] = row
        for name in ("_ids", "_opened", "_touched", "_latest", "_reports", "_titles"):
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
        del self._sources[story], self._told[story]
        for gone in ids_of(self._merged.pop(story, b"")):
            if self._into.get(gone) == story:  # not yet taken over with this one
                del self._into[gone]
