"""What changed from one revision of an article to the next, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

import click

from pipeline.ports.revisions import Revision

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Of more words than this the rest is compared as one.
MOST_WORDS = 20_000


def diff_lines(older: Revision, newer: Revision, *, coloured: bool) -> Iterator[str]:
    """Yield title and text of the newer revision with what went and came marked: ``[-went-]``, ``{+came+}``."""
    until = f", until {older.until.astimezone():%Y-%m-%d %H:%M}" if older.until is not None else ""
    yield click.style(f"Revision {older.revision}{until} → revision {newer.revision}", fg="cyan")
    if newer.withdrawn != older.withdrawn:
        yield "It was withdrawn." if newer.withdrawn else "It is no longer withdrawn."
    yield _marked(older.title or "", newer.title or "", coloured)
    yield ""
    yield from _marked(older.text or "", newer.text or "", coloured).splitlines()


def _marked(before: str, after: str, coloured: bool) -> str:
    old, new = _split(before), _split(after)
    parts = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append("".join(new[k:m]))
            continue
        if gone := "".join(old[i:j]):
            parts.append(click.style(gone, fg="red", strikethrough=True) if coloured else f"[-{gone}-]")
        if come := "".join(new[k:m]):
            parts.append(click.style(come, fg="green", bold=True) if coloured else f"{{+{come}+}}")
    return "".join(parts)


def _split(text: str) -> Sequence[str]:
    words = _WORDS.findall(text)
    return words if len(words) <= MOST_WORDS else [*words[:MOST_WORDS], "".join(words[MOST_WORDS:])]
