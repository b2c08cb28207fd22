"""The one place where settings become connected parts."""

from __future__ import annotations

import asyncio
import importlib.util
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.config import Settings
from pipeline.errors import UnavailableError, UsageError
from pipeline.ports import Ledger, Log, SearchIndex, Table, Transaction

if TYPE_CHECKING:
    from connectors.http import Fetcher
    from connectors.pages import Pages
    from connectors.parser import Child
    from connectors.site_rules import SiteRules
    from connectors.turns import HostTurns
    from pipeline.adapters.notify.addresses import Channels
    from pipeline.adapters.sqlite.database import Database
    from pipeline.flow import Stage
    from pipeline.runners.embedded import Embedded
    from pipeline.runners.fulltext import FullText
    from pipeline.runners.ingest import Ingest, Polled
    from pipeline.runners.notifier import NotifierLoop
    from pipeline.runners.pushes import Pushes

SWITCH_S = 0.0005


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the open ports of one runtime."""

    settings: Settings
    log: Log
    index: SearchIndex
    ledger: Ledger
    table: Callable[[str], Table]
    feeds: Table
    polls: Table
    pushes: Table
    recent: Table
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


def channels(settings: Settings, write: Callable[[str], None] | None = None) -> Channels:
    """Return the channels that alerts may be sent to; the terminal is ``write``, or standard output."""
    from pipeline.adapters.notify.addresses import Channels

    return Channels(
        settings.channels,
        allow=settings.notify.allow,
        smtp=settings.notify.smtp,
        directory=settings.directory / "alerts",
        write=write,
    )


def notifier(opened: Store, write: Callable[[str], None] | None = None) -> NotifierLoop:
    """Wire the notifier to an open store, with a reader of the rules of its own."""
    from pipeline.runners.notifier import NotifierLoop

    return NotifierLoop(
        log=opened.log,
        rules=opened.table("rules"),
        ledger=opened.ledger,
        index=opened.index,
        channels=channels(opened.settings, write),
        clock=clock,
        transaction=opened.transaction,
    )


@contextmanager
def notifying(opened: Store, write: Callable[[str], None] | None = None) -> Iterator[None]:
    """Deliver alerts in a thread of its own for as long as the block runs, and what is due when it ends."""
    loop, stop = notifier(opened, write), threading.Event()
    # The notifier waits for sockets and disks many times per message; a busy pipeline gives way to it sooner than the
    # usual 5 ms after each.
    sys.setswitchinterval(SWITCH_S)
    thread = threading.Thread(target=loop.run, args=(stop,), name="notifier", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10.0)


def run_notifier(settings: Settings) -> None:
    """Deliver alerts until SIGTERM or SIGINT."""
    stop = stop_signal()
    with store(settings) as opened:
        loop = notifier(opened)
        # The first step tells of a server that is not there; one that goes away later is waited for.
        loop.step()
        loop.run(stop)


def worker_app(settings: Settings) -> Any:
    """Return the Faust app that runs the stages on the configured servers."""
    from pipeline.adapters.kafka import KafkaTable
    from pipeline.runners.agents import make_app

    settings.directory.mkdir(parents=True, exist_ok=True)  # Faust makes its own directory, but not those above
    return make_app(
        servers=settings.kafka,
        flow=flow(settings),
        rules=lambda: KafkaTable(settings.kafka, "news.rules", prefix=settings.prefix),
        clock=clock,
        directory=settings.directory,
        prefix=settings.prefix,
        partitions=settings.partitions,
        session_timeout_s=settings.session_timeout_s,
    )


def run_worker(settings: Settings) -> None:
    """Run the stages as Faust agents until SIGTERM or SIGINT. Raises ``UnavailableError`` before it starts."""
    from pipeline.adapters.kafka import missing_topics
    from pipeline.runners.agents import run

    if missing := missing_topics(settings.kafka, prefix=settings.prefix):
        raise UnavailableError(f"Kafka at {settings.kafka} lacks {', '.join(missing)}; run `newswire admin setup`.")
    run(worker_app(settings))


def run_sink(settings: Settings) -> None:
    """Index what the worker enriches until SIGTERM or SIGINT."""
    from pipeline.runners.sink import Sink

    stop = stop_signal()
    with store(settings) as opened:
        Sink(opened.log, opened.index, stop.wait).run(stop)


def run_connector(settings: Settings, *, once: bool, report: Callable[[Polled], None]) -> None:
    """Poll feeds and publish to Kafka until SIGTERM or SIGINT, or all feeds for one round.

    Connectors that run at the same time share the feeds between them.
    """
    from pipeline.adapters.kafka import KafkaShares

    stop = stop_signal()

    async def work() -> None:
        if once:
            async with polling(opened, report) as ingest:
                await poll_until(stop, ingest, once=True)
            return
        with KafkaShares(settings.kafka, "news.feeds", "connect", prefix=settings.prefix) as shares:
            async with polling(opened, report, shares.mine) as ingest:
                await poll_until(stop, ingest, once=False)

    with store(settings) as opened:
        asyncio.run(work())


def stop_signal() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def set_up_servers(settings: Settings) -> list[str]:
    """Create what the distributed runtime needs on its servers; return one line per thing. Safe to repeat."""
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
    from pipeline.adapters.kafka import create_topics

    created = create_topics(settings.kafka, prefix=settings.prefix, partitions=settings.partitions)
    index = ElasticsearchIndex(settings.elasticsearch, api_key=settings.elasticsearch_api_key, prefix=settings.prefix)
    index.setup()
    index.close()
    return [f"topic {name}" for name in created] + [f"index {settings.prefix}newswire"]


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


def run_lock(settings: Settings) -> AbstractContextManager[object]:
    """Return the lock that lets one process at a time run the pipeline on a store."""
    from pipeline.adapters.sqlite.database import RunLock

    return RunLock(settings.directory / "up.lock")


def fetcher(settings: Settings) -> Fetcher:
    """Make the fetcher that every kind of fetch goes through."""
    from connectors.http import Fetcher

    fetch = settings.fetch
    return Fetcher(
        user_agent=fetch.user_agent,
        allow=fetch.allow,
        timeout_s=fetch.timeout_s,
        max_bytes=fetch.max_bytes,
        concurrency=fetch.concurrency,
    )


@asynccontextmanager
async def polling(
    opened: Store, report: Callable[[Polled], None], mine: Callable[[str], bool] = lambda url: True
) -> AsyncIterator[Ingest]:
    """Wire the polling loop to an open store; ``mine`` tells which feeds this process polls."""
    from connectors.parser import Child, Parser
    from connectors.turns import HostTurns
    from pipeline.runners.gathering import Gathering
    from pipeline.runners.ingest import Ingest
    from pipeline.runners.outcome import Pace

    fetch = opened.settings.fetch
    turns = HostTurns(fetch.per_host)
    with ExitStack() as stack:
        parser = stack.enter_context(closing(Parser()))
        reader = stack.enter_context(closing(Child(fetch.page_deadline_s)))
        async with fetcher(opened.settings) as fetching:
            yield Ingest(
                feeds=opened.feeds,
                polls=opened.polls,
                recent=opened.recent,
                log=opened.log,
                transaction=opened.transaction,
                fetcher=fetching,
                gathering=Gathering(
                    fetcher=fetching,
                    parser=parser,
                    turns=turns,
                    recent=opened.recent,
                    clock=clock,
                    pages=fetch.older_pages,
                ),
                turns=turns,
                clock=clock,
                full_text=full_text(opened.settings, fetching, turns, reader, report),
                pushes=pushes(opened, fetching, turns, report),
                pace=Pace(fetch.min_interval_s, fetch.max_interval_s),
                concurrency=fetch.concurrency,
                report=report,
                mine=mine,
            )


async def poll_until(stop: threading.Event, ingest: Ingest, *, once: bool) -> None:
    """Poll for one round, or on and on, until it is done or ``stop`` is set."""
    stopping = asyncio.Event()
    running = asyncio.create_task(ingest.once() if once else ingest.run(stopping))
    while not stop.is_set() and not running.done():
        await asyncio.sleep(0.1)
    stopping.set()
    if once:
        running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def pushes(opened: Store, fetching: Fetcher, turns: HostTurns, report: Callable[[Polled], None]) -> Pushes | None:
    """Wire what subscribes at hubs; ``None`` where the settings give hubs no address to call.

    Raises ``UsageError`` for an address that cannot be one.
    """
    websub = opened.settings.websub
    if not websub.callback_url:
        return None
    from connectors.http import FetchError, check_scheme
    from pipeline.runners.callbacks import address, listening
    from pipeline.runners.ingest import Polled
    from pipeline.runners.pushes import Pushes

    try:
        check_scheme(websub.callback_url)
    except FetchError as exc:
        raise UsageError(f"callback_url under [websub]: {exc}") from exc
    host, port = address(websub.listen)
    return Pushes(
        table=opened.pushes,
        transaction=opened.transaction,
        fetcher=fetching,
        turns=turns,
        clock=clock,
        base=websub.callback_url,
        listen=partial(listening, host=host, port=port),
        fewer_polls=websub.fewer_polls,
        report=lambda url, error: report(Polled(url=url, error=error)),
    )


def full_text(
    settings: Settings, fetching: Fetcher, turns: HostTurns, reader: Child, report: Callable[[Polled], None]
) -> FullText | None:
    """Wire what fills articles from their pages; ``None`` where the extra ``fulltext`` is not installed."""
    if not has_full_text():
        return None
    from pipeline.runners.fulltext import FullText
    from pipeline.runners.ingest import Polled

    rules = site_rules(settings)
    for error in rules.errors:
        report(Polled(url=str(rules.user_file), error=error))
    return FullText(pages(settings, fetching, turns, reader, rules))


def pages(settings: Settings, fetching: Fetcher, turns: HostTurns, reader: Child, rules: SiteRules) -> Pages:
    """Wire what reads the pages of articles; ``reader`` is the child process that finds the text in them."""
    from connectors.pages import Pages
    from connectors.robots import Robots

    robots = Robots(fetching, settings.fetch.user_agent)
    spacing_s = settings.fetch.page_spacing_s
    return Pages(fetcher=fetching, robots=robots, turns=turns, rules=rules, child=reader, spacing_s=spacing_s)


def site_rules(settings: Settings) -> SiteRules:
    """Read the rules for pages of particular sites: ours, and the user's in the data directory."""
    from connectors.site_rules import USER_FILE, load

    return load(settings.directory / USER_FILE)


def has_full_text() -> bool:
    """Tell whether the extra ``fulltext`` is installed."""
    return all(importlib.util.find_spec(name) for name in ("trafilatura", "protego"))


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
        pushes=table("pushes"),
        recent=table("recent"),
        rules=table("rules"),
        searches=table("searches"),
        transaction=transaction,
    )
