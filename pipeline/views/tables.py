"""Rows as CSV, as JSON lines and as bars on a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import msgspec

from pipeline.ports.search import Count, Day
from pipeline.views.screen import bar_room

Row = Mapping[str, str | int | float]


def count_table(counts: Sequence[Count], form: str | None) -> str:
    """Write the counts of a facet as lines, or as ``json`` or ``csv``."""
    rows: list[Row] = [{"value": count.value, "documents": count.documents} for count in counts]
    return _table(rows, form, lambda row: f"{row['documents']:>8,}  {row['value']}")


def day_table(days: Sequence[Day], form: str | None, width: int | None = None) -> str:
    """Write the counts of days, with their share of all coverage, as lines, or as ``json`` or ``csv``.

    Bars are shorter where the ``width`` of a terminal leaves less room.
    """
    longest = bar_room(30, width)
    most = max((day.documents for day in days), default=1)
    rows: list[Row] = [
        {"day": day.day, "documents": day.documents, "all": day.all, "share": round(day.share, 6)} for day in days
    ]

    def line(row: Row) -> str:
        bar = "█" * max(1, round(longest * int(row["documents"]) / most))
        return f"{row['day']}  {row['documents']:>7,}  {row['share']:>7.2%}  {click.style(bar, fg='cyan')}"

    return _table(rows, form, line)


def csv_rows(heading: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as CSV (RFC 4180), text that a spreadsheet would run as a formula made harmless."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    if heading:
        writer.writerow(heading)
    for row in rows:
        writer.writerow([_harmless(value) for value in row])
    return written.getvalue()


def _table(rows: Sequence[Row], form: str | None, line: Callable[[Row], str]) -> str:
    if form == "csv":
        return csv_rows(list(rows[0]) if rows else [], [list(row.values()) for row in rows])
    return "".join(f"{msgspec.json.encode(row).decode() if form == 'json' else line(row)}\n" for row in rows)


def _harmless(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
