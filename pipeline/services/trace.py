"""What happened to one article, stage by stage: where it came from, what it was taken for, whom it was told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

import msgspec

from pipeline.language.tokens import tokens_of
from pipeline.model import Article, Document
from pipeline.ports.alerts import Deliveries
from pipeline.ports.clock import Clock
from pipeline.ports.records import KeptRecords
from pipeline.ports.revisions import Revisions
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.ports.table import Table
from pipeline.services.alert_why import Why, explain
from pipeline.services.alerts import stored_rules
from pipeline.services.articles import Articles
from pipeline.services.dead_letters import DeadLetters
from pipeline.topics import ARTICLES

SHOWN = 20


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what one stage did, in words; ``at`` is when, where that is known."""

    stage: str
    words: str
    at: datetime | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Tell the way of an article in order, with the ids of what it copies and the story it is in."""

    id: str
    title: str | None
    url: str | None
    duplicate_of: str | None
    story_id: str | None
    steps: tuple[Step, ...]


class Traces:
    """Follow an article back. ``records`` is ``None`` where the runtime keeps none by article.

    ``similarity`` is the share of words, in the same order, from which on an article is a copy.
    """

    def __init__(
        self,
        *,
        articles: Articles,
        index: SearchIndex,
        rules: Table,
        deliveries: Deliveries,
        dead: DeadLetters,
        clock: Clock,
        similarity: float,
        revisions: Revisions,
        records: KeptRecords | None = None,
        story_size: Callable[[str], int] = lambda story_id: 0,
    ) -> None:
        self._articles = articles
        self._index = index
        self._rules = rules
        self._deliveries = deliveries
        self._dead = dead
        self._clock = clock
        self._similarity = similarity
        self._records = records
        self._revisions = revisions
        self._story_size = story_size

    def of(self, name: str) -> Trace | None:
        """Tell what happened to the article with an id, its beginning or an address; ``None`` if nothing is known."""
        document = self._articles.find(name)
        article_id = document.id if document is not None else name
        came = [*self._came(article_id)]
        if not came and document is not None:
            came = [_first_seen(document)]
        steps = [*came, *self._buried(article_id)]
        if document is not None:
            steps += [*self._identified(document), *self._compared(document), *self._read(document)]
            steps += [*self._judged(document)]
        if not steps:
            return None
        return Trace(
            id=article_id,
            title=document.title if document is not None else None,
            url=document.url if document is not None else None,
            duplicate_of=document.duplicate_of if document is not None else None,
            story_id=document.story_id if document is not None else None,
            steps=tuple(steps),
        )

    def _came(self, article_id: str) -> Iterator[Step]:
        """Tell each time that a connector published it, as far as the log goes back."""
        for record in self._records.of(ARTICLES.name, article_id) if self._records is not None else ():
            try:
                article = msgspec.json.decode(record.message.value, type=Article)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                yield Step(stage="fetch", at=record.written, words="came in a form that cannot be read")
                continue
            yield Step(stage="fetch", at=record.written, words=_where_from(article))

    def _buried(self, article_id: str) -> Iterator[Step]:
        for letter in self._dead.all():
            if letter.key == article_id:
                reason = letter.headers.get("error", "").strip().rpartition("\n")[2]
                stage = letter.headers.get("stage", "unknown")
                yield Step(stage=stage, words=f"gave up on it: {reason}; `newswire admin dead --replay` tries again")

    def _identified(self, document: Document) -> Iterator[Step]:
        yield Step(stage="identify", at=document.seen, words="is new: nothing with its identity was known")
        revisions = self._revisions.of(document.id)
        for older, newer in zip(reversed(revisions[1:]), [*reversed(revisions[:-1])], strict=True):
            is_taken_back = newer.withdrawn and not older.withdrawn
            what = "was withdrawn" if is_taken_back else "says something else than before"
            yield Step(stage="identify", at=older.until, words=f"revision {newer.revision}: {what}")
        if document.changes:
            parts = ", ".join(dict.fromkeys(change.part for change in document.changes))
            yield Step(stage="identify", words=f"revision {document.revision} changed its {parts}")

    def _compared(self, document: Document) -> Iterator[Step]:
        bound = f"{self._similarity:.0%} make a copy"
        if document.duplicate_of is not None:
            original = self._index.get(document.duplicate_of)
            alike = f", {likeness(document, original):.0%} of its words in the same order" if original else ""
            title = (
                f" ({original.title}, {original.source})" if original is not None else ", which is not kept any more"
            )
            yield Step(stage="deduplicate", words=f"copies {document.duplicate_of[:8]}{title}{alike}; {bound}")
        else:
            yield Step(stage="deduplicate", words=self._nearest(document, bound))
        if document.copies:
            yield Step(stage="deduplicate", words=_copies(len(document.copies)))
        if document.story_id is not None:
            size = self._story_size(document.story_id)
            others = f", with {size:,} articles" if size > 1 else ", alone so far"
            yield Step(stage="deduplicate", words=f"belongs to story {document.story_id[:8]}{others}")

    def _nearest(self, document: Document, bound: str) -> str:
        request = SearchRequest(query=None, now=self._clock(), limit=SHOWN, copies=True)
        others = [each for each in self._index.similar(document, request).documents if each.id != document.id]
        if not others:
            return "is no copy: nothing like it is known"
        nearest = max(others, key=lambda each: likeness(document, each))
        share = likeness(document, nearest)
        return f"is no copy: the most alike is {nearest.id[:8]} ({nearest.title}), {share:.0%}; {bound}"

    def _read(self, document: Document) -> Iterator[Step]:
        found = ", ".join(
            f"{len(values):,} {name if len(values) != 1 else name[:-1]}"
            for name, values in (
                ("events", document.events),
                ("quotations", document.quotations),
                ("dates", document.dates),
                ("names", document.entities),
            )
            if values
        )
        language = f" in {document.language}" if document.language else ", of unknown language"
        yield Step(stage="extract", words=f"read{language}: {found or 'nothing found'}")

    def _judged(self, document: Document) -> Iterator[Step]:
        rules = list(stored_rules(self._rules))
        if not rules:
            yield Step(stage="match", words="no alert was there to match")
        for rule in rules:
            try:
                why = explain(rule, document, self._deliveries, self._clock())
            except Exception as exc:  # noqa: BLE001 - a rule that cannot be read hides nothing about the others
                yield Step(stage="match", words=f"{rule.name} could not be asked: {exc}")
                continue
            yield from _alert_steps(why)


def _copies(number: int) -> str:
    return "a copy of it came" if number == 1 else f"{number:,} copies of it came"


def _where_from(article: Article) -> str:
    kind = "of its page" if article.full_text else "of the feed"
    history = "; its feed had it before it was followed" if article.history else ""
    return f"came from {article.feed or article.source}, with the text {kind}{history}"


def _first_seen(document: Document) -> Step:
    """Tell of an article whose record is past its time, or kept by nobody by its id, as Kafka keeps none."""
    return Step(stage="fetch", at=document.seen, words=_where_from(document))


def _alert_steps(why: Why) -> Iterator[Step]:
    if why.matches:
        yield Step(stage="match", words=f"matches {why.rule.name}. {why.words}")
    else:
        missing = [part for part in why.parts if not part.holds]
        # All but one of several parts.
        if len(missing) == 1 < len(why.parts):
            yield Step(stage="match", words=f"just missed {why.rule.name}: not {missing[0].words}")
    for each in why.deliveries:
        reason = f": {each.error}" if each.error else ""
        yield Step(stage="notify", at=each.changed, words=f"{why.rule.name}: {each.state} to {each.channel}{reason}")


def likeness(one: Document, other: Document) -> float:
    """Return the share of the shorter text's pairs of words that the other has, square-rooted: that of words."""
    pairs, others = _pairs(one), _pairs(other)
    least = min(len(pairs), len(others))
    return (len(pairs & others) / least) ** 0.5 if least else 0.0


def _pairs(document: Document) -> set[tuple[str, str]]:
    words = tokens_of(f"{document.title or ''} {document.text or ''}")
    return set(pairwise(words))
