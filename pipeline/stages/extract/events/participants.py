"""Turn noun phrases into the actors they name, with country or organisation code and sector."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from pipeline.model import Actor
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.names.gazetteer import Mention

if TYPE_CHECKING:
    from spacy.tokens import Token

PRONOUNS = frozenset("he she they it its his her their him them who which that we".split())
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
    "september october november december".split()
)
_CIVIL = frozenset("rebel opposition militant guerrilla armed".split())
_TRANSPARENT = frozenset(
    "number group thousand hundred dozen score million series member rest part majority most all some many both "
    "one two".split()
)


class Sentence:
    """Hold a parsed sentence with the names in it, in offsets of the article's text."""

    def __init__(self, offset: int, mentions: Sequence[Mention]) -> None:
        self.offset = offset
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
        result = list(self._one(head))
        for part in (head, *(c for c in head.children if c.dep_ in ("flat", "compound", "appos") and c.i > head.i)):
            for child in part.children:
                if child.dep_ == "conj" and depth < 6:
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

    def _one(self, head: Token) -> Iterator[Actor]:
        phrase = sorted(self._phrase(head), key=lambda token: token.i)
        sector = self._sector(head)
        named = self.named_at(head)
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
        if not mentions:
            if head.tag_.startswith("NNP") and not _is_date(head):
                span = self._span(head, phrase)
                yield msgspec.convert({**span, "name": span["text"], "sector": sector}, Actor)
            elif sector is not None and not head.tag_.startswith("PRP"):
                yield msgspec.convert({**self._span(head, phrase), "sector": sector}, Actor)
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
                    name=mention.entry.name, code=mention.code, sector=sector,
                )  # fmt: skip
            return
        person = next((m for _, m in mentions if m.kind in ("person", "leader")), None)
        if person is not None and first.kind in STATES:
            yield msgspec.structs.replace(self._actor(head, first, sector, phrase), name=person.entry.name)
            return
        yield self._actor(head, first, sector, phrase)

    def _actor(self, head: Token, mention: Mention, sector: str | None, phrase: Sequence[Token]) -> Actor:
        code = mention.code if mention.code not in ("INT", "WAF", "MEA", "AFR", "EUR") else None
        if mention.kind in STATES:
            return msgspec.convert(
                {**self._span(head, phrase), "name": mention.entry.name, "code": code, "sector": sector}, Actor
            )
        people = mention.kind in ("person", "leader")
        return Actor(
            text=self.text_of(head, mention.start, mention.end), start=mention.start, end=mention.end,
            name=mention.entry.name, code=code,
            sector=(mention.sector or sector) if people else (sector or mention.sector),
        )  # fmt: skip

    def _span(self, head: Token, phrase: Sequence[Token]) -> dict[str, object]:
        tokens = [
            t for t in phrase if t.dep_ not in ("det", "case", "punct") and abs(t.i - head.i) < 8 and t.i <= head.i
        ]
        tokens = tokens or [head]
        start = min(t.idx for t in tokens)
        end = max(t.idx + len(t) for t in tokens)
        return {"text": head.doc.text[start:end], "start": self.offset + start, "end": self.offset + end}

    def _joined(self, token: Token, head: Token) -> bool:
        """Say whether a nationality before a noun is one of several: "Hungarian and Romanian officials"."""
        return token.i < head.i and (token.dep_ == "conj" or any(child.dep_ == "conj" for child in token.children))

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
        words = [head, *(c for c in head.children if c.dep_ in ("compound", "flat", "appos") or c.lower_ in _CIVIL)]
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
