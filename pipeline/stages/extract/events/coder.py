"""Code the events of one parsed sentence: predicates, who acts, on whom, and how firmly it is put.

Dependencies are Universal Dependencies. A predicate is a verb, an event noun or an adjective such as "due"; what it
governs may turn it: "agree to meet", "refuse to meet" and "call for a meeting" are three types of one event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.model import Actor
from pipeline.stages.extract.events.asserted import (
    has_inverted_condition,
    is_called_off,
    is_idiom,
    is_neither,
    is_owed,
    is_unreal,
)
from pipeline.stages.extract.events.cast import FORMS
from pipeline.stages.extract.events.clauses import (
    ASKED,
    BODILY,
    BREAKING_OUT,
    COMMIT,
    DEMAND,
    DENIED,
    DRILLS,
    DUE,
    FACTLESS,
    FIRED,
    FRIENDLY,
    HOSTILE,
    INTENT,
    LIGHT,
    PARTICLES,
    RAISING,
    REFUSE,
    TOLD,
    addressed_by,
    auxiliaries_of,
    case_of,
    complement_of,
    complements_of,
    infinitive_of,
    is_condition,
    is_counted,
    is_due_to,
    is_headline_will,
    is_noun,
    is_predicate,
    is_verbal,
    modality_of,
    objects_of,
    subject_token,
    turn,
    turned_into,
    words_around,
)
from pipeline.stages.extract.events.contents import contents_of, is_beside, is_prospect, is_said_to_be, is_unasserted
from pipeline.stages.extract.events.gates import by_whom, forbidden, is_no_event
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import Lexicon, Sense
from pipeline.stages.extract.events.nouns import is_date, sector_of
from pipeline.stages.extract.events.participants import Sentence
from pipeline.stages.extract.events.parties import Parties

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Doc, Token

# Whose leaving is a withdrawal, and what is said to hit for somebody.
FORCES = frozenset(("MIL", "REB", "PRM"))
WEAPONS = frozenset("missile rocket drone shell bomb mortar warplane jet airstrike artillery shrapnel".split())


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
    """Code the events of one sentence, and tell the cast of the article who acts in it."""

    def __init__(self, lexicon: Lexicon, names: Sentence) -> None:
        self._lexicon = lexicon
        self._names = names
        self._parties = Parties(names)

    def code(self, doc: Doc) -> list[Coded]:
        """Return the events in ``doc``, in the order of their triggers."""
        found: list[Coded] = []
        used: set[int] = set()
        for token in doc:
            if token.i in used or token.is_punct:
                continue
            coded = self._noun(token) if is_noun(token) else self._verb(token, used) if is_verbal(token) else None
            if coded is None:
                continue
            used.add(token.i)
            if is_condition(token):
                continue
            used.update(contents_of(token, coded.sense.type))
            found.append(coded)
            found += self._besides(coded)
        self._remember(doc)
        return found

    def _remember(self, doc: Doc) -> None:
        """Tell the cast who acts in the main clauses; the subject of the first is remembered last."""
        for root in (token for token in doc if token.dep_ == "ROOT"):
            subject = subject_token(root)
            if subject is None:
                continue
            form = self._names.form_of(subject)
            if form is not None:
                self._names.cast.remember(self._names.position, form, self._parties.subject(root))
            elif subject.lower_ in FORMS:  # who is "he" here is "he" in the next sentence too
                self._names.cast.remember(self._names.position, FORMS[subject.lower_][0], self._parties.subject(root))

    def _besides(self, coded: Coded) -> list[Coded]:
        """Return what an event is as well: who is sentenced to prison is convicted and arrested."""
        around = words_around(coded.trigger)
        return [
            coded._replace(sense=sense)
            for wanted, sense in self._lexicon.also
            if wanted == f"{coded.sense.type} {coded.sense.cameo}" and sense.fits(around | {lemma(coded.trigger.text)})
        ]

    def _verb(self, token: Token, used: set[int]) -> Coded | None:
        word = token.lower_ if token.tag_ == "JJ" else lemma(token.text)  # "willing" is no form of "will"
        composed = False
        sense = self._sense(token)
        inner: Token | None = None
        off = any(c.dep_ == "compound:prt" for c in token.children)  # "called off" demands nothing
        if off:
            pass
        elif word in DUE or (word in COMMIT | REFUSE | DEMAND | TOLD) or word == "threaten":
            inner = infinitive_of(token) if word in TOLD else complement_of(token)
            # "called a summit" asks nobody for one, "drills that it called a punishment" for none
            held = word == "call" and inner is not None and (inner.dep_ == "obj" or is_said_to_be(inner))
            meaning = self._meaning(inner) if inner is not None and not held else None
            turned = turn(word, meaning)
            if turned is not None:
                sense, composed = turned, True
                used.update(t.i for t in complements_of(inner))
            elif word in TOLD and inner is not None and any(map(self._names.is_place, addressed_by(token))):
                sense = Sense("REQUEST", "100", None, frozenset(), "en/told")
        if sense is None and word in LIGHT:
            sense = self._light(token)
            if sense is not None:
                used.update(t.i for t in objects_of(token))
        must = self._must(token) if sense is None or sense.type == "AGREE" else None
        if must is not None:
            sense, inner, composed = must, token, True
        if sense is None:
            return None
        if must is None and (is_unreal(token) or is_idiom(token)):
            return None
        if sense.type not in FACTLESS:
            turned = self._modal(token, sense)
            if turned is not None:
                sense, composed = turned, True
                if turned.type == "REQUEST":  # "Russia said that Sudan must return it"
                    inner = token
            elif is_owed(token):
                return None
        for child in token.subtree:
            if (
                child.tag_ in ("NN", "NNS")
                and child.head in (token, inner)
                and (lemma(child.text) in self._lexicon.nouns or child.lower_ in self._lexicon.nouns)
            ):
                used.add(child.i)
        refused = forbidden(sense, token)
        sense = refused or sense
        actors, recipients = self._parties.settled(sense, *self._parties.of(token, inner, sense))
        if (
            (not actors and not recipients)
            or self._cannot(token, sense, actors, recipients)
            or is_no_event(token, sense, actors, recipients)
        ):
            return None
        sense = by_whom(sense, token, actors, recipients)
        if sense.cameo in DRILLS and len({a.code for a in actors if a.code}) > 1:
            sense = turned_into(sense, "COOPERATE", "062")
        if not composed and is_unasserted(token, sense.type):
            return None
        negated, future, hypothetical = modality_of(token)
        negated = (negated or is_neither(token)) and refused is None
        hypothetical = hypothetical or has_inverted_condition(token)
        return Coded(
            sense, token, actors, recipients, negated, future, hypothetical, self._parties.sayer(token), False, composed
        )

    def _cannot(self, token: Token, sense: Sense, actors: tuple[Actor, ...], recipients: tuple[Actor, ...]) -> bool:
        """Say whether what is said to act cannot act, or what is said to be hurt cannot be hurt."""
        things, sectors = self._lexicon.things, self._lexicon.sectors
        clause = token.head if token.dep_ == "conj" and subject_token(token) is None else token
        # "27 people had been arrested", whatever they are read as.
        passive = any(c.dep_ == "aux:pass" for c in token.children)
        agents = [c for c in clause.children if c.dep_ in ("nsubj", "nsubj:outer") and c.i < token.i and not passive]
        agents += [c for c in token.children if c.dep_ in ("obl", "obl:agent") and case_of(c) == "by"]
        if not actors and any(c.tag_ in ("NN", "NNS") and things.get(lemma(c.text)) != "instrument" for c in agents):
            return True
        if sense.cameo == "190" and not recipients and not any(actor.sector for actor in actors):
            subject = subject_token(clause)  # a rider attacks, and nobody is attacked
            if subject is not None and self._names.form_of(subject) == "person":
                return True
        if sense.cameo not in BODILY:
            return False
        hurt = [c for c in token.children if c.dep_ in ("obj", "nsubj:pass") and c.tag_ in ("NN", "NNS")]
        hurt = [c for c in hurt if lemma(c.text) not in FIRED]  # "opened fire on a boat"
        if any(lemma(c.text) not in sectors and not is_counted(c) for c in hurt):
            return True
        whole = [
            self._names.named_at(c)
            for clause in (token, *(c for c in token.children if c.dep_ == "ccomp"))  # "beat Italy to reach the final"
            for c in clause.children
            if c.dep_ == ("obj" if clause == token else "nsubj") and c.tag_.startswith("NNP")
        ]
        return any(
            mention is not None and mention.kind in ("country", "capital") for mention in whole
        )  # "England beat France"

    def _noun(self, token: Token) -> Coded | None:
        word = token.lower_ if token.lower_ in self._lexicon.nouns else lemma(token.text)  # "bombing" is no "bomb"
        parts = list(token.children)
        if word == "up" and token.i > 1 and token.nbor(-1).text == "-" and token.nbor(-2).lower_ == "build":
            word = "build-up"
        if token.i + 2 < len(token.doc) and token.nbor(1).text == "-" and token.nbor(2).lower_ == "up":
            word, parts = f"{word}-up", parts + list(token.nbor(2).children)
        senses = self._lexicon.nouns.get(word)
        if not senses:
            return None
        around = {lemma(t.text) for t in token.subtree} | {lemma(t.text) for t in token.lefts}
        sense = next((s for s in senses if s.fits(around)), None)
        if sense is None:
            return None
        verb, tried = token.head, False
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
                actors = actors or self._parties.who(child)
            elif child.dep_ == "nmod" and cases & {"with", "on", "against", "to", "of"}:
                recipients = recipients or self._parties.who(child)
        carried = verb.dep_ != "" and (
            (token.dep_ == "nsubj:pass")
            or (
                token.dep_ == "nsubj"
                and lemma(verb.text) in LIGHT | {"take", "be", "occur", "follow", "continue", "resume", "kill", "wound"}
            )
        )
        broken_out = token.dep_ == "nsubj" and lemma(verb.text) in BREAKING_OUT
        carried = carried or broken_out
        if not actors and carried:
            sides = ("by", "between") if broken_out else ("by",)
            agent = [
                c
                for c in verb.children
                if c.dep_ in ("obl", "obl:agent") and any(g.lower_ in sides for g in c.children)
            ]
            actors = self._names.actors(agent[0]) if agent else ()
        if recipients and not actors and token.dep_ in ("obl", "nmod") and sense.type == "CONSULT":
            clause = next((a for a in token.ancestors if is_verbal(a) or is_predicate(a)), None)
            actors = self._parties.subject(clause) if clause is not None else ()
        if sense.mode == "strike" and is_predicate(token):  # "doctors have been on strike"
            actors, carried = self._parties.subject(token), True
        if sense.cameo == "115" and is_predicate(token):  # "the general has been on trial"
            recipients, tried = self._parties.subject(token), True
        alone = carried or sense.type == "MOBILIZE"
        if len(actors) + len(recipients) < 2 and not (alone and actors) and not (tried and recipients):
            return None
        if not any(a.code for a in actors + recipients):
            return None
        if (is_verbal(verb) and is_unreal(verb)) or is_called_off(token):
            return None
        negated, future, hypothetical = modality_of(verb if is_verbal(verb) else token)
        if sense.type in ("ASSAULT", "MOBILIZE") and is_prospect(token):
            return None
        if future and sense.type in FRIENDLY:
            sense = turned_into(sense, "AGREE", FRIENDLY[sense.type])
        return Coded(
            sense, token, actors, recipients, negated, future, hypothetical, self._parties.sayer(token), True, False
        )

    def _sense(self, token: Token) -> Sense | None:
        word = lemma(token.text)
        senses: list[Sense] = []
        for child in token.children:
            if child.dep_ in ("compound:prt", "obl", "advmod", "advcl", "xcomp") and not is_date(child):
                particle = child.lower_
                if child.dep_ == "obl" and is_beside(child, token):
                    continue
                if child.dep_ != "compound:prt" and child.dep_ != "advmod":
                    particle = next((g.lower_ for g in child.children if g.dep_ in ("case", "mark")), "")
                senses += self._lexicon.verbs.get(f"{word}_{particle}", ())
        after = token.nbor(1).lower_ if token.i + 1 < len(token.doc) else ""
        if not senses and after in PARTICLES:  # hung on the next word by mistake: "handed over 700 kg"
            senses += self._lexicon.verbs.get(f"{word}_{after}", ())
        senses += self._lexicon.verbs.get(word, ())
        if not senses:
            return None
        senses.sort(key=lambda sense: sense.rule.startswith("cameo"))  # our own lines first, particle or not
        around = words_around(token)
        if word in self._lexicon.marked:
            around |= self._marks(token)
        return next((sense for sense in senses if sense.fits(around)), None)

    def _marks(self, token: Token) -> set[str]:
        """Return what the lexicon calls the parties of a verb: soldiers who act, a place that it is done to."""
        marks: set[str] = set()
        subject = subject_token(token)
        if subject is not None and subject.dep_ == "nsubj":
            if sector_of(subject) in FORCES:
                marks.add("*forces")
            if lemma(subject.text) in WEAPONS:
                marks.add("*weapon")
        for child in token.children:
            if child.dep_ == "obj" and child.tag_ == "$":
                marks.add("*money")
            if child.dep_ in ("obj", "nsubj:pass") and child.tag_.startswith("NNP"):
                unknown = "*forces" in marks and self._names.named_at(child) is None  # a town that no table has
                if unknown or self._names.is_place(child):
                    marks.add("*place")
        return marks

    def _meaning(self, inner: Token) -> Sense | None:
        """Return what a complement means: its own sense, or that of the event noun in it."""
        sense = self._sense(inner) if is_verbal(inner) else None
        if sense is None:
            sense = next((s for s in self._lexicon.nouns.get(lemma(inner.text), ()) if not s.conditional), None)
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
                if sense.fits(around):
                    return sense
        return None

    def _must(self, token: Token) -> Sense | None:
        """Read "X said Y must Z" as a request to Y."""
        must = any(child.lower_ in ("must", "should", "ought") and child.dep_ == "aux" for child in token.children)
        if must and token.dep_ in ("ccomp", "parataxis") and self._parties.sayer(token) is not None:
            return Sense("REQUEST", "100", None, frozenset(), "en/must")
        return None

    def _modal(self, token: Token, sense: Sense) -> Sense | None:
        """Read what is still to be done as agreed or threatened."""
        ahead = any(
            child.dep_ == "aux" and (child.lower_ in ("will", "'ll", "shall", "would") or is_headline_will(child))
            for child in auxiliaries_of(token)
        )
        if any(child.lower_ in ("must", "should") and child.dep_ == "aux" for child in auxiliaries_of(token)):
            return (
                turned_into(sense, "REQUEST", ASKED.get(sense.type, "100"))
                if self._parties.sayer(token) is not None
                else None
            )
        due = is_due_to(token) or (token.dep_ in ("xcomp", "ccomp") and lemma(token.head.text) in DUE | INTENT)
        if sense.type == "MOBILIZE":
            return None
        if not (ahead or due):
            return None
        denied = any(child.dep_ == "advmod" and child.lower_ in ("not", "n't", "never") for child in token.children)
        if denied or is_neither(token):
            return turned_into(sense, "REJECT", DENIED.get(sense.type, "120"))
        if sense.type in FRIENDLY:
            return turned_into(sense, "AGREE", FRIENDLY[sense.type])
        return turned_into(sense, "THREATEN", HOSTILE[sense.type]) if sense.type in HOSTILE else None
