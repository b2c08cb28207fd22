"""The one table of stages: what happens to an article, in order, in both runtimes.

feed -> news.articles -> identify -> news.revisions -> deduplicate -> news.documents -> extract -> news.enriched
     -> match -> news.alerts -> notifier;  news.enriched -> index
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pipeline.model import Alert, Article, Document, Record
from pipeline.ports.log import Message
from pipeline.stages.decision import Decision, Memory, NoMemory
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.stages.extract.stage import extract
from pipeline.stages.identify.stage import Known, identify
from pipeline.stages.match.stage import Rules, match


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """Name a topic, the type of its values and the key that decides which partition a value goes to."""

    name: str
    type: type[Record]
    key: Callable[[Any], str]


def _by_id(article: Article) -> str:
    return article.id


def _by_language(article: Article) -> str:
    return article.language or "und"


def _by_subject(alert: Alert) -> str:
    """Return what keeps a rule's alerts about one story in order: whether one is news depends on those before it."""
    return f"{alert.rule_id} {alert.subject}"


ARTICLES = Topic(name="news.articles", type=Article, key=_by_id)
REVISIONS = Topic(name="news.revisions", type=Article, key=_by_language)
DOCUMENTS = Topic(name="news.documents", type=Document, key=_by_id)
ENRICHED = Topic(name="news.enriched", type=Document, key=_by_id)
ALERTS = Topic(name="news.alerts", type=Alert, key=_by_subject)
RULES = "news.rules"
DEAD = "news.dead"


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Bind a stage function to the topics it stands between and to the memory it needs.

    ``prepare`` may be given the values of a batch before they are decided one by one: it only saves time.
    """

    name: str
    reads: Topic
    writes: Topic
    decide: Callable[[Any, Any, datetime], Decision]
    memory: Callable[[], Memory] = NoMemory
    prepare: Callable[[Any, Sequence[Any]], None] | None = None


IDENTIFY = Stage(name="identify", reads=ARTICLES, writes=REVISIONS, decide=identify, memory=Known)
DEDUPLICATE = Stage(
    name="deduplicate",
    reads=REVISIONS,
    writes=DOCUMENTS,
    decide=deduplicate,
    memory=Remembered,
    prepare=Remembered.expect,
)
EXTRACT = Stage(name="extract", reads=DOCUMENTS, writes=ENRICHED, decide=extract)
MATCH = Stage(name="match", reads=ENRICHED, writes=ALERTS, decide=match, memory=Rules)

FLOW = (IDENTIFY, DEDUPLICATE, EXTRACT, MATCH)


def dead_letter(message: Message, *, stage: str, reason: str, returns_to: str | None) -> Message:
    """Make the record that news.dead keeps of a refused one: its bytes, and who refused it, why and how often.

    ``returns_to`` is the topic that ``admin dead --replay`` puts it back into, if that makes sense at all.
    """
    attempts = int(message.headers.get("attempts", "0")) + 1
    headers = {"stage": stage, "error": reason, "attempts": str(attempts), "topic": returns_to or ""}
    return Message(topic=DEAD, key=message.key, value=message.value, headers=headers)
