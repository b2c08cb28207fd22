"""How often something is asked whose answers may take long."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Cadence:
    """Ask every ``least_s`` seconds, or up to ``most_s`` where answers take more than a ``share`` of the time."""

    def __init__(self, least_s: float, most_s: float, share: float) -> None:
        self._least_s = least_s
        self._most_s = most_s
        self._share = share
        self._wait_s = 0.0
        self._asked = -math.inf

    def is_due(self) -> bool:
        """Tell whether it is time to ask."""
        return time.monotonic() - self._asked >= self._wait_s

    def hasten(self) -> None:
        """Have it be time to ask."""
        self._wait_s = 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Take the time of an answer."""
        self._asked = time.monotonic()
        self._wait_s = self._least_s
        yield
        self._wait_s = min(max(self._least_s, (time.monotonic() - self._asked) / self._share), self._most_s)
