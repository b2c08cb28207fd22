"""Wire the embedded runtime of one process: files and feeds in, the stages and the notifier beside them."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING

import msgspec

from pipeline.records import learn_types
from pipeline.runners.measures import Measures
from pipeline.runners.stop import stop_signal
from pipeline.wiring import connectors, runners, upkeep
from pipeline.wiring.metrics import serving
from pipeline.wiring.reading import readers_beside_up, reading
from pipeline.wiring.stores import Store, clock

if TYPE_CHECKING:
    from pipeline.model import Article, Document
    from pipeline.runners.batch import Outcome
    from pipeline.runners.embedded import Embedded
    from pipeline.runners.polling.ingest import Polled

PROGRESS_S = 5.0
SUMMARY_S = 60.0
ENDS_S = 0.5
ONCE_ENDS_S = 0.1
_log = logging.getLogger("newswire.pipeline")


def publish(opened: Store, articles: Iterable[Article], *, once: bool = True) -> int:
    """Append articles to the log; return how many. Of many, those that are old are found when this returns.

    Unless there is but one round, feeds wait to be polled: then the first of them are.
    """
    from pipeline.runners.polling.publishing import publish
    from pipeline.wiring.backfill import MOST_FIRST, WORTH_IT, backfill

    source = iter(articles)
    first = list(islice(source, WORTH_IT))
    if len(first) < WORTH_IT or opened.finish_all is None:
        return publish(chain(first, source), opened.log)
    return backfill(opened, chain(first, source), None if once else MOST_FIRST)


def queued(opened: Store) -> Sequence[str]:
    """Return the channels with alerts that wait to be sent, now or later."""
    return opened.ledger.waiting(datetime.max.replace(tzinfo=UTC))


def has_work(opened: Store, *, once: bool) -> bool:
    """Tell whether there is something to do for who follows nothing: alerts to be sent, or for one round articles."""
    from pipeline.topics import ARTICLES

    if queued(opened):
        return True
    return once and next(iter(opened.log.replay(ARTICLES.name)), None) is not None


def add_demo(opened: Store) -> bool:
    """Keep the alerts of the demonstration and publish its articles; tell whether they are new to the store."""
    from pipeline import demo
    from pipeline.model import AlertRule, derive_id

    now = clock()
    for name, query in demo.ALERTS:
        rule = AlertRule(id=derive_id("rule", name), name=name, query=query, created=now, channels=("terminal",))
        opened.rules.put(rule.id, msgspec.json.encode(rule))
    articles = demo.articles(now)
    if opened.index.get(articles[0].id) is not None:
        return False  # shown before; a second time, all of it would be revised
    publish(opened, [*articles, *demo.revisions(now)])
    return True


def with_tour(
    opened: Store, show: Callable[[Document], None], write: Callable[[str], None]
) -> Callable[[Document], None]:
    """Return what shows documents, and after the last of the demonstration's where one of each kind is to be seen."""
    from pipeline import demo

    left = demo.count()

    def shown(document: Document) -> None:
        nonlocal left
        show(document)
        left -= 1
        if left == 0:
            tell_tour(opened, write)

    return shown


def with_history_hint(
    opened: Store, show: Callable[[Document], None], write: Callable[[str], None]
) -> Callable[[Document], None]:
    """Return what shows documents, and says once why alerts keep silent about what was there before."""
    told = False

    def shown(document: Document) -> None:
        nonlocal told
        show(document)
        if document.history and not told:
            told = True
            if next(iter(opened.rules.items()), None) is not None:
                write(
                    "What was in a feed before you followed it is found, and alerts nobody; see --alert-history,"
                    " and `newswire alert test NAME` for what it would have told."
                )

    return shown


def tell_tour(opened: Store, write: Callable[[str], None]) -> None:
    """Say where one of each kind is to be seen."""
    from pipeline import demo
    from pipeline.views.tour import tour_lines
    from pipeline.wiring import services

    articles = services.articles(opened)
    documents = articles.search(articles.request(None, limit=200, copies=True)).documents
    for line in tour_lines(documents, [name for name, _ in demo.ALERTS], opened.settings.directory):
        write(line)


class Session:
    """Run the pipeline and the notifier in threads beside the polling loop, and end them together.

    ``show`` gets each new document, ``bury`` why a record was given up on, ``report`` how each poll went, ``write``
    the alerts for the terminal, which is standard output without it. ``progress`` is told now and then how many older
    articles wait, ``draw`` after each batch what came out since the start, and ``sum_up`` once a minute what came out
    meanwhile.
    """

    def __init__(
        self,
        opened: Store,
        *,
        once: bool,
        show: Callable[[Document], None],
        bury: Callable[[str | None], None],
        report: Callable[[Polled], None],
        write: Callable[[str], None] | None,
        progress: Callable[[int], None] = lambda waiting: None,
        draw: Callable[[Mapping[str, int], int], None] = lambda counts, waiting: None,
        sum_up: Callable[[Mapping[str, int], int], None] = lambda counts, waiting: None,
    ) -> None:
        self._draw = draw
        self._counts: Counter[str] = Counter()
        self._progress = progress
        self._counted_at = -PROGRESS_S
        self._store = opened
        self._once = once
        self._show = show
        self._bury = bury
        self._report = report
        self._write = write
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._summary = _Summary(sum_up)

    def run(self) -> Mapping[str, int]:
        """Poll; return the counts of outcomes when one round is over and all is done, or when told to stop."""
        import pipeline.runners.polling.ingest  # noqa: F401 - its records must be known before threads start

        pruning = upkeep.pruner(self._store)
        settings, measures = self._store.settings, Measures()
        readers = reading(settings, usual=readers_beside_up())
        facts_before = upkeep.facts_before(settings, pruning)
        embedded = runners.embedded(self._store, facts_before, measures, readers, late=self._once)
        # Who asked for one round waits for its end; otherwise nobody is to look as often.
        ends = ONCE_ENDS_S if self._once else ENDS_S
        notifying = runners.notifying(self._store, self._write, measures, end_within_s=ends, once=self._once)
        learn_types()
        with (
            stop_signal() as self._stopping,
            closing(readers) if readers is not None else nullcontext(),
            # One round ends sooner without what it may not need.
            nullcontext() if self._once else embedded.loading.beside(self._stopping),
            notifying,
            upkeep.tending(self._store, pruning),
            serving(settings, "up", measures),
        ):
            worker = threading.Thread(target=self._work, args=(embedded,), name="pipeline")
            worker.start()
            try:
                asyncio.run(self._poll())
            finally:
                self._stopping.set()
                worker.join()
        if self._failure is not None:
            raise self._failure
        return embedded.counts

    def _work(self, embedded: Embedded) -> None:
        """Run batches until told to stop, then until nothing is left."""
        try:
            embedded.run(self._stopping, self._tell, finish=self._once, between=self._count)
        except BaseException as exc:  # noqa: BLE001 - it is raised again in the main thread
            self._failure = exc
            self._stopping.set()

    def _count(self, waiting: int) -> None:
        self._summary.step(waiting)
        self._draw(self._counts, waiting)
        # Whichever thread met it: what is damaged now will not be whole later.
        if (damage := self._store.damage()) is not None:
            raise damage
        if time.monotonic() - self._counted_at >= PROGRESS_S:
            self._counted_at = time.monotonic()
            self._progress(waiting)

    def _tell(self, outcome: Outcome) -> None:
        from pipeline.runners.batch import WAITING

        if outcome.kind == WAITING:
            return  # it comes again, and is told of then
        self._summary.add(outcome.kind)
        self._counts[outcome.kind] += 1
        _log.info("%s", outcome.kind, extra={"fields": _fields(outcome)})
        if outcome.error is not None:
            self._bury(outcome.error)
        elif outcome.document is not None:
            self._show(outcome.document)

    async def _poll(self) -> None:
        async with connectors.polling(self._store, self._report) as ingest:
            await connectors.poll_until(self._stopping, ingest, once=self._once)


def _fields(outcome: Outcome) -> dict[str, object]:
    """Return what a log says of one outcome."""
    if outcome.document is not None:
        return {"article": outcome.document.id, "source": outcome.document.source}
    return {"error": outcome.error.strip().rpartition("\n")[2]} if outcome.error else {}


class _Summary:
    """Write one line a minute about what came out meanwhile, if anything did."""

    def __init__(self, tell: Callable[[Mapping[str, int], int], None]) -> None:
        self._tell = tell
        self._counts: Counter[str] = Counter()
        self._since = time.monotonic()

    def add(self, kind: str) -> None:
        """Count an outcome."""
        self._counts[kind] += 1

    def step(self, waiting: int) -> None:
        """Write the line if it is time."""
        seconds = time.monotonic() - self._since
        if seconds < SUMMARY_S:
            return
        if self._counts:
            fields: dict[str, object] = {"seconds": round(seconds), "waiting": waiting, **self._counts}
            _log.info("summary", extra={"fields": fields})
            self._tell(self._counts, waiting)
        self._counts.clear()
        self._since = time.monotonic()
