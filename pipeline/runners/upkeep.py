"""Keep a store in order beside everything else: small slices of work, with longer pauses between them.

Nothing here may hold up or end the pipeline: what fails is said once, waited out and tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from pipeline.runners.trouble import Trouble

# Work takes at most a quarter of the time.
SHARE = 3.0
REST_S = 20.0
BREATH_S = 0.05
# As many of what is urgent go before it is the others' turn.
URGENT_SLICES = 5

_log = logging.getLogger("newswire.upkeep")


class Chore(msgspec.Struct, frozen=True):
    """Name a kind of work; ``slice`` does some of it and returns whether there may be more to do now.

    While it ``is_urgent`` it does not leave most of the time to others: what comes would outrun it on a busy machine.
    """

    name: str
    slice: Callable[[], object]
    is_urgent: Callable[[], bool] = lambda: False


class UpkeepLoop:
    """Do the chores in turn, a slice each, until told to stop."""

    def __init__(self, chores: Sequence[Chore], rest_s: float = REST_S) -> None:
        self._chores = [(chore, Trouble(_log, chore.name)) for chore in chores]
        self._rest_s = rest_s

    def run(self, stop: threading.Event) -> None:
        """Work in slices while there is work, and look again after a rest."""
        while not stop.wait(0.0 if self.step(stop) else self._rest_s):
            pass

    def step(self, stop: threading.Event) -> bool:
        """Do a slice of each chore, and more of one that is urgent; tell whether any has more to do now."""
        has_more = False
        for chore, trouble in self._chores:
            for _ in range(URGENT_SLICES):
                if stop.is_set():
                    return False
                started = time.monotonic()
                try:
                    more = bool(chore.slice())
                    urgent = more and chore.is_urgent()
                except Exception as exc:  # noqa: BLE001 - upkeep ends nothing; a bug is told with its trace
                    trouble.wait(exc, stop)
                    break
                trouble.over()
                has_more = has_more or more
                if more:
                    stop.wait(BREATH_S if urgent else max(BREATH_S, (time.monotonic() - started) * SHARE))
                if not urgent:
                    break
        return has_more
