"""Articles on a terminal: by day, titles first and bright, their age beside them, ids last and dim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import click
from rich.cells import cell_len

from pipeline.model import Document
from pipeline.query.highlight import highlight
from pipeline.query.tree import Query
from pipeline.views.lines import notes_of
from pipeline.views.screen import cut, wrap
from pipeline.views.words import age

ID = 8
_AGE = 4
_INDENT = " " * (_AGE + 2)
TITLE_LINES, SNIPPET_LINES = 3, 3


class Listing:
    """Write articles one after the other for a terminal of ``width`` columns; a new day begins with its name."""

    def __init__(self, width: int, *, by_day: bool = True) -> None:
        self._width = width
        self._by_day = by_day
        self._day: date | None = None

    def lines(self, document: Document, now: datetime, query: Query | None = None) -> Iterator[str]:
        """Yield the lines of one article, its passage that the query finds among them."""
        moment = document.published or document.seen
        day = moment.astimezone().date()
        if self._by_day and day != self._day:
            if self._day is not None:
                yield ""
            yield click.style(day_name(day, now), bold=True, fg="cyan")
            self._day = day
        room = self._width - len(_INDENT)
        title = wrap(document.title or document.text or "(no text)", room, TITLE_LINES)
        head = age(moment, now)[:_AGE].rjust(_AGE)
        for number, line in enumerate(title or [""]):
            start = click.style(head, fg="cyan") + "  " if number == 0 else _INDENT
            yield start + click.style(line, bold=True)
        yield self._about(document, room)
        if query is not None:
            yield from self._passage(document, query, now, room)

    def _about(self, document: Document, room: int) -> str:
        """Return source and notes, and the id at the end of the line where there is room."""
        notes = " · ".join([document.source, *notes_of(document)])
        article_id = document.id[:ID]
        about = cut(notes, max(room - ID - 2, 8))
        space = " " * max(1, room - cell_len(about) - ID)
        return _INDENT + click.style(about, fg="green") + click.style(f"{space}{article_id}", fg="bright_black")

    def _passage(self, document: Document, query: Query, now: datetime, room: int) -> Iterator[str]:
        snippet = highlight(document, query, now)
        if not snippet.marks:
            return
        marked = {snippet.text[start:end] for start, end in snippet.marks}
        for line in wrap(snippet.text, room, SNIPPET_LINES):
            yield _INDENT + emphasized_words(line, marked)


def emphasized_words(line: str, marked: set[str]) -> str:
    """Style every occurrence in a line of what was marked in the whole."""
    for word in sorted(marked, key=len, reverse=True):
        if word and word.strip():
            styled = click.style(word, bold=True, fg="yellow")
            # What is styled already stays as it is.
            parts = line.split("\x1b")
            line = parts[0].replace(word, styled) + "".join("\x1b" + part for part in parts[1:])
    return line


def day_name(day: date, now: datetime) -> str:
    """Write a day: today and yesterday as that, the year where it is not this one."""
    today = now.astimezone().date()
    name = f"{day:%A} {day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")
    return {0: f"Today, {name}", 1: f"Yesterday, {name}"}.get((today - day).days, name)
