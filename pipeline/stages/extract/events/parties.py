"""Read the parties of an event off the parsed sentence: who acts, and on whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from pipeline.model import Actor
from pipeline.stages.extract.events.cast import FORMS
from pipeline.stages.extract.events.clauses import (
    DEMAND,
    DIRECT_CASES,
    EQUIPMENT,
    MUTUAL,
    SPEECH,
    SUBJECTS,
    SUFFERED,
    case_of,
    is_conditional,
    is_misread_clause,
    is_reduced_passive,
    is_verbal,
    misread_subject,
    modifies_clause,
    subject_token,
)
from pipeline.stages.extract.events.contents import is_apart
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import Sense
from pipeline.stages.extract.events.nouns import sector_of
from pipeline.stages.extract.events.participants import PRONOUNS, Sentence

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

# What is sent or withdrawn is no recipient: "moved troops to the border".
_SENT = frozenset("MOBILIZE RETREAT AID".split())
_SENDING = frozenset("send deploy dispatch withdraw".split())
_FORCES = frozenset("MIL COP MED".split())
_STRUCK = frozenset("ASSAULT COERCE SANCTION REJECT THREATEN".split())
_SHARED = frozenset("share exchange trade swap discuss".split())
# What is looked into: not whom it was done to.
_DEEDS = frozenset(
    "killing murder death attack assault massacre abduction disappearance bombing shooting abuse".split()
)
# With what people are attacked, and where they gather.
_MEANS = frozenset(
    "cannon gas grenade bullet baton spray force missile rocket shell bomb fire drone attack raid".split()
)
_GROUNDS = frozenset("street road highway square plaza avenue boulevard park stage".split())
_REASONS = frozenset("after because over since when".split())
# Whom people strike and march against.
_RULERS = frozenset("GOV BUS MIL COP LEG JUD".split())
# What people march against whoever's it is.
_CAUSES = frozenset("defiance protest resignation removal dismissal ouster refusal visit rule".split())
# What lies deeper in a phrase is not whom these are directed at.
_SHALLOW = frozenset("PROTEST MOBILIZE".split())
# Clauses whose subject may be that of the one they hang on.
_SHARING = frozenset("xcomp conj advcl ccomp parataxis advcl:relcl dep".split())
# What is said or done at somebody: no place.
_AIMED = frozenset("hit lash point direct aim rail shout".split())
# Who is met face to face, and what somebody is given to send on.
_FACED = frozenset("meet visit host receive telephone phone brief greet".split())
# What is passed, signed or sent says what those say who do so.
_PAPERS = frozenset("resolution statement letter law bill decree petition declaration report order motion".split())


class Parties:
    """Find the parties of predicates in one sentence."""

    def __init__(self, names: Sentence) -> None:
        self._names = names

    def of(self, token: Token, inner: Token | None, sense: Sense) -> tuple[tuple[Actor, ...], tuple[Actor, ...]]:
        passive = any(c.dep_ in ("nsubj:pass", "aux:pass") for c in token.children) or is_reduced_passive(token)
        passive = passive and token.lower_ != "opposed"  # "is opposed to"
        if passive and not any(c.dep_ == "aux:pass" for c in token.children):  # "had called in", read as a passive
            passive = not any(c.dep_ == "aux" and c.lower_ in ("has", "have", "had") for c in token.children)
        if sense.type == "REQUEST" and inner == token:
            sayer = self.sayer(token)
            return (self._names.actors(sayer) if sayer is not None else ()), self.subject(token)
        if inner is not None and inner != token and any(c.dep_ == "aux:pass" for c in inner.children):
            agents = [
                c
                for c in inner.children
                if c.dep_ in ("obl", "obl:agent") and any(g.lower_ == "by" for g in c.children)
            ]
            if agents:
                return self._names.actors(agents[0]), ()
        if passive:
            clauses = (token, *(c for c in token.children if c.dep_ == "xcomp" and sense.type == "REJECT"))
            agents = [
                c
                for clause in clauses
                for c in clause.children
                if c.dep_ in ("obl", "obl:agent") and any(g.lower_ == "by" for g in c.children)
            ]
            actors = self._names.actors(agents[0]) if agents else ()
            recipients = self.subject(token)
            if sense.type == "MOBILIZE" and not actors:
                sayer = self.sayer(token)
                own = self._names.actors(sayer) if sayer is not None else ()
                return (own or recipients), tuple(r for r in self._joint(token) if own)
            if sense.type in MUTUAL and not actors:
                return recipients, ()
            handed = self._handed(token) if sense.cameo == "063" else ()
            if handed or (not recipients and not (sense.type in MUTUAL and len(actors) > 1)):
                recipients = handed or self._in_subject(token, actors) or self._recipients(token, actors, sense)
            return actors, recipients
        actors = tuple(map(_union, self.subject(token)))
        if (lemma(token.text), sense.type) in SUFFERED:
            return (), actors
        recipients = self._given(token, sense) or self._recipients(token, actors, sense)
        if sense.type in ("CONSULT", "AGREE", "COOPERATE", "SUPPORT") and len({a.code for a in actors}) > 1:
            codes = {a.code for a in actors}
            alone = sense.type in ("CONSULT", "COOPERATE") or (sense.type == "SUPPORT" and sense.cameo == "057")
            alone = alone and not _is_facing(token)
            recipients = () if alone or sense.cameo in ("036", "030", "057") else recipients
            recipients = tuple(r for r in recipients if r.code not in codes)
        return actors, recipients

    def settled(
        self, sense: Sense, actors: tuple[Actor, ...], recipients: tuple[Actor, ...]
    ) -> tuple[tuple[Actor, ...], tuple[Actor, ...]]:
        """Leave out of the recipients who is among the actors."""
        own = {(a.start, a.end) for a in actors}
        return actors, tuple(r for r in recipients if (r.start, r.end) not in own)

    def who(self, token: Token, avoid: Token | None = None) -> tuple[Actor, ...]:
        """Return whom a noun phrase or pronoun names; ``avoid`` is a noun that a pronoun cannot stand for."""
        if token.lower_ in ("who", "which", "that", "whom") and token.head.dep_.startswith("acl"):
            return self._names.actors(token.head.head)
        if token.lower_ in ("who", "whom", "which") and token.dep_ in ("appos", "dep") and token.head.i < token.i:
            return self._names.actors(token.head)
        if token.lower_ in PRONOUNS:
            return self._names.antecedent(token, avoid)
        return self._names.actors(token)

    def _in_subject(self, token: Token, actors: tuple[Actor, ...]) -> tuple[Actor, ...]:
        """Return whom the subject of a passive names: "the summit between Putin and Biden was brokered"."""
        subject = subject_token(token)
        return tuple(a for a in self._within(subject, actors) if a not in actors)[:3] if subject is not None else ()

    def _handed(self, token: Token) -> tuple[Actor, ...]:
        """Return to whom somebody is handed: "extradited two men to France"."""
        taken = [c for c in token.children if c.dep_ in ("obj", "nsubj:pass")]
        for child in (*token.children, *(c for item in taken for c in item.children)):
            if child.dep_ in ("obl", "nmod") and case_of(child) == "to":
                return self._names.actors(child)
        return ()

    def _given(self, token: Token, sense: Sense) -> tuple[Actor, ...]:
        """Return to whom somebody or something is handed or sent."""
        if sense.cameo != "063" and not (sense.type == "AID" and any(c.dep_ == "obj" for c in token.children)):
            return ()
        handed = self._handed(token)
        return handed if sense.cameo == "063" or any(a.code for a in handed) else ()

    def _recipients(self, token: Token, actors: tuple[Actor, ...], sense: Sense) -> tuple[Actor, ...]:
        own = {(a.start, a.end) for a in actors}
        coded = {a.code for a in actors if a.code}
        fallback: tuple[Actor, ...] = ()
        if sense.cameo == "083":  # nobody is resigned at
            return ()
        for phrase in self._targets(token, sense):
            if (
                (self._is_setting(phrase) and sense.cameo != "042")
                or lemma(phrase.text) in _GROUNDS
                or (sense.type not in _STRUCK and sense.type != "ACCUSE" and lemma(phrase.text) in EQUIPMENT)
                or (sense.cameo == "090" and lemma(phrase.text) in _DEEDS)
            ):
                continue
            if sense.cameo == "161" and phrase.dep_ == "obj":  # "recalled its envoy to Israel"
                around = (*phrase.children, *token.children)
                post = next((c for c in around if c.dep_ in ("nmod", "obl") and case_of(c) == "to"), None)
                host = self._names.actors(post) if post is not None else ()
                if any(a.code for a in host):
                    return host
            found = tuple(a for a in self.who(phrase, subject_token(token)) if (a.start, a.end) not in own)
            moved = sense.type in _SENT or lemma(phrase.head.text) in _SENDING  # "threatened to send troops to Nigeria"
            sent = phrase.dep_ == "obj" and moved and all(a.sector in _FORCES for a in found)
            mine = bool(found) and all(a.found == "owner" and a.code in coded for a in found)
            if found and not sent and not mine:
                return found
            fallback = fallback or (() if sent else found)
            shallow = sense.type in _SHALLOW and lemma(phrase.text) not in _CAUSES
            deeper = () if shallow else self._within(phrase, actors)
            if deeper:
                return deeper[:4]
        return fallback

    def _is_setting(self, phrase: Token) -> bool:
        """Say whether a phrase tells only where something happened."""
        if phrase.dep_ != "obl" or case_of(phrase) not in ("in", "at", "near"):
            return False
        if case_of(phrase) == "at" and lemma(phrase.head.text) in _AIMED:
            return False
        mention = self._names.named_at(phrase)
        if mention is None:  # a place that the gazetteer lacks
            return phrase.tag_.startswith("NNP")
        return mention.kind in ("country", "capital", "city", "region")

    def _targets(self, token: Token, sense: Sense) -> Iterator[Token]:
        yield from self._governed(token)
        if sense.type == "PROTEST":
            yield from self._reason(token)

    def _reason(self, token: Token) -> Iterator[Token]:
        """Yield whom a protest is against by its reason: "after talks with the ministry collapsed"."""
        for talks in token.children:  # "after talks with the ministry collapsed", misread
            if talks.dep_ == "obl" and case_of(talks) in _REASONS and lemma(talks.text) in ("talk", "negotiation"):
                yield from (c for c in talks.children if c.dep_ == "nmod" and case_of(c) == "with")
        for clause in token.children:
            marked = any(c.dep_ == "mark" and c.lower_ in _REASONS for c in clause.children)
            subject = subject_token(clause) if clause.dep_ == "advcl" and marked else None
            if subject is None:
                continue
            partners = [c for c in subject.children if c.dep_ == "nmod" and case_of(c) == "with"]
            if partners:
                yield partners[0]
            elif any(actor.sector in _RULERS for actor in self._names.actors(subject)):
                yield subject

    def _governed(self, token: Token) -> Iterator[Token]:
        children = list(token.children)
        if token.dep_ == "amod" and is_misread_clause(token):
            yield token.head
        yield from (c for c in children if c.dep_ == "iobj")
        for used in children:  # "used water cannon against demonstrators"
            if used.dep_ == "obj" and lemma(used.text) in _MEANS:
                yield from (c for c in used.children if c.dep_ == "nmod" and case_of(c) in ("against", "at", "on"))
        if lemma(token.text) in _SHARED:  # "shared satellite intelligence with Manila"
            for item in (c for c in children if c.dep_ in ("obj", "obl")):
                yield from (c for c in (item, *item.children) if c.dep_ in ("obl", "nmod") and case_of(c) == "with")
        # A name read as a predicate is an object: "attacked Budapest".
        yield from (c for c in children if c.dep_ == "obj" or (c.dep_ == "xcomp" and c.tag_ == "NNP"))
        if (
            token.dep_ == "acl:relcl"
            and subject_token(token) is not None
            and not any(
                c.dep_ in ("obj", "xcomp", "ccomp") or (c.lower_ in ("who", "which", "that") and c.dep_ in SUBJECTS)
                for c in children
            )
        ):
            yield token.head  # "a trial that the court condemned"
        obliques = [c for c in children if c.dep_ in ("obl", "obl:unmarked", "advmod") and c.i > token.i]
        yield from sorted(
            (c for c in obliques if case_of(c) in DIRECT_CASES), key=lambda c: DIRECT_CASES.index(case_of(c))
        )
        for child in children:
            below = child.dep_ in ("xcomp", "ccomp", "advcl") and child.i > token.i
            if below and not is_conditional(child) and not is_apart(child):
                yield from (c for c in child.children if c.dep_ in SUBJECTS and child.dep_ == "ccomp")
                if (
                    child.dep_ == "ccomp"
                    and child.tag_.startswith("NN")
                    and any(c.lower_ == "that" for c in child.children)
                ):  # "demanded that the US cancel plans", whose verb is read as a noun
                    yield from (c for c in child.children if c.dep_ == "compound" and self._is_somebody(c))
                yield from self._governed(child)

    def _is_somebody(self, noun: Token) -> bool:
        return self._names.named_at(noun) is not None or sector_of(noun) is not None

    def _within(self, phrase: Token, actors: tuple[Actor, ...]) -> tuple[Actor, ...]:
        for token in phrase.subtree:
            if (
                token == phrase
                or any(lemma(a.text) in _DEEDS for a in token.ancestors if a.i > phrase.i)
                or self._names.named_at(token) is None
            ):
                continue
            while (
                token.dep_ in ("compound", "flat", "amod")
                and token.head != phrase
                and (
                    sector_of(token.head) is not None
                    if token.head.tag_ in ("NN", "NNS")
                    else token.dep_ != "amod" and self._names.named_at(token.head) is not None
                )
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

    def subject(self, token: Token, depth: int = 0) -> tuple[Actor, ...]:
        if depth > 6:
            return ()
        own = [child for child in token.children if child.dep_ in SUBJECTS and child.i < token.i] or [
            child for child in token.children if child.dep_ in SUBJECTS
        ]
        if len(own) > 1 and any(c.lower_ == "and" for first in own for c in (*first.children, *token.children)):
            return self._resolve(own[0]) + self._resolve(own[1])  # a coordination read as two subjects
        if own:
            return (*self._listed(own[0]), *self._resolve(own[0]))
        head = token.head
        if head == token:
            return ()
        misread = misread_subject(token)
        if misread is not None:
            return self._names.actors(misread)
        if token.dep_ == "acl" and token.tag_ == "VBG" and lemma(head.text) in _PAPERS and is_verbal(head.head):
            return self.subject(head.head, depth + 1)  # "adopted a resolution demanding a truce"
        if token.dep_ in ("acl:relcl", "acl"):
            return self._names.actors(head) if not modifies_clause(head) else ()
        if token.dep_ == "conj" and not is_verbal(
            head
        ):  # joined to a noun by mistake: "declared a day of mourning and"
            verb = next((a for a in head.ancestors if is_verbal(a) and a.i < token.i), None)
            return self.subject(verb, depth + 1) if verb is not None and token.tag_ in ("VBD", "VBN", "VBZ") else ()
        if token.dep_ == "parataxis" and head.dep_ == "ROOT" and head.tag_.startswith("NN") and head.i < token.i:
            return self._names.actors(head)
        if token.dep_ == "xcomp":
            object_ = next((c for c in head.children if c.dep_ in ("obj", "iobj")), None)
            if object_ is not None and lemma(head.text) in DEMAND | {"allow", "force", "help", "tell"}:
                return self._names.actors(object_)
        if token.dep_ in _SHARING or (token.dep_ == "obl" and token.tag_ == "VB"):  # "voted to impeach", misread
            return self.subject(head, depth + 1)
        return ()

    def _listed(self, subject: Token) -> tuple[Actor, ...]:
        """Return the first of a list of subjects that was read beside them: "Norway, Spain and Ireland recognised"."""
        edge = subject.left_edge
        at = edge.i - (1 if edge.is_punct else 2)
        if at < 0 or subject.doc[at + 1].text != "," or not any(c.dep_ == "conj" for c in subject.children):
            return ()
        first = subject.doc[at]
        apart = first.head == subject.head and first.dep_ in ("advmod", "obl:unmarked", "nmod", "dislocated", "dep")
        return self._names.actors(first) if apart and self._names.is_place(first) else ()

    def _resolve(self, subject: Token) -> tuple[Actor, ...]:
        if subject.lower_ not in PRONOUNS:
            return self._names.actors(subject)
        if subject.lower_ in ("who", "which", "that", "whom"):
            return self._names.actors(subject.head.head) if subject.head.dep_.startswith("acl") else ()
        clause = subject.head
        while clause.head != clause:
            clause = clause.head
            if lemma(clause.text) in SPEECH or clause.dep_ == "ROOT":
                own = next((c for c in clause.children if c.dep_ in SUBJECTS and c.i != subject.i), None)
                if own is not None and self._names.form_of(own) in FORMS.get(subject.lower_, ()):
                    return self._names.actors(own)
        return self._names.antecedent(subject)

    def sayer(self, token: Token) -> Token | None:
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


def _is_facing(token: Token) -> bool:
    """Say whether several meet one more: "mediators met a Hamas delegation"."""
    return lemma(token.text) in _FACED and any(c.dep_ == "obj" for c in token.children)


def _union(actor: Actor) -> Actor:
    """Read Brussels as the Union where it acts: Belgium is called by its name."""
    if actor.text == "Brussels" and actor.code == "BEL":
        return msgspec.structs.replace(actor, code="EUR", found="org")
    return actor
