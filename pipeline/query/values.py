"""What the fields of a query are compared with: keywords, and the values of each event and quotation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from pipeline.language.tokens import tokens_of
from pipeline.model import Actor, Document, Event, Place, Quotation
from pipeline.query.conditions import host_of


def keyword_values(document: Document) -> dict[str, tuple[str, ...]]:
    """Return what each keyword field of the query language is compared with, folded."""
    return {
        "lang": _casefolded(document.language),
        "tag": _casefolded(*document.tags),
        "feed": _casefolded(document.feed),
        "story": _casefolded(document.story_id, *document.merged),
        "id": _casefolded(document.id),
        "url": _casefolded(document.url),
        "site": _sites(document.url),
        "is": ("copy",) if document.duplicate_of else (),
        "mark": (),
    }


@lru_cache(maxsize=1 << 12)
def _sites(url: str | None) -> tuple[str, ...]:
    """Return the host of an address and every domain that it lies in."""
    parts = host_of(url).split(".")
    return tuple(".".join(parts[n:]) for n in range(len(parts))) if parts[0] else ()


def _casefolded(*values: str | None) -> tuple[str, ...]:
    return tuple(value.casefold() for value in values if value)


def event_values(event: Event) -> dict[str, tuple[str, ...]]:
    """Return what each event field of the query language is compared with, as folded, space-joined tokens."""
    dates = [date.value for date in (event.date, event.schedule.when if event.schedule else None) if date]
    places = [place for place in (event.location, event.schedule.where if event.schedule else None) if place]
    return {
        "event": (event.type,),
        "actor": _actor_values(event.actors),
        "target": _actor_values(event.recipients),
        "place": tuple(value for place in places for value in _place_values(place)),
        "when": tuple(part for value in dates for part in value.split("/")),
        "scheduled": ("yes" if event.schedule else "no",),
    }


def quotation_values(quotation: Quotation) -> dict[str, tuple[str, ...]]:
    """Return what ``said`` and ``quote`` are compared with, as folded, space-joined tokens."""
    speaker = quotation.speaker
    said = () if speaker is None else _folded(speaker.text, speaker.name, speaker.role)
    return {"said": said, "quote": _folded(quotation.text)}


def satisfies(event: Event, conditions: Sequence[tuple[str, str]]) -> bool:
    """Tell whether one event satisfies all conditions of an ``EventFilter``."""
    return fits(joined_values(event_values(event)), conditions)


def joined_values(values: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the values of each field in one text, with one space before and after each word and two between values."""
    return {name: "".join(f" {value} " for value in several) for name, several in values.items()}


def fits(values: dict[str, str], conditions: Sequence[tuple[str, str]]) -> bool:
    """Tell whether one event or quotation, as ``joined_values``, satisfies all conditions."""
    # A query may have thousands of conditions for each of a document's events.
    for name, wanted in conditions:  # noqa: SIM110 - half the time
        if (f" {wanted}" if name == "when" else f" {wanted} ") not in values[name]:
            return False
    return True


def _actor_values(actors: Iterable[Actor]) -> tuple[str, ...]:
    return tuple(v for actor in actors for v in _folded(actor.text, actor.name, actor.code, actor.sector))


def _place_values(place: Place) -> tuple[str, ...]:
    return _folded(place.text, place.name, place.country)


def _folded(*texts: str | None) -> tuple[str, ...]:
    return tuple(" ".join(tokens_of(text)) for text in texts if text)
