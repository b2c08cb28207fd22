"""How one article, alert or outcome reads as one line on a terminal."""

from __future__ import annotations

import click

from pipeline.model import Document

TITLE_WIDTH = 90


def article_line(document: Document) -> str:
    """Write an article as one line: id, local time, source, title, and what was found in it."""
    moment = (document.published or document.seen).astimezone()
    parts = [
        click.style(document.id[:8], fg="bright_black"),
        click.style(f"{moment:%m-%d %H:%M}", fg="cyan"),
        click.style(document.source[:24], fg="green"),
        shorten(document.title or document.text or "(no text)"),
    ]
    return "  ".join(parts) + _notes(document)


def shorten(text: str, width: int = TITLE_WIDTH) -> str:
    """Cut text to one line of ``width`` characters."""
    line = " ".join(text[: width * 4].split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def _notes(document: Document) -> str:
    notes = []
    if document.withdrawn:
        notes.append("withdrawn")
    elif document.revision > 1:
        notes.append(f"revision {document.revision}")
    if document.duplicate_of:
        notes.append(f"copy of {document.duplicate_of[:8]}")
    if document.copies:
        notes.append(f"{len(document.copies)} cop{'ies' if len(document.copies) > 1 else 'y'}")
    for count, word in ((len(document.events), "event"), (len(document.quotations), "quotation")):
        if count:
            notes.append(f"{count} {word}{'s' if count > 1 else ''}")
    return click.style(f"  [{', '.join(notes)}]", fg="bright_black") if notes else ""
