"""Wire the processes that read articles for events beside the one that drives the stages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import Settings

if TYPE_CHECKING:
    from pipeline.ports.readers import Readers

# With more, they wait for the one process that compares, matches and writes what they read.
MOST_READERS = 3
# Beside a worker, on one core as well: in a thread of its own, reading would hold up each step of what words ask for.
# More workers read more.
WORKERS_READERS = 1
# What a container may use of the machine: microseconds in a period of so many, or "max".
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def reading(settings: Settings, *, usual: int) -> Readers | None:
    """Return the pool that the settings ask for, not started, or ``None`` where the process is to read by itself.

    Where they leave it open it has the ``usual`` number of processes.
    """
    asked = settings.extract.processes
    processes = usual if asked < 0 else asked
    if processes <= 0:
        return None
    from pipeline.adapters.reading_pool import ReadingPool
    from pipeline.runners.apart import answer, load

    return ReadingPool(answer, load, processes)


def readers_beside_up() -> int:
    """Return how many processes read beside `up` unless the settings say otherwise: one fewer than there are cores."""
    return min(cores() - 1, MOST_READERS)


def cores() -> int:
    """Return how many cores this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text("ascii").split()
        return max(1, min(usable, int(quota) // int(period)))
    except (OSError, ValueError):
        return usable
