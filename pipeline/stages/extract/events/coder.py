"""Code the events of one parsed sentence: predicates, who acts, on whom, and how firmly it is put.

Dependencies are Universal Dependencies. A predicate is a verb, an event noun or an adjective such as "due"; what it
governs may turn it: "agree to meet", "refuse to meet" and "call for a meeting" are three types of one event.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline.model import Actor
from pipeline.stages.extract.events.clauses import (
    ASKED,
    BODIES,
    COMMIT,
    DEMAND,
    DENIED,
    DIRECT_CASES,
    DOMESTIC,
    DUE,
    FACTLESS,
    FRIENDLY,
    HOSTILE,
    INTENT,
    LIGHT,
    MUTUAL,
    RAISING,
    REFUSE,
    SPEECH,
    SUBJECTS,
    auxiliaries_of,
    case_of,
    complement_of,
    complements_of,
    is_condition,
    is_conditional,
    is_due_to,
    is_prospect,
    is_reduced_passive,
    is_verbal,
    modality_of,
    modifies_clause,
    objects_of,
    subject_token,
    turn,
    turned_into,
    words_around,
)
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import Lexicon, Sense
from pipeline.stages.extract.events.participants import PRONOUNS, Sentence

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token


class Coded(NamedTuple):
    """Hold one event as the sentence puts it, with the tokens it was read from."""

    sense: Sense
    trigger: Token
    actors: tuple[Actor, ...]
    recipients: tuple[Actor, ...]
    negated: bool
    future: bool
    hypothetical: bool
    speaker: Token | None
    noun: bool
    composed: bool


class Coder:
    """Code the events of one sentence; ``before`` are the actors a pronoun may stand for."""

    def __init__(self, lexicon: Lexicon, names: Sentence, before: tuple[Actor, ...]) -> None:
        self._lexicon = lexicon
        self._names = names
        self._before = before
        self.subject: tuple[Actor, ...] = ()

    def code(self, doc: Doc) -> list[Coded]:
        """Return the events in ``doc``, in the order of their triggers."""
        found: list[Coded] = []
        used: set[int] = set()
        for token in doc:
            if token.i in used or token.is_punct or token.is_space:
                continue
            coded = self._verb(token, used) if is_verbal(token) else self._noun(token)
            if coded is None:
                continue
            used.add(token.i)
            if is_condition(token):
                continue
            if coded.sense.type == "ACCUSE":  # what somebody is accused of is no fact
                used.update(
                    t.i
                    for c in token.children
                    if c.dep_ in ("advcl", "obl", "xcomp", "obj", "ccomp")
                    for t in c.subtree
                )
            found.append(coded)
        roots = [token for token in doc if token.dep_ == "ROOT"]
        self.subject = next((actors for root in roots if (actors := self._subject(root))), ())
        return found

    def _verb(self, token: Token, used: set[int]) -> Coded | None:
        word = lemma(token.text)
        composed = False
        sense = self._sense(token)
        inner: Token | None = None
        if word in DUE or (word in COMMIT | REFUSE | DEMAND) or word == "threaten":
            inner = complement_of(token)
            meaning = self._meaning(inner) if inner is not None else None
            turned = turn(word, meaning)
            if turned is not None:
                sense, composed = turned, True
                used.update(t.i for t in complements_of(inner))
        if sense is None and word in LIGHT:
            sense = self._light(token)
            if sense is not None:
                used.update(t.i for t in objects_of(token))
        if sense is None:
            sense = self._must(token)
            if sense is None:
                return None
            inner, composed = token, True
        if sense.type not in FACTLESS:
            turned = self._modal(token, sense)
            if turned is not None:
                sense, composed = turned, True
        for child in token.subtree:
            if (
                child.tag_ in ("NN", "NNS")
                and child.head in (token, inner)
                and lemma(child.text) in self._lexicon.nouns
            ):
                used.add(child.i)
        actors, recipients = self._settled(sense, *self._participants(token, inner, sense))
        if not actors and not recipients:
            return None
        negated, future, hypothetical = modality_of(token)
        return Coded(
            sense, token, actors, recipients, negated, future, hypothetical, self._sayer(token), False, composed
        )

    def _noun(self, token: Token) -> Coded | None:
        if token.tag_ not in ("NN", "NNS") or token.dep_ in ("compound", "amod"):
            return None
        word = lemma(token.text)
        parts = list(token.children)
        if word == "up" and token.i > 1 and token.nbor(-1).text == "-" and token.nbor(-2).lower_ == "build":
            word = "build-up"
        if token.i + 2 < len(token.doc) and token.nbor(1).text == "-" and token.nbor(2).lower_ == "up":
            word, parts = f"{word}-up", parts + list(token.nbor(2).children)
        around = {lemma(t.text) for t in token.subtree} | {lemma(t.text) for t in token.lefts}
        sense = next((s for s in self._lexicon.nouns.get(word, ()) if not s.needs or s.needs & around), None)
        if sense is None:
            return None
        verb = token.head
        actors: tuple[Actor, ...] = ()
        recipients: tuple[Actor, ...] = ()
        for child in parts:
            cases = {c.lower_ for c in child.children if c.dep_ == "case"}
            if (
                child.dep_ == "nmod:poss"
                or (child.dep_ in ("amod", "compound") and self._names.named_at(child))
                or (child.dep_ == "nmod" and cases & {"by", "between", "among"})
                or (child.dep_ == "nmod" and "of" in cases and sense.type in ("MOBILIZE", "CONSULT"))
            ):
                actors = actors or self._names.actors(child)
            elif child.dep_ == "nmod" and cases & {"with", "on", "against", "to", "of"}:
                recipients = recipients or self._names.actors(child)
        carried = verb.dep_ != "" and (
            (token.dep_ == "nsubj:pass")
            or (
                token.dep_ == "nsubj"
                and lemma(verb.text) in LIGHT | {"take", "be", "occur", "follow", "continue", "resume", "kill", "wound"}
            )
        )
        if not actors and carried:
            agent = [
                c for c in verb.children if c.dep_ in ("obl", "obl:agent") and any(g.lower_ == "by" for g in c.children)
            ]
            actors = self._names.actors(agent[0]) if agent else ()
        if recipients and not actors and token.dep_ in ("obl", "nmod") and sense.type == "CONSULT":
            clause = next((a for a in token.ancestors if is_verbal(a)), None)
            actors = self._subject(clause) if clause is not None else ()
        alone = carried or sense.type == "MOBILIZE"
        if len(actors) + len(recipients) < 2 and not (alone and actors):
            return None
        if not any(a.code for a in actors + recipients):
            return None
        negated, future, hypothetical = modality_of(verb if is_verbal(verb) else token)
        if sense.type in ("ASSAULT", "MOBILIZE") and is_prospect(token):
            return None
        if future and sense.type in FRIENDLY:
            sense = turned_into(sense, "AGREE", FRIENDLY[sense.type])
        return Coded(sense, token, actors, recipients, negated, future, hypothetical, self._sayer(token), True, False)

    def _sense(self, token: Token) -> Sense | None:
        word = lemma(token.text)
        senses: list[Sense] = []
        for child in token.children:
            if child.dep_ in ("compound:prt", "obl", "advmod", "advcl", "xcomp"):
                particle = child.lower_
                if child.dep_ != "compound:prt" and child.dep_ != "advmod":
                    particle = next((g.lower_ for g in child.children if g.dep_ in ("case", "mark")), "")
                senses += self._lexicon.verbs.get(f"{word}_{particle}", ())
        senses += self._lexicon.verbs.get(word, ())
        if not senses:
            return None
        around = words_around(token)
        return next((sense for sense in senses if not sense.needs or sense.needs & around), None)

    def _meaning(self, inner: Token) -> Sense | None:
        """Return what a complement means: its own sense, or that of the event noun in it."""
        sense = self._sense(inner) if is_verbal(inner) else None
        if sense is None:
            sense = next((s for s in self._lexicon.nouns.get(lemma(inner.text), ()) if not s.needs), None)
        if sense is None and is_verbal(inner):
            sense = self._light(inner)
            deeper = complement_of(inner)
            if sense is None and deeper is not None and lemma(inner.text) in RAISING:
                return self._meaning(deeper)
        return sense

    def _light(self, token: Token) -> Sense | None:
        for item in objects_of(token):
            around = {lemma(t.text) for t in item.subtree}
            for sense in self._lexicon.nouns.get(lemma(item.text), ()):
                if not sense.needs or sense.needs & around:
                    return sense
        return None

    def _must(self, token: Token) -> Sense | None:
        """Read "X said Y must Z" as a request to Y."""
        must = any(child.lower_ in ("must", "should", "ought") and child.dep_ == "aux" for child in token.children)
        if must and token.dep_ in ("ccomp", "parataxis") and self._sayer(token) is not None:
            return Sense("REQUEST", "100", None, frozenset(), "en/must")
        return None

    def _modal(self, token: Token, sense: Sense) -> Sense | None:
        """Read what is still to be done as agreed or threatened."""
        ahead = any(
            child.dep_ == "aux" and child.lower_ in ("will", "'ll", "shall", "would") for child in auxiliaries_of(token)
        )
        if any(child.lower_ in ("must", "should") and child.dep_ == "aux" for child in auxiliaries_of(token)):
            return (
                turned_into(sense, "REQUEST", ASKED.get(sense.type, "100")) if self._sayer(token) is not None else None
            )
        due = is_due_to(token) or (token.dep_ in ("xcomp", "ccomp") and lemma(token.head.text) in DUE | INTENT)
        if sense.type == "MOBILIZE":
            return None
        if not (ahead or due):
            return None
        if any(child.dep_ == "advmod" and child.lower_ in ("not", "n't", "never") for child in token.children):
            return turned_into(sense, "REJECT", DENIED.get(sense.type, "120"))
        if sense.type in FRIENDLY:
            return turned_into(sense, "AGREE", FRIENDLY[sense.type])
        return turned_into(sense, "THREATEN", HOSTILE[sense.type]) if sense.type in HOSTILE else None

    def _participants(
        self, token: Token, inner: Token | None, sense: Sense
    ) -> tuple[tuple[Actor, ...], tuple[Actor, ...]]:
        passive = any(c.dep_ in ("nsubj:pass", "aux:pass") for c in token.children) or is_reduced_passive(token)
        if sense.type == "REQUEST" and inner == token:
            sayer = self._sayer(token)
            return (self._names.actors(sayer) if sayer is not None else ()), self._subject(token)
        if inner is not None and inner != token and any(c.dep_ == "aux:pass" for c in inner.children):
            agents = [
                c
                for c in inner.children
                if c.dep_ in ("obl", "obl:agent") and any(g.lower_ == "by" for g in c.children)
            ]
            if agents:
                return self._names.actors(agents[0]), ()
        if passive:
            agents = [
                c
                for c in token.children
                if c.dep_ in ("obl", "obl:agent") and any(g.lower_ == "by" for g in c.children)
            ]
            actors = self._names.actors(agents[0]) if agents else ()
            recipients = self._subject(token)
            if sense.type == "MOBILIZE" and not actors:
                sayer = self._sayer(token)
                own = self._names.actors(sayer) if sayer is not None else ()
                return (own or recipients), tuple(r for r in self._joint(token) if own)
            if sense.type in MUTUAL and not actors:
                return recipients, ()
            if not recipients and not (sense.type in MUTUAL and len(actors) > 1):
                recipients = tuple(a for a in self._within(token, actors) if a not in actors)[:3]
            return actors, recipients
        actors = self._subject(token)
        recipients = self._recipients(token, actors)
        if sense.type in ("CONSULT", "AGREE", "COOPERATE", "SUPPORT") and len({a.code for a in actors}) > 1:
            codes = {a.code for a in actors}
            recipients = () if sense.type != "AGREE" or sense.cameo in ("036", "030", "057") else recipients
            recipients = tuple(r for r in recipients if r.code not in codes)
        return actors, self._at_home(recipients, actors)

    def _settled(
        self, sense: Sense, actors: tuple[Actor, ...], recipients: tuple[Actor, ...]
    ) -> tuple[tuple[Actor, ...], tuple[Actor, ...]]:
        """Give parties without a country that of the other, and what is done at home the country as its target."""
        abroad = next((r.code for r in recipients if r.code and len(r.code) == 3 and r.code not in BODIES), None)
        if abroad is not None:
            actors = tuple(a if a.code or not a.sector else msgspec.structs.replace(a, code=abroad) for a in actors)
        if not recipients and sense.type in DOMESTIC and (sense.type != "COERCE" or sense.cameo.startswith("172")):
            recipients = tuple(
                msgspec.structs.replace(a, name=None, sector=None)
                for a in actors[:1]
                if a.code and a.code not in BODIES
            )
        return actors, recipients

    def _at_home(self, recipients: tuple[Actor, ...], actors: tuple[Actor, ...]) -> tuple[Actor, ...]:
        """Give people without a country that of who acts on them."""
        home = next((a.code for a in actors if a.code), None)
        return tuple(r if r.code or home is None else msgspec.structs.replace(r, code=home) for r in recipients)

    def _recipients(self, token: Token, actors: tuple[Actor, ...]) -> tuple[Actor, ...]:
        own = {(a.start, a.end) for a in actors}
        coded = {a.code for a in actors}
        fallback: tuple[Actor, ...] = ()
        for phrase in self._targets(token):
            found = tuple(a for a in self._names.actors(phrase) if (a.start, a.end) not in own)
            if any(a.code and a.code not in coded for a in found):
                return found
            fallback = fallback or found
            deeper = self._within(phrase, actors)
            if any(a.code and a.code not in coded for a in deeper):
                return fallback if any(a.code for a in fallback) else deeper[:4]
            fallback = fallback or deeper[:1]
        return fallback

    def _targets(self, token: Token) -> Iterator[Token]:
        children = list(token.children)
        yield from (c for c in children if c.dep_ == "iobj")
        yield from (c for c in children if c.dep_ == "obj")
        obliques = [c for c in children if c.dep_ in ("obl", "obl:unmarked", "advmod") and c.i > token.i]
        yield from sorted(
            (c for c in obliques if case_of(c) in DIRECT_CASES), key=lambda c: DIRECT_CASES.index(case_of(c))
        )
        for child in children:
            if child.dep_ in ("xcomp", "ccomp", "advcl") and child.i > token.i and not is_conditional(child):
                yield from (c for c in child.children if c.dep_ in SUBJECTS and child.dep_ == "ccomp")
                yield from self._targets(child)

    def _within(self, phrase: Token, actors: tuple[Actor, ...]) -> tuple[Actor, ...]:
        for token in phrase.subtree:
            if token == phrase or self._names.named_at(token) is None:
                continue
            while (
                token.dep_ in ("compound", "flat")
                and token.head != phrase
                and self._names.named_at(token.head) is not None
            ):
                token = token.head
            found = tuple(
                a
                for a in self._names.actors(token)
                if not any(own.start < a.end and a.start < own.end for own in actors)
            )
            if found:
                return found
        return ()

    def _joint(self, token: Token) -> tuple[Actor, ...]:
        """Return with whom: "drills with Russian units"."""
        for phrase in token.subtree:
            if phrase.dep_ in ("nmod", "obl") and case_of(phrase) == "with":
                return self._names.actors(phrase)
        return ()

    def _subject(self, token: Token, depth: int = 0) -> tuple[Actor, ...]:
        if depth > 6:
            return ()
        own = [child for child in token.children if child.dep_ in SUBJECTS and child.i < token.i] or [
            child for child in token.children if child.dep_ in SUBJECTS
        ]
        if len(own) > 1 and any(c.lower_ == "and" for first in own for c in (*first.children, *token.children)):
            return self._resolve(own[0]) + self._resolve(own[1])  # a coordination read as two subjects
        if own:
            return self._resolve(own[0])
        head = token.head
        if head == token:
            return ()
        if token.dep_ in ("acl:relcl", "acl"):
            return self._names.actors(head) if not modifies_clause(head) else ()
        if token.dep_ == "conj" and not is_verbal(head):
            return ()
        if token.dep_ == "xcomp":
            object_ = next((c for c in head.children if c.dep_ in ("obj", "iobj")), None)
            if object_ is not None and lemma(head.text) in DEMAND | {"allow", "force", "help", "tell"}:
                return self._names.actors(object_)
        if token.dep_ in ("xcomp", "conj", "advcl", "ccomp", "parataxis", "advcl:relcl", "dep"):
            return self._subject(head, depth + 1)
        return ()

    def _resolve(self, subject: Token) -> tuple[Actor, ...]:
        if subject.lower_ not in PRONOUNS:
            return self._names.actors(subject)
        if subject.lower_ in ("who", "which", "that") and subject.head.dep_.startswith("acl"):
            return self._names.actors(subject.head.head)
        clause = subject.head
        while clause.head != clause:
            clause = clause.head
            if lemma(clause.text) in SPEECH or clause.dep_ == "ROOT":
                own = next((c for c in clause.children if c.dep_ in SUBJECTS and c.i != subject.i), None)
                if own is not None and own.lower_ not in PRONOUNS:
                    return self._names.actors(own)
        return self._before

    def _sayer(self, token: Token) -> Token | None:
        """Return who the sentence says says so."""
        clause = token
        while True:
            for child in clause.children:
                if child.dep_ in ("parataxis", "ccomp") and lemma(child.text) in SPEECH and child.i > token.i:
                    return subject_token(child)
                if child.dep_ == "obl" and any(g.lower_ == "according" for g in child.children):
                    return child
            if clause.head == clause:
                return None
            inside = clause.dep_ in ("ccomp", "parataxis", "xcomp", "obj", "nsubj", "dep")
            clause = clause.head
            if inside and lemma(clause.text) in SPEECH and subject_token(clause) is not None:
                return subject_token(clause)
