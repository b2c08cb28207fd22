"""Decide which article another one copies, and whether it still does after one of the two was revised."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pipeline.language.figure_styles import other_styles
from pipeline.model import Article
from pipeline.stages.decision import Fact
from pipeline.stages.deduplicate.copies import Copies
from pipeline.stages.deduplicate.near_duplicates import NearDuplicate, NearDuplicateIndex, SketchFact
from pipeline.stages.deduplicate.replaced_names import are_names_replaced
from pipeline.stages.deduplicate.reports import source_hash
from pipeline.stages.deduplicate.sketch import SKETCH_VERSION, Sketch, is_stub, sketch, still_alike
from pipeline.stages.deduplicate.stories import Stories
from pipeline.stages.deduplicate.times import CLOSES_AFTER
from pipeline.stages.deduplicate.weights import has_capitals

# In a longer text the style of a figure or two makes no difference.
RESTYLED_CHARS_MAX = 1000


class Parted(msgspec.Struct, frozen=True):
    """Hold a copy that its original's revision made an article of its own, or a copy of another."""

    article: Article
    fact: SketchFact
    story_facts: tuple[Fact, ...] = ()


class Found(NamedTuple):
    """Hold what an article copies, and the stories of other news that were told in its very sentences."""

    copied: NearDuplicate | None
    others: frozenset[bytes]


class Links:
    """Compare articles of one language. ``containment`` is the share of word pairs that makes a copy.

    ``window`` is how many seconds apart a copy and its original may be.
    """

    def __init__(
        self, near_duplicates: NearDuplicateIndex, stories: Stories, copies: Copies, containment: float, window: float
    ) -> None:
        self._near_duplicates = near_duplicates
        self._stories = stories
        self._copies = copies
        self._containment = containment
        self._window = window

    def find(self, article: Article, made: Sketch, but: frozenset[str] = frozenset()) -> Found:
        """Tell what an article copies, if anything; not itself, nor one of ``but``."""
        found, others, was_compared = self._looked_up(article, made, but)
        if found is None and was_compared and len(article.text or "") <= RESTYLED_CHARS_MAX:
            # What differs may be how figures are written, each of which counts in a short text.
            for style in other_styles(article.text or "", article.language):
                restyled = msgspec.structs.replace(article, text=style)
                found, _, _ = self._looked_up(restyled, sketch(article.title, style), but)
                if found is not None:
                    others = frozenset()
                    break
        return Found(found and self._confirmed(article, made, found), others)

    def _looked_up(
        self, article: Article, made: Sketch, but: frozenset[str]
    ) -> tuple[NearDuplicate | None, frozenset[bytes], bool]:
        """Return what a text is like, the stories of other news in its sentences, and whether any was like it."""
        others: set[bytes] = set()
        compared: list[bytes] = []

        def is_other(theirs: Sketch, story: bytes) -> bool:
            compared.append(story)
            if not are_names_replaced(article, made, theirs):
                return False
            others.add(story)
            return True

        since, until = span(article, self._window)
        found = self._near_duplicates.find(made, self._containment, since, until, but | {article.id}, is_other)
        return found, frozenset(others), bool(compared)

    def _confirmed(self, article: Article, made: Sketch, found: NearDuplicate) -> NearDuplicate | None:
        # Who reads "This is breaking news, more follows" knows as little as before: the title may say what happened.
        if not found.is_whole and is_stub(made) and has_capitals(article.text or ""):
            return None
        if found.source != source_hash(article):
            return found
        # What one source repeats may be its template or its sign-off: the facts between must be the same too.
        contradicted = self._stories.contradict(found.story, article, made)
        if contradicted is None:  # what the story's reports stated is forgotten
            is_recent = abs(article.seen.timestamp() - found.seen) <= CLOSES_AFTER.total_seconds()
            return found if found.is_whole or is_recent else None
        return None if contradicted else found

    def lasts(self, article: Article, made: Sketch, before: SketchFact) -> bool:
        """Tell whether a revised copy is still like its original, or like another copy that is longer than this."""
        if before.duplicate_of is None or article.withdrawn:
            return True
        original = self._near_duplicates.sketch(before.duplicate_of)
        if original is None:  # forgotten or withdrawn
            return True
        others = [each for each in self._copies.ids_of(before.duplicate_of) if each != article.id]
        sketches = [original, *filter(None, map(self._near_duplicates.sketch, others))]
        return any(still_alike(made, each, self._containment) for each in sketches)

    def is_linkable(self, article_id: str) -> bool:
        """Tell whether a copy has parts of its own that others may copy."""
        kept = self._near_duplicates.sketch(article_id)
        return kept is not None and bool(kept.minima)

    def parted_from(self, original: Article, made: Sketch, story: bytes) -> list[Parted]:
        """Decide anew on the copies of a revised original; return those that are no copies of it any more."""
        group = [made]
        parted: list[Parted] = []
        changed: set[str] = set()
        for article in self._copies.of(original.id):
            before = self._near_duplicates.get(article.id)
            if before is None or before.duplicate_of != original.id or article.withdrawn:
                continue
            remade = sketch(article.title, article.text)
            if any(still_alike(remade, each, self._containment) for each in group):
                if self.is_linkable(article.id):
                    group.append(remade)
                continue
            # Only what has become of the original tells whether its story is still that of the copy.
            but = frozenset(() if self._stories.name_the_same(article, remade, original, made) else (story,))
            one = self._decided_anew(article, remade, before, parted, original, but)
            # Two that join one story in one decision: the first writes its fact.
            facts = tuple(each for each in one.story_facts if each.key not in changed)
            changed.update(each.key for each in facts)
            parted.append(msgspec.structs.replace(one, story_facts=facts))
        return parted

    def _decided_anew(
        self,
        article: Article,
        made: Sketch,
        before: SketchFact,
        parted: list[Parted],
        original: Article,
        but: frozenset[bytes],
    ) -> Parted:
        fact = msgspec.structs.replace(
            before, version=SKETCH_VERSION, order=self._near_duplicates.latest + 2 + len(parted), sketch=None
        )
        for other in parted:  # two copies of what the original was are copies of each other
            if other.fact.sketch is not None and still_alike(made, other.fact.sketch, self._containment):
                first = other.fact.duplicate_of or other.article.id
                fact = msgspec.structs.replace(fact, duplicate_of=first, story=other.fact.story)
                return Parted(article=article, fact=fact)
        found, others = self.find(article, made, frozenset({original.id}))
        if found is not None and found.original == original.id:
            found = None
        occasion = f"{original.id} {original.revision}"
        joined = self._stories.join(article, found.story if found is not None else None, made, occasion, but | others)
        fact = msgspec.structs.replace(
            fact,
            duplicate_of=found.original if found is not None else None,
            story=joined.story,
            sketch=made if found is None or found.is_part else Sketch(made.content),
        )
        return Parted(article=article, fact=fact, story_facts=joined.facts)


def span(article: Article, window: float) -> tuple[float, float]:
    """Return the Unix times between which what an article copies was seen."""
    seen = article.seen.timestamp()
    return seen - window, seen + window
