"""Turn names of places into places: coordinates, GeoNames id and country."""

from __future__ import annotations

import msgspec

from pipeline.model import Place
from pipeline.stages.extract.names.atlas import Spot, atlas, folded, spots
from pipeline.stages.extract.names.gazetteer import PLACES, Entry, Mention


def place_of(text: str, mention: Mention) -> Place | None:
    """Return the place that a mention names, or ``None`` when it names none.

    ``found`` is the kind of name; the degrees of a country or region are the middle of its towns.
    """
    if mention.kind not in PLACES:
        return None
    entry = with_position(mention.entry, text[mention.start : mention.end])
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


def with_position(entry: Entry, surface: str) -> Entry:
    """Return a country or region with the middle of its towns; what has a position keeps it."""
    if entry.latitude is not None or entry.code is None or entry.kind not in ("country", "region"):
        return entry
    spot: Spot | None
    if entry.kind == "country" and folded(surface) not in _NATIONS:
        spot = atlas().country(entry.code)
    else:
        spot = next((s for s in spots(surface) if s.kind == "region" and s.code == entry.code), None)
    if spot is None:
        return entry
    return msgspec.structs.replace(entry, latitude=spot.latitude, longitude=spot.longitude)


# Of one country, and each with a middle of its own.
_NATIONS = frozenset(("england", "scotland", "wales", "northern ireland"))
