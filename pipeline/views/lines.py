"""How one article, alert or outcome reads as one line on a terminal."""

from __future__ import annotations

import click
import msgspec

from pipeline.language.shorten import shorten
from pipeline.model import Article, Document
from pipeline.views.words import counted


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


def parsed_line(article: Article) -> str:
    """Write an article that was only read as one line: local time, title, address."""
    moment = (article.published or article.seen).astimezone()
    return f"{moment:%Y-%m-%d %H:%M}  {shorten(article.title or article.text or '')}  {article.url or ''}"


def saved_search(name: str, query: str, form: str | None) -> str | bytes:
    """Write a saved search as one line, or as ``json``."""
    return msgspec.json.encode({"name": name, "query": query}) if form == "json" else f"{name}\t{query}"


def check_line(name: str, ok: bool, detail: str) -> str:
    """Write how one check went."""
    mark = click.style("ok  ", fg="green") if ok else click.style("FAIL", fg="red")
    return f"{mark}  {name}: {detail}"


def notes_of(document: Document) -> list[str]:
    """Return what was found out about an article, a few words each."""
    notes = []
    if document.withdrawn:
        notes.append("withdrawn")
    elif document.revision > 1:
        notes.append(f"revision {document.revision}")
    if document.duplicate_of:
        notes.append(f"copy of {document.duplicate_of[:8]}")
    if document.copies:
        notes.append(counted(len(document.copies), "copy", "copies"))
    if document.events:
        notes.append(counted(len(document.events), "event"))
    if document.quotations:
        notes.append(counted(len(document.quotations), "quotation"))
    return notes


def _notes(document: Document) -> str:
    notes = notes_of(document)
    return click.style(f"  [{', '.join(notes)}]", fg="bright_black") if notes else ""
