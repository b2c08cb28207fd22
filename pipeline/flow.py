"""The one table of stages: what happens to an article, in order, in both runtimes; ``topics`` is its other half.

feed -> news.articles -> identify -> news.revisions -> deduplicate -> news.documents -> match
     -> news.matched -> extract -> news.enriched -> match-read
match, match-read -> news.alerts -> notifier;  news.matched, news.enriched -> index

Words do not wait for events: the rules that ask for words alone are asked before an article is read for events, which
costs more than all the rest, and the others after it. A rule is asked in one place only, so nothing is told twice.

How a runtime treats a stage or a topic is said by its attributes: nothing outside this file
and ``topics`` repeats or compares a name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from pipeline.model import Article
from pipeline.stages.decision import Decision, Fact, Memory, NoMemory
from pipeline.stages.deduplicate.stage import SIMILARITY, WINDOW, Remembered, deduplicate
from pipeline.stages.deduplicate.stage import forget as forget_sketches
from pipeline.stages.extract.stage import LOADS, extract
from pipeline.stages.identify.stage import Known, identify, is_new, preview
from pipeline.stages.identify.stage import forget as forget_versions
from pipeline.stages.match.stage import Rules, match, match_read, match_words
from pipeline.topics import (
    ALERTS,
    ARTICLES,
    DOCUMENTS,
    ENRICHED,
    FACTS,
    MATCHED,
    REVISIONS,
    RULES,
    WORKER_GROUP,
    Stream,
    TableTopic,
    Topic,
)


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Bind a stage function to the topics it stands between and to the memory it needs.

    ``prepare`` is given the values of a batch before they are decided one by one: it only saves time.
    ``preview`` returns what a value that ``is_new`` will be found as when it is decided on.
    ``keeps_facts``: the facts of its decisions are stored and its memory is rebuilt from them.
    ``forget`` returns facts that remove some of those from before a moment, at most so many.
    ``follows``: its memory is made of a table that others write, and shared with the stages that follow it as well.
    ``passes``: where what it reads goes on to, as it came and whatever was decided; what it emits ends its way there.
    ``decide_unpassed`` decides instead of ``decide`` on records that passed no stage on their way, as an earlier
    version sent them: nothing was asked of them before.
    ``pages``: what it emits may reach a person, so a replay leaves it out.
    ``batch``: how many records are taken at a time, fewer where one costs milliseconds.
    ``may_wait``: a batch that is too large to be taken all the way at once waits in front of it.
    ``slow``: all wait in front of it, so that what was decided before is told and found first.
    ``loads``: what its first record would wait for, a second or more, in steps that may be called at any time before.
    ``in_order``: what it decides of one article depends on the others before it, so nothing overtakes what waits.
    """

    name: str
    reads: Stream
    writes: Stream
    decide: Callable[[Any, Any, datetime], Decision]
    memory: Callable[[], Memory] = NoMemory
    prepare: Callable[[Any, Sequence[Any]], None] | None = None
    preview: Callable[[Any], Article] | None = None
    is_new: Callable[[Any, Any], bool] = lambda value, memory: True
    keeps_facts: bool = False
    forget: Callable[[Any, datetime, int], tuple[Fact, ...]] | None = None
    follows: TableTopic | None = None
    passes: Stream | None = None
    decide_unpassed: Callable[[Any, Any, datetime], Decision] | None = None
    pages: bool = False
    batch: int = 64
    may_wait: bool = False
    slow: bool = False
    loads: tuple[Callable[[], object], ...] = ()
    in_order: bool = False

    @property
    def leads_to(self) -> Stream:
        """Return the topic that the next stage reads."""
        return self.passes or self.writes

    @property
    def is_apart(self) -> bool:
        """Tell whether it takes its time and needs nothing but the record: then another process may decide."""
        is_alone = self.memory is NoMemory and self.prepare is None and self.passes is None
        return self.slow and is_alone and not self.reads.indexed

    @property
    def facts(self) -> str:
        """Return the name of the table that holds the stage's facts in the embedded store."""
        return f"{FACTS}{self.name}"

    @property
    def changelog(self) -> str:
        """Return the name of the stage's table in a worker: Kafka's changelog topic is called after it."""
        return f"{self.name}-facts"


IDENTIFY = Stage(
    name="identify",
    reads=ARTICLES,
    writes=REVISIONS,
    decide=identify,
    memory=Known,
    prepare=Known.expect,
    preview=preview,
    is_new=is_new,
    keeps_facts=True,
    forget=forget_versions,
    batch=256,
)
DEDUPLICATE = Stage(
    name="deduplicate",
    reads=REVISIONS,
    writes=DOCUMENTS,
    decide=deduplicate,
    memory=Remembered,
    prepare=Remembered.expect,
    keeps_facts=True,
    forget=forget_sketches,
    batch=256,
    may_wait=True,
    in_order=True,
)
MATCH = Stage(
    name="match",
    reads=DOCUMENTS,
    writes=ALERTS,
    passes=MATCHED,
    decide=match_words,
    memory=Rules,
    follows=RULES,
    pages=True,
)
# Few at a time: fresh articles wait for no more than these.
EXTRACT = Stage(name="extract", reads=MATCHED, writes=ENRICHED, decide=extract, slow=True, batch=4, loads=LOADS)
MATCH_READ = Stage(
    name="match-read",
    reads=ENRICHED,
    writes=ALERTS,
    decide=match_read,
    decide_unpassed=match,
    memory=Rules,
    follows=RULES,
    pages=True,
)

FLOW = (IDENTIFY, DEDUPLICATE, MATCH, EXTRACT, MATCH_READ)


def configured(*, window: timedelta = WINDOW, similarity: float = SIMILARITY) -> tuple[Stage, ...]:
    """Return the stages with copies looked for within ``window``, sharing ``similarity`` of their words (0 to 1)."""
    remembered = partial(Remembered, window=window, similarity=similarity)
    compared = msgspec.structs.replace(DEDUPLICATE, memory=remembered)
    return tuple(compared if stage is DEDUPLICATE else stage for stage in FLOW)


def _as_backfill(article: Article, memory: NoMemory, now: datetime) -> Decision:
    return Decision(outcome="replayed", emit=(msgspec.structs.replace(article, backfill=True),))


def changelogs(flow: Sequence[Stage] = FLOW) -> tuple[Topic, ...]:
    """Return the topics that workers rebuild their facts from, by the names that Faust gives them.

    Faust would make them itself, with one copy each however many brokers there are.
    """
    return tuple(
        Topic(name=f"newswire-{WORKER_GROUP}-{stage.changelog}-changelog", keep=None)
        for stage in flow
        if stage.keeps_facts
    )


AS_BACKFILL = Stage(name="replay", reads=ARTICLES, writes=ARTICLES, decide=_as_backfill)


def replayed(flow: Sequence[Stage]) -> tuple[Stage, ...]:
    """Return the stages that articles pass again in a replay: marked as backfill, and without those that page."""
    return (AS_BACKFILL, *(stage for stage in flow if not stage.pages))
