"""Say to which country a party belongs that does not say so itself: where it happened, else where the article is from.

A party never gets the country of the other side: shelling that kills two people says nothing about whose they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from pipeline.model import Actor, Place
from pipeline.stages.extract.datelines import Dateline
from pipeline.stages.extract.names.gazetteer import gazetteer

if TYPE_CHECKING:
    from pipeline.stages.extract.events.coder import Coded
    from pipeline.stages.extract.events.events import ArticleText

# Where these happen says whose people they happen among; where ministers meet says nothing.
_ON_THE_SPOT = frozenset("ASSAULT COERCE PROTEST AID MOBILIZE RETREAT SANCTION".split())
# Seats of international bodies: what is filed there is seldom about the country.
_SEATS = frozenset(("BEL", "CHE"))
_LEAD_CHARS = 200
_HERE = re.compile(
    r"\b(?:in|at|near|outside|across|around|inside)\s+(?:the\s+)?(?:(?!(?:and|or|but|to|for|with|from|on|by)\s)[\w'’.-]+\s+){0,3}$"
)
_FOLDER = re.compile(r"/([a-z-]{4,30})(?=/)")


def is_setting(before: str) -> bool:
    """Say whether the words before a place say that something is there: "in", "near", "outside the"."""
    return _HERE.search(before) is not None


def article_country(reading: ArticleText, dateline: Dateline, begin: int) -> str | None:
    """Return the country that an article is from: by its dateline, a tag, its address, or the setting of its lead."""
    own = {m.code for m in reading.mentions if m.kind in ("country", "demonym", "capital")}
    if dateline.country is not None:
        return dateline.country if dateline.country not in _SEATS or dateline.country in own else None
    folders = _FOLDER.findall((reading.url or "").casefold().partition("//")[2])
    for name in (*reading.tags, *(folder.replace("-", " ") for folder in folders)):
        entry = gazetteer().lookup(name)
        if entry is not None and entry.kind == "country":
            return entry.code
    for mention in reading.mentions:
        if mention.start > begin + _LEAD_CHARS:
            break
        if (
            mention.start >= begin
            and mention.kind in ("country", "capital", "city", "region")
            and is_setting(reading.text[max(begin, mention.start - 80) : mention.start])
        ):
            return mention.code if mention.code not in _SEATS or mention.kind == "country" else None
    return None


def with_countries(coded: Coded, where: Place | None, country: str | None) -> Coded:
    """Return a coded event whose parties of a known sector have a country, marked with how it was found."""
    place = where.country if where is not None and coded.sense.type in _ON_THE_SPOT else None
    code, found = (place, "place") if place else (country, "article")
    if code is None or len(code) != 3:
        return coded

    def completed(parties: Sequence[Actor]) -> tuple[Actor, ...]:
        return tuple(
            msgspec.structs.replace(party, code=code, found=found) if party.sector and not party.code else party
            for party in parties
        )

    return coded._replace(actors=completed(coded.actors), recipients=completed(coded.recipients))
