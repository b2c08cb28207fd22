"""The way of an article, as lines for a person and as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec

from pipeline.services.trace import Trace

_STAGE = 12


def trace_json(trace: Trace) -> bytes:
    """Write the way of an article as one JSON object."""
    return msgspec.json.encode(trace)


def trace_lines(trace: Trace) -> Iterator[str]:
    """Write the way of an article: a head, then a line for each step in order, with local times."""
    if trace.title:
        yield click.style(trace.title, bold=True)
    yield click.style("  ".join(filter(None, (trace.id, trace.url))), fg="bright_black")
    for step in trace.steps:
        moment = f"{step.at.astimezone():%Y-%m-%d %H:%M:%S}" if step.at is not None else ""
        yield f"{moment:<19}  {click.style(step.stage.ljust(_STAGE), fg='cyan')}{step.words}"
