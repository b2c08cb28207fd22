"""One line on a terminal: how far something is that takes longer than a second, and how it is with what runs on."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO, TypeVar

import click

from pipeline.language.shorten import shorten

T = TypeVar("T")

AFTER_S = 1.0
_ERASED = "\r\x1b[K"


@contextmanager
def progress(doing: str, stream: TextIO | None = None, after_s: float = AFTER_S) -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is being done, once it takes longer than a second, and for how long; then erase it.

    Yields what takes how far it is, in words; elsewhere than on a terminal nothing is written.
    """
    shown = stream or sys.stderr
    if not shown.isatty():
        yield lambda words: None
        return
    started, done, words = time.monotonic(), threading.Event(), ""

    def tell(new: str) -> None:
        nonlocal words
        words = new

    def draw() -> None:
        while not done.wait(after_s):
            shown.write(f"{_ERASED}{doing}: {words or f'{time.monotonic() - started:.0f} s'}")
            shown.flush()

    drawing = threading.Thread(target=draw, name="progress", daemon=True)
    drawing.start()
    try:
        yield tell
    finally:
        done.set()
        drawing.join()
        if time.monotonic() - started >= after_s:
            shown.write(_ERASED)
            shown.flush()


class StatusLine:
    """Keep one line at the bottom of a terminal; whatever else is written goes above it, through ``over``."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic, every_s: float = 1.0) -> None:
        self._stream = stream
        self._clock = clock
        self._every_s = every_s
        self._drawn_at = -every_s
        self._is_there = False
        self._turn = threading.Lock()

    def over(self, write: Callable[[T], None]) -> Callable[[T], None]:
        """Return the same, with the line out of its way."""

        def above(what: T) -> None:
            with self._turn:
                self._erase()
                write(what)

        return above

    def draw(self, text: Callable[[], str]) -> None:
        """Draw the line anew, once a second at most."""
        with self._turn:
            if self._clock() - self._drawn_at < self._every_s:
                return
            self._drawn_at = self._clock()
            self._stream.write(_ERASED + text())
            self._stream.flush()
            self._is_there = True

    def end(self) -> None:
        """Take the line away."""
        with self._turn:
            self._erase()

    def _erase(self) -> None:
        if self._is_there:
            self._stream.write(_ERASED)
            self._stream.flush()
            self._is_there = False


def bottom_line() -> StatusLine | None:
    """Return the line of a terminal where somebody looks at one that nothing else writes to."""
    context = click.get_current_context(silent=True)
    has_log = context is not None and "newswire.log" in context.meta
    return StatusLine(sys.stderr) if sys.stderr.isatty() and sys.stdout.isatty() and not has_log else None


def drawn(line: StatusLine | None) -> Callable[[Mapping[str, int], int], None]:
    """Return what draws on the line what came out since now, and what waits."""
    started = time.monotonic()

    def draw(counts: Mapping[str, int], waiting: int) -> None:
        if line is not None:
            columns = shutil.get_terminal_size().columns
            line.draw(lambda: status_words(counts, waiting, time.monotonic() - started, columns))

    return draw


def summary(write: Callable[[str], None]) -> Callable[[Mapping[str, int], int], None]:
    """Return what writes what came out in a minute, where no terminal shows it and no log has it."""
    context = click.get_current_context(silent=True)
    is_told = sys.stderr.isatty() or (context is not None and "newswire.log" in context.meta)

    def tell(counts: Mapping[str, int], waiting: int) -> None:
        if not is_told:
            write(f"In the last minute: {_words(counts, waiting)}.")

    return tell


def status_words(counts: Mapping[str, int], waiting: int, seconds: float, columns: int) -> str:
    """Say in one line of a terminal how it is: for how long it runs, what came out, what waits."""
    minutes = int(seconds // 60)
    since = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return shorten(f"Running {since} · {_words(counts, waiting)}", columns - 1)


def _words(counts: Mapping[str, int], waiting: int) -> str:
    from pipeline.views.outcomes import counts_line

    came = counts_line(counts) or "nothing new yet"
    return f"{came}; {waiting:,} older articles wait" if waiting else came
