"""Name the persons, organisations and places of an article: gazetteer first, then the tagger, then a vote.

The same name in one article is one thing: what most of its mentions are, all are; a surname is the person whose full
name the article gives. In languages without a tagger the gazetteer alone speaks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from pipeline.language.sentences import split_sentences
from pipeline.model import Entity
from pipeline.stages.extract.chunks import split_tokens
from pipeline.stages.extract.names import features, tagger
from pipeline.stages.extract.names.atlas import folded, spots
from pipeline.stages.extract.names.boundaries import Name, Type, mended
from pipeline.stages.extract.names.gazetteer import PLACES, Entry, Kind, Mention, find, gazetteer
from pipeline.stages.extract.names.located import likeliest, locate
from pipeline.stages.extract.names.places import with_position

_TYPES: dict[Kind, Type] = {
    "country": "LOC", "capital": "LOC", "city": "LOC", "region": "LOC", "org": "ORG", "office": "ORG", "group": "ORG",
    "person": "PER",
}  # fmt: skip
# Where the tagger sees nothing the gazetteer is believed for these: their names are hardly ever anything else.
_TRUSTED = frozenset(("country", "capital", "org", "office", "group", "person"))


def find_entities(
    text: str, language: str | None = "en", mentions: Sequence[Mention] | None = None
) -> tuple[Entity, ...]:
    """Return the names in ``text`` in order, without overlap; ``mentions`` are the gazetteer's, if already found."""
    known = locate(text, find(text)) if mentions is None else mentions
    if language in (None, "en"):
        careless = is_careless(text)
        tagged = [_with_likelier_type(text, name) for name in _tagged(text, known, careless)]
        whole = mended(text, _with_trusted(text, tagged, known), _is_known)
        names = _voted(text, _repeated(text, whole, careless))
    else:
        names = [Name(m.start, m.end, _TYPES[m.kind]) for m in known if m.kind in _TYPES]
    return tuple(_entities(text, names, known))


def _is_known(surface: str) -> bool:
    return gazetteer().lookup(surface) is not None


def _tagged(text: str, known: Sequence[Mention], careless: bool) -> Iterator[Name]:
    sentences = split_sentences(text)
    rows = [_as_usual(split_tokens(text[start:end])) for start, end in sentences]
    context = features.context_of(rows)
    model, lists = tagger.shipped_tagger(), tagger.shipped_lists()
    at = 0
    for (start, end), words in zip(sentences, rows, strict=True):
        first = at
        while at < len(known) and known[at].start < end:
            at += 1
        if careless:
            words = tagger.capitalised(words, lists)
        if not any(map(features.is_candidate, words)):
            continue
        # Where the words stand is asked only where something is known or found of them.
        tokens = tagger.tokenize(text, start, end) if at > first else []
        tags = model.tag(words, tagger.kinds_of(tokens, known[first:at]) or [""] * len(words), context)
        if tags.count("O") < len(tags):
            yield from _spans(tokens or tagger.tokenize(text, start, end), tags)


def _with_likelier_type(text: str, name: Name) -> Name:
    """Take a word for a person's name that is tagged as a place, but is none anywhere and stands as none does."""
    surface = text[name.start : name.end]
    if name.type != "LOC" or not surface.isalpha() or not surface.istitle() or len(surface) < 5:
        return name
    if _OF_PLACE.search(text, max(0, name.start - 14), name.start) or _PLACE_AFTER.match(text, name.end):
        return name
    if gazetteer().lookup(surface) is not None or spots(surface):
        return name
    return Name(name.start, name.end, "PER")


def _as_usual(words: list[str]) -> list[str]:
    """Return the words of a sentence; those of a headline in capitals as they would be written elsewhere."""
    if any(word.islower() and word.isalpha() for word in words):
        return words  # as nearly all are
    letters = "".join(word for word in words if word.isalpha())
    if len(words) > 3 and letters.isupper():
        common = tagger.shipped().common
        return [w.lower() if w.lower() in common else w.title() if len(w) > 3 else w for w in words]
    return words


def _spans(row: Sequence[tagger.Token], tags: Sequence[str]) -> Iterator[Name]:
    begin = -1
    for at, tag in enumerate((*tags, "O")):
        if begin >= 0 and tag[0] != "I":
            last = at - 1
            while last > begin and row[last].text.islower() and tagger.may_go_on(row[last].text):
                last -= 1  # a name does not end in "of"
            kind: Type = "PER" if tags[begin][2] == "P" else "ORG" if tags[begin][2] == "O" else "LOC"
            yield Name(row[begin].start, row[last].end, kind)
            begin = -1
        if tag[0] == "B":
            begin = at


def _with_trusted(text: str, names: list[Name], known: Iterable[Mention]) -> list[Name]:
    """Add the gazetteer's names: several words of them outweigh what the tagger made of parts, peoples are no names."""
    kept = []
    peoples = {(m.start, m.end) for m in known if m.kind == "demonym"}
    firm = [m for m in known if _is_firm(m) and not text.endswith("administration", m.start, m.end)]
    at = 0
    added: list[Name] = []
    for name in sorted((n for n in names if (n.start, n.end) not in peoples), key=lambda name: name.start):
        while at < len(firm) and firm[at].end <= name.start:
            added.append(Name(firm[at].start, firm[at].end, _TYPES[firm[at].kind]))
            at += 1
        over = [m for m in firm[at : at + 4] if m.start < name.end]
        if over and _is_longer(text, over[0], name):
            continue
        kept.append(name)
        at += len(over)
    added += [Name(m.start, m.end, _TYPES[m.kind]) for m in firm[at:]]
    free = [name for name in added if not any(k.start < name.end and name.start < k.end for k in _near(kept, name))]
    return sorted(kept + free, key=lambda name: name.start)


_OF_PLACE = re.compile(
    r"\b(?i:in|near|outside|inside|around|at|from|to|of|into|through|across|the|towards?|via|and|or|between|for|[\w-]*ern)"
    r"[\s,]+$"
)
_PLACE_AFTER = re.compile(r",\s+[A-Z]|\s+[A-Z]|-")
_STATE_AFTER = re.compile(r",\s+(?:[A-Z]\.\s?){2}")  # "Rochester, N.Y."
_PLACED = re.compile(r"\b(?:in|near|outside|inside|around)\s+$")


def _is_firm(mention: Mention) -> bool:
    return mention.kind in _TRUSTED or (mention.sure and mention.kind in PLACES)


def _near(names: Sequence[Name], name: Name) -> Sequence[Name]:
    at = bisect_left(names, name.start, key=lambda other: other.end)
    return names[max(at - 1, 0) : at + 3]


def _is_longer(text: str, mention: Mention, name: Name) -> bool:
    """Tell whether a gazetteer name of several words reaches beyond, or has all but a stray end of, a tagged one."""
    if text[mention.start : mention.end].isalnum():
        # "Georgia and Armenia" are no persons.
        same = (mention.start, mention.end) == (name.start, name.end)
        word = folded(text[mention.start : mention.end])
        lists = tagger.shipped()
        if same and mention.kind == "capital" and word not in lists.first and word not in lists.last:
            return name.type == "PER"  # "Bamako said"
        placed = (
            mention.kind in ("country", "region", "capital")
            or text[name.start : name.end].isupper()
            or _PLACED.search(text, max(0, name.start - 9), name.start) is not None
            or _STATE_AFTER.match(text, name.end) is not None
        )
        return same and mention.sure and placed and name.type == "PER"
    return mention.start <= name.start and mention.end >= name.end


_WORD = re.compile(r"(?<![\w’'&.-])[^\W\d_a-z][\w-]{2,}")


def is_careless(text: str) -> bool:
    """Tell whether a text does not care for capitals: a sentence begins without one, or "i" stands alone."""
    return any(pattern.search(text) for pattern in _CARELESS)


def _repeated(text: str, names: list[Name], careless: bool) -> list[Name]:
    """Add further mentions of a word that the article has already named, and of the surnames of its persons."""
    types: dict[str, Type] = {}
    common = tagger.shipped().common
    for name in names:
        surface = text[name.start : name.end]
        word = surface.rsplit(" ", 1)[-1] if name.type == "PER" else surface
        if " " not in word and word.lower() not in common:
            types.setdefault(word, name.type)
    extra = []
    for match in _WORD.finditer(text) if types else ():
        kind = types.get(match.group())
        if kind is not None:
            found = Name(match.start(), match.end(), kind)
            if not any(k.start < found.end and found.start < k.end for k in _near(names, found)):
                extra.append(found)
    if careless:
        extra += _written_small(text, common)
    return sorted(names + extra, key=lambda name: name.start) if extra else names


def _written_small(text: str, common: frozenset[str]) -> Iterator[Name]:
    """Give the places of a text that does not care for capitals: "went to kerala"."""
    for match in _SMALL.finditer(text):
        word = match.group()
        if word not in common and word not in _NOT_PLACES:
            entry = gazetteer().lookup(word)
            if entry is not None and entry.kind in PLACES:
                yield Name(match.start(), match.end(), "LOC")


# What a search can skip to stands first in each.
_CARELESS = tuple(map(re.compile, (r"\A[a-z]", r"\n[a-z]", r"i(?<=\bi)\b", r"[.!?]\s+[a-z]")))
_SMALL = re.compile(r"(?<![\w@.-])[a-z]{5,}(?![\w@-])")
_NOT_PLACES = frozenset("turkey china japan guinea jordan polish lima reading mobile orange nancy".split())


def _voted(text: str, names: list[Name]) -> list[Name]:
    """Give each name the type that most of its mentions have; a lone surname the type of the person's full name."""
    votes: dict[str, Counter[Type]] = defaultdict(Counter)
    for name in names:
        surface = text[name.start : name.end]
        votes[surface][name.type] += 1
        if name.type == "PER" and " " in surface:
            votes[surface.rsplit(" ", 1)[1]]["PER"] += 1
    most = {surface: count.most_common(1)[0] for surface, count in votes.items() if len(count) > 1}
    return [
        Name(name.start, name.end, found[0])
        if (found := most.get(text[name.start : name.end])) is not None and found[1] > 1
        else name
        for name in names
    ]


def _entities(text: str, names: Sequence[Name], known: Iterable[Mention]) -> Iterator[Entity]:
    entries = {(mention.start, mention.end): mention.entry for mention in known}
    full: dict[str, str] = {}
    for name in names:
        surface = " ".join(text[name.start : name.end].split())
        if name.type == "PER" and " " in surface:
            full.setdefault(surface.rsplit(" ", 1)[1], surface)
    for name in names:
        surface = text[name.start : name.end]
        plain = " ".join(surface.split())
        whole = full.get(plain) if name.type == "PER" else None
        entry = entries.get((name.start, name.end))
        called = whole or (entry.name if entry is not None else plain)
        if name.type == "LOC":
            yield _place(surface, called, name, entry)
        else:
            yield Entity(text=surface, type=name.type, name=called, start=name.start, end=name.end)


def _place(surface: str, called: str, name: Name, entry: Entry | None) -> Entity:
    """Return a place with where it is, as far as that is known."""
    if entry is None:
        entry = likeliest(surface)
    if entry is None or entry.kind not in PLACES:
        return Entity(text=surface, type="LOC", name=called, start=name.start, end=name.end)
    entry = with_position(entry, surface)
    return Entity(
        text=surface, type="LOC", name=entry.name, start=name.start, end=name.end, country=entry.code,
        latitude=entry.latitude, longitude=entry.longitude, geonames_id=entry.geonames_id, found=entry.kind,
    )  # fmt: skip
