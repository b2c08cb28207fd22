"""Tell what a sentence speaks of without saying that it happened: unreal conditions, duties, denials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.stages.extract.events.clauses import is_predicate, subject_token
from pipeline.stages.extract.events.lemmas import lemma

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

_OUGHT = frozenset("should must ought".split())
_UNREAL = frozenset("would 'd should ought".split())
# "Had the rebels taken it, ...", "Were Poland to send them, ...": a condition without "if".
_INVERTED = frozenset("had were should".split())
_SUPPOSING = frozenset("would 'd could might may".split())
# What these are to do they have not done.
_UNDONE = frozenset(
    "unable incapable powerless unwilling reluctant hesitant afraid likely unlikely keen eager tempted poised "
    "impossible difficult hard".split()
)
_UNTRUE = frozenset(
    "untrue false wrong fake absurd nonsense myth lie lies fabrication fabricated baseless unfounded unthinkable "
    "ridiculous inconceivable impossible unlikely hoax".split()
)
_TRUE = frozenset("true case fact correct clear certain possible".split())
_DENIES = frozenset("deny doubt disbelieve disprove refute debunk imagine pretend".split())
_CLAIMS = frozenset(
    "claim allegation rumour rumor suggestion idea notion accusation theory belief suspicion speculation".split()
)
_SIGNS = frozenset("proof evidence sign indication confirmation record".split())
# The words of a clause before its verb, at most.
REACH = 14
_ENDS = frozenset(',;:()—–"“”')
_QUESTIONS = frozenset("whether if how why what when where".split())
# What one lacks or forgets to do is not done.
_LACKING = frozenset("lack forget forgot forgotten neglect hesitate".split())
_OCCASIONS = frozenset("time moment".split())
_DISMISSES = _DENIES | frozenset("reject dismiss".split())
_WITHOUT = frozenset("of from than".split())
_BEFORE_WITHOUT = frozenset("far instead rather short".split())
_STOPS = frozenset(
    "block cancel postpone boycott oppose skip prevent scrap shelve veto delay avoid thwart foil".split()
)
_NOT = frozenset("not n't never no neither".split())


def is_unreal(token: Token) -> bool:
    """Say whether a predicate, or what it is the complement of, is said not to be, or only ought to be."""
    return any(
        _is_contrary(verb) or _is_inverted(verb) or _is_undone(verb) or _is_untrue(verb) or _is_instead(verb)
        for verb in _governing(token)
    )


def is_owed(token: Token) -> bool:
    """Say whether a predicate is what somebody must or should do."""
    return any(
        verb.lower_ == "ought" or any(c.dep_ == "aux" and c.lower_ in _OUGHT for c in verb.children)
        for verb in _governing(token)
    )


def is_neither(token: Token) -> bool:
    """Say whether "neither ... nor" denies a predicate or who does it."""
    subject = subject_token(token)
    if subject is not None and subject.lower_ in ("neither", "none", "nobody"):
        return True
    if subject is None and token.dep_ == "conj" and any(c.lower_ == "or" for c in token.children):
        return is_neither(token.head)
    return "either" in token.doc.text and any(b.lower_ in ("neither", "nor") for b in _clause_before(token))


def has_inverted_condition(token: Token) -> bool:
    """Say whether a predicate holds only on a condition told without "if": "were they to land, we would fight"."""
    if not any(c.dep_ == "aux" and c.lower_ in _SUPPOSING for c in token.children):
        return False
    return _begins_inverted(token) or any(_is_inverted(c) for c in token.children if c.dep_ == "advcl")


def is_called_off(noun: Token) -> bool:
    """Say whether what an event noun names is stopped before it is: "blocked the opening of talks"."""
    inside = noun
    while inside.dep_ in ("nmod", "conj") and inside.head != inside:
        inside = inside.head
    return inside.dep_ in ("obj", "nsubj:pass") and lemma(inside.head.text) in _STOPS


def is_idiom(token: Token) -> bool:
    """Say whether a predicate is one of the phrases that do nothing: "stop short", "fire back at", "asked whether"."""
    word = lemma(token.text)
    if word in ("stop", "fall"):
        return any(c.lower_ == "short" for c in token.children)
    if word == "fire":
        return any(c.lower_ == "back" for c in token.children)
    if word == "have":  # "has yet to get"
        return any(c.lower_ == "yet" for c in token.children)
    if word == "rule":  # "did not rule out"
        return any(c.lower_ == "out" for c in token.children) and any(c.lower_ in _NOT for c in token.children)
    if word != "ask":
        return False
    for following in token.doc[token.i + 1 : token.i + REACH]:
        infinitive = following.tag_ == "VB" and following.nbor(-1).lower_ == "to"  # "asked it to report on how"
        if following.text in _ENDS or infinitive:
            return False
        if following.lower_ in _QUESTIONS:
            return True
    return False


def _clause_before(token: Token) -> Iterator[Token]:
    """Yield the words before a verb, nearest first, as far as the verb or mark that stands before them."""
    for before in reversed(token.doc[max(0, token.i - REACH) : token.i]):
        auxiliary = before.dep_ in ("aux", "aux:pass", "cop") or before.tag_ == "MD"
        if before.text in _ENDS or (before.tag_.startswith("VB") and not auxiliary):
            return
        yield before


def _governing(token: Token) -> Iterator[Token]:
    """Yield a predicate, and what says whether it is: of "ought to have agreed to meet" all three verbs."""
    yield token
    for _ in range(4):
        shared = token.dep_ == "conj" and subject_token(token) is None
        means = token.dep_ == "advcl" and any(c.lower_ == "by" for c in token.children)
        if not (token.dep_ == "xcomp" or shared or means):
            return
        token = token.head
        yield token


def _is_contrary(verb: Token) -> bool:
    """Say whether a verb is what should have been or would have been: nobody says that it was."""
    modals = {c.lower_ for c in verb.children if c.dep_ == "aux"}
    modals |= {g.lower_ for c in verb.children if c.lower_ == "have" for g in c.children}  # "should never have"
    return "have" in modals and bool(modals & _UNREAL)


def _is_inverted(verb: Token) -> bool:
    if _begins_inverted(verb):
        comma = next((token.i for token in verb.doc if token.text == ","), 0)
        return verb.i < comma
    subject = subject_token(verb)
    if verb.dep_ != "advcl" or subject is None:
        return False
    first = verb.left_edge
    return first.lower_ in _INVERTED and first.head == verb and first.dep_ in ("aux", "cop")


def _begins_inverted(token: Token) -> bool:
    """Say whether a sentence begins as a question does and is none."""
    doc = token.doc
    return doc[0].lower_ in _INVERTED and doc[len(doc) - 1].text != "?"


def _is_undone(verb: Token) -> bool:
    head = verb.head
    occasion = head if head.lower_ in _OCCASIONS else head.head  # "it is time for Germany to act"
    if occasion.lower_ in _OCCASIONS and any(c.lower_ == "to" for c in verb.children):
        return is_predicate(occasion)
    if verb.dep_ == "xcomp" and lemma(head.text) in _LACKING:
        return not _is_denied(head)
    if verb.dep_ in ("xcomp", "advcl", "ccomp", "csubj") and head.lower_ in _UNDONE and head.tag_ == "JJ":
        return any(c.lower_ == "to" for c in verb.children)
    if verb.dep_ not in ("acl", "advcl", "nmod") or not any(c.lower_ == "to" for c in verb.children):
        return False
    governor = head if head.tag_.startswith("VB") else head.head
    lacking = lemma(governor.text) == "lack" or any(c.lower_ in ("no", "without") for c in head.children)
    return lacking or (head.lower_ == "pressure")


def _is_untrue(verb: Token) -> bool:
    """Say whether a verb is what is denied, doubted, asked, imagined, claimed or rumoured."""
    if "hether" in verb.doc.text and (_is_asked(verb) or _is_other_of_two(verb)):
        return True
    if " that " in verb.doc.text and _is_claimed(verb):
        return True
    head = verb.head
    if verb.dep_ not in ("ccomp", "csubj", "advcl", "xcomp"):
        return False
    if head.tag_.startswith("VB") and lemma(head.text) in _DENIES:
        return not _is_denied(head)
    if not any(c.dep_ == "mark" and c.lower_ == "that" for c in verb.children):
        return False
    denied = _is_denied(head)
    return (head.lower_ in _UNTRUE and not denied) or (head.lower_ in _TRUE and denied)


def _is_denied(head: Token) -> bool:
    return any(c.lower_ in _NOT for c in head.children)


def _is_asked(verb: Token) -> bool:
    return any(word.lower_ == "whether" for word in _clause_before(verb))


def _is_claimed(verb: Token) -> bool:
    return any(word.lower_ == "that" and word.i and _is_mere_claim(word.nbor(-1)) for word in _clause_before(verb))


def _is_other_of_two(verb: Token) -> bool:
    """Say whether a verb stands after "or" in what is asked: "whether they fled or the army killed them"."""
    between = [word.lower_ for word in verb.doc[max(0, verb.i - 2 * REACH) : verb.i]]
    return "whether" in between and "or" in between[between.index("whether") :] and "," not in between


def _is_mere_claim(noun: Token) -> bool:
    """Say whether a noun tells its clause as somebody's claim, or as what there is no sign of."""
    word = lemma(noun.text)
    if word in _CLAIMS:
        return True
    if word == "report" and lemma(noun.head.text) in _DISMISSES:
        return True
    return word in _SIGNS and any(c.lower_ in ("no", "little", "without") for c in noun.children)


def _is_instead(verb: Token) -> bool:
    """Say whether something else is done: "far from attacking it", "instead of fighting"."""
    if verb.tag_ != "VBG":
        return False
    before, second = (verb.doc[max(0, verb.i - step)].lower_ for step in (1, 2))
    if before in _WITHOUT and second in _BEFORE_WITHOUT:
        return True
    return any(c.lower_ == "without" and c.dep_ in ("mark", "case") and c.i < verb.i for c in verb.children)
