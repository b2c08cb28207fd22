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
# What a container may use of the machine: microseconds in a period of so many, or "max".
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def reading(settings: Settings, most: int) -> Readers | None:
    """Return the pool that the settings ask for, not started, or ``None`` where the process is to read by itself.

    Where they leave it open it has one process fewer than there are cores, and ``most`` at most.
    """
    asked = settings.extract.processes
    processes = min(cores() - 1, most) if asked < 0 else asked
    if processes <= 0:
        return None
    from pipeline.adapters.reading_pool import ReadingPool
    from pipeline.runners.apart import answer, load

    return ReadingPool(answer, load, processes)


def cores() -> int:
    """Return how many cores this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text("ascii").split()
        return max(1, min(usable, int(quota) // int(period)))
    except (OSError, ValueError):
        return usable
