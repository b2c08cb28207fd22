"""How stories read on a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from pipeline.language.shorten import shorten
from pipeline.model import Document
from pipeline.services.stories import StoryLine
from pipeline.views.lines import article_line
from pipeline.views.words import counted


def story_line(line: StoryLine) -> str:
    """Write a story as one line: id, label, how large it is and how it grows."""
    return f"{click.style(line.id[:8], fg='bright_black')}  {shorten(line.label)}  [{story_counts(line)}]"


def story_counts(line: StoryLine) -> str:
    """Write how large a story is and how it grows."""
    counts = f"{line.state}, {counted(line.articles, 'article')}, {counted(line.origins, 'origin')}"
    if line.per_hour or line.per_hour_before:
        counts += f", {line.per_hour:g} an hour ({line.growth:+g})"
    return counts


def story_lines(line: StoryLine, documents: Sequence[Document]) -> list[str]:
    """Write a story with its articles."""
    lines = [story_line(line)]
    lines += [f"  Story {merged} turned out to be this one." for merged in line.merged]
    if line.closed is not None:
        lines.append(f"  Closed {line.closed.astimezone():%Y-%m-%d %H:%M}, after three quiet days.")
    return lines + ["  " + article_line(document) for document in documents]


def story_json(line: StoryLine, documents: Sequence[Document]) -> bytes:
    """Write a story with its articles as JSON."""
    return msgspec.json.encode({"story": line, "articles": documents})
