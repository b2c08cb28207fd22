"""The table of topics: names, keys, types, and how long records are kept. It stands nowhere else.

It is apart from the stages in ``flow`` because every command opens a store, and the stages take half a second to load.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from pipeline.model import Alert, AlertRule, Article, Document, Record
from pipeline.ports.log import Message

PREFIX = "news."
# The name of the workers' Faust app, which is that of their group of readers.
WORKER_GROUP = "worker"
# Begins the names of the tables that hold the facts of stages.
FACTS = "facts."
WEEK, QUARTER = timedelta(days=7), timedelta(days=90)


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """Name a topic and say how long it keeps its records: ``None`` keeps the latest one of each key, for good.

    A topic that is not ``partitioned`` has one partition, however many the others have.
    """

    name: str
    keep: timedelta | None = WEEK
    partitioned: bool = True


class Stream(Topic, frozen=True, kw_only=True):
    """Give the type of a topic's values and the key that decides which partition a value goes to.

    ``indexed`` says that what the topic holds is what the search index holds.
    """

    type: type[Record]
    key: Callable[[Any], str]
    indexed: bool = False


class TableTopic(Topic, frozen=True, kw_only=True):
    """Keep the latest value per key. ``type`` is ``None`` where only the owner of the table opens its values."""

    keep: timedelta | None = None
    partitioned: bool = False
    type: type[Record] | None = None

    @property
    def table(self) -> str:
        """Return the name of the table in the embedded store."""
        return self.name.removeprefix(PREFIX)


def _by_id(article: Article) -> str:
    return article.id


def _by_language(article: Article) -> str:
    return article.language or "und"


def _by_subject(alert: Alert) -> str:
    """Return what keeps a rule's alerts about one story in order: whether one is news depends on those before it."""
    return f"{alert.rule_id} {alert.subject}"


ARTICLES = Stream(name="news.articles", type=Article, key=_by_id, keep=QUARTER)
HISTORY = Stream(name="news.history", type=Article, key=_by_id, keep=QUARTER)
REVISIONS = Stream(name="news.revisions", type=Article, key=_by_language)
DOCUMENTS = Stream(name="news.documents", type=Document, key=_by_id)
MATCHED = Stream(name="news.matched", type=Document, key=_by_id)
ENRICHED = Stream(name="news.enriched", type=Document, key=_by_id, indexed=True)
ALERTS = Stream(name="news.alerts", type=Alert, key=_by_subject)
DEAD = Topic(name="news.dead", keep=QUARTER, partitioned=False)
FEEDS = TableTopic(name="news.feeds", partitioned=True)  # connectors share the feeds by sharing its partitions
POLLS = TableTopic(name="news.polls")
PUSHES = TableTopic(name="news.pushes")
RECENT = TableTopic(name="news.recent")
RULES = TableTopic(name="news.rules", type=AlertRule)
SEARCHES = TableTopic(name="news.searches")
LISTS = TableTopic(name="news.lists")
ACCESS = TableTopic(name="news.access")  # tokens and keys of the web page, hashed where that will do

TOPICS: tuple[Topic, ...] = (
    ARTICLES,
    HISTORY,
    REVISIONS,
    DOCUMENTS,
    MATCHED,
    ENRICHED,
    ALERTS,
    DEAD,
    FEEDS,
    POLLS,
    PUSHES,
    RECENT,
    RULES,
    SEARCHES,
    LISTS,
    ACCESS,
)


class Outlet(msgspec.Struct, frozen=True, kw_only=True):
    """Name what reads a topic without being a stage: the name of its group of readers also signs its dead letters."""

    name: str
    reads: Stream


# What was told of is found at that moment, before it is read for events; what was read takes its place.
EARLY_INDEX = Outlet(name="index-early", reads=MATCHED)
INDEX = Outlet(name="index", reads=ENRICHED)
NOTIFY = Outlet(name="notify", reads=ALERTS)
PARSE = "parse"  # what the connectors sign a dead letter with: an entry of a feed that could not be read


def dead_letter(message: Message, *, stage: str, reason: str, returns_to: str | None) -> Message:
    """Make the record that news.dead keeps of a refused one: its bytes, and who refused it, why and how often.

    ``returns_to`` is the topic that ``admin dead --replay`` puts it back into, if that makes sense at all.
    """
    attempts = int(message.headers.get("attempts", "0")) + 1
    headers = {"stage": stage, "error": reason, "attempts": str(attempts), "topic": returns_to or ""}
    return Message(topic=DEAD.name, key=message.key, value=message.value, headers=headers)
