"""The one judge of all fault runs, outside the system: what the site served and what the webhook received.

Served = indexed once or dead-lettered with a reason; each alerted under one key; a message repeated at most once for
each fault that was injected.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable

import msgspec

from tests.faults.receiver import Receiver
from tests.faults.site import Site

Found = Callable[[], list[str]]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a run came to; ``recovery_s`` is from the end of the last fault to the last article's alert."""

    served: int
    lost: int
    doubled: int
    unalerted: int
    keys_doubled: int
    repeats: int
    faults: int
    recovery_s: float

    @property
    def holds(self) -> bool:
        """Tell whether all promises were kept."""
        return not (self.lost or self.doubled or self.unalerted or self.keys_doubled) and self.repeats <= self.faults


class Oracle:
    """Judge by comparing the two ends."""

    def __init__(self, site: Site, hook: Receiver, found: Found) -> None:
        self._site = site
        self._hook = hook
        self._found = found

    def alerted(self) -> dict[str, Counter[str]]:
        """Return by item how often it was told under each key."""
        told: dict[str, Counter[str]] = defaultdict(Counter)
        for request in list(self._hook.requests):
            for alert in request.json["alerts"]:
                told[alert["article"]["title"].split()[0]][request.key] += 1
        return told

    def wait(self, served: int, seconds: float) -> float:
        """Wait until so many items were served and all of them told; return how long that took."""
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            if len(self._site.served) >= served and self._site.served <= self.alerted().keys():
                break
            time.sleep(0.2)
        return time.monotonic() - started

    def judge(self, faults: int, recovery_s: float) -> Judgement:
        """Compare."""
        deadline = time.monotonic() + 30
        while not self._site.served <= set(self._found()) and time.monotonic() < deadline:
            time.sleep(0.5)
        found, told = Counter(self._found()), self.alerted()
        served = self._site.served
        return Judgement(
            served=len(served),
            lost=len(served - found.keys()),
            doubled=sum(count - 1 for count in found.values()),
            unalerted=len(served - told.keys()),
            keys_doubled=sum(len(keys) - 1 for keys in told.values()),
            repeats=sum(sum(keys.values()) - len(keys) for keys in told.values()),
            faults=faults,
            recovery_s=recovery_s,
        )
