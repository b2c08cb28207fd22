"""Wait out what fails: longer each time, said once when it begins and once when it is over, and ended by a stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from pipeline.errors import TransientError, UnavailableError

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 15.0
# What has lasted this long is said again.
AGAIN_S = 600.0
# Somebody who stops a program waits for what is nearly done, not for a server.
STOPPING_WAIT_S = 0.5


Answer = TypeVar("Answer")


class Trouble:
    """Follow the failures of one thing that is tried again and again."""

    def __init__(self, log: logging.Logger, subject: str) -> None:
        self._log = log
        self._subject = subject
        self._failures = 0
        self._since = self._said = 0.0
        self._kind = ""

    def lasted_s(self) -> float:
        """Return how many seconds it has failed without going well in between."""
        return time.monotonic() - self._since if self._failures else 0.0

    def wait(self, error: Exception, stopping: threading.Event) -> None:
        """Take note of a failure, and return when it is time to try again, or soon after a stop."""
        seconds = self.failed(error)
        if stopping.is_set():
            time.sleep(min(seconds, STOPPING_WAIT_S))
        else:
            stopping.wait(seconds)

    def failed(self, error: Exception) -> float:
        """Take note of a failure; return how many seconds to wait."""
        now = time.monotonic()
        if not self._failures:
            self._since = now
        self._failures += 1
        self._say(error, now)
        asked = error.retry_after if isinstance(error, TransientError) else 0.0
        return min(max(asked, FIRST_WAIT_S * 2.0 ** min(self._failures - 1, 10)), LONGEST_WAIT_S)

    def over(self) -> None:
        """Take note that it went well."""
        if self._failures:
            self._log.warning("%s goes on after %.0f s", self._subject, self.lasted_s())
        self._failures, self._kind = 0, ""

    def until(self, attempt: Callable[[], Answer], stopping: threading.Event) -> Answer | None:
        """Try until nothing is away any more, and return the answer; nothing after a stop. Other errors are raised."""
        while not stopping.is_set():
            try:
                answer = attempt()
            except (TransientError, UnavailableError) as exc:
                self.wait(exc, stopping)
            else:
                self.over()
                return answer
        return None

    def _say(self, error: Exception, now: float) -> None:
        kind = f"{type(error).__name__}: {error}"[:200]
        if self._failures > 1 and kind == self._kind and now - self._said < AGAIN_S:
            return
        self._kind, self._said = kind, now
        if isinstance(error, TransientError | UnavailableError):
            self._log.warning("%s waits: %s", self._subject, error)
        else:
            self._log.error("%s failed and is tried again", self._subject, exc_info=error)
