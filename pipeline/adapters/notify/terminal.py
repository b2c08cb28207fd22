"""The terminal the notifier runs in."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable

from pipeline.ports.alerts import Notice

_STANDS_OUT, _AS_BEFORE = "\x1b[1;7;33m", "\x1b[0m"


class Terminal:
    """Write each notice as a line with its text below, through ``write`` or to standard output."""

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write or _to_stdout

    def send(self, notice: Notice) -> None:
        """Write one notice, without the control characters a feed may have smuggled in."""
        first, *rest = map(printable, [f"ALERT {notice.title}", *(f"  {line}" for line in notice.text.splitlines())])
        if self._write is _to_stdout and sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
            first = f"{_STANDS_OUT}{first}{_AS_BEFORE}"  # among the news that are printed, too
        self._write("\n".join([first, *rest]))


def printable(text: str) -> str:
    """Leave out control characters, which could drive a terminal."""
    return "".join(character for character in text if unicodedata.category(character) != "Cc")


def _to_stdout(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
