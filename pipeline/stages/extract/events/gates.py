"""Tell what reads as an event and is none, and what an event is by those who act in it.

A state that protests objects, a crowd that does so marches; nurses who strike stop work; a bowler attacks nobody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.model import Actor
from pipeline.stages.extract.events.clauses import BODILY, is_verbal, subject_token, turned_into
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import Sense, lexicon

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

# Who protests in the street.
CROWDS = frozenset("CVL LAB EDU AGR MED REF OPP REL SOC".split())
# What people in plays, at the wicket and in laboratories do is not done to anybody.
_FORCEFUL = frozenset("ASSAULT COERCE THREATEN SANCTION MOBILIZE".split())
_LAUNCHED = frozenset("launch conduct carry".split())
_ARMED = frozenset("MIL REB PRM SPY".split())
_RIOTERS = re.compile(r"protest|demonstrat|riot|crowd|mob", re.IGNORECASE)
# What a firm does in these terms is trade: it leaves a market, ships goods, is sorry for a fault.
_TRADE = frozenset("087 070 072 073 055 154".split())
_PERMITS = frozenset("allow permit let".split())
_STORIES = frozenset(
    "film movie novel book thriller drama series play opera documentary sitcom comedy musical story saga trilogy "
    "memoir game videogame episode sequel prequel miniseries show plot".split()
)
_IN_STORIES = frozenset("in".split())
_ORDINALS = frozenset("first second third fourth fifth sixth final".split())
# After these, what kills is no weapon.
_ACCIDENTS = frozenset(
    "collide crash derail overturn capsize sink collapse plunge veer skid slam plough plow flood erupt topple "
    "fall buckle fail malfunction".split()
)
_ELEMENTS = frozenset("fire blaze flame flames wildfire smoke water wave mud rock snow lightning".split())
_SPREADS = frozenset(
    "sweep tear rip spread engulf gut rage race burn break destroy consume roar fill strike hit bury leap".split()
)
# What blows up at work, and nobody blew it up.
_BLASTS = frozenset("explosion blast fire blaze leak collapse accident crash".split())
_WORKS = frozenset("gas boiler factory firework fireworks mine coal cylinder chemical ammonia methane plant".split())
_OVER = frozenset("down over into off".split())
_AS = frozenset("when as after".split())
_ARMS_OF_ACCIDENTS = frozenset("bomb bomber missile rocket drone shell mortar explosive attack attacker gunman".split())


def by_whom(sense: Sense, token: Token, actors: tuple[Actor, ...], recipients: tuple[Actor, ...]) -> Sense:
    """Return what a predicate means where those act: a strike of nurses, a protest of a state, farmers who block."""
    word = lemma(token.text)
    if not actors:
        return sense
    crowd = all(actor.sector in CROWDS for actor in actors)
    if word == "protest" and sense.type == "ACCUSE" and crowd:
        return Sense("PROTEST", "141", "demo", frozenset(), sense.rule)
    if word == "protest" and sense.type == "PROTEST" and all(a.code and a.sector in (None, "GOV") for a in actors):
        return Sense("ACCUSE", "111", "disapprove", frozenset(), sense.rule)
    if word == "strike" and sense.type == "ASSAULT" and crowd and not recipients:
        return Sense("PROTEST", "143", "strike", frozenset(), sense.rule)
    if word in _LAUNCHED and sense.cameo == "143" and not crowd and any(a.code or a.sector in _ARMED for a in actors):
        return turned_into(sense, "ASSAULT", "190")  # "the army launched a strike on a base"
    if sense.cameo == "1712" and crowd and not recipients and any(_RIOTERS.search(actor.text) for actor in actors):
        return Sense("PROTEST", "145", "riot", frozenset(), sense.rule)
    if word in ("block", "blockade", "barricade") and sense.type in ("COERCE", "SANCTION") and crowd:
        return Sense("PROTEST", "144", "obstruct", frozenset(), sense.rule)
    return sense


def forbidden(sense: Sense, token: Token) -> Sense | None:
    """Return the rejection that "was not allowed to" is; nothing where a verb says something else."""
    if lemma(token.text) not in _PERMITS or sense.type == "REJECT":
        return None
    if any(c.lower_ in ("not", "n't", "never") for c in token.children):
        return turned_into(sense, "REJECT", "120")
    return None


def is_no_event(token: Token, sense: Sense, actors: tuple[Actor, ...], recipients: tuple[Actor, ...]) -> bool:
    """Say whether what reads as an event is trade, play, sport, an accident or a story."""
    return (
        is_business(token, sense, actors, recipients)
        or is_idle(sense, token)
        or is_sport(actors, recipients)
        or is_accident(sense, token)
        or is_story(token)
    )


def is_idle(sense: Sense, token: Token) -> bool:
    """Say whether who acts does so at play or work: "bowlers attacked", "scientists bombarded a crystal"."""
    subject = subject_token(token)
    if subject is None or subject.dep_ == "nsubj:pass" or subject.tag_ not in ("NN", "NNS"):
        return False
    kind = lexicon().things.get(lemma(subject.text))
    return (kind == "player" and sense.type != "PROTEST") or (kind == "idle" and sense.type in _FORCEFUL)


def is_story(token: Token) -> bool:
    """Say whether a predicate is told by a film or book: "the novel follows a spy who kills an officer"."""
    for verb in (token, *token.ancestors):
        if not is_verbal(verb):
            continue
        subject = subject_token(verb)
        told = subject is not None and subject.dep_ == "nsubj" and lemma(subject.text) in _STORIES
        if told and not (verb == token and any(c.dep_ == "nsubj:pass" for c in verb.children)):
            return True
        if any(
            c.dep_ == "obl"
            and c.i < verb.i
            and (lemma(c.text) in _STORIES or _is_of_series(c))
            and any(g.lower_ in _IN_STORIES for g in c.children)
            for c in verb.children
        ):
            return True
    return False


def _is_of_series(noun: Token) -> bool:
    """Say whether this is a part of a series: "in the third season"."""
    return lemma(noun.text) == "season" and any(c.lower_ in _ORDINALS for c in noun.children)


def is_sport(actors: tuple[Actor, ...], recipients: tuple[Actor, ...]) -> bool:
    """Say whether a party is a body of sport: what it bans and is asked for is of the game."""
    things = lexicon().things
    return any(things.get((actor.name or actor.text).casefold()) == "league" for actor in (*actors, *recipients))


def is_accident(sense: Sense, token: Token) -> bool:
    """Say whether people die by a storm, or in what collided or sank, though nobody is said to act."""
    if sense.cameo not in BODILY:
        return False
    subject = subject_token(token)
    if subject is not None and subject.dep_ != "nsubj:pass" and subject.tag_ == "NNP":
        words = (subject, *(c for c in subject.children if c.dep_ in ("compound", "flat", "amod")))
        return any(lexicon().things.get(lemma(word.text)) == "force" for word in words)
    if subject is not None and subject.dep_ == "nsubj":
        return lemma(subject.text) in _BLASTS and any(lemma(t.text) in _WORKS for t in subject.subtree)
    told = token
    while told.dep_ in ("advcl", "conj", "acl") and is_verbal(told.head) and subject_token(told) is None:
        told = told.head
    clauses = [told] if told != token else []
    clauses += [c for c in token.children if c.dep_ == "advcl" and any(m.lower_ in _AS for m in c.children)]
    if not any(_is_mishap(clause) for clause in clauses):
        return False
    return not any(lemma(t.text) in _ARMS_OF_ACCIDENTS for t in told.subtree)


def _is_mishap(clause: Token) -> bool:
    """Say whether things collide or fall, or fire, water and earth do what they do by nature."""
    if lemma(clause.text) in _ACCIDENTS:
        return True
    if lemma(clause.text) == "run" and any(c.lower_ in _OVER for c in clause.children):  # "a truck ran down a van"
        return True
    subject = subject_token(clause)
    if subject is None:
        return False
    return lexicon().things.get(lemma(subject.text)) == "force" or (
        lemma(subject.text) in _ELEMENTS and lemma(clause.text) in _SPREADS
    )


def is_business(token: Token, sense: Sense, actors: tuple[Actor, ...], recipients: tuple[Actor, ...]) -> bool:
    """Say whether what reads as an assault or threat is a firm's: "Apple attacked Google's business"."""
    if sense.type == "PROTEST":  # a firm that launches a strike does not stop work
        return bool(actors) and all(actor.sector == "BUS" for actor in actors)
    parties = (*actors, *recipients)
    if sense.type in ("THREATEN", "REJECT", "REQUEST"):
        return bool(actors) and all(party.sector == "BUS" for party in parties)
    if sense.cameo in _TRADE and lemma(token.text) != "donate":  # "Google withdrew its app", "the firm shipped rice"
        return bool(actors) and all(actor.sector == "BUS" for actor in actors)
    return sense.type == "ASSAULT" and sense.cameo not in BODILY and all(party.sector == "BUS" for party in parties)
