"""How one article with all that is known about it reads on a terminal and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from pipeline.language.shorten import shorten
from pipeline.model import Document, Enclosure, Event, Mark, Quotation
from pipeline.services.articles import Match

WIDTH = 96
INDENT = "  "


def article_json(document: Document, matches: Sequence[Match]) -> bytes:
    """Write an article as JSON, with the ``alerts`` it matches."""
    entry: dict[str, Any] = msgspec.to_builtins(document)
    entry["alerts"] = [msgspec.to_builtins(found) for found in matches]
    return msgspec.json.encode(entry)


def article_lines(
    document: Document, copies: Sequence[Document], matches: Sequence[Match], width: int = WIDTH
) -> list[str]:
    """Write an article with what was found in it, its copies, its changes and the alerts it matches."""
    lines = [click.style(document.title or "(no title)", bold=True), *_about(document), ""]
    for paragraph in (document.text or "(no text)").splitlines():
        lines += textwrap.wrap(paragraph, min(width, WIDTH)) or [""]
    lines += _section("Events", [line for event in document.events for line in _event(event)])
    lines += _section("Quotations", [line for quotation in document.quotations for line in _quotation(quotation)])
    lines += _section("Dates", [f"{date.value}  “{date.text}”" for date in document.dates])
    lines += _section(
        "Copies",
        [f"{copy.id[:8]}  {copy.source}  {shorten(copy.title or '', 60)}  {copy.url or ''}" for copy in copies],
    )
    lines += _section("Changes", [_change(change.part, change.before, change.after) for change in document.changes])
    lines += _section("Matches alerts", [_match(found.rule, found.spans) for found in matches])
    return lines


def _about(document: Document) -> list[str]:
    moment = document.published or document.seen
    facts = [
        document.source,
        ", ".join(document.authors),
        f"{moment.astimezone():%Y-%m-%d %H:%M %Z}",
        document.language,
        f"revision {document.revision}" if document.revision > 1 else None,
        "full text" if document.full_text else None,
        "withdrawn" if document.withdrawn else None,
    ]
    about = [click.style("  ".join(fact for fact in facts if fact), fg="green")]
    links = [
        document.url,
        f"id {document.id}",
        f"story {document.story_id}" if document.story_id else None,
        *(f"which story {story} turned out to be" for story in document.merged),
        f"copy of {document.duplicate_of}" if document.duplicate_of else None,
        f"tags {', '.join(document.tags)}" if document.tags else None,
        f"image {document.image}" if document.image else None,
        *map(_enclosure, document.enclosures),
    ]
    return about + [click.style(link, fg="bright_black") for link in links if link]


def _enclosure(file: Enclosure) -> str:
    size = f", {file.length:,} bytes" if file.length else ""
    return f"file {file.address}  {file.type or 'of unknown type'}{size}"


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", click.style(title, bold=True), *(INDENT + line for line in lines)] if lines else []


def _event(event: Event) -> list[str]:
    actors = ", ".join(actor.name or actor.text for actor in event.actors) or "?"
    recipients = ", ".join(actor.name or actor.text for actor in event.recipients)
    notes = [
        word
        for word, holds in (
            ("negated", event.negated),
            ("future", event.future),
            ("hypothetical", event.hypothetical),
            ("historical", event.historical),
            ("scheduled", event.schedule is not None),
        )
        if holds
    ]
    line = f"{click.style(event.type, fg='yellow')}  {actors}" + (f" → {recipients}" if recipients else "")
    if event.date:
        line += f"  {event.date.value}"
    if event.location:
        line += f"  {event.location.name or event.location.text}"
    if notes:
        line += f"  [{', '.join(notes)}]"
    return [line, click.style(f"{INDENT}{shorten(event.sentence.text, WIDTH)}", fg="bright_black")]


def _quotation(quotation: Quotation) -> list[str]:
    speaker = quotation.speaker
    who = (speaker.name or speaker.text) if speaker else "?"
    role = f" ({speaker.role})" if speaker and speaker.role else ""
    return [f"{click.style(who, fg='yellow')}{role}: {shorten(quotation.text, WIDTH)}"]


def _change(part: str, before: str | None, after: str | None) -> str:
    return f"{part}: “{shorten(before or '', 40)}” → “{shorten(after or '', 40)}”"


def _match(rule: str, spans: tuple[Mark, ...]) -> str:
    words = dict.fromkeys(span.text for span in spans)
    return f"{click.style(rule, fg='yellow')}: {', '.join(words)}" if words else rule
