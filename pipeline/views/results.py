"""How found articles are written: with marked passages for people, as JSON, CSV and Atom for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import click
import msgspec

from pipeline.model import Document
from pipeline.ports.search import SearchPage
from pipeline.query.highlight import highlight
from pipeline.query.tree import Query
from pipeline.views.lines import article_line
from pipeline.views.tables import csv_rows
from pipeline.web_addresses import web_address

_COLUMNS = ("id", "published", "source", "language", "title", "url", "story_id", "duplicate_of", "snippet")
_ATOM = "http://www.w3.org/2005/Atom"


def found_parts(page: SearchPage, query: Query | None, now: datetime, form: str | None) -> Iterator[str | bytes]:
    """Yield a page as text to be written as it is: lines with passages, or ``json``, ``csv`` or ``atom``."""
    documents = page.documents
    if form == "atom":
        yield atom_feed(documents, query, now) + "\n"
    elif form == "csv":
        yield csv_table(documents, query, now)
    elif form == "json":
        for entry in json_lines(documents, query, now, page.cursor):
            yield entry + b"\n"
    else:
        for document in documents:
            yield "".join(f"{line}\n" for line in (article_line(document), *result_lines(document, query, now)))


def listed_parts(page: SearchPage, query: Query | None, now: datetime, width: int, *, by_day: bool) -> Iterator[str]:
    """Yield a page as lines for a terminal of so many columns."""
    from pipeline.views.listing import Listing

    listing = Listing(width, by_day=by_day)
    for document in page.documents:
        yield "".join(f"{line}\n" for line in listing.lines(document, now, query))


def footer(page: SearchPage) -> str:
    """Tell a person how much there is, and how to see more."""
    total = f"about {page.total:,}" if page.estimated else f"{page.total:,}"
    line = f"{len(page.documents):,} of {total} article{'s' if total != '1' else ''}."
    return f"{line} More: newswire search --more" if page.cursor else line


def result_lines(document: Document, query: Query | None, now: datetime) -> list[str]:
    """Return the passage that matched, indented, its words emphasized; nothing when the query has no words."""
    if query is None:
        return []
    snippet = highlight(document, query, now)
    return ["          " + emphasized(snippet.text, snippet.marks)] if snippet.marks else []


def emphasized(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """Style the marked characters of a text for a terminal."""
    parts, done = [], 0
    for start, end in marks:
        parts += [text[done:start], click.style(text[start:end], bold=True, fg="yellow")]
        done = end
    return "".join(parts) + text[done:]


def json_lines(
    documents: Sequence[Document], query: Query | None, now: datetime, cursor: str | None
) -> Iterator[bytes]:
    """Yield each document as JSON with its ``snippet``; the last has the ``cursor`` of a next page."""
    for n, document in enumerate(documents, 1):
        entry: dict[str, Any] = msgspec.to_builtins(document)
        entry["snippet"] = msgspec.to_builtins(highlight(document, query, now))
        if cursor is not None and n == len(documents):
            entry["cursor"] = cursor
        yield msgspec.json.encode(entry)


def csv_table(documents: Sequence[Document], query: Query | None, now: datetime) -> str:
    """Return the documents as a table with a heading line."""
    rows = []
    for document in documents:
        values = [getattr(document, name) if name != "snippet" else None for name in _COLUMNS]
        values[1] = (document.published or document.seen).isoformat()
        values[-1] = highlight(document, query, now).text
        rows.append(values)
    return csv_rows(_COLUMNS, rows)


def atom_feed(
    documents: Sequence[Document], query: Query | None, now: datetime, links: Sequence[tuple[str, str]] = ()
) -> str:
    """Return the documents as an Atom feed (RFC 4287); ``links`` are relations of the feed with their addresses."""
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    text = query.text if query else ""
    _add(feed, "id", f"urn:newswire:search:{text}")
    _add(feed, "title", f"Newswire: {text}" if text else "Newswire")
    _add(feed, "updated", now.isoformat())
    for relation, address in links:
        ElementTree.SubElement(feed, f"{{{_ATOM}}}link", href=_clean(address), rel=relation)
    for document in documents:
        entry = ElementTree.SubElement(feed, f"{{{_ATOM}}}entry")
        _add(entry, "id", f"urn:newswire:article:{document.id}")
        _add(entry, "title", document.title or document.source)
        _add(entry, "updated", (document.updated or document.published or document.seen).isoformat())
        if document.published:
            _add(entry, "published", document.published.isoformat())
        if url := web_address(document.url):
            ElementTree.SubElement(entry, f"{{{_ATOM}}}link", href=_clean(url), rel="alternate")
        author = ElementTree.SubElement(entry, f"{{{_ATOM}}}author")
        _add(author, "name", ", ".join(document.authors) or document.source)
        _add(entry, "summary", highlight(document, query, now).text)
    return ElementTree.tostring(feed, encoding="unicode", xml_declaration=True)


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}").text = _clean(text)


def _clean(text: str) -> str:
    """Leave out the characters that XML 1.0 has no way to write."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(c for c in text if (c >= " " and c not in "\ufffe\uffff") or c in "\t\n")
