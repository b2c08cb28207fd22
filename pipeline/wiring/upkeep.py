"""Wire what keeps a store in order while the pipeline runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.config import Settings
from pipeline.wiring.server_access import kafka_access, topics_kept
from pipeline.wiring.stores import Store, clock, database

if TYPE_CHECKING:
    from pipeline.runners.upkeep import Chore
    from pipeline.services.retention import Pruner

# What the servers of the distributed runtime are asked to remove at once, and how often.
SERVERS_EVERY = timedelta(hours=1)
# Telling of what is done sooner than this helps nobody.
TOLD_AFTER_S = 2.0


def pruner(opened: Store) -> Pruner | None:
    """Return what removes what is old from a store, where that is not done by a server."""
    from pipeline.services.retention import Pruner
    from pipeline.wiring.services import kept, spared

    if opened.upkeep is None:
        return None
    return Pruner(kept(opened.settings), opened.upkeep, clock, lambda: spared(opened), opened.transaction)


def facts_before(settings: Settings, pruning: Pruner | None) -> Callable[[], datetime]:
    """Return what tells from when on facts are kept."""
    days = max(settings.keep.facts_days, settings.deduplicate.window_days)

    def before() -> datetime:
        oldest = clock() - timedelta(days=days)
        return max(oldest, pruning.floor) if pruning is not None else oldest

    return before


@contextmanager
def tending(opened: Store, pruning: Pruner | None) -> Iterator[None]:
    """Keep the store in order in a thread of its own for as long as the block runs."""
    from pipeline.runners.upkeep import UpkeepLoop

    stop = threading.Event()
    loop = UpkeepLoop(_chores(opened, pruning))
    thread = threading.Thread(target=loop.run, args=(stop,), name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5.0)


def _chores(opened: Store, pruning: Pruner | None) -> list[Chore]:
    """Return the work that there is: all of it where the store is ours, the servers' settings where it is theirs."""
    from pipeline.runners.upkeep import Chore
    from pipeline.wiring import services

    if pruning is not None:
        chores = [Chore("pruning", pruning.step, pruning.is_too_large)]
    else:
        chores = [Chore("pruning", _Hourly(opened).step)]
    if opened.upkeep is not None:
        # What was removed takes room in the index until its levels are merged: removing yet more makes that no better.
        is_too_large = pruning.is_too_large if pruning is not None else lambda: False
        chores.append(Chore("tidying the store", opened.upkeep.tidy, is_too_large))
    if opened.backups is not None:
        chores.append(Chore("the backup", services.backups(opened).step))
    return chores


class _Hourly:
    """Have Kafka and Elasticsearch keep what the settings say now."""

    def __init__(self, opened: Store) -> None:
        self._opened = opened
        self._due: datetime | None = None

    def step(self) -> bool:
        from pipeline.adapters.kafka.topics import set_retention
        from pipeline.topics import TOPICS
        from pipeline.wiring import services

        if self._due is not None and clock() < self._due:
            return False
        settings = self._opened.settings
        set_retention(
            settings.kafka, TOPICS, topics_kept(settings), prefix=settings.prefix, access=kafka_access(settings)
        )
        services.prune(self._opened)
        self._due = clock() + SERVERS_EVERY
        return False


def make_shrinkable(settings: Settings, tell: Callable[[str], None]) -> None:
    """Rewrite a store of an earlier version once, so that it gives back the room of what is removed.

    ``tell`` is given a sentence when that takes longer, and why it is put off where it is.
    """
    from pipeline.adapters.sqlite import conversion
    from pipeline.errors import TransientError
    from pipeline.views.words import size_words

    path = settings.directory / "newswire.db"
    if not path.exists() or not path.stat().st_size:
        return
    told = 0.0

    def progress(seconds: float) -> None:
        nonlocal told
        if seconds - told >= TOLD_AFTER_S:
            told = seconds
            size = size_words(path.stat().st_size)
            tell(f"The store ({size}) is rewritten once, so that it can shrink from now on: {seconds:.0f} s so far.")

    with database(settings) as opened:
        if conversion.is_shrinkable(opened):
            return
        if missing := conversion.room_missing(opened):
            tell(f"The store cannot shrink until it is rewritten, which needs {size_words(missing)} more free disk.")
            return
        try:
            conversion.make_shrinkable(opened, progress)
        except TransientError as exc:
            tell(f"The store is rewritten at another start, so that it can shrink: {exc}")
