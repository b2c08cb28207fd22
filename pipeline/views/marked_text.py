"""An article's text in paragraphs, with what was found in it marked where it stands and named beside it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from pipeline.model import Actor, Document, Event, Mark, Quotation

Kind = Literal["quotation", "event", "match"]


class Piece(msgspec.Struct, frozen=True):
    """Hold a run of characters and what it is part of."""

    text: str
    kinds: frozenset[Kind] = frozenset()


class Note(msgspec.Struct, frozen=True):
    """Name what is marked in a paragraph; ``id`` is that of an event."""

    kind: Kind
    words: str
    id: str | None = None


class Paragraph(msgspec.Struct, frozen=True):
    """Hold a paragraph: its pieces, which joined are its text, and what stands beside it."""

    pieces: tuple[Piece, ...]
    notes: tuple[Note, ...] = ()


def paragraphs(document: Document, matches: Sequence[Mark] = ()) -> list[Paragraph]:
    """Return the paragraphs of an article's text; joined with line breaks they are the text."""
    text = document.text or ""
    spans: list[tuple[int, int, Kind]] = []
    spans += [(q.start, q.end, "quotation") for q in document.quotations]
    spans += [(e.trigger.start, e.trigger.end, "event") for e in document.events]
    spans += [(m.start, m.end, "match") for m in matches if m.part == "text"]
    spans = [(start, end, kind) for start, end, kind in spans if 0 <= start < end <= len(text)]
    edges = sorted({edge for start, end, _ in spans for edge in (start, end)})
    found, start = [], 0
    for line in text.split("\n"):
        end = start + len(line)
        inside = [edge for edge in edges[bisect_left(edges, start) :] if start < edge < end] if edges else []
        cuts = [start, *inside, end]
        pieces = [
            Piece(text[a:b], frozenset(kind for first, last, kind in spans if first <= a and b <= last))
            for a, b in pairwise(cuts)
            if a < b
        ]
        found.append(Paragraph(tuple(pieces), tuple(_notes(document, start, end))))
        start = end + 1
    return found


def event_words(event: Event) -> str:
    """Write what was coded: who did what to whom, when and where."""
    who = ", ".join(map(_name, event.actors)) or "?"
    whom = ", ".join(map(_name, event.recipients))
    words = f"{event.type} · {who}" + (f" → {whom}" if whom else "")
    if event.date is not None:
        words += f" · {event.date.value}"
    if event.location is not None:
        words += f" · {event.location.name or event.location.text}"
    flags = [name for name in ("negated", "future", "hypothetical", "historical") if getattr(event, name)]
    return words + (f" ({', '.join(flags)})" if flags else "")


def quotation_words(quotation: Quotation) -> str:
    """Say who is quoted."""
    speaker = quotation.speaker
    if speaker is None:
        return "said, by whom is not known"
    return f"{speaker.name or speaker.text} says" + (f" ({speaker.role})" if speaker.role else "")


def _notes(document: Document, start: int, end: int) -> list[Note]:
    quoted = (Note("quotation", quotation_words(q)) for q in document.quotations if start <= q.start < end)
    coded = (Note("event", event_words(e), e.id) for e in document.events if start <= e.trigger.start < end)
    return list(dict.fromkeys((*quoted, *coded)))


def _name(actor: Actor) -> str:
    return actor.name or actor.text
