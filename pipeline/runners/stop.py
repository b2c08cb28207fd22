"""Honour a stop: within seconds, in whatever state the process is.

What is under way is waited for, but not for ever: a call to a server that is away may hang, and a library's clean-up
with it. Everything that counts is durable before it counts, so a process may end at any moment.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOP_WITHIN_S = 13.0

_log = logging.getLogger(__name__)


@contextmanager
def stop_signal(within_s: float = STOP_WITHIN_S) -> Iterator[threading.Event]:
    """Give an event that SIGTERM and SIGINT set; a block that lives on ``within_s`` seconds after is ended."""
    stop = threading.Event()
    timers: list[threading.Timer] = []

    def ask(*_: object) -> None:
        if not stop.is_set():
            stop.set()
            timers.append(end_within(within_s))

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for timer in timers:
            timer.cancel()


def end_within(seconds: float, end: Callable[[int], object] = os._exit) -> threading.Timer:
    """End this process as one that was told to stop, unless it has ended by itself until then."""
    timer = threading.Timer(seconds, _end, (end,))
    timer.daemon = True
    timer.start()
    return timer


def _end(end: Callable[[int], object]) -> None:
    _log.warning("stopped without waiting for what does not answer")
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    end(0)
