"""Stories and events on a terminal: what happened first and bright, how many tell of it below, ids last and dim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click
from rich.cells import cell_len

from pipeline.model import ReportedEvent
from pipeline.services.stories import StoryLine
from pipeline.views.events import told_by, who_did_what
from pipeline.views.screen import GAP, wrap
from pipeline.views.stories import story_counts
from pipeline.views.words import age

LINES = 4
_AGE = 4
_STORY_ID, _EVENT_ID = 8, 12


def story_listing(line: StoryLine, now: datetime, width: int) -> Iterator[str]:
    """Yield the lines of one story: the age of its latest report and its label, then its size, growth and id."""
    old = age(line.latest, now)[:_AGE].rjust(_AGE) + GAP
    yield from _entry(old, line.label, story_counts(line), line.id[:_STORY_ID], width)


def event_listing(reported: ReportedEvent, width: int) -> Iterator[str]:
    """Yield the lines of one event: who did what to whom, then who tells of it and its id."""
    source = told_by(reported) or reported.told_by[0].source
    yield from _entry("", who_did_what(reported.event), source, reported.event.id[:_EVENT_ID], width)


def _entry(head: str, title: str, about: str, name: str, width: int) -> Iterator[str]:
    indent = " " * len(head or GAP)
    for number, part in enumerate(wrap(title, width - len(indent), LINES) or [""]):
        yield (indent if number else click.style(head, fg="cyan")) + click.style(part, bold=True)
    room = width - len(indent)
    *before, last = wrap(about, room - len(name) - len(GAP)) or [""]
    for part in before:
        yield indent + click.style(part, fg="green")
    space = " " * max(1, room - cell_len(last) - len(name))
    yield indent + click.style(last, fg="green") + click.style(space + name, fg="bright_black")
