"""Turn noun phrases into the actors they name, with country or organisation code and sector."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from pipeline.model import Actor
from pipeline.stages.extract.events.antecedents import form_of
from pipeline.stages.extract.events.cast import FORMS, Cast, Form, Role
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.names.gazetteer import Mention

if TYPE_CHECKING:
    from spacy.tokens import Token

PRONOUNS = frozenset("he she they it its his her their him them who which that we whom".split())
NAMED = frozenset("country demonym capital office org group person leader".split())
STATES = frozenset("country demonym capital".split())
# Parts of a noun phrase that belong to the name itself, and those that tell whose it is.
_INSIDE = frozenset(
    "compound flat amod nmod:poss appos nmod:unmarked nmod:desc nmod det case fixed nummod list goeswith "
    "parataxis".split()
)
_OWNER_CASES = frozenset("of from in".split())
_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
# What somebody is chief, officer or member of says more than that.
_GENERIC = frozenset(
    "officer official chief leader member spokesman spokeswoman spokesperson general commander head candidate deputy "
    "lawyer agent source inspector director supporter".split()
)
# Offices of many countries that the gazetteer has for one.
_SHARED_OFFICES = frozenset(
    "senate congress supreme_court house_of_representatives national_assembly parliament house".split()
)
_BLOCS = frozenset("bloc alliance union organisation organization body".split())
_CIVIL = frozenset("rebel opposition militant guerrilla armed".split())
_TRANSPARENT = frozenset(
    "number group thousand hundred dozen score million series member rest part majority most all some many both "
    "one two".split()
)


# Codes of bodies that are no country.
BODY_CODES = frozenset("IGO UNO EUR NGO IMG MNC".split())
# Kinds of the gazetteer that a person of the article may share a name with.
_MISTAKEN = frozenset("city maybe region person leader".split())
_NO_PARTY = frozenset("god lord christmas easter internet covid covid-19 coronavirus ebola storm hurricane".split())


class Sentence:
    """Hold a parsed sentence with the names in it, in offsets of the article's text."""

    def __init__(self, offset: int, mentions: Sequence[Mention], cast: Cast | None = None, position: int = 0) -> None:
        self.offset = offset
        self.position = position
        self.cast = cast if cast is not None else Cast("", ())
        self._mentions = [m for m in mentions if m.kind in NAMED or (m.kind == "region" and m.code)]
        self._ends = [m.end for m in self._mentions]

    def named_at(self, token: Token) -> Mention | None:
        """Return the name that ``token`` is part of."""
        start = self.offset + token.idx
        at = bisect_left(self._ends, start + 1)
        if at < len(self._mentions) and self._mentions[at].start <= start:
            return self._mentions[at]
        return None

    def text_of(self, token: Token, start: int, end: int) -> str:
        """Return the characters from ``start`` to ``end`` of the article, which lie in this sentence."""
        return token.doc.text[start - self.offset : end - self.offset]

    def actors(self, head: Token, depth: int = 0) -> tuple[Actor, ...]:
        """Return whom the noun phrase under ``head`` names, one actor for each conjunct."""
        result = list(self._one(head, depth))
        for part in (head, *(c for c in head.children if c.dep_ in ("flat", "compound", "appos") and c.i > head.i)):
            for child in part.children:
                if child.dep_ == "conj" and depth < 6 and not child.tag_.startswith("VB"):
                    result.extend(self.actors(child, depth + 1))
        for mention in self._apposed(head):
            if all(mention.start != actor.start for actor in result):
                if len(result) == 1 and result[0].code == mention.code and result[0].end < mention.start:
                    result[0] = msgspec.structs.replace(result[0], name=mention.entry.name)
                    continue
                result.append(self._actor(head, mention, None, [head]))
        return _distinct(result)

    def _apposed(self, head: Token) -> Iterator[Mention]:
        """Yield the people named after commas: "the Russian minister, Ann Lee, and the US secretary, Bob Ray,"."""
        doc, at, first = head.doc, head.i + 1, True
        if self.named_at(head) is not None:
            return
        while at + 1 < len(doc) and at < head.i + 4 and doc[at].dep_ in ("case", "nmod"):  # "secretary of state, ..."
            at += 1
        while at + 1 < len(doc) and doc[at].text == ",":
            mention, reach = None, at + 1
            limit = at + 2 if first else at + 9
            while reach < min(limit, len(doc)) and mention is None and not doc[reach].tag_.startswith("VB"):
                mention = self.named_at(doc[reach])
                mention = mention if mention is not None and mention.kind in ("person", "leader") else None
                reach += 1
            if mention is None or (not first and doc[at + 1].lower_ != "and"):
                return
            yield mention
            while reach < len(doc) and self.named_at(doc[reach]) is mention:
                reach += 1
            at, first = reach, False

    def form_of(self, head: Token) -> Form | None:
        """Return whether a noun is one person, one body or several."""
        return form_of(head, self.named_at(head))

    def antecedent(self, pronoun: Token, avoid: Token | None = None, depth: int = 0) -> tuple[Actor, ...]:
        """Return whom a pronoun stands for: the last noun before it that fits, else who acted in a sentence before."""
        forms = FORMS.get(pronoun.lower_, ())
        if depth > 3 or not forms:
            return ()
        for token in reversed(list(pronoun.doc[max(pronoun.i - 40, 0) : pronoun.i])):
            if not token.tag_.startswith("NN") or token == avoid or token.dep_ in ("compound", "flat", "appos", "conj"):
                continue
            if token.dep_ in ("obl", "nmod") and pronoun.lower_ not in ("him", "her", "them", "his", "their", "its"):
                continue
            if self.form_of(token) in forms and pronoun not in token.subtree:
                found = self.actors(token, depth + 1)
                if found:
                    return found
        return self.cast.stand_for(pronoun.lower_, self.position)

    def _one(self, head: Token, depth: int = 0) -> Iterator[Actor]:
        phrase = sorted(self._phrase(head), key=lambda token: token.i)
        sector = self._sector(head)
        named = self.named_at(head)
        role = self._role(head, named)
        if role is not None:
            span = self._span(head, phrase)
            code = role.code or next((m.code for t in phrase if (m := self.named_at(t)) and m.kind in STATES), None)
            yield msgspec.convert(
                {**span, "name": role.name, "code": code, "sector": role.sector, "found": "role" if code else None},
                Actor,
            )
            return
        if named is not None and named.kind in ("org", "office", "group", "person", "leader"):
            body = next((m for t in phrase if t.i < head.i and (m := self.named_at(t)) and m.kind == "org"), None)
            yield self._actor(head, body if named.kind == "leader" and body is not None else named, sector, phrase)
            return
        mentions: list[tuple[Token, Mention]] = []
        for token in phrase:
            mention = self.named_at(token)
            if mention is not None and all(mention is not other for _, other in mentions):
                mentions.append((token, mention))
        if not mentions and sector is None:
            members = _members(head)
            if members is not None:
                yield from (a for part in members.subtree if self.named_at(part) for a in self._one(part))
                return
        if sector is None and mentions and all(self._is_setting_of(head, token) for token, _ in mentions):
            return  # "a truce in Pretoria"
        if not mentions and lemma(head.text) in _BLOCS and any(c.lower_ == "the" for c in head.children):
            bloc = self.cast.body_before(self.offset + head.idx)
            if bloc is not None:
                code = lexicon().bodies.get(bloc.entry.name.casefold().replace(" ", "_"), bloc.code)
                span = self._span(head, phrase)
                yield msgspec.convert({**span, "name": bloc.entry.name, "code": code, "found": "org"}, Actor)
                return
        if not mentions:
            if head.tag_.startswith("NNP") and not _is_date(head) and head.lower_ not in _NO_PARTY:
                span = self._span(head, phrase)
                yield msgspec.convert({**span, "name": span["text"], "sector": sector}, Actor)
            elif sector is not None and not head.tag_.startswith("PRP"):
                yield msgspec.convert({**self._span(head, phrase), "sector": sector, **self._owner(head, depth)}, Actor)
            return
        if head.i > 1 and head.nbor(-1).text in ("-", "–") and named is not None and named.kind in STATES:
            pair = self.named_at(head.nbor(-2))
            mentions += [(head.nbor(-2), pair)] if pair is not None and pair.kind in STATES else []
        if named is not None:
            mentions.sort(key=lambda pair: pair[1] is not named)
        first = mentions[0][1]
        joined = [
            m for token, m in mentions if m.kind in STATES and (self._joined(token, head) or self._hyphened(token))
        ]
        if first.kind in STATES and len(joined) > 1:
            for mention in joined:
                yield Actor(
                    text=self.text_of(head, mention.start, mention.end), start=mention.start, end=mention.end,
                    name=mention.entry.name, code=mention.code, sector=sector, found=mention.kind,
                )  # fmt: skip
            return
        person = next((m for _, m in mentions if m.kind in ("person", "leader")), None)
        if person is not None and first.kind in STATES:
            yield msgspec.structs.replace(self._actor(head, first, sector, phrase), name=person.entry.name)
            return
        yield self._actor(head, first, sector, phrase)

    def _is_setting_of(self, head: Token, token: Token) -> bool:
        """Say whether a name stands in a phrase of place after a common noun."""
        while token.head != head and token.head != token:
            token = token.head
        return token.dep_ == "nmod" and bool(_cases(token) & {"in", "from", "at"}) and head.tag_ in ("NN", "NNS")

    def _role(self, head: Token, named: Mention | None) -> Role | None:
        """Return the role that the article gives to a name; a gazetteer's person or place of that name is another."""
        if not head.tag_.startswith("NNP") or (named is not None and named.kind not in _MISTAKEN):
            return None
        last = (head, *self._rest(head))[-1]
        role = self.cast.role_of(last.text)
        # A role that the gazetteer knows better: the person it has, of the country it has.
        if role is not None and named is not None and named.kind in ("person", "leader") and role.code is None:
            return None
        return role

    def _owner(self, head: Token, depth: int) -> dict[str, object]:
        """Return the country of those whose people these are: "its foreign minister"."""
        for child in head.children:
            if child.dep_ == "nmod:poss" and child.tag_ == "PRP$":
                code = next((a.code for a in self.antecedent(child, None, depth + 1) if a.code), None)
                return {"code": code, "found": "owner" if code else None}
        return {}

    def _actor(self, head: Token, mention: Mention, sector: str | None, phrase: Sequence[Token]) -> Actor:
        code = mention.code if mention.code not in ("INT", "WAF", "MEA", "AFR", "EUR") else None
        code = lexicon().bodies.get(mention.entry.name.casefold().replace(" ", "_"), code)
        inside = self.named_at(head) is mention  # "United States", not "US officials"
        if inside and mention.kind not in ("person", "leader"):
            sector = mention.sector
        if code in BODY_CODES and sector in ("GOV", "MIL", "LAB", "PTY"):
            sector = "MIL" if sector == "MIL" and not inside else None
        found: str | None = mention.kind if code else None
        if (
            mention.kind == "office"
            and self.cast.country
            and mention.entry.name.casefold().replace(" ", "_") in _SHARED_OFFICES
        ):
            code, found = self.cast.country, "article"
        if mention.kind in STATES or mention.kind not in ("person", "leader", "org", "office", "group"):
            return msgspec.convert(
                {
                    **self._span(head, phrase),
                    "name": mention.entry.name,
                    "code": code,
                    "sector": sector,
                    "found": found,
                },
                Actor,
            )
        people = mention.kind in ("person", "leader")
        own = None if code in BODY_CODES else mention.sector
        return Actor(
            text=self.text_of(head, mention.start, mention.end), start=mention.start, end=mention.end,
            name=mention.entry.name, code=code, found=found,
            sector=(mention.sector or sector) if people else (sector or own),
        )  # fmt: skip

    def _span(self, head: Token, phrase: Sequence[Token]) -> dict[str, object]:
        tokens = [
            t for t in phrase if t.dep_ not in ("det", "case", "punct") and abs(t.i - head.i) < 8 and t.i <= head.i
        ]
        tokens = tokens or [head]
        tokens += self._rest(head)
        start = min(t.idx for t in tokens)
        end = max(t.idx + len(t) for t in tokens)
        return {"text": head.doc.text[start:end], "start": self.offset + start, "end": self.offset + end}

    def _rest(self, head: Token) -> list[Token]:
        """Return what of a name stands after its head: "Martin Aldridge"."""
        rest: list[Token] = []
        for token in head.doc[head.i + 1 : head.i + 5] if head.tag_.startswith("NNP") else ():
            if not token.tag_.startswith("NNP") or not token.text[0].isalpha() or self.named_at(token) is not None:
                break
            rest.append(token)
        return rest

    def _joined(self, token: Token, head: Token) -> bool:
        """Say whether a nationality before a noun is one of several: "Hungarian and Romanian officials"."""
        side = token.i < head.i or (head.tag_ == "NNS" and token.dep_ in ("nmod", "conj"))
        return side and (token.dep_ == "conj" or any(child.dep_ == "conj" for child in token.children))

    def _hyphened(self, token: Token) -> bool:
        """Say whether a country is one of a pair: "Russia-US talks"."""
        return any(
            0 <= token.i + step < len(token.doc) and token.nbor(step).text in ("-", "–", "/") for step in (-1, 1)
        )

    def _phrase(self, head: Token, depth: int = 0) -> Iterator[Token]:
        yield head
        for child in head.children:
            if depth > 4 or child.dep_ not in _INSIDE:
                if child.dep_ == "conj" and head.dep_ in ("amod", "compound") and child.i < head.head.i:
                    yield from self._phrase(child, depth + 1)
                continue
            if child.dep_ == "nmod" and not (_cases(child) & _OWNER_CASES) and lemma(head.text) not in _TRANSPARENT:
                continue
            yield from self._phrase(child, depth + 1)

    def _sector(self, head: Token) -> str | None:
        before = [c for c in head.children if c.i < head.i]
        if (
            any(c.lower_ in ("former", "ex", "ousted", "deposed") for c in before)
            and lemma(head.text) in lexicon().sectors
        ):
            return "ELI"
        modifiers = [c for c in before if c.dep_ in ("compound", "flat") or c.lower_ in _CIVIL]
        words = [
            head,
            *modifiers,
            *(c for c in head.children if c.dep_ in ("compound", "flat", "appos") and c.i > head.i),
        ]
        if lemma(head.text) in _GENERIC:  # "police chief", "army officers", "opposition leader"
            words = [*(c for c in before if c.dep_ in ("compound", "flat", "amod", "nmod:poss")), *words]
        if lemma(head.text) in _TRANSPARENT:
            words += [c for c in head.children if c.dep_ == "nmod"]
        for token in words:
            found = lexicon().sectors.get(lemma(token.text))
            if found:
                return found
        return None


def _members(head: Token) -> Token | None:
    """Return what a group is said to include: "the contact group, which includes Russia and Ukraine"."""
    for clause in head.children:
        if clause.dep_ in ("acl:relcl", "acl") and lemma(clause.text) in (
            "include",
            "comprise",
            "consist",
            "involve",
            "involving",
        ):
            return next((c for c in clause.children if c.dep_ in ("obj", "obl")), None)
    return None


def _is_date(token: Token) -> bool:
    return token.lower_ in _CALENDAR


def _cases(token: Token) -> set[str]:
    return {child.lower_ for child in token.children if child.dep_ == "case"}


def _distinct(actors: Sequence[Actor]) -> tuple[Actor, ...]:
    seen: dict[tuple[str | None, str | None, str | None], Actor] = {}
    for actor in actors:
        seen.setdefault((actor.code, actor.name if actor.code is None else None, actor.sector), actor)
    return tuple(seen.values())
