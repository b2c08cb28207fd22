"""Find the original that an article copies, and the story it belongs to.

Facts are one record per article; the look-up structures are derived from them. All copies meet in one partition
because the topic is keyed by language, so the earliest in log order is the original on every run. A fact of an older
sketch keeps its links and is compared with nothing until the article comes again, by replay for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.model import Article, as_document
from pipeline.stages.decision import Decision, Fact
from pipeline.stages.deduplicate.near_duplicates import NearDuplicateIndex, SketchFact
from pipeline.stages.deduplicate.sketch import PAIR, SKETCH_VERSION, Sketch, sketch, sketches
from pipeline.stages.deduplicate.stories import STORY_KEY, Stories, StoryDecision, story_fields, story_language

WINDOW = timedelta(days=7)
SIMILARITY = 0.7
EXPIRE_AT_ONCE = 200


class Remembered:
    """Look up earlier articles by content and likeness, one index per language; bounded by the window.

    ``window`` is how far back copies are looked for, in the log's own time; ``similarity`` the share of words in
    common, in the same order, that makes a copy.
    """

    def __init__(self, window: timedelta = WINDOW, similarity: float = SIMILARITY) -> None:
        self.window = window.total_seconds()
        # Two texts that share a part s of their words, at random places, share s squared of their pairs of words.
        self.containment = similarity**PAIR
        self._near_duplicates: dict[str, NearDuplicateIndex] = {}
        self._stories: dict[str, Stories] = {}
        self._expected: dict[tuple[str | None, str | None], Sketch] = {}

    def expect(self, articles: Sequence[Article]) -> None:
        """Sketch together the articles that come next, because that costs less than one by one."""
        texts = [(article.title, article.text) for article in articles]
        self._expected = dict(zip(texts, sketches(texts), strict=True))

    def sketch(self, article: Article) -> Sketch:
        """Return the sketch of an article."""
        made = self._expected.get((article.title, article.text))
        return made if made is not None else sketch(article.title, article.text)

    def learn(self, key: str, value: bytes | None) -> None:
        """Take in one fact: an article's, whose key is its language and its id, or a story's."""
        if key.startswith(STORY_KEY):
            self.stories(story_language(key)).learn(key, value)
            return
        language, _, article_id = key.partition(" ")
        if value is None:
            self.near_duplicates(language).remove(article_id)
        else:
            self.near_duplicates(language).add(article_id, msgspec.msgpack.decode(value, type=SketchFact))

    def near_duplicates(self, language: str) -> NearDuplicateIndex:
        """Return the articles remembered in one language."""
        if language not in self._near_duplicates:
            self._near_duplicates[language] = NearDuplicateIndex()
        return self._near_duplicates[language]

    def stories(self, language: str) -> Stories:
        """Return the open stories of one language."""
        if language not in self._stories:
            self._stories[language] = Stories(language)
        return self._stories[language]


def deduplicate(article: Article, remembered: Remembered, now: datetime) -> Decision:
    """Decide whether an article copies an earlier one, and which story it belongs to.

    An article is never its own duplicate: the same revision again gives the same document again. A later revision keeps
    its original and its story. Nothing is linked to what was withdrawn. ``now`` is not used: time is the log's own.
    """
    language = article.language or "und"
    near_duplicates = remembered.near_duplicates(language)
    before = near_duplicates.get(article.id)
    if before is not None and before.revision >= article.revision and before.version == SKETCH_VERSION:
        return _decision(article, before, ())
    seen = article.seen.timestamp()
    made = remembered.sketch(article)
    if before is not None:
        original, joined, linkable = before.duplicate_of, StoryDecision(before.story), before.duplicate_of is None
    else:
        found = near_duplicates.find(made, remembered.containment, seen - remembered.window, seen + remembered.window)
        original = found.original if found is not None else None
        joined = remembered.stories(language).join(article, found.story if found is not None else None)
        # What is much longer than what it was linked to can itself be copied in parts that the other lacks.
        linkable = found is None or found.is_part
    fact = SketchFact(
        version=SKETCH_VERSION,
        order=near_duplicates.latest + 1,
        seen=seen,
        revision=article.revision,
        duplicate_of=original,
        story=joined.story,
        sketch=made if linkable and not article.withdrawn else None,
    )
    old = near_duplicates.expired(seen - remembered.window, EXPIRE_AT_ONCE)
    # The stories' facts go first: what a crash leaves half written is then found and finished.
    facts = [*joined.facts, *(Fact(key=f"{language} {key}", value=None) for key in old if key != article.id)]
    facts.append(Fact(key=f"{language} {article.id}", value=msgspec.msgpack.encode(fact)))
    return _decision(article, fact, tuple(facts))


def _decision(article: Article, fact: SketchFact, facts: tuple[Fact, ...]) -> Decision:
    document = as_document(article, duplicate_of=fact.duplicate_of, **story_fields(fact.story))
    return Decision(outcome="duplicate" if fact.duplicate_of else "original", emit=(document,), facts=facts)
