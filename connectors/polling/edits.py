"""Know entries without guids again whose headline was edited, and with it the words in their link. Pure.

Neither name is left then. What stays is the moment of publication, and either the text or the number that many sites
put into their links: if no other entry shares these, it is the article from before. So it is if the moment is given to
the second, and the entry that had it has gone from between others that are still there. A day is no moment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectors.formats.parsed import ParsedEntry

if TYPE_CHECKING:
    from connectors.polling.identity import Candidate, Seen

TEXT_CHARS_MIN = 40
_DAY_S, _MINUTE_S = 86_400, 60
_NUMBER = re.compile(r"(?<!\d)\d{4,20}(?!\d)")
_DATE = re.compile(r"(?:19|20)\d\d(?:[01]\d(?:[0-3]\d)?)?")


def traits_of(entry: ParsedEntry) -> tuple[bytes, ...]:
    """Return digests of what an entry without a guid keeps when its headline is edited: its text, its link's number."""
    if entry.identity.guid:
        return ()
    found = []
    if len(entry.html or entry.text or "") >= TEXT_CHARS_MIN:
        found.append(_digest("text", entry.html or "", entry.text or ""))
    number = _number_in(entry.url)
    if number:
        found.append(_digest("number", *number))
    return tuple(found)


class Edits:
    """Find the known entry that one with new names was; ``known`` holds all, ``gone`` those no entry is yet."""

    def __init__(self, known: Collection[Seen], gone: Iterable[Seen], entries: Sequence[Candidate]) -> None:
        self._by_moment: dict[int, list[Seen]] = {}
        self._by_trait: dict[bytes, list[Seen]] = {}
        for seen in gone:
            self._by_moment.setdefault(seen.published, []).append(seen)
            for trait in seen.traits:
                self._by_trait.setdefault(trait, []).append(seen)
        self._known_moments = Counter(seen.published for seen in known)
        self._known_traits = Counter(trait for seen in known for trait in seen.traits)
        self._moments = Counter(candidate.published for candidate in entries)
        self._traits = Counter(trait for candidate in entries for trait in candidate.traits)

    def known_as(self, candidate: Candidate, earliest: int) -> Seen | None:
        """Return the entry that a candidate was before; ``earliest`` is the oldest date in the whole document."""
        alone = [trait for trait in candidate.traits if self._traits[trait] == 1 == self._known_traits[trait]]
        moment = candidate.published
        for seen in (seen for trait in alone for seen in self._by_trait.get(trait, ())):
            if seen.published == moment and moment % _DAY_S:
                return seen
        if moment % _MINUTE_S and self._moments[moment] == 1 == self._known_moments[moment] and earliest < moment:
            return next(iter(self._by_moment.get(moment, ())), None)
        return None


def _number_in(url: str | None) -> tuple[str, str] | None:
    """Return the host and the last number in a link that is no date."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    numbers = [
        number for number in _NUMBER.findall(parts.path) or _NUMBER.findall(parts.query) if not _DATE.fullmatch(number)
    ]
    return (parts.netloc.lower().removeprefix("www."), numbers[-1]) if numbers else None


def _digest(*parts: str) -> bytes:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
