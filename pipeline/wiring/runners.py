"""Wire what drives the stages, the sink and the notifier."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.config import Settings
from pipeline.errors import UnavailableError
from pipeline.private_files import make_directory
from pipeline.records import learn_types
from pipeline.runners.measures import Measures
from pipeline.runners.stop import stop_signal
from pipeline.runners.trouble import Trouble
from pipeline.topics import FEEDS, RULES, TOPICS, WORKER_GROUP
from pipeline.wiring.connectors import poll_until, polling
from pipeline.wiring.metrics import serving
from pipeline.wiring.reading import WORKERS_READERS, reading
from pipeline.wiring.server_access import elasticsearch_access, kafka_access
from pipeline.wiring.stores import Store, clock, replaying, store
from pipeline.wiring.upkeep import facts_before, tending

if TYPE_CHECKING:
    from pipeline.adapters.notify.addresses import Channels
    from pipeline.alerts.policy import Limits
    from pipeline.flow import Stage
    from pipeline.ports.readers import Readers
    from pipeline.runners.ahead import Ahead
    from pipeline.runners.embedded import Embedded
    from pipeline.runners.notifier import NotifierLoop
    from pipeline.runners.polling.ingest import Polled

logger = logging.getLogger(__name__)

SWITCH_S = 0.0005
# Of history, what workers get at once when they begin and when they are fast.
FIRST_SLICE = 32
LARGEST_SLICE = 512


def flow(settings: Settings) -> tuple[Stage, ...]:
    """Return the table of stages with the memories set up as configured."""
    from pipeline.flow import configured

    window = timedelta(days=settings.deduplicate.window_days)
    return configured(window=window, similarity=settings.deduplicate.similarity)


def embedded(
    opened: Store,
    facts_before: Callable[[], datetime] | None = None,
    measures: Measures | None = None,
    readers: Readers | None = None,
    *,
    late: bool = False,
) -> Embedded:
    """Wire the embedded runtime to an open store; facts from before a moment are forgotten, if one is given.

    ``readers`` read for events, or it does so itself; with ``late``, only once so much waits that it is worth starting
    them.
    """
    from pipeline.runners.embedded import Embedded
    from pipeline.runners.feeder import Feeder

    # Articles are safe in the log before; what is made of them goes together with the place in it.
    transaction = opened.repeatable or opened.transaction
    return Embedded(
        log=opened.log,
        table=opened.table,
        index=opened.index,
        transaction=transaction,
        clock=clock,
        flow=flow(opened.settings),
        feeder=Feeder(opened.log, transaction=transaction, clock=clock),
        renewal=opened.renewal,
        facts_before=facts_before,
        measures=measures,
        prepared=opened.prepared,
        saved=opened.memories,
        ahead=_ahead(opened, readers, late=late) if readers is not None else None,
    )


def _ahead(opened: Store, readers: Readers, *, late: bool) -> Ahead:
    from pipeline.runners.ahead import Ahead
    from pipeline.runners.embedded import GROUP

    stage = next(stage for stage in flow(opened.settings) if stage.is_apart)
    return Ahead(opened.log, GROUP, stage, readers, clock, late=late)


def channels(settings: Settings, write: Callable[[str], None] | None = None) -> Channels:
    """Return the channels that alerts may be sent to; the terminal is ``write``, or standard output."""
    from pipeline.adapters.notify.addresses import Channels

    return Channels(
        settings.channels,
        allow=settings.notify.allow,
        smtp=settings.notify.smtp,
        proxy=settings.notify.proxy,
        directory=settings.directory / "alerts",
        write=write,
    )


def notifier(
    opened: Store, write: Callable[[str], None] | None = None, measures: Measures | None = None
) -> NotifierLoop:
    """Wire the notifier to an open store, with a reader of the rules of its own."""
    from pipeline.runners.measures import measured
    from pipeline.runners.notifier import NotifierLoop

    return NotifierLoop(
        log=opened.log,
        rules=opened.table(RULES.table),
        ledger=measured(opened.ledger, measures) if measures is not None else opened.ledger,
        index=opened.index,
        channels=channels(opened.settings, write),
        clock=clock,
        transaction=opened.transaction,
        limits=limits(opened.settings),
        keep_withheld=timedelta(days=opened.settings.keep.withheld_days),
    )


def limits(settings: Settings) -> Limits:
    """Return what bounds alerts whose rules say nothing else."""
    from pipeline.alerts.policy import Limits
    from pipeline.moments import duration

    asked = settings.alerts
    return Limits(
        max_age=duration(asked.max_age),
        history=asked.history,
        update_every=duration(asked.update_every),
        cap_per_hour=asked.cap_per_hour,
    )


@contextmanager
def notifying(
    opened: Store,
    write: Callable[[str], None] | None = None,
    measures: Measures | None = None,
    *,
    end_within_s: float = 0.5,
    once: bool = False,
) -> Iterator[None]:
    """Deliver alerts in a thread of its own for as long as the block runs, and what is due when it ends.

    The end is seen within so many seconds. With ``once``, the block ends when all there is has been fetched.
    """
    loop, stop = notifier(opened, write, measures), threading.Event()
    # The notifier waits for sockets and disks many times per message; a busy pipeline gives way to it sooner than the
    # usual 5 ms after each.
    sys.setswitchinterval(SWITCH_S)
    thread = threading.Thread(
        target=loop.run, args=(stop, end_within_s), kwargs={"once": once}, name="notifier", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10.0)


def run_notifier(settings: Settings) -> None:
    """Deliver alerts until SIGTERM or SIGINT."""
    measures = Measures()
    with stop_signal() as stop, store(settings) as opened, serving(settings, "notify", measures):
        notifier(opened, measures=measures).run(stop)


def worker_app(settings: Settings, measures: Measures | None = None) -> Any:
    """Return the Faust app that runs the stages on the configured servers."""
    from pipeline.adapters.kafka.table import KafkaTable
    from pipeline.runners.agents import make_app

    access = kafka_access(settings)
    # Threads of its own serve Kafka; the loop is not to wait for them, nor they for it.
    learn_types()
    sys.setswitchinterval(SWITCH_S)
    make_directory(settings.directory)  # Faust makes its own directory, but not those above
    if (readers := reading(settings, usual=WORKERS_READERS)) is not None:
        atexit.register(readers.close)  # whichever program runs the app
    return make_app(
        servers=settings.kafka,
        access=access.options(),
        flow=flow(settings),
        follow=lambda topic: KafkaTable(settings.kafka, topic.name, prefix=settings.prefix, access=access),
        clock=clock,
        directory=settings.directory,
        prefix=settings.prefix,
        partitions=settings.partitions,
        session_timeout_s=settings.session_timeout_s,
        measures=measures,
        facts_before=facts_before(settings, None),
        readers=readers,
    )


def run_worker(settings: Settings) -> None:
    """Run the stages as Faust agents until SIGTERM or SIGINT; servers that are not there yet are waited for."""
    from pipeline.adapters.kafka.topics import missing_topics
    from pipeline.runners.agents import run

    def look() -> bool:
        if missing := missing_topics(settings.kafka, TOPICS, prefix=settings.prefix, access=kafka_access(settings)):
            raise UnavailableError(f"Kafka at {settings.kafka} lacks {', '.join(missing)}; run `newswire admin setup`.")
        return True

    measures = Measures()
    with serving(settings, "worker", measures):
        # Faust has handlers of its own for signals, once it runs.
        with stop_signal() as stop:
            is_there = Trouble(logger, "the worker").until(look, stop)
        if is_there:
            with feeding(settings):
                run(worker_app(settings, measures))


@contextmanager
def feeding(settings: Settings) -> Iterator[None]:
    """Move history on to the workers, in a thread of its own, for as long as the block runs."""
    from pipeline.adapters.kafka.log import KafkaLog
    from pipeline.runners.feeder import Feeder

    log = KafkaLog(settings.kafka, prefix=settings.prefix, access=kafka_access(settings))
    readers = [(stage.reads.name, WORKER_GROUP) for stage in flow(settings)]
    feeder = Feeder(log, readers, slice_size=FIRST_SLICE, most=LARGEST_SLICE, clock=clock)
    with closing(log), _beside("feeder", feeder.run):
        yield


def run_sink(settings: Settings) -> None:
    """Index what the worker matches by words and what it reads until SIGTERM or SIGINT."""
    from pipeline.runners.sink import Sink

    measures = Measures()
    with (
        stop_signal() as stop,
        store(settings) as opened,
        tending(opened, None),
        serving(settings, "index", measures),
        _indexing_early(settings),
    ):
        Sink(opened.log, opened.index, opened.renewal, measures).run(stop)


@contextmanager
def _indexing_early(settings: Settings) -> Iterator[None]:
    """Index what is not yet read for events, in a thread with connections of its own, for as long as the block runs."""
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
    from pipeline.adapters.kafka.log import KafkaLog
    from pipeline.runners.early_sink import EarlySink

    log = KafkaLog(settings.kafka, prefix=settings.prefix, access=kafka_access(settings))
    index = ElasticsearchIndex(settings.elasticsearch, access=elasticsearch_access(settings), prefix=settings.prefix)
    with closing(index), closing(log), _beside("early index", EarlySink(log, index).run):
        yield


@contextmanager
def _beside(name: str, work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run work in a thread of its own for as long as the block runs, which sets the event that ends it."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5.0)


def rebuild(settings: Settings, into: str | None, progress: Callable[[int], None]) -> tuple[int, list[str]]:
    """Rebuild the index from the articles in the log, or a second one that takes its place when all went well.

    Return how many revisions were written, and a sentence for each that could not be.
    """
    from pipeline.runners.replay import replay
    from pipeline.topics import ARTICLES

    with replaying(settings, into) as (log, index, finish):
        written, failures = replay(log.replay(ARTICLES.name), flow(settings), index, clock, progress)
        if not failures:
            finish()
    return written, failures


def run_connector(settings: Settings, *, once: bool, report: Callable[[Polled], None]) -> None:
    """Poll feeds and publish to Kafka until SIGTERM or SIGINT, or all feeds for one round.

    Connectors that run at the same time share the feeds between them.
    """
    from pipeline.adapters.kafka.shares import KafkaShares

    async def work() -> None:
        if once:
            async with polling(opened, report) as ingest:
                await poll_until(stop, ingest, once=True)
            return
        shared = KafkaShares(
            settings.kafka, FEEDS.name, "connect", prefix=settings.prefix, access=kafka_access(settings)
        )
        with shared as shares:
            async with polling(opened, report, shares.mine) as ingest:
                await poll_until(stop, ingest, once=False)

    with stop_signal() as stop, store(settings) as opened, serving(settings, "connect", Measures()):
        asyncio.run(work())
