"""The one place where settings become connected parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from pipeline.config import Settings
from pipeline.ports import Ledger, Log, SearchIndex, Table, Transaction

if TYPE_CHECKING:
    from pipeline.adapters.sqlite.database import Database
    from pipeline.flow import Stage
    from pipeline.runners.embedded import Embedded


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the open ports of one runtime."""

    settings: Settings
    log: Log
    index: SearchIndex
    ledger: Ledger
    table: Callable[[str], Table]
    feeds: Table
    polls: Table
    rules: Table
    searches: Table
    transaction: Transaction


@contextmanager
def store(settings: Settings) -> Iterator[Store]:
    """Open the store that the settings name. Raises ``UnavailableError``."""
    with ExitStack() as stack:
        yield (
            _embedded_store(settings, stack) if settings.runtime == "embedded" else _distributed_store(settings, stack)
        )


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """Open the embedded store's file alone."""
    from pipeline.adapters.sqlite.database import Database

    with Database(settings.directory / "newswire.db") as opened:
        yield opened


def flow(settings: Settings) -> tuple[Stage, ...]:
    """Return the table of stages with the memories set up as configured."""
    from pipeline.flow import DEDUPLICATE, FLOW
    from pipeline.stages.deduplicate import Remembered

    window = timedelta(days=settings.deduplicate.window_days)
    remembered = partial(Remembered, window=window, similarity=settings.deduplicate.similarity)
    return tuple(
        msgspec.structs.replace(stage, memory=remembered) if stage.name == DEDUPLICATE.name else stage for stage in FLOW
    )


def embedded(opened: Store) -> Embedded:
    """Wire the embedded runtime to an open store."""
    from pipeline.runners.embedded import Embedded

    return Embedded(
        log=opened.log,
        table=opened.table,
        rules=opened.rules,
        index=opened.index,
        transaction=opened.transaction,
        clock=clock,
        flow=flow(opened.settings),
    )


def clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def _embedded_store(settings: Settings, stack: ExitStack) -> Store:
    from pipeline.adapters.sqlite.index import SqliteIndex
    from pipeline.adapters.sqlite.ledger import SqliteLedger
    from pipeline.adapters.sqlite.log import SqliteLog
    from pipeline.adapters.sqlite.table import SqliteTable

    opened = stack.enter_context(database(settings))
    table = partial(SqliteTable, opened)
    return _store(
        settings, SqliteLog(opened), SqliteIndex(opened), SqliteLedger(opened), table, transaction=opened.transaction
    )


def _distributed_store(settings: Settings, stack: ExitStack) -> Store:
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
    from pipeline.adapters.elasticsearch.ledger import ElasticsearchLedger
    from pipeline.adapters.kafka import KafkaLog, KafkaTable

    log = KafkaLog(settings.kafka, prefix=settings.prefix)
    stack.callback(log.close)
    index = ElasticsearchIndex(settings.elasticsearch, api_key=settings.elasticsearch_api_key, prefix=settings.prefix)
    stack.callback(index.close)
    ledger = ElasticsearchLedger(settings.elasticsearch, api_key=settings.elasticsearch_api_key, prefix=settings.prefix)

    def table(name: str) -> Table:
        opened = KafkaTable(settings.kafka, f"news.{name}", prefix=settings.prefix)
        stack.callback(opened.close)
        return opened

    return _store(settings, log, index, ledger, table, transaction=nullcontext)


def _store(
    settings: Settings,
    log: Log,
    index: SearchIndex,
    ledger: Ledger,
    table: Callable[[str], Table],
    transaction: Transaction,
) -> Store:
    return Store(
        settings=settings,
        log=log,
        index=index,
        ledger=ledger,
        table=table,
        feeds=table("feeds"),
        polls=table("polls"),
        rules=table("rules"),
        searches=table("searches"),
        transaction=transaction,
    )
