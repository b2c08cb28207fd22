"""Read the files that a command is given, whatever they turn out to be."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.errors import UsageError
from pipeline.plain_words import os_words

MAX_BYTES = 50_000_000


def read_given(path: Path) -> bytes:
    """Return what a file, or ``-`` for standard input, holds. Raises ``UsageError`` for what is no such or too long.

    A device or a pipe has no size to be asked for: no more is read than may be taken.
    """
    try:
        with click.open_file(str(path), "rb") as opened:
            content: bytes = opened.read(MAX_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {os_words(exc)}.") from exc
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path} has more than {MAX_BYTES // 1_000_000} MB; split it.")
    return content
