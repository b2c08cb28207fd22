"""Tell what a common noun says about whom it names: a sector, a people, a body, or that it is no party at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.model import Actor
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.names.gazetteer import Mention

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
# What somebody is chief, officer or member of says more than that.
_GENERIC = frozenset(
    "officer official chief leader member spokesman spokeswoman spokesperson general commander head candidate deputy "
    "lawyer agent source inspector director supporter".split()
)
_CIVIL = frozenset("rebel opposition militant guerrilla armed".split())
_TENS = frozenset("ten hundred".split())
_CROWD_SIZES = frozenset("thousand hundred dozen".split())
TRANSPARENT = frozenset(
    "number group ten thousand hundred dozen score million series member rest part majority most all some many both "
    "one two".split()
)
_BACKED = frozenset(
    "born backed made built trained armed funded aligned linked sponsored supplied supported mediated brokered "
    "speaking based educated raised designed occupied friendly".split()
)
# What a "state of" is no country of.
_CONDITIONS = frozenset("emergency siege alert war affairs disaster calamity".split())


def sector_of(head: Token) -> str | None:
    """Return the sector of whom a noun names, by its own words: "police chief", "thousands of nurses"."""
    before = [c for c in head.children if c.i < head.i]
    if _is_no_body(head):
        return None
    if head.text in ("PM", "FM"):
        return "GOV"
    if any(c.lower_ in ("former", "ex", "ousted", "deposed") for c in before) and lemma(head.text) in lexicon().sectors:
        return "ELI"
    modifiers = [c for c in before if c.dep_ in ("compound", "flat") or c.lower_ in _CIVIL]
    if lemma(head.text) in lexicon().nouns:  # "a state visit" is of nobody
        modifiers = [c for c in modifiers if c.lower_ != "state"]
    words = [
        head,
        *modifiers,
        *(c for c in head.children if c.dep_ in ("compound", "flat", "appos") and c.i > head.i),
    ]
    if lemma(head.text) in _GENERIC:  # "police chief", "army officers", "opposition leader"
        words = [*(c for c in before if c.dep_ in ("compound", "flat", "amod", "nmod:poss")), *words]
    counted = head
    while lemma(counted.text) in TRANSPARENT:
        of = [c for c in counted.children if c.dep_ == "nmod"]
        words += of
        if not of or lemma(counted.text) not in _TENS:
            break
        counted = of[0]  # "tens of thousands of people"
    if (
        lemma(counted.text) in _CROWD_SIZES
        and counted.tag_ in ("NNS", "NNPS")
        and not any(c.dep_ == "nmod" for c in counted.children)
    ):
        return "CVL"
    for child in modifiers:
        found = lexicon().sectors.get(f"{child.lower_}_{lemma(head.text)}")
        if found:
            return found
    for token in words:
        found = lexicon().sectors.get(lemma(token.text))
        if found:
            return found
    return None


def members_of(head: Token) -> Token | None:
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


def country_of_people(head: Token) -> str | None:
    """Return the country of a people by its name, or by a word before it: "Jewish settlers", "Rohingya refugees"."""
    peoples = lexicon().peoples
    own = lemma(head.text)
    before = [c.lower_ for c in head.children if c.i < head.i and c.dep_ in ("amod", "compound")]
    words = (head.lower_, *before, *(f"{word}_{own}" for word in before))
    return next((peoples[word] for word in words if word in peoples), None)


def _is_no_body(head: Token) -> bool:
    """Say whether a word that may name a body does not here: a house, a state of emergency, intelligence as such."""
    if head.lower_ in ("house", "houses"):
        return True
    if head.lower_ == "force":  # "respond with force"
        return not any(c.dep_ in ("amod", "compound", "nmod:poss", "nmod", "det") for c in head.children)
    if head.lower_ == "court":  # "the court of public opinion"
        return any(c.lower_ == "opinion" for c in head.children)
    if head.lower_ == "spying":
        return True
    if head.lower_ == "state":
        return any(c.dep_ == "nmod" and c.lower_ in _CONDITIONS for c in head.children)
    if head.lower_ == "intelligence" and head.dep_ == "obj":  # what is shared
        return True
    return head.lower_ == "intelligence" and not any(c.dep_ in ("amod", "compound", "nmod:poss") for c in head.children)


def is_word(token: Token) -> bool:
    """Say whether a token has a letter or figure."""
    return any(letter.isalnum() for letter in token.text)


def body_code(mention: Mention) -> str | None:
    """Return the code that the manual gives to a body, else that of the gazetteer."""
    name = mention.entry.name.casefold().removeprefix("the ").replace(" ", "_")
    return lexicon().bodies.get(name, mention.code)


def is_backer(token: Token) -> bool:
    """Say whether a country only made, bore or backs somebody: "an Iranian-born author", "US-backed rebels"."""
    doc, at = token.doc, token.i
    return at + 2 < len(doc) and doc[at + 1].text in ("-", "–") and doc[at + 2].lower_ in _BACKED


def is_date(token: Token) -> bool:
    """Say whether a word is the name of a day or month."""
    return token.lower_ in _CALENDAR


def cases_of(token: Token) -> set[str]:
    """Return the prepositions and other case marks of a noun."""
    return {child.lower_ for child in token.children if child.dep_ == "case"}


def distinct(actors: Sequence[Actor]) -> tuple[Actor, ...]:
    """Return the actors without those that say the same again."""
    seen: dict[tuple[str | None, str | None, str | None], Actor] = {}
    for actor in actors:
        seen.setdefault((actor.code, actor.name if actor.code is None else None, actor.sector), actor)
    return tuple(seen.values())
