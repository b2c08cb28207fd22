"""Turn noun phrases into the actors they name, with country or organisation code and sector."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from pipeline.model import Actor
from pipeline.stages.extract.events.antecedents import form_of
from pipeline.stages.extract.events.cast import FORMS, Cast, Form, Role
from pipeline.stages.extract.events.clauses import subject_token
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.nouns import (
    TRANSPARENT,
    body_code,
    cases_of,
    country_of_people,
    distinct,
    is_backer,
    is_date,
    is_word,
    members_of,
    sector_of,
)
from pipeline.stages.extract.names.gazetteer import Mention

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

PRONOUNS = frozenset("he she they it its his her their him them who which that we whom".split())
NAMED = frozenset("country demonym capital office org group person leader".split())
STATES = frozenset("country demonym capital".split())
PLACED = STATES | {"region"}
# Parts of a noun phrase that belong to the name itself, and those that tell whose it is.
_INSIDE = frozenset(
    "compound flat amod nmod:poss appos nmod:unmarked nmod:desc nmod det case fixed nummod list goeswith "
    "parataxis".split()
)
_OWNER_CASES = frozenset("of from in".split())
# Offices of many countries that the gazetteer has for one.
_SHARED_OFFICES = frozenset(
    "senate congress supreme_court house_of_representatives national_assembly parliament house".split()
)
_BLOCS = frozenset("bloc alliance union organisation organization body".split())


_CITY_OFFICES = frozenset(
    "mayor governor council police court sheriff archbishop bishop prosecutor resident people".split()
)
# Codes of bodies that are no country.
BODY_CODES = frozenset("IGO UNO EUR NGO IMG MNC".split())
# Kinds of the gazetteer that a person of the article may share a name with.
_MISTAKEN = frozenset("city maybe region person leader".split())
_PAPERS = frozenset("treaty pact accord accords agreement act bill convention protocol declaration charter".split())
_NO_PARTY = frozenset("god lord christmas easter internet covid covid-19 coronavirus ebola storm hurricane".split())


class Sentence:
    """Hold a parsed sentence with the names in it, in offsets of the article's text."""

    def __init__(self, offset: int, mentions: Sequence[Mention], cast: Cast | None = None, position: int = 0) -> None:
        self.offset = offset
        self.position = position
        self.cast = cast if cast is not None else Cast("", ())
        self._mentions = [m for m in mentions if m.kind in NAMED or (m.kind == "region" and m.code)]
        self._ends = [m.end for m in self._mentions]
        self._cities = [m for m in mentions if m.kind in ("city", "region") and m.code]

    def named_at(self, token: Token) -> Mention | None:
        """Return the name that ``token`` is part of."""
        start = self.offset + token.idx
        at = bisect_left(self._ends, start + 1)
        if at < len(self._mentions) and self._mentions[at].start <= start:
            return self._mentions[at]
        return None

    def is_place(self, token: Token) -> bool:
        """Say whether a name is that of a country, town or region."""
        mention = self.named_at(token)
        if mention is not None:
            return mention.kind in PLACED
        start = self.offset + token.idx
        return any(m.start <= start < m.end for m in self._cities)

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
        return distinct(result)

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
        before = list(reversed(pronoun.doc[max(pronoun.i - 40, 0) : pronoun.i]))
        owner = _owner(pronoun)
        for token in before if owner is None else [owner, *before]:
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
        sector = sector_of(head)
        named = self.named_at(head)
        role = self._role(head, named)
        if role is not None:
            span = self._span(head, phrase)
            code = role.code or next((m.code for t in phrase if (m := self.named_at(t)) and m.kind in PLACED), None)
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
            if mention is not None and is_backer(token):
                continue
            if mention is not None and all(mention is not other for _, other in mentions):
                mentions.append((token, mention))
        if not mentions and sector is None:
            members = members_of(head)
            if members is not None:
                yield from (a for part in members.subtree if self.named_at(part) for a in self._one(part))
                return
        if sector is None and mentions and all(self._is_setting_of(head, token) for token, _ in mentions):
            return  # "a truce in Pretoria"
        if not mentions and lemma(head.text) in _BLOCS and any(c.lower_ == "the" for c in head.children):
            bloc = self.cast.body_before(self.offset + head.idx)
            if bloc is not None:
                code = body_code(bloc)
                span = self._span(head, phrase)
                yield msgspec.convert({**span, "name": bloc.entry.name, "code": code, "found": "org"}, Actor)
                return
        if not mentions:
            people = country_of_people(head)
            if people is not None:
                span = self._span(head, phrase)
                yield msgspec.convert(
                    {**span, "name": span["text"], "code": people, "sector": sector, "found": "demonym"}, Actor
                )
            elif head.tag_.startswith("NNP") and not is_date(head) and not _is_nobody(head):
                span = self._span(head, phrase)
                code = next((m.code for m in self._cities if m.start == span["start"] and m.end == span["end"]), None)
                found = "city" if code else None
                yield msgspec.convert(
                    {**span, "name": span["text"], "code": code, "sector": sector, "found": found}, Actor
                )
            elif sector is not None and not head.tag_.startswith("PRP"):
                own = self._owner(head, depth) or self._office_of_city(head)
                yield msgspec.convert({**self._span(head, phrase), "sector": sector, **own}, Actor)
            return
        if head.i > 1 and head.nbor(-1).text in ("-", "–") and named is not None and named.kind in STATES:
            pair = self.named_at(head.nbor(-2))
            mentions += [(head.nbor(-2), pair)] if pair is not None and pair.kind in STATES else []
        if named is not None:
            mentions.sort(key=lambda pair: pair[1] is not named)
        if {m.code for _, m in mentions} > {"CYP"}:  # "the Turkish-Cypriot leader" is no Turk
            mentions = [pair for pair in mentions if pair[1].code not in ("TUR", "GRC") or not self._hyphened(pair[0])]
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
        return token.dep_ == "nmod" and bool(cases_of(token) & {"in", "from", "at"}) and head.tag_ in ("NN", "NNS")

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

    def _office_of_city(self, head: Token) -> dict[str, object]:
        """Return the country of the city whose office this is: "the mayor of Birmingham, Alabama"."""
        if lemma(head.text) not in _CITY_OFFICES:
            return {}
        for child in head.children:
            if (child.dep_ == "nmod" and "of" in cases_of(child)) or child.dep_ == "nmod:poss":
                start = self.offset + child.idx
                code = next((m.code for m in self._cities if m.start <= start < m.end), None)
                return {"code": code, "found": "city" if code else None}
        return {}

    def _actor(self, head: Token, mention: Mention, sector: str | None, phrase: Sequence[Token]) -> Actor:
        code = body_code(mention)
        if code == mention.code and code in ("INT", "WAF", "MEA", "AFR", "EUR"):
            code = None
        inside = self.named_at(head) is mention  # "United States", not "US officials"
        if inside and mention.kind not in ("person", "leader"):
            sector = mention.sector
        if code in BODY_CODES and sector in ("GOV", "MIL", "LAB", "PTY"):
            sector = "MIL" if sector == "MIL" and not inside else None
        found: str | None = mention.kind if code else None
        if mention.kind == "office" and mention.entry.name.casefold().replace(" ", "_") in _SHARED_OFFICES:
            own_state = next(
                (m for t in phrase if (m := self.named_at(t)) and m is not mention and m.kind in STATES), None
            )  # "Peru's Congress"
            if own_state is not None:
                code, found = own_state.code, own_state.kind
            elif self.cast.country:
                code, found = self.cast.country, "article"
        if code == "NGO" and inside:  # "the Red Crescent in Iran" is of Iran
            local = next(
                (m for t in head.children if t.dep_ == "nmod" and "in" in cases_of(t) and (m := self.named_at(t))), None
            )
            if local is not None and local.kind in STATES:
                code, found = local.code, "place"
        if mention.kind in STATES or mention.kind not in ("person", "leader", "org", "office", "group"):
            span = self._span(head, phrase)
            if inside:  # the whole name, however it hangs together
                start, end = min(mention.start, int(str(span["start"]))), max(mention.end, int(str(span["end"])))
                span = {"text": self.text_of(head, start, end), "start": start, "end": end}
            return msgspec.convert(
                {
                    **span,
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
            t
            for t in phrase
            if t.dep_ not in ("det", "case", "punct") and abs(t.i - head.i) < 8 and t.i <= head.i and is_word(t)
        ]
        tokens = tokens or [head]
        tokens += self._rest(head)
        start = self.offset + min(t.idx for t in tokens)
        end = self.offset + max(t.idx + len(t) for t in tokens)
        return {"text": self.text_of(head, start, end), "start": start, "end": end}

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
        beside = [token.doc[at].lower_ for at in (token.i - 1, token.i + 1) if 0 <= at < len(token.doc)]
        return side and (
            token.dep_ == "conj" or "and" in beside or any(child.dep_ == "conj" for child in token.children)
        )

    def _hyphened(self, token: Token) -> bool:
        """Say whether a country is one of a pair: "Russia-US talks"."""
        return any(
            0 <= token.i + step < len(token.doc) and token.nbor(step).text in ("-", "–", "/") for step in (-1, 1)
        )

    def _phrase(self, head: Token, depth: int = 0) -> Iterator[Token]:
        yield head
        owned = any(child.tag_ == "PRP$" for child in head.children)
        for child in head.children:
            if owned and child.dep_ == "nmod" and cases_of(child) & {"from", "in"}:  # "its troops from Moldova"
                continue
            if depth > 4 or child.dep_ not in _INSIDE:
                if child.dep_ == "conj" and (
                    (head.dep_ in ("amod", "compound") and child.i < head.head.i)
                    or (head.dep_ == "nmod" and head.head.tag_ == "NNS" and child.tag_ == "NNP")
                ):
                    yield from self._phrase(child, depth + 1)
                continue
            if child.dep_ == "nmod" and not (cases_of(child) & _OWNER_CASES) and lemma(head.text) not in TRANSPARENT:
                continue
            yield from self._phrase(child, depth + 1)


def _is_nobody(name: Token) -> bool:
    """Say whether a name is of no party: of money ("C$500 million"), of a treaty or law."""
    return name.lower_ in _NO_PARTY or name.text.endswith("$") or name.lower_ in _PAPERS


def _owner(pronoun: Token) -> Token | None:
    """Return the subject of the clause that "its" stands in, whatever was told of it in between."""
    if pronoun.dep_ != "nmod:poss":
        return None
    clause = next((token for token in pronoun.ancestors if token.tag_.startswith("VB")), None)
    subject = subject_token(clause) if clause is not None else None
    return subject if subject is not None and subject.i < pronoun.i else None
