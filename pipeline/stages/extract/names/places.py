"""Turn names of places into places: coordinates, GeoNames id and country."""

from __future__ import annotations

from pipeline.model import Place
from pipeline.stages.extract.names.gazetteer import PLACES, Mention


def place_of(text: str, mention: Mention) -> Place | None:
    """Return the place that a mention names, or ``None`` when it names none; ``found`` is the kind of name."""
    if mention.kind not in PLACES:
        return None
    entry = mention.entry
    return Place(
        text=text[mention.start : mention.end],
        start=mention.start,
        end=mention.end,
        name=entry.name,
        country=entry.code,
        latitude=entry.latitude,
        longitude=entry.longitude,
        geonames_id=entry.geonames_id,
        found=entry.kind,
    )
