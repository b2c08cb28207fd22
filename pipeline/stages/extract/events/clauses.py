"""Read a clause off its dependencies: its complements, its objects, whether it is denied, ahead or only supposed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import Sense

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

SPEECH = frozenset(
    "say tell report announce state declare add note confirm claim insist explain stress emphasise emphasize "
    "reveal disclose argue believe think suggest conclude indicate write quote describe allege".split()
)
RAISING = frozenset(
    "begin start continue try attempt plan intend seek want hope help prepare resume expect schedule decide move "
    "remain use be set need".split()
)
COMMIT = frozenset("agree promise pledge vow offer commit undertake consent willing ready prepared committed".split())
# What is promised in these words may be a threat.
_SWORN = frozenset("vow pledge promise".split())
REFUSE = frozenset("refuse decline reject fail renege".split())
DEMAND = frozenset("urge demand call ask request press pressure order appeal insist implore lobby".split())
# What somebody is told to do is asked of them.
TOLD = frozenset("tell instruct".split())
# What is fired, and not whom it hits.
FIRED = frozenset("fire shot gunfire round volley burst bullet".split())
# What fighting does when it begins and goes on.
BREAKING_OUT = frozenset("erupt break rage flare intensify escalate resume".split())
DUE = frozenset("due schedule scheduled set expect expected slate slated suppose supposed".split())
LIGHT = frozenset(
    "hold launch stage conduct make take carry begin start continue resume have open host attend mount plan "
    "schedule extend convene organise organize undertake brokered broker arrange set end lead give declare impose "
    "sign".split()
)
FRIENDLY = {
    "CONSULT": "036",
    "SUPPORT": "032",
    "COOPERATE": "031",
    "AID": "033",
    "RETREAT": "035",
    "CONCEDE": "035",
    "AGREE": "030",
}
HOSTILE = {"COERCE": "132", "ASSAULT": "138", "SANCTION": "131", "PROTEST": "133", "MOBILIZE": "138"}
ASKED = {
    "CONSULT": "106",
    "AID": "103",
    "RETREAT": "105",
    "SUPPORT": "102",
    "COOPERATE": "101",
    "CONCEDE": "105",
    "AGREE": "107",
}
DENIED = {"CONSULT": "125", "AID": "122", "RETREAT": "124", "SUPPORT": "121", "COOPERATE": "121", "CONCEDE": "124"}
INTENT = frozenset("willing ready prepared plan intend".split())
FACTLESS = frozenset("REQUEST REJECT THREATEN AGREE".split())
MODAL = frozenset("could would might may should must can".split())
SUBJECTS = ("nsubj", "nsubj:pass", "csubj", "nsubj:outer")
CLAUSES = ("ccomp", "xcomp", "advcl", "acl", "acl:relcl", "parataxis", "conj", "advcl:relcl")
# Verbs whose subject is who it happens to: "went on trial", "fled".
SUFFERED = frozenset(
    (("go", "ACCUSE"), ("stand", "ACCUSE"), ("appear", "ACCUSE"), ("face", "ACCUSE"), ("flee", "SANCTION"))
)
# Things of armies: they act for them, and are bought, sent and shot down.
EQUIPMENT = frozenset(
    "jet aircraft carrier frigate destroyer submarine warplane gunboat tank helicopter warship ship "
    "vessel plane missile artillery bomber drone".split()
)
PARTICLES = frozenset("over out off down up back away".split())
# CAMEO codes of drills, and of what is done to bodies.
DRILLS = frozenset("155 150".split())
BODILY = frozenset("1823 182 193 1821 1822".split())
# "Pulled out of Chad".
_LEAVING = frozenset("pull withdraw march".split())
# "Thousands of teachers marched", "leaders of three states met": whose number or office is the root.
_LED = frozenset("leaders ministers presidents officials members envoys delegates negotiators representatives".split())
_COUNTS = _LED | frozenset("thousands hundreds dozens scores group crowd groups crowds millions".split())
MUTUAL = frozenset("CONSULT AGREE COOPERATE".split())
DIRECT_CASES = (
    "to",
    "with",
    "against",
    "on",
    "at",
    "upon",
    "toward",
    "towards",
    "into",
    "from",
    "for",
    "over",
    "between",
    "by",
    "in",
    "of",
)


def is_verbal(token: Token) -> bool:
    return (
        (token.tag_.startswith("VB") and not _is_whom(token))
        or is_due_to(token)
        or (token.tag_ == "JJ" and token.lower_ in DUE | COMMIT | {"opposed"})
    )


def _is_whom(token: Token) -> bool:
    """Say whether a participle stands for people: "visited the injured"."""
    return (
        token.tag_ == "VBN"
        and token.dep_ in ("obj", "obl", "nmod", "nsubj", "xcomp")
        and any(c.dep_ == "det" for c in token.children)
    )


def is_noun(token: Token) -> bool:
    """Say whether this may be an event noun: "a raid", and "fighting" where that erupts."""
    if token.tag_ == "VBG":
        return token.dep_ == "nsubj" and lemma(token.head.text) in BREAKING_OUT
    return token.tag_ in ("NN", "NNS") and token.dep_ not in ("compound", "amod") and not is_due_to(token)


def is_due_to(token: Token) -> bool:
    """Say whether this is the verb after "due to", which may be read as a noun after a preposition."""
    return (
        token.i > 1
        and token.nbor(-1).lower_ == "to"
        and token.nbor(-2).lower_ == "due"
        and token.nbor(-2).head == token
    )


def case_of(token: Token) -> str:
    cases = [c.lower_ for c in token.children if c.dep_ == "case"]
    if cases or not token.tag_.startswith("NN"):
        left = cases[:2] == ["out", "of"] and lemma(token.head.text) in _LEAVING  # "pulled out of Chad"
        return cases[left] if cases else ""
    numbers = (c for c in token.children if c.dep_ == "nummod")  # "to 18 rebels", hung on the number
    return next((c.lower_ for number in numbers for c in number.children if c.dep_ == "case"), "")


def objects_of(token: Token) -> list[Token]:
    return [c for c in token.children if c.dep_ in ("obj", "nsubj:pass", "obl") and c.tag_.startswith("NN")]


def complement_of(token: Token) -> Token | None:
    wanted = ("xcomp", "ccomp", "obj", "obl", "advcl")
    found = sorted(
        (
            c
            for c in token.children
            if c.dep_ in wanted and c.i > token.i and (c.dep_, c.tag_) != ("advcl", "VBG")  # "brakes failed, killing 9"
        ),
        key=lambda c: (wanted.index(c.dep_), c.i),
    )
    return found[0] if found else None


def infinitive_of(token: Token) -> Token | None:
    """Return what somebody is told to do: "told Turkey to withdraw"."""
    return next(
        (
            c
            for c in token.children
            if c.dep_ in ("xcomp", "advcl") and c.tag_ == "VB" and c.i > token.i and c.left_edge.lower_ == "to"
        ),
        None,
    )


def addressed_by(token: Token) -> list[Token]:
    """Return who is told or asked something."""
    return [c for c in token.children if c.dep_ in ("obj", "iobj")]


def is_predicate(token: Token) -> bool:
    """Say whether a noun is what its subject is said to be, or where: "is in Ankara"."""
    return any(c.dep_ == "cop" for c in token.children)


def complements_of(inner: Token | None) -> Iterator[Token]:
    while inner is not None:
        yield inner
        inner = complement_of(inner)


def words_around(token: Token) -> set[str]:
    """Return the lemmas that stand with a verb: objects and complements, not who does it."""
    passive = any(c.dep_ == "nsubj:pass" for c in token.children) or is_reduced_passive(token)
    words: set[str] = set()
    for child in token.children:
        if (
            child.dep_ == "nsubj"
            or child.dep_ in ("conj", "parataxis", "advcl:relcl")
            or (child.dep_ == "ccomp" and lemma(token.text) in SPEECH)  # what is said is said elsewhere
            or (child.dep_ == "nsubj:pass" and not passive)
        ):
            continue
        words.update(lemma(t.text) for t in list(child.subtree)[:14])
    if is_reduced_passive(token) or token.dep_ == "acl:relcl":
        words.add(lemma(token.head.text))
    return words


def is_reduced_passive(token: Token) -> bool:
    if token.dep_ != "acl" or token.tag_ != "VBN" or is_misread_clause(token):
        return False
    return not any(c.dep_ == "obj" for c in token.children)


def is_misread_clause(token: Token) -> bool:
    """Say whether a verb read as a participle beside a noun must be the verb of the sentence."""
    return misread_subject(token) is not None


def misread_subject(token: Token) -> Token | None:
    """Return the subject of a verb that was read as a participle beside a noun, though the sentence has no other verb.

    It was read after the root noun ("the bishops called on ..."), or before its object ("Estonia accused Russian ...").
    """
    read_so = token.dep_ in ("acl", "amod") if token.tag_ == "VBN" else token.dep_ == "acl" and token.tag_ == "VBD"
    if not read_so:
        return None
    root = token.head if token.dep_ == "acl" else next((a for a in token.ancestors if a.dep_ == "ROOT"), token.head)
    while root.dep_ == "conj" or (root.dep_ == "nmod" and root.head.lower_ in _COUNTS):
        root = root.head
    if root.dep_ != "ROOT" or not root.tag_.startswith("NN") or root.i > token.i:
        return None
    finite = any(
        t.tag_ in ("VBD", "VBZ", "VBP", "MD") and not t.dep_.startswith("acl") and token not in (t, *t.ancestors)
        for t in token.doc
    )
    return None if finite else root


def is_headline_will(token: Token) -> bool:
    """Say whether this is "to" for "will": "Macron to visit Beijing"."""
    return token.lower_ == "to" and token.tag_ == "MD"


def auxiliaries_of(token: Token) -> Iterator[Token]:
    yield from token.children
    if token.dep_ == "conj":
        yield from token.head.children


def is_conditional(clause: Token) -> bool:
    return any(
        c.dep_ == "mark" and c.lower_ in ("if", "unless", "should", "whether", "before", "after", "because")
        for c in clause.children
    )


def is_condition(token: Token) -> bool:
    """Say whether a predicate stands in an if-clause: nobody says that it happened."""
    return any(
        clause.dep_ == "advcl" and any(c.dep_ == "mark" and c.lower_ in ("if", "unless") for c in clause.children)
        for clause in (token, *token.ancestors)
    )


def modality_of(token: Token) -> tuple[bool, bool, bool]:
    """Return whether the clause is negated, lies ahead, or is only supposed."""
    children = list(auxiliaries_of(token))
    words = {c.lower_ for c in children if c.dep_ in ("aux", "advmod", "det")}
    negated = bool(words & {"not", "n't", "never", "no"}) or any(
        g.lower_ == "no" for c in children if c.dep_ in ("obj", "nsubj", "nsubj:pass") for g in c.children
    )
    due = token.dep_ == "xcomp" and lemma(token.head.text) in DUE | {"schedule", "plan", "expect"}
    due = due or is_due_to(token)
    due = due or any(is_headline_will(c) for c in children)
    future = bool(words & {"will", "'ll", "shall", "would"}) or due or lemma(token.text) in ("due", "schedule")
    if token.dep_ == "advcl" and token.tag_ == "VBG":  # "could retaliate by restricting exports"
        words |= {c.lower_ for c in token.head.children if c.dep_ == "aux"}
    supposed = bool(words & {"could", "might", "may", "can"}) or (
        "would" in words and any(is_conditional(c) for c in children if c.dep_ == "advcl")
    )
    clause = token
    for _ in range(4):
        if (
            clause.dep_ == "advcl"
            and is_conditional(clause)
            and any(c.lower_ in ("if", "unless", "should", "whether") for c in clause.children)
        ):
            supposed = True
        clause = clause.head
    return negated, future, supposed


def modifies_clause(head: Token) -> bool:
    return is_verbal(head)


def subject_token(clause: Token) -> Token | None:
    return next((c for c in clause.children if c.dep_ in SUBJECTS), None)


def turn(word: str, meaning: Sense | None) -> Sense | None:
    if meaning is None:
        return None
    if word in DUE or word in COMMIT:
        if word == "agree" and meaning.type == "SUPPORT":
            return None
        if meaning.type in FRIENDLY:
            return turned_into(meaning, "AGREE", FRIENDLY[meaning.type])
        if meaning.type == "REJECT":  # "vowed to oppose"
            return meaning
        return (
            turned_into(meaning, "THREATEN", HOSTILE[meaning.type])
            if meaning.type in HOSTILE and word not in COMMIT - _SWORN
            else None
        )
    if word == "fail" and meaning.type not in FRIENDLY:  # "failed to disperse the crowd" refuses nothing
        return None
    if word in REFUSE:
        return turned_into(meaning, "REJECT", DENIED.get(meaning.type, "120"))
    if word in DEMAND | TOLD:
        return (
            turned_into(meaning, "REQUEST", ASKED.get(meaning.type, "100"))
            if meaning.type not in ("ACCUSE", "COERCE", "SANCTION")
            else None
        )
    return turned_into(meaning, "THREATEN", HOSTILE.get(meaning.type, "130"))


def turned_into(sense: Sense, type_: str, cameo: str) -> Sense:
    return Sense(type_, cameo, None, frozenset(), f"{sense.rule}>{type_.lower()}")


def is_counted(noun: Token) -> bool:
    """Say whether a noun stands for people by their number: "12 others", "dozens"."""
    return lemma(noun.text) in ("other", "dozen", "score", "hundred", "thousand", "number", "life") or any(
        c.dep_ == "nmod" and c.tag_ == "NNS" for c in noun.children
    )
