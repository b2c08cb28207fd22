"""Which article an entry is, however its feed treats guids, links, titles and order. Pure.

Within a document, entries that differ are different articles. Across documents an entry is known again by what names
it: its guid, or without one its link. A name that is not known is a new article, unless there is evidence that the feed
has named its entries anew: most of those that are still there then have their title and their date or text from before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import chain

import msgspec

from connectors.formats.parsed import Entry, ParsedEntry
from connectors.polling.edits import Edits, traits_of
from connectors.polling.entry_keys import TITLE_WORDS, Keys, former_link_keys, key_of, keys_of, wholes
from connectors.polling.guids import is_number, names_place

_DAY_S = 86_400


class Seen(msgspec.Struct, array_like=True, frozen=True):
    """Remember an entry: ``raw``, ``content`` and ``traits`` are digests, ``published`` is in seconds, 0 if unknown."""

    identity: str
    raw: bytes
    content: bytes
    published: int
    keys: tuple[str, ...]
    traits: tuple[bytes, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """Hold what one entry of a document is judged by; ``content`` is a digest of its title and text, which are
    ``telling`` where there is a text.
    """

    entry: Entry
    content: bytes = b""
    published: int = 0
    telling: bool = False
    traits: tuple[bytes, ...] = ()


def candidate_of(entry: ParsedEntry) -> Candidate:
    """Return what an entry is judged by."""
    published = int(entry.published.timestamp()) if entry.published else 0
    return Candidate(entry.identity, content_of(entry), published, bool(entry.html or entry.text), traits_of(entry))


def content_of(entry: ParsedEntry) -> bytes:
    """Return a digest of all that an entry says."""
    return digest(f"{entry.title}\0{entry.html}\0{entry.text}".encode("utf-8", "surrogatepass"))


def digest(content: bytes) -> bytes:
    """Return what tells two contents of a feed apart."""
    return blake2b(content, digest_size=8).digest()


def identify_entries(
    entries: Sequence[Candidate],
    known: Collection[Seen] = (),
    feed_url: str = "",
    home: str | None = None,
    beside: Collection[Seen] = (),
) -> list[tuple[str, tuple[str, ...]]]:
    """Return for each entry its identity and the keys by which it may be recognised next time.

    ``known`` are the entries of earlier documents; ``beside`` are those of them that stand in this one as they were.
    Only entries that are alike in all they say have one identity.
    """
    if not entries:
        return []
    distinct = list(dict.fromkeys(entries))
    keyed = [keys_of(candidate, feed_url, home) for candidate in distinct]
    counts = Counter(key for keys in keyed for key in keys.kept)
    # Of those that stand beside them only the keys are counted that are asked for.
    asked = set(counts)
    counts.update(chain.from_iterable(asked.intersection(seen.keys) for seen in beside))
    history = _History(known)
    found = history.recognised(distinct, keyed, counts, {seen.identity for seen in beside}) if known else {}
    found |= _twins(distinct, keyed, beside)
    taken = {seen.identity for seen in known} | {seen.identity for seen in beside}
    for place, (candidate, keys) in enumerate(zip(distinct, keyed, strict=True)):
        if place in found:
            continue
        names = [key for key in keys.names if counts[key] == 1 and key not in history.ambiguous]
        choices = (*names, *wholes(candidate))
        found[place] = next((choice for choice in choices if choice not in taken), choices[-1])
        taken.add(found[place])
    of = {candidate: (found[place], keyed[place].kept) for place, candidate in enumerate(distinct)}
    return [of[candidate] for candidate in entries]


class _History:
    """Look entries up among those of earlier documents; ``ambiguous`` are keys that several of these have had."""

    def __init__(self, known: Collection[Seen]) -> None:
        self._known = known
        self._by_key: dict[str, Seen] = {}
        self.ambiguous: set[str] = set()
        for seen in known:
            for key in seen.keys:
                if self._by_key.setdefault(key, seen).identity != seen.identity:
                    self.ambiguous.add(key)

    def recognised(
        self, entries: Sequence[Candidate], keyed: Sequence[Keys], counts: Mapping[str, int], beside: set[str]
    ) -> dict[int, str]:
        """Return the identities of the entries that are known, by place; none is one of ``beside``, and none twice."""
        found = _Found(beside)
        rest: list[int] = []
        strays = self._strays(entries, keyed, counts, len(beside))
        for place, keys in enumerate(keyed):
            if not self._is_usable(keys.guid, counts) or place in strays:
                rest.append(place)
            elif not found.take(place, self._by_guid(keys)):
                found.renamed.append(place)
        nameless: list[int] = []
        for place in rest:
            link = keyed[place].link
            if not self._is_usable(link, counts):
                nameless.append(place)
            elif not found.take(place, self._by_key.get(link or "") or self._formerly(entries[place], keyed[place])):
                found.renamed.append(place)
        held = len(beside) + len(found.identities)
        if found.renamed or nameless:
            pairs = _Pairs(self._known, entries, keyed, found)
            for place in nameless:
                seen = pairs.same(place) or pairs.dated(place)
                found.take(place, seen or self._undated(place, entries, keyed, counts))
            self._take_renamed(found, pairs, entries, keyed, counts, held)
            self._take_edited(found, nameless, entries, keyed, beside)
        return found.identities

    def _by_guid(self, keys: Keys) -> Seen | None:
        return self._by_key.get(keys.guid or "") or self._by_key.get(keys.former_guid or "")

    def _strays(
        self, entries: Sequence[Candidate], keyed: Sequence[Keys], counts: Mapping[str, int], held: int
    ) -> set[int]:
        """Return the places of entries whose guid was that of another article: of its place in the feed, not its own.

        That is so where all else speaks against it, or where most guids have come to entries that had others before.
        """
        moved: set[int] = set()
        apart: set[int] = set()
        for place, (candidate, keys) in enumerate(zip(entries, keyed, strict=True)):
            seen = self._by_guid(keys) if self._is_usable(keys.guid, counts) else None
            if seen is None:
                continue
            others = [key for key in (keys.link, keys.title) if key is not None]
            if seen.content == candidate.content or any(key in seen.keys for key in others):
                held += 1
                continue
            known = [self._by_key.get(key) for key in others if self._is_usable(key, counts)]
            if any(other is not None and _is_whole(candidate, other) for other in known):
                moved.add(place)
            is_other_time = seen.published and candidate.published and seen.published != candidate.published
            if is_other_time and keys.link and keys.title:
                apart.add(place)
        guids = {place: (entries[place].entry.guid or "").strip() for place in apart}
        if len(moved) <= max(held, 1):
            are_numbers = not held and len(apart) > 2
            return {place for place, guid in guids.items() if names_place(guid) or (are_numbers and is_number(guid))}
        return {
            place
            for place, (candidate, keys) in enumerate(zip(entries, keyed, strict=True))
            if (seen := self._by_guid(keys)) is not None
            and seen.content != candidate.content
            and not any(key in seen.keys for key in (keys.link, keys.title) if key is not None)
        }

    def _take_edited(
        self,
        found: _Found,
        nameless: Sequence[int],
        entries: Sequence[Candidate],
        keyed: Sequence[Keys],
        beside: set[str],
    ) -> None:
        """Take entries without guids, of unknown link and headline, for those that they evidently were before."""
        linkless = [place for place in nameless if keyed[place].link is None]
        places = [
            place
            for place in (*found.renamed, *linkless)
            if keyed[place].guid is None and place not in found.identities
        ]
        if not places:
            return
        standing = (seen.published for seen in self._known if seen.identity in beside)
        dates = [date for date in (*standing, *(candidate.published for candidate in entries)) if date]
        edits = Edits(self._known, filter(found.is_free, self._known), entries)
        for place in places:
            found.take(place, edits.known_as(entries[place], min(dates, default=0)))

    def _take_renamed(
        self,
        found: _Found,
        pairs: _Pairs,
        entries: Sequence[Candidate],
        keyed: Sequence[Keys],
        counts: Mapping[str, int],
        held: int,
    ) -> None:
        """Take entries of unknown guid or link for known ones, where the feed has evidently named most of them anew."""
        firm = {
            place: pairs.firm(place) or self._same_page(entries[place], keyed[place], counts, found)
            for place in found.renamed
        }
        loose = {place: pairs.loose(place) for place in found.renamed if firm[place] is None}
        agreeing = sum(seen is not None for seen in firm.values())
        alike = agreeing + sum(seen is not None for seen in loose.values())
        is_renamed = agreeing > held
        for place, seen in firm.items():
            # A link is a weaker name than a guid: one that changes alone while all else stays is an edited one.
            is_edited = keyed[place].guid is None and pairs.is_whole(place, seen)
            if is_renamed or is_edited:
                found.take(place, seen)
        if alike > 1 and alike > held and 2 * alike > len(found.renamed):
            for place, seen in loose.items():
                found.take(place, seen)
        if is_renamed:
            for place in found.renamed:
                link = keyed[place].link
                if place not in found.identities and self._is_usable(link, counts):
                    found.take(place, self._by_key.get(link or ""))

    def _is_usable(self, key: str | None, counts: Mapping[str, int]) -> bool:
        """Tell whether a key tells entries apart: it is that of one in this document, and of one at the most before."""
        return key is not None and counts[key] == 1 and key not in self.ambiguous

    def _formerly(self, candidate: Candidate, keys: Keys) -> Seen | None:
        """Return the entry whose link had another key before, if it also says the same."""
        if not self._by_key:  # as when a feed is read for the first time: no key need be worked out
            return None
        for former in former_link_keys(candidate.entry.url or ""):
            seen = self._by_key.get(former) if former not in self.ambiguous else None
            if seen is not None and (keys.title in seen.keys or seen.content == candidate.content):
                return seen
        return None

    def _same_page(self, candidate: Candidate, keys: Keys, counts: Mapping[str, int], found: _Found) -> Seen | None:
        """Return the entry that had the same link, and title or time: what recurs at one link has other dates."""
        if not self._is_usable(keys.link, counts):
            return None
        seen = self._by_key.get(keys.link or "")
        if seen is None or not found.is_free(seen):
            return None
        if keys.title is None or keys.title not in seen.keys:
            # A day is no time: a page may have several entries of one.
            return seen if seen.published == candidate.published and seen.published % _DAY_S else None
        recurs = seen.published and candidate.published and seen.published != candidate.published
        return seen if not recurs or seen.content == candidate.content else None

    def _undated(
        self, place: int, entries: Sequence[Candidate], keyed: Sequence[Keys], counts: Mapping[str, int]
    ) -> Seen | None:
        """Return the entry that a title alone tells of, where there is no date to say otherwise."""
        title = keyed[place].title
        seen = self._by_key.get(title or "") if self._is_usable(title, counts) else None
        return seen if seen is not None and not (seen.published and entries[place].published) else None


class _Found:
    """Gather which entries are known as which; ``renamed`` are the places of those whose name is not known."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.identities: dict[int, str] = {}
        self.renamed: list[int] = []
        self._taken = set(taken)

    def is_free(self, seen: Seen) -> bool:
        """Tell whether no entry has been taken for a known one yet."""
        return seen.identity not in self._taken

    def take(self, place: int, seen: Seen | None) -> bool:
        """Take an entry for a known one, unless there is none or another is it; return whether that was done."""
        if seen is None or not self.is_free(seen):
            return False
        self.identities[place] = seen.identity
        self._taken.add(seen.identity)
        return True


class _Pairs:
    """Find known entries by what entries say: their words, or their title and date."""

    def __init__(
        self, known: Collection[Seen], entries: Sequence[Candidate], keyed: Sequence[Keys], found: _Found
    ) -> None:
        self._entries = entries
        self._titles = [keys.title for keys in keyed]
        self._kept = [set(keys.kept) for keys in keyed]
        self._found = found
        self._dated = Counter(zip(self._titles, (candidate.published for candidate in entries), strict=True))
        self._by_content: dict[bytes, list[Seen]] = {}
        self._by_date: dict[int, list[Seen]] = {}
        for seen in known:
            if found.is_free(seen):
                self._by_content.setdefault(seen.content, []).append(seen)
                self._by_date.setdefault(seen.published, []).append(seen)

    def same(self, place: int) -> Seen | None:
        """Return the known entry that says the same and shares a name, with the same date unless that says much."""
        candidate, kept = self._entries[place], self._kept[place]
        tells = candidate.telling or len((candidate.entry.title or "").split()) >= TITLE_WORDS
        former = key_of("title", "", candidate.entry.published or "")  # how entries of text alone were known
        alike = [
            seen
            for seen in self._by_content.get(candidate.content, ())
            if self._found.is_free(seen)
            and (tells or seen.published == candidate.published)
            and (set(seen.keys) == kept or (tells and not kept.isdisjoint(seen.keys)) or former in seen.keys)
        ]
        if len(alike) > 1:
            own = wholes(candidate)  # of several that nothing else tells apart
            alike.sort(
                key=lambda seen: (
                    set(seen.keys) != kept,
                    seen.published != candidate.published,
                    seen.identity not in own,
                )
            )
        return alike[0] if alike else None

    def firm(self, place: int) -> Seen | None:
        """Return the known entry with the same words and no other date, else the one with the same title and date."""
        candidate = self._entries[place]
        alike = self._alike(candidate)
        for seen in alike:
            if seen.published == candidate.published:
                return seen
        for seen in alike:
            if not (seen.published and candidate.published):
                return seen
        return self.dated(place)

    def dated(self, place: int) -> Seen | None:
        """Return the known entry with the same title and date, where there is one of each."""
        candidate, title = self._entries[place], self._titles[place]
        if title is None or not candidate.published or self._dated[title, candidate.published] > 1:
            return None
        same = [
            seen
            for seen in self._by_date.get(candidate.published, ())
            if title in seen.keys and self._found.is_free(seen)
        ]
        return same[0] if len(same) == 1 else None

    def loose(self, place: int) -> Seen | None:
        """Return the known entry with the same words, whatever its date."""
        return next(iter(self._alike(self._entries[place])), None)

    def is_whole(self, place: int, seen: Seen | None) -> bool:
        """Tell whether an entry says what a known one said, with the same date or without any."""
        return seen is not None and _is_whole(self._entries[place], seen)

    def _alike(self, candidate: Candidate) -> list[Seen]:
        if not candidate.telling:
            return []
        return [seen for seen in self._by_content.get(candidate.content, ()) if self._found.is_free(seen)]


def _is_whole(candidate: Candidate, seen: Seen) -> bool:
    return candidate.telling and (seen.content, seen.published) == (candidate.content, candidate.published)


def _twins(entries: Sequence[Candidate], keyed: Sequence[Keys], beside: Iterable[Seen]) -> dict[int, str]:
    """Return the identities of the entries that say once more what one that stands beside them says, by place."""
    found: dict[int, str] = {}
    standing = {seen.content: seen for seen in beside}
    for place, (candidate, keys) in enumerate(zip(entries, keyed, strict=True)):
        seen = standing.get(candidate.content)
        if seen is not None and keys.names and all(key in seen.keys for key in keys.names):
            found[place] = seen.identity
    return found
