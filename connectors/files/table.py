"""Tables of feeds whose first line names their columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from connectors.files.plain_list import web_address

_ADDRESS = ("xmlurl", "xml url", "feed url", "feed_url", "feedurl", "feed", "rss", "url", "link", "address")
_TITLE = ("title", "name", "feed title", "feed_title", "feed name", "site", "site name")
_TAGS = ("tags", "tag", "category", "categories", "folder", "group", "section")
_SEPARATORS = ",;\t"


class Row(NamedTuple):
    """Hold one feed of a table; ``url`` is what its column says, address or not."""

    line: int
    url: str
    title: str | None
    tags: tuple[str, ...]


def rows_of(text: str) -> Iterator[Row] | None:
    """Return the feeds of a table, or ``None`` where the first line does not name a column of addresses."""
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    head = lines[first] if lines else ""
    separator = max(_SEPARATORS, key=head.count)
    names = [name.strip().strip('"').lower() for name in head.split(separator)]
    address = next((names.index(name) for name in _ADDRESS if name in names), None)
    if len(names) < 2 or address is None or any(web_address(name) and "/" in name for name in names):
        return None
    title = next((names.index(name) for name in _TITLE if name in names), None)
    tags = next((names.index(name) for name in _TAGS if name in names), None)
    return _rows(lines[first + 1 :], first + 2, separator, (address, title, tags))


def _rows(lines: list[str], number: int, separator: str, places: tuple[int, int | None, int | None]) -> Iterator[Row]:
    for line, written in enumerate(lines, number):
        try:
            columns = next(csv.reader([written], delimiter=separator), [])
        except csv.Error:
            columns = [written]
        if not any(column.strip() for column in columns):
            continue
        address, title, tags = (columns[n].strip() if n is not None and n < len(columns) else "" for n in places)
        parts = tags.replace(";", ",").replace("|", ",").split(",")
        yield Row(
            line, address or written.strip(), title or None, tuple(part.strip() for part in parts if part.strip())
        )
