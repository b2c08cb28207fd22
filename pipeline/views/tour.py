"""Where to look after the demonstration: one of each kind of thing that is found out about articles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pipeline.language.shorten import shorten
from pipeline.model import Document

_TITLE = 44
_COMMAND = 34


def tour_lines(documents: Sequence[Document], alerts: Sequence[str], directory: Path) -> Iterator[str]:
    """Yield a line for a copy, a story, a revision, a quotation, a schedule and an alert, with a command for each."""
    stories = [document.story_id for document in documents if document.story_id]
    largest = max(stories, key=lambda story: (stories.count(story), story), default=None)
    kinds: tuple[tuple[str, Callable[[Document], bool], Callable[[Document], str]], ...] = (
        ("a copy", lambda document: document.duplicate_of is not None, lambda document: f"trace {document.id[:8]}"),
        ("a story", lambda document: document.story_id == largest, lambda document: f"story show {largest or ''}"[:19]),
        ("a revision", lambda document: document.revision > 1, lambda document: f"show {document.id[:8]} --diff"),
        ("a quotation", lambda document: bool(document.quotations), lambda document: f"show {document.id[:8]}"),
        (
            "a schedule",
            lambda document: any(event.future and event.schedule is not None for event in document.events),
            lambda document: f"show {document.id[:8]}",
        ),
    )
    yield "Look around, in another shell or after Ctrl-C:"
    where = f" --data {directory}"
    for name, holds, command in kinds:
        found = next((document for document in documents if holds(document)), None)
        if found is not None:
            yield f"  newswire {command(found):<{_COMMAND}}{name}: {shorten(found.title or '', _TITLE)}"
    if alerts:
        yield f"  newswire {'alert log':<{_COMMAND}}an alert: {alerts[0]}"
    yield f"Each with{where}"
