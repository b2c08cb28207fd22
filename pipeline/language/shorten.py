"""Cut a text to one line."""

from __future__ import annotations

TITLE_WIDTH = 90


def shorten(text: str, width: int = TITLE_WIDTH) -> str:
    """Cut text to one line of ``width`` characters."""
    line = " ".join(text[: width * 4].split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
