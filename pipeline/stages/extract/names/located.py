"""Choose which of several places a name means, and find places that only their surroundings tell from other words.

In this order: what the text says beside the name ("Paris, Texas", "Lebanon's Tripoli", "near Bor in eastern Serbia"),
the countries and regions that the article speaks of, else the place that most people live in. A name that may be
something else ("Batman", "Man") is a place only where its country is named.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from pipeline.stages.extract.names.atlas import Spot, folded, spots
from pipeline.stages.extract.names.gazetteer import Entry, Mention
from pipeline.stages.extract.names.tagger import shipped

# A place is meant against the better known one of its name only if it is not a village beside it.
LEAST_SHARE = 0.1
LEAST_SHARE_IN_COUNTRY = 0.02
NEAR_CHARS = 250
ENOUGH = 2.0
_SIDE = r"(?i:(?:the\s+)?(?:far\s+)?(?:north|south|east|west|central)[\w-]*\s+)*"
_KIND = r"(?:city|town|village|port|capital|district|province|region|state|suburb)"
# Between a name and what it lies in: "Paris, Texas", "Bor in eastern Serbia", "Goma, the capital of North Kivu".
_LIES_IN = re.compile(
    rf"(?:,\s+(?:in\s+)?|\s+in\s+|,?\s+(?:the\s+|a\s+)?(?:\w+\s+)?{_KIND}\s+(?:of|in)\s+)(?:the\s+)?{_SIDE}$"
)
_COMMA_SIDE = re.compile(rf",\s+{_SIDE}")
_IN_BRACKETS = re.compile(r"\s*\(\s*$")
# "Tripoli, the Libyan capital"
_OF_PEOPLE = re.compile(r",\s+(?:the|a|an)\s+(?:\w+\s+){0,2}$")
_OWNED = re.compile(rf"(?:['’]s)?\s+{_SIDE}(?:{_KIND}\s+(?:of\s+)?)?$")
_ITS = re.compile(rf"['’]s?\s+{_SIDE}(?:{_KIND}\s+of\s+)?(?=[A-ZÀ-Þ])")
_ABBREVIATED = re.compile(r",\s+((?:[A-Z]\.\s?){1,3}|[A-Z][a-z]{1,4}\.)")
_STRONG = r"[Ii]n|[Nn]ear|[Oo]utside|[Ii]nside|[Aa]round"
_WEAK = (
    r"[Tt]owards|[Tt]oward|[Ii]nto|[Ff]rom|of|[Tt]o|[Oo]ff|[Aa]t|reached|[Aa]cross|[Tt]hrough|[Vv]ia|[Bb]etween|[Ll]eft|seized"
    r"|captured|retaken|recaptured|shelled|bombed|hit|struck|entered|stormed|besieged|liberated|attacked|retook|rocked|raided"
)
_PLACED = re.compile(rf"\b(?:(?P<strong>{_STRONG})|{_WEAK})\s+(?:the\s+(?:\w+\s+)?{_KIND}\s+of\s+)?(?=[A-ZÀ-Þ])")


def _ends_of_placed() -> re.Pattern[str]:
    """Return what the last character of each match of ``_PLACED`` matches: a space, which a search can skip to."""
    widths: dict[int, list[str]] = defaultdict(list)
    for word in (*_STRONG.split("|"), *_WEAK.split("|")):
        widths[len(re.sub(r"\[..\]", "x", word))].append(word)
    before = "|".join(rf"(?<=\b(?:{'|'.join(words)})\s)" for words in widths.values())
    return re.compile(rf"\s(?=[A-ZÀ-Þ])(?:{before}|(?<=\s\s))")


_PLACED_END = _ends_of_placed()
# So long the words are that it begins with; so many it may match, the last of them "of": "in the Syrian city of Homs".
_PLACED_CHARS, _PLACED_WORDS = 10, 5
_RUN = re.compile(
    r"[A-ZÀ-Þ][\w'’]*(?:[ -](?:(?:da|de|del|di|do|dos|la|el|al|am|of|sur|upon|ul|as|es)[ -]){0,2}[A-ZÀ-Þ][\w'’]*){0,4}"
)
_AND = re.compile(r"(?:,\s+(?:and\s+)?|\s+and\s+)(?=[A-ZÀ-Þ])")
_LISTED = re.compile(r",?\s+and\s+|,\s+|\s*[-–/]\s*")
_POSSESSIVE = re.compile(r"['’]s?$")
_NOT_PLACES = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday god congress parliament".split()
)
# Countries that share their name with a region of another: which is meant, the words after it or its towns tell.
_HOMONYMS = {"georgia": "USA", "niger": "NGA"}
_STATE = re.compile(r"\s+state\b(?!\s+(?:media|tv|television|radio|oil|news|company|visit|owned))")
_OF_STATE = re.compile(
    r"(?:['’]s?)?\s+(?:state\b|gov(?:ernor|\.)|legislature|lawmakers|statehouse|republicans|democrats|attorney\s+general"
    r"|secretary\s+of\s+state|bulldogs)", re.IGNORECASE,
)  # fmt: skip
# Two countries have this name; that of the larger one is meant unless the text speaks of the other.
_SHARED = {"congo": ("COD", "COG")}


class _Sign(NamedTuple):
    """Hold a country, and perhaps a region of it, that the text speaks of somewhere."""

    at: int
    code: str
    word: str


def locate(text: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """Return the mentions with each place settled, and places besides that the text shows to be such."""
    reader = _Reader(text, mentions)
    added: list[Mention] = []
    for found in sorted(reader.others(), key=lambda mention: (mention.start, -mention.end)):
        if not added or added[-1].end <= found.start:
            added.append(found)
    reader.learn(added)
    settled = [reader.settled(number) for number in range(len(mentions))]
    if not added:
        return tuple(settled)
    kept = [m for m in settled if not any(a.start < m.end and m.start < a.end for a in added)]
    return tuple(sorted((*kept, *added), key=lambda mention: mention.start))


class _Reader:
    """Read one text: which countries it speaks of, and what stands beside its names."""

    def __init__(self, text: str, mentions: Sequence[Mention]) -> None:
        self._text = text
        self._mentions = mentions
        self._signs: list[_Sign] = []
        self._regions: set[str] = set()
        for mention in mentions:
            word = folded(text[mention.start : mention.end])
            if mention.kind == "region":
                self._regions.add(word)
            if mention.code and len(mention.code) == 3 and word not in _HOMONYMS and word not in _SHARED:
                if mention.kind in ("city", "capital", "maybe", "region") and self._is_shared(word, mention):
                    continue
                self._signs.append(_Sign(mention.start, mention.code, word))

    def learn(self, found: Sequence[Mention]) -> None:
        """Let places that are found besides speak for their countries, too."""
        spoken_of = {sign.code for sign in self._signs}
        for mention in found:
            if spoken_of and mention.code not in spoken_of:
                continue  # told by its name alone
            word = folded(self._text[mention.start : mention.end])
            if mention.code and len({spot.code for spot in spots(word)}) == 1:
                self._signs.append(_Sign(mention.start, mention.code, word))

    def _is_shared(self, word: str, mention: Mention) -> bool:
        """Say whether a place of this name elsewhere is large enough to be meant."""
        found = [spot for spot in spots(word) if spot.kind != "country"]
        people = max((spot.people for spot in found if spot.code == mention.code), default=0)
        return any(s.code != mention.code and (s.kind == "region" or s.people > LEAST_SHARE * people) for s in found)

    def _weights(self, at: int, word: str) -> dict[str, float]:
        """Return how much the text speaks of each country, as seen from a place in it; a word counts once."""
        best: dict[tuple[str, str], float] = {}
        for sign in self._signs:
            if sign.word != word:
                weight = ENOUGH if abs(sign.at - at) < NEAR_CHARS else 1.0
                best[sign.code, sign.word] = max(weight, best.get((sign.code, sign.word), 0.0))
        weights: dict[str, float] = defaultdict(float)
        for (code, _), weight in best.items():
            weights[code] += weight
        return weights

    def settled(self, number: int) -> Mention:
        """Return a mention with the place that it means here."""
        mention = self._mentions[number]
        surface = self._text[mention.start : mention.end]
        word = folded(surface)
        holder = self._holding(number, word) if mention.kind == "region" or word in _HOMONYMS else None
        if holder is not None:
            return Mention(mention.start, mention.end, entry_of(holder), sure=True)
        if mention.kind == "country":
            town = self._beside(mention.start, mention.end, [s for s in spots(surface) if s.kind == "city"], "region")
            if town is not None:  # "Lebanon, Ohio"
                return Mention(mention.start, mention.end, entry_of(town), sure=True)
            if word in _HOMONYMS or word in _SHARED:
                mention = self._country(mention, word)
            return msgspec.structs.replace(mention, sure=True) if self._is_listed(number) else mention
        if mention.kind not in ("city", "capital", "maybe", "region"):
            return mention
        found = [spot for spot in spots(surface) if spot.kind != "country"]
        beside = self._beside(mention.start, mention.end, found)
        if beside is not None:
            return Mention(mention.start, mention.end, entry_of(beside), sure=True)
        if mention.kind == "region" and not mention.code:
            return mention
        weights = self._weights(mention.start, word)
        if mention.kind == "maybe":
            return self._perhaps(mention, found, weights)
        usual = [spot for spot in found if spot.code == mention.code]
        people = max((spot.people for spot in usual), default=0)
        if not weights[mention.code or ""]:
            others = [
                s for s in found if s.code != mention.code and weights[s.code] >= ENOUGH and (s.named or s.people)
            ]
            others = [s for s in others if s.people >= LEAST_SHARE * people or mention.kind == s.kind == "region"]
            if others:
                chosen = max(others, key=lambda s: (weights[s.code], s.named, s.people))
                return Mention(mention.start, mention.end, entry_of(chosen), sure=True)
        here = [s for s in usual if s.region in self._regions and s.people >= LEAST_SHARE_IN_COUNTRY * people]
        if here and mention.kind == "city":
            return Mention(mention.start, mention.end, entry_of(max(here, key=lambda s: s.people)), sure=True)
        sure = weights[mention.code or ""] > 0
        return msgspec.structs.replace(mention, sure=True) if sure and mention.kind != "region" else mention

    def _holding(self, number: int, word: str) -> Spot | None:
        """Return the region that a name after a comma means, as the town before it lies there: "Athens, Georgia"."""
        mention, before = self._mentions[number], self._mentions[number - 1] if number else None
        if before is None or self._text[before.end : mention.start] != ", ":
            return None
        towns = [s for s in spots(self._text[before.start : before.end]) if s.kind == "city" and s.region == word]
        if not towns:
            return None
        code = max(towns, key=lambda s: s.people).code
        return next((s for s in spots(word) if s.kind == "region" and s.code == code), None)

    def _is_listed(self, number: int) -> bool:
        """Say whether a country stands beside another: "Jordan and Egypt" are no persons."""
        sides = (number - 1, number), (number, number + 1)
        return any(
            left >= 0 and right < len(self._mentions)
            and self._mentions[left].kind == self._mentions[right].kind == "country"
            and _LISTED.fullmatch(self._text[self._mentions[left].end : self._mentions[right].start]) is not None
            for left, right in sides
        )  # fmt: skip

    def _country(self, mention: Mention, word: str) -> Mention:
        weights = self._weights(mention.start, word)
        if word in _SHARED:
            usual, other = _SHARED[word]
            code = other if weights[other] > weights[usual] else usual
            name = "Republic of the Congo" if code == other else "Democratic Republic of the Congo"
            return Mention(mention.start, mention.end, msgspec.structs.replace(mention.entry, code=code, name=name))
        code = _HOMONYMS[word]
        after = _OF_STATE if code == "USA" else _STATE
        said = after.match(self._text, mention.end) is not None
        towns = any(
            spot.region == word and spot.code == code and spot.people > 50_000
            for sign in self._signs
            if sign.code == code
            for spot in spots(sign.word)[:3]
        )
        if (said or towns) and not (weights[mention.code or ""] and not said):
            spot = next((s for s in spots(word) if s.kind == "region" and s.code == code), None)
            if spot is not None:
                return Mention(mention.start, mention.end, entry_of(spot), sure=True)
        return mention

    def _perhaps(self, mention: Mention, found: Sequence[Spot], weights: dict[str, float]) -> Mention:
        """Take a name that is also a word for a place where its country is named and a word of place stands before."""
        placed = re.search(r"\b(?:in|near|outside|around|from|to|at)\s+$", self._text[: mention.start][-12:])
        fitting = [spot for spot in found if weights[spot.code] and spot.named]
        if placed and fitting:
            chosen = max(fitting, key=lambda s: (weights[s.code] + (s.people > 300_000), s.people))
            return Mention(mention.start, mention.end, entry_of(chosen), sure=True)
        return mention

    def others(self) -> Iterator[Mention]:
        """Yield places that no mention has: after a word of place, fitting what the text speaks of."""
        taken = [m for m in self._mentions if m.kind != "maybe"]

        def is_free(place: int) -> bool:
            before = bisect_right(taken, place, key=lambda mention: mention.start) - 1
            return before < 0 or taken[before].end <= place

        done = 0
        for match in _placed(self._text):
            at, strong = match.end(), match["strong"] is not None
            while at >= done and is_free(at):
                found = self._at(at, strong)
                if found is None:
                    break
                yield found
                done = found.end
                following = _AND.match(self._text, done)
                if following is None:
                    break
                at = following.end()
        for mention in self._mentions:
            if mention.kind == "country":
                owned = _ITS.match(self._text, mention.end)
                found = self._at(owned.end(), strong=False) if owned and is_free(owned.end()) else None
                if found is not None:
                    yield found

    def _at(self, at: int, strong: bool) -> Mention | None:
        run = _RUN.match(self._text, at)
        if run is None:
            return None
        end = run.end()
        while end > at:
            surface = _POSSESSIVE.sub("", self._text[at:end])
            found = [s for s in spots(surface) if s.kind != "country"] if len(surface) > 2 or strong else []
            if found:
                chosen = self._chosen(at, at + len(surface), found, strong)
                return Mention(at, at + len(surface), entry_of(chosen), sure=True) if chosen is not None else None
            end = max(self._text.rfind(" ", at, end), self._text.rfind("-", at, end))
        return self._small(at, run.end()) if strong else None

    def _small(self, start: int, end: int) -> Mention | None:
        """Return a place too small to be known: it has the country of what stands after it, "Miranshah, Waziristan"."""
        after = next((m for m in self._mentions if m.start >= end and m.start - end < 24), None)
        if after is None or after.kind not in ("country", "region") or not after.code:
            return None
        if _COMMA_SIDE.fullmatch(self._text[end : after.start]) is None:
            return None
        name = self._text[start:end]
        return Mention(start, end, Entry(kind="city", code=after.code, sector=None, name=name), sure=True)

    def _chosen(self, start: int, end: int, found: Sequence[Spot], strong: bool) -> Spot | None:
        word = folded(self._text[start:end])
        if word in _NOT_PLACES or (self._text[end : end + 1] == " " and self._text[end + 1 : end + 2].isupper()):
            return None
        beside = self._beside(start, end, found)
        if beside is not None:
            return beside
        weights = self._weights(start, word)
        fitting = [spot for spot in found if weights[spot.code] >= ENOUGH]
        lists = shipped()
        if word in lists.common or word in lists.first or word in lists.last:
            fitting = [s for s in fitting if s.named and s.kind == "city"] if strong else []
            return max(fitting, key=lambda s: s.people, default=None)
        if fitting:
            return max(fitting, key=lambda s: (weights[s.code] + s.named, s.people))
        if len({spot.code for spot in found}) == 1 and strong and len(word) > 4:
            return max(found, key=lambda s: (s.named, s.people))
        return None

    def _beside(self, start: int, end: int, found: Sequence[Spot], only: str | None = None) -> Spot | None:
        """Return the place that what stands beside the name says: what it lies in, whose it is."""
        if not found:
            return None
        text = self._text
        short = _ABBREVIATED.match(text, end)
        if short is not None:
            regions = [s for s in spots(short[1].strip()) if s.kind == "region"]
            fitting = [
                s for s in found for r in regions if s.kind == "city" and (s.region, s.code) == (r.region, r.code)
            ]
            if fitting:
                return max(fitting, key=lambda s: s.people)
        after = [m for m in self._mentions if m.start >= end and m.start - end < 60][:2]
        for mention in after[:1]:
            gap = text[end : mention.start]
            if only is not None and (mention.kind != only or gap.strip() != ","):
                continue
            if (
                _LIES_IN.match(gap)
                or _IN_BRACKETS.fullmatch(gap)
                or (mention.kind == "demonym" and _OF_PEOPLE.fullmatch(gap))
            ):
                fitting = self._within(found, mention)
                if fitting:
                    return max(fitting, key=lambda s: (s.kind == "city", s.people))
        if only is not None:
            return None
        before = [m for m in self._mentions if m.end <= start and start - m.end < 40][-1:]
        for mention in before:
            if mention.kind in ("country", "demonym", "region") and _OWNED.fullmatch(text[mention.end : start]):
                fitting = self._within(found, mention)
                if fitting:
                    return max(fitting, key=lambda s: s.people)
        return None

    def _within(self, found: Sequence[Spot], mention: Mention) -> list[Spot]:
        """Return the places that lie in what a mention names."""
        word = folded(self._text[mention.start : mention.end])
        if mention.kind in ("region", "city", "capital", "country"):
            inside = [s for s in found if s.region == word and (s.code == mention.code or mention.kind != "region")]
            if inside and mention.kind != "country":
                return inside
            if inside and word in _HOMONYMS and inside[0].code == _HOMONYMS[word]:
                return inside
        if mention.kind in ("country", "demonym", "region"):
            return [s for s in found if s.code == mention.code]
        return []


def _placed(text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of ``_PLACED``, each looked for only before where one can end."""
    done = earlier = latest = 0
    for space in _PLACED_END.finditer(text):
        # Between its first word and the capital that it ends before, one word at most has a capital.
        done, earlier, latest = max(done, earlier), latest, space.end()
        if latest <= done:
            continue
        begin = max(done, space.start() - _PLACED_CHARS)
        if text[space.start() - 1].isspace() or text.startswith("of", space.start() - 2):
            head = text[done:latest].rsplit(None, _PLACED_WORDS)
            begin = done + len(head[0]) if len(head) > _PLACED_WORDS else done
        match = _PLACED.search(text, begin, latest + 1)
        if match is not None:
            yield match
            done = match.end()


def entry_of(spot: Spot) -> Entry:
    """Return a place of the atlas as what a name stands for."""
    return Entry(
        kind="region" if spot.kind == "region" else "city",
        code=spot.code,
        sector=None,
        name=spot.name,
        latitude=spot.latitude,
        longitude=spot.longitude,
        geonames_id=spot.geonames_id,
    )


def likeliest(surface: str) -> Entry | None:
    """Return the place that a name means where nothing else says so: one of a name that no other country has."""
    found = [spot for spot in spots(surface) if spot.kind != "country"]
    if not found or len({spot.code for spot in found}) > 1:
        return None
    return entry_of(max(found, key=lambda spot: (spot.named, spot.people)))
