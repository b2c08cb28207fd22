"""How polls and the outcomes of the stages read on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.runners.polling.ingest import Polled


BACKLOG_TOLD = 500


def backlog_report(write: Callable[[str], None]) -> Callable[[int], None]:
    """Return what writes one line when many older articles wait, and one when none does any more."""
    told = False

    def report(waiting: int) -> None:
        nonlocal told
        if not told and waiting >= BACKLOG_TOLD:
            told = True
            write(f"{waiting:,} older articles wait and are taken in piece by piece; fresh ones come first.")
        elif told and not waiting:
            told = False
            write("The older articles are taken in.")

    return report


def poll_line(polled: Polled, *, is_terminal: bool) -> str | None:
    """Say how one poll went: failures always, the rest on a terminal."""
    if polled.error:
        return click.style(f"{polled.url}: {polled.error}", fg="yellow")
    if polled.published and is_terminal:
        return click.style(f"{polled.url}: {polled.published} of {polled.entries}", fg="bright_black")
    return None


def dead_line(error: str | None) -> str:
    """Say that a record was given up on."""
    return click.style(f"dead letter: {error}", fg="red")


def queued_line(channels: Collection[str]) -> str:
    """Say which channels have alerts waiting when a round ends."""
    return (
        f"Alerts to {', '.join(sorted(channels))} still wait to be sent: the next `newswire up` does that when their "
        "time has come; `newswire alert log` shows them."
    )


def counts_line(counts: Mapping[str, int]) -> str:
    """Say how many records of which kind came out; nothing where there were none."""
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
