"""Find the original that an article copies, and the story it belongs to.

Facts are one record per article, one per copy and one per open story; the look-up structures are derived from them.
All copies meet in one partition because the topic is keyed by language, so the earliest in log order is the original
on every run. A fact of an older sketch keeps its links and is compared with nothing until the article comes again, by
replay for one.

A link lasts as long as the texts are alike: it is decided anew at each revision of the copy and of its original. What
turns out to be no copy any more keeps its id, joins a story by itself, and flows on again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.model import Article, Document, as_document
from pipeline.ports.memories import Part, Parts
from pipeline.stages.decision import Decision, Fact
from pipeline.stages.deduplicate.copies import COPY_KEY, Copies, copy_key
from pipeline.stages.deduplicate.links import Links, Parted, span
from pipeline.stages.deduplicate.look_ahead import Wanted
from pipeline.stages.deduplicate.near_duplicates import NearDuplicateIndex, SketchFact
from pipeline.stages.deduplicate.reports import source_hash
from pipeline.stages.deduplicate.saving import (
    SAVED_AS,
    inside,
    named,
    restored_copies,
    restored_index,
    restored_stories,
    saved_copies,
    saved_index,
    saved_languages,
    saved_stories,
)
from pipeline.stages.deduplicate.sketch import PAIR, SKETCH_VERSION, Sketch, sketch, sketches
from pipeline.stages.deduplicate.stories import Stories
from pipeline.stages.deduplicate.story_facts import STORY_KEY, StoryDecision, story_fields, story_language

WINDOW = timedelta(days=7)
SIMILARITY = 0.7
EXPIRE_AT_ONCE = 200
# A worker that takes over reads again what was not committed, a second's work: its articles must still be known then,
# however far apart in the log's own time they are, as in an archive.
READ_AGAIN_MAX = 1000
# What the parts of a saved memory are called after.
INDEX, STORIES, COPIES = "near-duplicates", "stories", "copies"

_NOT_EXPECTED = (None, Sketch(b""))
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(SketchFact)


class Remembered:
    """Look up earlier articles by content and likeness, one index per language; bounded by the window.

    ``window`` is how far back copies are looked for, in the log's own time; ``similarity`` the share of words in
    common, in the same order, that makes a copy.
    """

    saved_as = SAVED_AS

    def __init__(self, window: timedelta = WINDOW, similarity: float = SIMILARITY) -> None:
        self.window = window.total_seconds()
        # Two texts that share a part s of their words, at random places, share s squared of their pairs of words.
        self.containment = similarity**PAIR
        self._near_duplicates: dict[str, NearDuplicateIndex] = {}
        self._stories: dict[str, Stories] = {}
        self._copies: dict[str, Copies] = {}
        self._expected: dict[str, tuple[Article, Sketch]] = {}
        self._links: dict[str, Links] = {}

    def expect(self, articles: Sequence[Article]) -> None:
        """Sketch and look up together the articles that come next, because that costs less than one by one."""
        made = sketches([(article.title, article.text) for article in articles])
        self._expected = {article.id: (article, each) for article, each in zip(articles, made, strict=True)}
        wanted: dict[str, list[Wanted]] = {}
        for article, each in zip(articles, made, strict=True):
            since, until = span(article, self.window)
            wanted.setdefault(language_of(article), []).append(Wanted(each, since, until))
        for language, several in wanted.items():
            self.near_duplicates(language).expect(several)

    def sketch(self, article: Article) -> Sketch:
        """Return the sketch of an article."""
        expected, made = self._expected.get(article.id, _NOT_EXPECTED)
        if expected is None or expected.text != article.text or expected.title != article.title:
            return sketch(article.title, article.text)
        return made

    def learn(self, key: str, value: bytes | None) -> None:
        """Take in one fact: an article's, whose key is its language and its id, a copy's or a story's."""
        if key.startswith(STORY_KEY):
            self.stories(story_language(key)).learn(key, value)
            return
        if key.startswith(COPY_KEY):
            language, _, article_id = key.removeprefix(COPY_KEY).partition(" ")
            self.copies(language).learn(article_id, value)
            return
        language, _, article_id = key.partition(" ")
        if value is None:
            self.near_duplicates(language).remove(article_id)
        else:
            self.near_duplicates(language).add(article_id, _DECODER.decode(value))

    def __len__(self) -> int:
        return sum(map(len, self._near_duplicates.values())) + sum(map(len, self._stories.values()))

    def saved(self) -> Parts:
        """Return what is remembered as arrays."""
        kept: dict[str, Part] = {}
        for language, index in self._near_duplicates.items():
            kept |= named(f"{INDEX}/{language}", saved_index(index))
        for language, stories in self._stories.items():
            kept |= named(f"{STORIES}/{language}", saved_stories(stories))
        for language, copies in self._copies.items():
            kept |= named(f"{COPIES}/{language}", saved_copies(copies))
        return kept

    def restore(self, parts: Parts) -> None:
        """Remember what arrays hold."""

        def of(name: str) -> list[tuple[str, Parts]]:
            held = inside(name, parts)
            return [(language, inside(language, held)) for language in saved_languages(held)]

        self._near_duplicates = {language: restored_index(held) for language, held in of(INDEX)}
        self._stories = {language: restored_stories(language, held) for language, held in of(STORIES)}
        self._copies = {language: restored_copies(held) for language, held in of(COPIES)}
        self._links = {}

    def languages(self) -> list[str]:
        """Return the languages in which articles are remembered."""
        return list(self._near_duplicates)

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

    def copies(self, language: str) -> Copies:
        """Return the copies of one language."""
        if language not in self._copies:
            self._copies[language] = Copies()
        return self._copies[language]

    def links(self, language: str) -> Links:
        """Return what decides on the links between articles of one language."""
        if language not in self._links:
            self._links[language] = Links(
                self.near_duplicates(language),
                self.stories(language),
                self.copies(language),
                self.containment,
                self.window,
            )
        return self._links[language]


def deduplicate(article: Article, remembered: Remembered, now: datetime) -> Decision:
    """Decide whether an article copies an earlier one, and which story it belongs to.

    An article is never its own duplicate: the same revision again gives the same document again. A later revision keeps
    its story, and its original as long as it is like it. Nothing is linked to what was withdrawn. ``now`` is not used:
    time is the log's own.
    """
    language = language_of(article)
    near_duplicates = remembered.near_duplicates(language)
    before = near_duplicates.get(article.id)
    if before is not None and before.revision >= article.revision and before.version == SKETCH_VERSION:
        return Decision(outcome=_outcome(before), emit=(_document(article, before),))
    seen = article.seen.timestamp()
    made = remembered.sketch(article)
    links = remembered.links(language)
    parted: list[Parted] = []
    # What is much longer than what it was linked to can itself be copied in parts that the other lacks.
    linkable = True
    if before is None or (before.duplicate_of is not None and not links.lasts(article, made, before)):
        found, others = links.find(article, made)
        original = found.original if found is not None else None
        story = found.story if found is not None else None
        joined = remembered.stories(language).join(article, story, made, but=others)
        linkable = found is None or found.is_part
    else:
        original, joined = before.duplicate_of, StoryDecision(before.story)
        if original is not None:
            linkable = links.is_linkable(article.id)
        elif not article.withdrawn:
            parted = links.parted_from(article, made, joined.story)
    fact = SketchFact(
        version=SKETCH_VERSION,
        order=near_duplicates.latest + 1,
        seen=seen,
        revision=article.revision,
        duplicate_of=original,
        story=joined.story,
        sketch=None if article.withdrawn else made if linkable else Sketch(made.content),
        source=source_hash(article),
    )
    facts = [*joined.facts, *_expired(remembered, language, article.id, seen - remembered.window)]
    for each in parted:
        # The stories' facts go first: what a crash leaves half written is then found and finished.
        # Its own fact goes before the copy's, without which it would not be found again.
        facts += [*each.story_facts, *reversed(_article_facts(remembered, language, each.article, each.fact))]
    facts += _article_facts(remembered, language, article, fact)
    documents = (_document(article, fact), *(_document(each.article, each.fact) for each in parted))
    return Decision(outcome=_outcome(fact), emit=documents, facts=tuple(facts))


def language_of(article: Article) -> str:
    """Return the language that an article is remembered under."""
    return article.language or "und"


def forget(remembered: Remembered, before: datetime, limit: int) -> tuple[Fact, ...]:
    """Return what removes some of the facts of articles seen before a moment, and of stories none came to since."""
    facts: list[Fact] = []
    for language in remembered.languages():
        old = remembered.near_duplicates(language).expired(before.timestamp(), limit - len(facts))
        facts += _removed(remembered, language, old)
        facts += remembered.stories(language).untouched(before.timestamp(), limit - len(facts))
        if len(facts) >= limit:
            break
    return tuple(facts)


def _expired(remembered: Remembered, language: str, but: str, since: float) -> list[Fact]:
    """Forget what is older than the window, all ``but`` one article, a bounded number at a time."""
    old = remembered.near_duplicates(language).expired(since, EXPIRE_AT_ONCE, READ_AGAIN_MAX)
    return _removed(remembered, language, [key for key in old if key != but]) if old else []


def _removed(remembered: Remembered, language: str, keys: Sequence[str]) -> list[Fact]:
    copies = remembered.copies(language)
    facts = [Fact(key=copy_key(language, key), value=None) for key in keys if key in copies]
    return [*facts, *(Fact(key=f"{language} {key}", value=None) for key in keys)]


def _article_facts(remembered: Remembered, language: str, article: Article, fact: SketchFact) -> list[Fact]:
    """Return the facts of one article, the one that ends its decision last."""
    copies = remembered.copies(language)
    facts = []
    kept = copies.kept(article, fact.duplicate_of) if fact.duplicate_of is not None else None
    if kept is not None or article.id in copies:
        facts.append(Fact(key=copy_key(language, article.id), value=kept))
    facts.append(Fact(key=f"{language} {article.id}", value=_ENCODER.encode(fact)))
    return facts


def _outcome(fact: SketchFact) -> str:
    return "duplicate" if fact.duplicate_of else "original"


def _document(article: Article, fact: SketchFact) -> Document:
    return as_document(article, duplicate_of=fact.duplicate_of, **story_fields(fact.story))
