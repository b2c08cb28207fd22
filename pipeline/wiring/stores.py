"""Open the stores that the settings name."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
)
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline import private_files
from pipeline.config import Settings
from pipeline.errors import DamagedError, NewswireError, UnavailableError, UsageError
from pipeline.model import Article
from pipeline.plain_words import os_words
from pipeline.ports.alerts import Ledger
from pipeline.ports.arrivals import Arrivals
from pipeline.ports.backups import BackupPlace
from pipeline.ports.events import Events
from pipeline.ports.feed_counts import FeedCounts
from pipeline.ports.log import CountingLog, Log
from pipeline.ports.marks import Marks
from pipeline.ports.memories import SavedMemories
from pipeline.ports.prepared import Prepared
from pipeline.ports.records import KeptRecords
from pipeline.ports.revisions import Revisions
from pipeline.ports.search import Renewal, SearchIndex
from pipeline.ports.stories import Stories
from pipeline.ports.table import Table, Transaction
from pipeline.ports.upkeep import Upkeep
from pipeline.topics import (
    ACCESS,
    FACTS,
    FEEDS,
    LISTS,
    POLLS,
    PREFIX,
    PUSHES,
    RECENT,
    RULES,
    SEARCHES,
    TOPICS,
)
from pipeline.wiring.server_access import elasticsearch_access, kafka_access, topics_kept

if TYPE_CHECKING:
    from pipeline.adapters.sqlite.database import Database


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the open ports of one runtime. Those that may be ``None`` are the servers' own business where they are."""

    settings: Settings
    log: CountingLog
    index: SearchIndex
    renewal: Renewal
    arrivals: Arrivals
    stories: Stories
    events: Events
    records: KeptRecords | None
    upkeep: Upkeep | None
    backups: BackupPlace | None
    revisions: Revisions
    marks: Marks
    feed_counts: FeedCounts
    ledger: Ledger
    table: Callable[[str], Table]
    feeds: Table
    polls: Table
    pushes: Table
    recent: Table
    rules: Table
    searches: Table
    lists: Table
    access: Table
    transaction: Transaction
    memories: SavedMemories | None = None
    # Waits for no disk: for what is made of what is safe, together with the place up to which that was done.
    repeatable: Transaction | None = None
    damage: Callable[[], DamagedError | None]
    prepared: Prepared | None = None
    finish: Callable[[Article], bytes] | None = None
    # The same of records of articles that wait, whether they are history or not.
    finish_all: Callable[[Sequence[bytes]], list[bytes]] | None = None


class _Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the ports that read one set of documents."""

    index: SearchIndex
    renewal: Renewal
    arrivals: Arrivals
    stories: Stories
    events: Events
    revisions: Revisions
    marks: Marks
    feed_counts: FeedCounts
    records: KeptRecords | None = None
    upkeep: Upkeep | None = None
    backups: BackupPlace | None = None


@contextmanager
def store(settings: Settings, *, reading: bool = False) -> Iterator[Store]:
    """Open the store that the settings name. Raises ``UnavailableError``.

    Who is only ``reading`` is given an empty one where there is none, and one that may not be written to as it is.
    """
    with ExitStack() as stack:
        if settings.runtime == "embedded":
            yield _embedded_store(settings, stack, reading=reading)
        else:
            yield _distributed_store(settings, stack)


def exists(settings: Settings) -> bool:
    """Tell whether there is a store; servers are there or away, and say so themselves."""
    if settings.runtime != "embedded":
        return True
    path = settings.directory / "newswire.db"
    return path.exists() and path.stat().st_size > 0


@contextmanager
def database(settings: Settings, *, reading: bool = False) -> Iterator[Database]:
    """Open the embedded store's file alone."""
    from pipeline.adapters.sqlite.damage import explained
    from pipeline.adapters.sqlite.database import Database

    path = settings.directory / "newswire.db"
    if reading and not exists(settings):
        with Database(":memory:") as opened:
            yield opened
        return
    if not (reading and path.exists()):
        _make_private(path)
    with explained(path), _opened(path, reading=reading) as opened:
        yield opened


def _opened(path: Path, *, reading: bool) -> Database:
    """Open a store; for reading also where nothing can be written, as the disk allows no more or is full."""
    from pipeline.adapters.sqlite.damage import has_no_room
    from pipeline.adapters.sqlite.database import Database

    if not reading or _is_writable(path):
        try:
            return Database(path).open()
        except NewswireError as exc:
            if not (reading and has_no_room(exc)):
                raise
    return Database(path, read_only=True).open()


@contextmanager
def replaying(settings: Settings, into: str | None) -> Iterator[tuple[Log, SearchIndex, Callable[[], None]]]:
    """Open the log to replay, the index to write to, and what to call when all is written.

    Raises ``UsageError`` when ``up`` runs on the store, or for ``into`` without Elasticsearch.
    """
    if settings.runtime == "embedded":
        if into is not None:
            raise UsageError("--into builds a second Elasticsearch index; the embedded store is rebuilt in place.")
        with run_lock(settings), store(settings) as opened:
            yield opened.log, opened.index, lambda: None
        return
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex

    with store(settings) as opened:
        if into is None:
            yield opened.log, opened.index, lambda: None
            return
        assert isinstance(opened.index, ElasticsearchIndex)
        shadow = opened.index.shadow(into)
        yield opened.log, shadow, shadow.promote


def backup_directory(settings: Settings) -> Path:
    """Return where backups are kept."""
    asked = settings.backup.directory
    return Path(asked).expanduser() if asked else settings.directory / "backups"


def run_lock(settings: Settings) -> AbstractContextManager[object]:
    """Return the lock that lets one process at a time run the pipeline on a store."""
    from pipeline.adapters.sqlite.database import RunLock

    path = settings.directory / "up.lock"
    _make_private(path)
    return RunLock(path)


def is_running(settings: Settings) -> bool:
    """Tell whether ``newswire up`` runs on the store, as far as one may know who may not write there."""
    from pipeline.adapters.sqlite.database import RunLock

    if not (settings.directory / "up.lock").exists():
        return False
    try:
        with RunLock(settings.directory / "up.lock"):
            return False
    except UsageError:
        return True
    except UnavailableError:
        return False


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _make_private(path: Path) -> None:
    """Make a file of the data directory where there is none; what it will hold is nobody else's business."""
    try:
        private_files.make_directory(path.parent)
        private_files.create(path)
    except OSError as exc:
        raise UnavailableError(
            f"The data directory {path.parent} cannot be used: {os_words(exc)}; see to it, or name another by --data."
        ) from exc


def set_up_servers(settings: Settings) -> list[str]:
    """Create what the distributed runtime needs on its servers; return one line per thing. Safe to repeat."""
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
    from pipeline.adapters.kafka.topics import create_topics
    from pipeline.flow import changelogs

    created = create_topics(
        settings.kafka,
        [*TOPICS, *changelogs()],
        prefix=settings.prefix,
        partitions=settings.partitions,
        keep=topics_kept(settings),
        access=kafka_access(settings),
    )
    index = ElasticsearchIndex(settings.elasticsearch, access=elasticsearch_access(settings), prefix=settings.prefix)
    index.setup()
    index.close()
    return [f"topic {name}" for name in created] + [f"index {settings.prefix}newswire"]


def clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def _embedded_store(settings: Settings, stack: ExitStack, *, reading: bool = False) -> Store:
    from pipeline.adapters.sqlite.arrivals import SqliteArrivals
    from pipeline.adapters.sqlite.backups import SqliteBackups
    from pipeline.adapters.sqlite.events import SqliteEvents
    from pipeline.adapters.sqlite.feed_counts import SqliteFeedCounts
    from pipeline.adapters.sqlite.index import SqliteIndex
    from pipeline.adapters.sqlite.ledger import SqliteLedger
    from pipeline.adapters.sqlite.log import SqliteLog
    from pipeline.adapters.sqlite.marks import SqliteMarks
    from pipeline.adapters.sqlite.memories import SqliteMemories
    from pipeline.adapters.sqlite.prepared import SqlitePrepared, prepare, prepare_all
    from pipeline.adapters.sqlite.records import SqliteRecords
    from pipeline.adapters.sqlite.revisions import SqliteRevisions
    from pipeline.adapters.sqlite.stories import SqliteStories
    from pipeline.adapters.sqlite.table import SqliteTable
    from pipeline.adapters.sqlite.upkeep import SqliteUpkeep
    from pipeline.stages.identify.stage import preview

    opened = stack.enter_context(database(settings, reading=reading))
    prepared = SqlitePrepared()
    index = SqliteIndex(opened, settings.keep.revisions, prepared)
    stories = SqliteStories(opened, index)
    ports = _Reading(
        index=index,
        renewal=index,
        arrivals=SqliteArrivals(opened, index),
        stories=stories,
        events=SqliteEvents(opened, index, stories),
        revisions=SqliteRevisions(opened),
        records=SqliteRecords(opened),
        upkeep=SqliteUpkeep(opened),
        backups=SqliteBackups(opened, backup_directory(settings)),
        marks=SqliteMarks(opened),
        feed_counts=SqliteFeedCounts(opened),
    )

    def table(name: str) -> SqliteTable:
        # Nobody asks for the changes of facts: what is removed of them leaves nothing behind.
        return SqliteTable(opened, name, followed=not name.startswith(FACTS))

    ledger = SqliteLedger(opened)
    made = _store(settings, SqliteLog(opened, prepared), ports, ledger, table, transaction=opened.transaction)
    return msgspec.structs.replace(
        made, damage=lambda: opened.damage, memories=SqliteMemories(opened), repeatable=opened.repeatable_transaction,
        prepared=prepared, finish=partial(prepare, preview), finish_all=partial(prepare_all, preview),
    )  # fmt: skip


def _distributed_store(settings: Settings, stack: ExitStack) -> Store:
    from pipeline.adapters.elasticsearch.arrivals import ElasticsearchArrivals
    from pipeline.adapters.elasticsearch.events import ElasticsearchEvents
    from pipeline.adapters.elasticsearch.feed_counts import ElasticsearchFeedCounts
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
    from pipeline.adapters.elasticsearch.ledger import ElasticsearchLedger
    from pipeline.adapters.elasticsearch.marks import ElasticsearchMarks
    from pipeline.adapters.elasticsearch.stories import ElasticsearchStories
    from pipeline.adapters.kafka.log import KafkaLog
    from pipeline.adapters.kafka.table import KafkaTable

    log = KafkaLog(settings.kafka, prefix=settings.prefix, access=kafka_access(settings))
    stack.callback(log.close)
    index = ElasticsearchIndex(settings.elasticsearch, access=elasticsearch_access(settings), prefix=settings.prefix)
    stack.callback(index.close)
    stories = ElasticsearchStories(index)
    marks = ElasticsearchMarks(settings.elasticsearch, access=elasticsearch_access(settings), prefix=settings.prefix)
    stack.callback(marks.close)
    reading = _Reading(
        index=index,
        renewal=index,
        arrivals=ElasticsearchArrivals(index),
        stories=stories,
        events=ElasticsearchEvents(index, stories),
        revisions=index.revisions,
        marks=marks,
        feed_counts=ElasticsearchFeedCounts(index, marks),
    )
    ledger = ElasticsearchLedger(settings.elasticsearch, access=elasticsearch_access(settings), prefix=settings.prefix)
    stack.callback(ledger.close)

    def table(name: str) -> Table:
        opened = KafkaTable(settings.kafka, PREFIX + name, prefix=settings.prefix, access=kafka_access(settings))
        stack.callback(opened.close)
        return opened

    turn = threading.RLock()

    @contextmanager
    def one_by_one() -> Iterator[None]:
        """Let the threads of this process change the tables in turn: the servers join no writes."""
        with turn:
            yield

    return _store(settings, log, reading, ledger, table, transaction=one_by_one)


def _store(
    settings: Settings,
    log: CountingLog,
    reading: _Reading,
    ledger: Ledger,
    table: Callable[[str], Table],
    transaction: Transaction,
) -> Store:
    return Store(
        settings=settings,
        log=log,
        index=reading.index,
        renewal=reading.renewal,
        arrivals=reading.arrivals,
        stories=reading.stories,
        events=reading.events,
        revisions=reading.revisions,
        records=reading.records,
        upkeep=reading.upkeep,
        backups=reading.backups,
        marks=reading.marks,
        feed_counts=reading.feed_counts,
        ledger=ledger,
        table=table,
        feeds=table(FEEDS.table),
        polls=table(POLLS.table),
        pushes=table(PUSHES.table),
        recent=table(RECENT.table),
        rules=table(RULES.table),
        searches=table(SEARCHES.table),
        lists=table(LISTS.table),
        access=table(ACCESS.table),
        transaction=transaction,
        damage=lambda: None,
    )
