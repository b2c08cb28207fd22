"""Wire the answers about a running process: metrics, health and readiness."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.config import Settings
from pipeline.errors import UsageError
from pipeline.plain_words import os_words
from pipeline.wiring.stores import Store, clock, store

if TYPE_CHECKING:
    from pipeline.runners.answering import Answering
    from pipeline.runners.measures import Measures
    from pipeline.services.samples import Samples

# What of the queues each role works on; without an entry, all of them.
_READERS = {"connect": (), "notify": ("notify",), "index": ("index",)}


@contextmanager
def serving(settings: Settings, role: str, measures: Measures) -> Iterator[None]:
    """Answer about this process in a thread of its own for as long as the block runs, if the settings ask for it.

    Raises ``UsageError`` where the address cannot be listened on.
    """
    if settings.metrics.listen == "off":
        yield
        return
    stop, ready = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            # Connections of its own: none is shared with the threads that work.
            with store(settings) as opened:
                answering = listening(opened, role, measures)
                ready.set()
                answering.run(stop)
        except BaseException as exc:  # noqa: BLE001 - raised where it is waited for
            failures.append(exc)
            ready.set()

    thread = threading.Thread(target=work, name="metrics", daemon=True)
    thread.start()
    ready.wait()
    if failures:
        raise failures[0]
    try:
        yield
    finally:
        stop.set()
        thread.join(5.0)


def listening(opened: Store, role: str, measures: Measures) -> Answering:
    """Return what answers about a process that has a role, already listening."""
    from pipeline.adapters.prometheus.text import written
    from pipeline.metrics import OUTCOMES, READY, STAGE_ERRORS, STAGE_RECORDS, STAGE_SECONDS
    from pipeline.runners.answering import Answering, Readiness
    from pipeline.services.samples import Sample

    settings = opened.settings
    found = samples(opened, role)

    def waiting() -> int:
        opened.ledger.waiting(clock())  # the ledger answers
        return found.waiting()

    readiness = Readiness(waiting, measures.moves, settings.metrics.ready_after_s)

    def own() -> Iterator[Sample]:
        for metric, values in (
            (STAGE_RECORDS, measures.records),
            (STAGE_ERRORS, measures.errors),
            (STAGE_SECONDS, measures.seconds),
        ):
            for stage, value in dict(values).items():
                yield metric, (stage,), value
        for outcome, count in dict(measures.outcomes()).items():
            yield OUTCOMES, (outcome,), count

    def text() -> bytes:
        ready: Sample = (READY, (), float(readiness.reason() is None))
        return written([ready, *own(), *found.now()], measures.latencies, measures.latency_sum)

    host, _, port = settings.metrics.listen.rpartition(":")
    try:
        return Answering(host.strip("[]"), int(port), text, readiness.reason)
    except (OSError, OverflowError) as exc:
        why = os_words(exc) if isinstance(exc, OSError) else "there is no such port"
        raise UsageError(f"metrics.listen: {settings.metrics.listen} cannot be listened on: {why}.") from exc


def samples(opened: Store, role: str) -> Samples:
    """Wire what is measured of the whole; the queues are those that the role works on."""
    from pipeline.services.samples import Samples
    from pipeline.wiring import services

    readers = _READERS.get(role)
    queues = [queue for queue in services.queues(opened.settings) if readers is None or queue[0] in readers]
    return Samples(
        feeds=services.feeds(opened),
        index=opened.index,
        log=opened.log,
        queues=queues,
        deliveries=opened.ledger,
        clock=clock,
        tables={"feeds": opened.feeds, "alerts": opened.rules, "searches": opened.searches, "lists": opened.lists},
        upkeep=opened.upkeep,
        disk_bound=opened.settings.keep.disk_bytes,
        backups=services.backups(opened) if opened.backups is not None else None,
    )
