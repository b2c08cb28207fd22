"""Find the line that says where and when an article was filed: "PARIS, March 11 (Reuters) -", "By Ann Lee in Kyiv"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.stages.extract.names.atlas import spots
from pipeline.stages.extract.names.gazetteer import PLACES, Mention, gazetteer
from pipeline.stages.extract.names.located import entry_of

# A dateline stands in the first characters of a text; a long one has two cities and two agencies.
LONGEST = 160
_DASH = r"(?:\s*(?:—|–|--)\s*|\s+-\s+)"
_CITY = r"[A-ZÀ-Þ][A-ZÀ-Þ'’.-]+(?:\s+[A-ZÀ-Þ'’.-]+){0,3}"
_PLACE = r"[A-ZÀ-Þ][\w.'’-]*(?:\s+(?:of|the|and|[A-ZÀ-Þ][\w.'’-]*)){0,3}"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"
_DAY = rf"(?:{_MONTH}\s+\d{{1,2}}|\d{{1,2}}\s+{_MONTH})(?:,?\s+\d{{4}})?"
_AGENCY = r"\((?:[A-Z][\w.&/' -]{1,40})\)"
# "PARIS, March 11 (Reuters) - ", "YEREVAN/BAKU (AFP) — ", "COX'S BAZAR, Bangladesh, Aug 25 (AFP) — ", "NEW YORK — "
_LINE = re.compile(
    rf"\s*(?P<place>{_CITY}(?:\s*/\s*{_CITY}){{0,2}}(?:,\s*{_PLACE}){{0,2}})(?:,?\s*{_DAY})?,?"
    rf"(?:\s*{_AGENCY}{_DASH}?|{_DASH})(?=\S)"
)
# "Paris, 11 March (Xinhua) - ": small letters need the agency or the day as well.
_MIXED = re.compile(
    rf"\s*(?P<place>{_PLACE}(?:,\s*{_PLACE}){{0,1}}),?\s*(?:{_DAY}\s*,?\s*(?:{_AGENCY})?|{_AGENCY}){_DASH}(?=\S)"
)
_AGENCY_ALONE = re.compile(rf"\s*{_AGENCY}{_DASH}(?=\S)")
_NAME = r"[A-ZÀ-Þ][\w.'’-]*(?:\s+(?:de|van|von|al|bin|and|[A-ZÀ-Þ][\w.'’-]*)){0,7}"
_BYLINE = re.compile(
    rf"\s*By\s+{_NAME}(?:,\s*{_NAME})?(?:\s+in\s+(?P<place>{_PLACE}(?:,\s*{_PLACE})?))?\s*(?:\n+|\|\s*)(?=\S)"
)


# How American agencies shorten their states.
_STATES = re.compile(
    r",\s*(?:Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|Md|Mass|Mich|Minn|Miss|Mo|Mont|Neb|Nev|N\.H|N\.J|N\.M"
    r"|N\.Y|N\.C|N\.D|Okla|Ore|Pa|R\.I|S\.C|S\.D|Tenn|Vt|Va|Wash|W\.Va|Wis|Wyo)\.$"
)


class Dateline(NamedTuple):
    """Hold where a text begins after its dateline, the country that the line names, and where its cities stand."""

    end: int
    country: str | None
    cities: tuple[tuple[int, int], ...] = ()


def find_dateline(text: str, mentions: Sequence[Mention]) -> Dateline:
    """Return the datelines and bylines that a text begins with; without one the end is 0.

    ``mentions`` are those of the whole text. Of several places the country is given only when all lie in it.
    """
    end, codes = 0, set[str]()
    cities: list[tuple[int, int]] = []
    for _ in range(3):  # "By Ann Lee in Kyiv" may be followed by "KYIV (Reuters) -"
        # A pattern sees a bounded piece, so that no text costs more than its first line.
        piece = text[end : end + LONGEST + 40]
        match = _BYLINE.match(piece) or _LINE.match(piece) or _MIXED.match(piece) or _AGENCY_ALONE.match(piece)
        if match is None or match.end() > LONGEST:
            break
        if "place" in match.re.groupindex and match["place"]:
            found = _countries(match["place"], end + match.start("place"), mentions)
            # "NATO - the alliance" begins with no place; with an agency or a day it is a dateline all the same.
            if not found and match.re is _LINE and "(" not in match[0] and not any(c.isdigit() for c in match[0]):
                break
            codes = codes or found
            cities += _cities(match["place"], end + match.start("place"))
        end += match.end()
    return Dateline(end, next(iter(codes)) if len(codes) == 1 else None, tuple(cities))


def with_cities(text: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """Add the cities of the dateline, which are written in capitals, to the mentions of a text."""
    line = find_dateline(text, mentions)
    added = []
    for start, end in line.cities:
        if any(m.start < end and start < m.end for m in mentions if m.kind in PLACES):
            continue
        found = [spot for spot in spots(text[start:end]) if spot.kind == "city"]
        here = [spot for spot in found if spot.code == line.country]
        if here or (found and line.country is None):
            added.append(Mention(start, end, entry_of(max(here or found, key=lambda spot: spot.people)), sure=True))
    if not added:
        return tuple(mentions)
    kept = [m for m in mentions if not any(a.start < m.end and m.start < a.end for a in added)]
    return tuple(sorted((*kept, *added), key=lambda mention: mention.start))


def _cities(places: str, start: int) -> list[tuple[int, int]]:
    """Return where the cities of a dateline stand: those before the comma, parted by strokes."""
    return [
        (start + match.start(), start + match.end())
        for match in re.finditer(r"[^\s/][^/]*[^\s/]", places.partition(",")[0])
    ]


def _countries(places: str, start: int, mentions: Sequence[Mention]) -> set[str]:
    """Return the countries that the places of a dateline may lie in; one that is named outright decides."""
    inside = [m for m in mentions if start <= m.start and m.end <= start + len(places)]
    named = {m.code for m in inside if m.kind == "country" and m.code}
    if _STATES.search(places):  # "BIRMINGHAM, Ala."
        return {"USA"}
    if named:
        return named
    codes = {m.code for m in inside if m.kind in PLACES and m.code}
    for city in places.partition(",")[0].split("/"):  # a short word in capitals is no name in running text
        entry = gazetteer().lookup(city.strip().title())
        if entry is not None and entry.kind in PLACES and entry.code:
            codes.add(entry.code)
    return codes
