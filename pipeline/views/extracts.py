"""How what a text says reads on a terminal and as JSON."""

from __future__ import annotations

import msgspec

from pipeline.model import Document


def extract_json(document: Document) -> bytes:
    """Write the events, quotations, dates and names of an article as JSON."""
    parts = {name: getattr(document, name) for name in ("events", "quotations", "dates", "entities")}
    return msgspec.json.encode(parts)


def extract_lines(document: Document) -> list[str]:
    """Write the events, quotations, dates and names of an article, one a line."""
    lines = []
    for event in document.events:
        who = ", ".join(actor.name or actor.text for actor in event.actors) or "?"
        whom = ", ".join(actor.name or actor.text for actor in event.recipients)
        lines.append(f"event      {event.type:<10} {who}{' → ' if whom else ''}{whom}: {event.sentence.text}")
    for quotation in document.quotations:
        speaker = quotation.speaker
        who = (speaker.name or speaker.text) if speaker else "?"
        role = f" ({speaker.role})" if speaker and speaker.role else ""
        lines.append(f"quotation  {quotation.kind:<10} {who}{role}: {' '.join(quotation.text.split())}")
    names = dict.fromkeys((entity.name, entity.type) for entity in document.entities)
    return [
        *lines,
        *(f"date       {found.value:<10} {found.text}" for found in document.dates),
        *(f"name       {kind:<10} {name}" for name, kind in names),
    ]
