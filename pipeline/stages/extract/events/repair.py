"""Repair parses in which the verb of a sentence was read as a noun, an adjective or a participle.

A small parser reads "Latvia expelled Russian diplomats" as a noun phrase now and then. A sentence whose root is no
finite verb, but which has a past form that events begin with after its first noun, is read anew around that verb.
Headlines are in the present: "UN condemns raid" tells of no raid by the UN, whatever the parser makes of "condemns".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.syntax.trees import Doc, Token

_FINITE = frozenset(("VBD", "VBZ", "VBP", "MD"))
_LEFT_OF_NOUN = frozenset(
    "advmod discourse compound amod nmod det nummod nmod:poss flat obl:unmarked nmod:unmarked nmod:desc".split()
)
_TIMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december today yesterday week month year night morning evening last late early this "
    "earlier".split()
)
_BEFORE_TIMES = frozenset(("on", "in"))
_OWN = frozenset("aux aux:pass nsubj nsubj:pass".split())
_CLAUSE_MARKS = frozenset("when after as while because".split())
# Past forms without "-ed" that are nouns or present forms as well.
_IRREGULAR = frozenset(
    "shot cut hit beat hurt put shut met held sent took led fought struck seized freed stole broke fled flew drove "
    "threw gave told withdrew overthrew shook froze overran retook quit".split()
)
# Of these, those that need no object: "the prime minister quit on Tuesday".
_ALONE = frozenset(("quit",))

# Present forms that are hardly ever nouns.
_PRESENT = frozenset(
    "abandons abducts accepts accuses admits adopts advises agrees announces apologises apologizes appoints "
    "apprehends approves arrives asks assassinates authorises authorizes begins beheads besieges condemns confirms "
    "confiscates congratulates criticises criticizes declares decries defends defies delivers demolishes denies "
    "denounces deplores deploys deports destroys detains dismisses endorses evacuates evicts expels extradites "
    "frees hails imposes imprisons indicts interrogates invades jails kidnaps kills lambasts lauds mobilises "
    "mobilizes mourns negotiates occupies opposes ousts postpones praises prepares proposes prosecutes provides "
    "punishes ratifies reaffirms rebuffs recognises recognizes refuses rejects resigns restores retaliates revokes "
    "seeks seizes sends slams slaughters snubs suspends tells terminates threatens thwarts topples tortures urges "
    "warns welcomes withdraws withholds".split()
)
# What follows several: all but those that are nouns or adjectives as well.
_NOUNS = frozenset("free hail jail kill praise slam slaughter snub torture welcome".split())
_PLAIN = frozenset(map(lemma, _PRESENT)) - _NOUNS


class _Tree:
    """Hold the tags, heads and labels of a sentence while they are changed."""

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.tags = [token.tag_ for token in doc]
        self.heads = [token.head.i for token in doc]
        self.deps = [token.dep_ for token in doc]

    def hang(self, at: int, head: int, dep: str) -> None:
        """Make a word depend on another."""
        self.heads[at], self.deps[at] = head, dep

    def made(self) -> Doc:
        """Return the sentence with its new tree; as it was where a word would hang on what hangs on it."""
        if not _is_tree(self.heads):
            return self.doc
        words = [(token.text, token.idx) for token in self.doc]
        return Doc(self.doc.text, words, self.tags, self.heads, self.deps)


def _is_tree(heads: Sequence[int]) -> bool:
    """Tell whether every word hangs, by whatever words, on one that hangs on itself; linear in their number."""
    reached = [head == at for at, head in enumerate(heads)]
    for at in range(len(heads)):
        path: list[int] = []
        while not reached[at]:
            reached[at] = True
            path.append(at)
            at = heads[at]
        if at in path:
            return False
    return True


def repaired(doc: Doc) -> Doc:
    """Return the sentence, parsed anew around its verb where the parser did not see one."""
    doc = _in_their_clauses(_after_relative(_with_whole_subjects(_with_first_name(doc))))
    if any(token.dep_ == "conj" and token.tag_ in ("VBD", "VBN") for token in doc):
        doc = _after_place(_beside_infinitives(doc))
    roots = [token for token in doc if token.dep_ == "ROOT"]
    if len(roots) != 1:
        return doc
    root = roots[0]
    present = next((token for token in doc if _is_missed_present(token, root)), None)
    if present is not None:
        return _around_verb(doc, present, root, "VBZ" if present.lower_ in _PRESENT else "VBP")
    if _is_finite(root):
        return doc
    governs = root.lower_ in _ALONE or any(c.dep_ in ("obj", "acl", "xcomp", "ccomp") for c in root.rights)
    if _is_past(root) and root.i > 0 and governs:
        return _around_root(doc, root)
    for token in doc:
        if _may_be_the_verb(token):
            return _around_verb(doc, token, root, "VBD")
        if token.tag_ in _FINITE and token.dep_ not in ("conj", "obj", "amod"):
            return doc
    return doc


def _may_be_the_verb(token: Token) -> bool:
    """Say whether a past form hangs where only a misread verb does: before a noun, or beside one with an object."""
    if token.i == 0 or not _is_past(token) or any(c.dep_.startswith("aux") for c in token.children):
        return False
    if token.dep_ in ("amod", "compound"):
        return token.i < token.head.i
    if token.dep_ == "advcl" and token.tag_ in ("NN", "VB"):
        return token.i + 1 < len(token.doc) and token.nbor(1).tag_.startswith(("NN", "JJ", "DT", "CD"))
    if any(c.dep_ == "nsubj" for c in token.children):
        return False
    return token.dep_ in ("acl", "advcl", "parataxis") and any(c.dep_ == "obj" for c in token.rights)


def _in_their_clauses(doc: Doc) -> Doc:
    """Read a participle beside a noun after "when" and the like as the verb there: "when a missile slammed into"."""
    for token in doc:
        if token.dep_ != "acl" or token.tag_ != "VBN" or token.head.dep_ != "obl" or not _is_past(token):
            continue
        noun = token.head
        mark = next((c for c in noun.lefts if c.lower_ in _CLAUSE_MARKS), None)
        if mark is None or any(c.lower_ == "by" for g in token.children for c in g.children):
            continue
        tree = _Tree(doc)
        tree.tags[token.i] = "VBD"
        tree.hang(token.i, noun.head.i, "advcl")
        tree.hang(noun.i, token.i, "nsubj")
        tree.hang(mark.i, token.i, "mark" if mark.tag_ == "IN" else "advmod")
        return tree.made()
    return doc


def _after_place(doc: Doc) -> Doc:
    """Read a verb that was joined to its subject over a place: "Police in Birmingham, Alabama, shot dead a man"."""
    for verb in doc:
        noun = verb.head
        if verb.dep_ != "conj" or verb.tag_ != "VBD" or not noun.tag_.startswith("NN") or noun.i > verb.i:
            continue
        if verb.i < 2 or verb.nbor(-1).text != "," or any(c.dep_ in ("cc", *_OWN) for c in verb.children):
            continue
        if not any(c.dep_ == "nmod" and c.i < verb.i for c in noun.children):
            continue
        tree = _Tree(doc)
        tree.hang(verb.i, verb.i if noun.head == noun else noun.head.i, noun.dep_)
        tree.hang(noun.i, verb.i, "nsubj")
        for child in noun.rights:
            if child.i > verb.i:
                tree.hang(child.i, verb.i, child.dep_)
        return tree.made()
    return doc


def _beside_infinitives(doc: Doc) -> Doc:
    """Join a past form to the verb of the sentence, not to its infinitive: "refused to accept it and called for"."""
    tree: _Tree | None = None
    for token in doc:
        if token.dep_ != "conj" or token.tag_ not in ("VBD", "VBN") or token.head.tag_ != "VB":
            continue
        if lemma(token.text) == token.lower_ or any(c.dep_ in _OWN for c in token.children):
            continue
        above = token.head
        while above.tag_ == "VB" and above.dep_ in ("xcomp", "conj", "advcl", "acl"):
            above = above.head
        if above.tag_ == "VBD":
            tree = tree or _Tree(doc)
            tree.hang(token.i, above.i, "conj")
    return doc if tree is None else tree.made()


def _is_missed_present(token: Token, root: Token) -> bool:
    """Say whether a present form was taken for what stands before the root, which is what is done to."""
    word = token.text
    if (word not in _PRESENT and word not in _PLAIN) or token.i == 0 or token.tag_ in _FINITE:
        return False
    if word in _PLAIN and not _is_plural(token.nbor(-1)):
        return False
    if not token.i < root.i or any(before.tag_ in _FINITE or before.is_punct for before in token.doc[: token.i]):
        return False
    return _is_noun(token.nbor(-1)) and not any(c.dep_.startswith("aux") or c.dep_ == "det" for c in token.children)


def _is_plural(token: Token) -> bool:
    return token.tag_ in ("NNS", "NNPS") or token.lower_ == "police"


def _is_finite(token: Token) -> bool:
    if token.tag_ in _FINITE:
        return True
    return any(c.dep_ in ("aux", "aux:pass", "cop") for c in token.children)


def _is_past(token: Token) -> bool:
    word = token.lower_
    if not (word.endswith("ed") or word in _IRREGULAR) or not token.text.islower():
        return False
    return lemma(word) in _verbs()


@cache
def _verbs() -> frozenset[str]:
    return lexicon().triggers()


def _is_noun(token: Token) -> bool:
    return (
        token.tag_.startswith("NN")
        or token.tag_ == "ADD"
        or (token.tag_ in ("JJ", "RB", "VB") and token.text.istitle())
    )


def _around_root(doc: Doc, root: Token) -> Doc:
    """Read a root that was taken for a noun or adjective as the verb, and what stands before it as its subject."""
    tree = _Tree(doc)
    tree.tags[root.i] = "VBD"
    left = [child for child in root.lefts if child.dep_ in _LEFT_OF_NOUN]
    if root.i > 1 and doc[root.i - 1].text == "-":  # "test-fired"
        prefix = doc[root.i - 2]
        left = [child for child in left if child.i < prefix.i] + [c for c in prefix.lefts if c.dep_ in _LEFT_OF_NOUN]
        tree.hang(prefix.i, root.i, "compound")
    if not any(child.dep_.startswith("nsubj") for child in root.children):
        subject = next((child for child in reversed(left) if _is_noun(child)), None)
        if subject is None:
            return doc
        tree.hang(subject.i, root.i, "nsubj")
        for child in left:
            if child.i < subject.i:
                tree.hang(child.i, subject.i, child.dep_ if child.tag_ != "NNP" else "compound")
    for child in root.rights:
        if child.dep_ == "acl":
            tree.hang(child.i, root.i, "xcomp")
        elif child.dep_ == "nmod":
            tree.hang(child.i, root.i, "obl")
    return tree.made()


def _around_verb(doc: Doc, verb: Token, root: Token, tag: str) -> Doc:
    """Read a word as the verb: what stands before it is its subject, a noun after it that it hung on its object."""
    whole = verb.i - 3 if verb.i > 2 and doc[verb.i - 1].text == "-" else verb.i - 1  # "test-fired"
    at = _before_time(doc, whole)
    if at < 0 or not _is_noun(doc[at]):
        return doc
    subject = doc[at]
    while subject.head.i < subject.i and subject.dep_ in ("nmod", "flat", "appos", "conj", "compound"):
        subject = subject.head
    tree = _Tree(doc)
    tree.tags[verb.i] = tag
    for token in doc[: verb.i]:
        if token.i == subject.i:
            tree.hang(token.i, verb.i, "nsubj")
        elif token.i > at:
            if token.tag_ == "IN":
                tree.hang(token.i, token.i + 1, "case")
            elif token.head.i <= at or token.head.i >= verb.i or token.head == token:
                tree.hang(token.i, verb.i, "obl" if token.tag_ != "RB" else "advmod")
        elif token.head.i >= verb.i or token.head == token:
            tree.hang(token.i, subject.i, token.dep_ if token.dep_ in _LEFT_OF_NOUN else "compound")
    if root.i > verb.i and root != verb.head:
        tree.hang(root.i, verb.i, "obl")
    tree.hang(verb.i, verb.i, "ROOT")
    if verb.head.i > verb.i:
        tree.hang(verb.head.i, verb.i, "obj")
        if verb.head.tag_.startswith("VB") and tag != "VBD":
            tree.tags[verb.head.i] = "NN"
    for token in doc[verb.i + 1 :]:  # "accused ... and summoned"
        if token.dep_ == "conj" and token.tag_ == "VBD" and token.head.tag_ not in _FINITE:
            tree.hang(token.i, verb.i, "conj")
    return tree.made()


def _before_time(doc: Doc, at: int) -> int:
    """Return the last word before "on Wednesday", "late on 3 May" and the like that end at a word."""
    begin = at
    while at >= 0 and (
        doc[at].lower_ in _TIMES
        or doc[at].like_num
        or (doc[at].tag_ == "RB" and doc[at].text.islower())
        or doc[at].text == ","
    ):
        at -= 1
    if at < begin and at >= 0 and doc[at].lower_ in _BEFORE_TIMES:
        at -= 1
        while at >= 0 and doc[at].lower_ in _TIMES:
            at -= 1
    return at


def _after_relative(doc: Doc) -> Doc:
    """Read the verb after a relative clause as that of the sentence: "The soldiers who held him freed the king"."""
    root = next((token for token in doc if token.dep_ == "ROOT"), None)
    if root is None or not root.tag_.startswith("NN"):
        return doc
    relative = next((c for c in root.rights if c.dep_ == "acl:relcl"), None)
    if relative is None or not any(c.tag_ in ("WP", "WDT") for c in relative.children):
        return doc
    verb = next(
        (
            c
            for c in relative.rights
            if c.dep_ in ("xcomp", "ccomp", "conj", "advcl", "parataxis")
            and c.tag_ in ("VBD", "VBZ")
            and not any(g.dep_ in ("mark", "cc") or g.dep_.startswith("nsubj") for g in c.children)
        ),
        None,
    )
    if verb is None:
        return doc
    tree = _Tree(doc)
    tree.hang(verb.i, verb.i, "ROOT")
    tree.hang(root.i, verb.i, "nsubj")
    for child in root.rights:
        if child.i > verb.i:
            tree.hang(child.i, verb.i, child.dep_)
    return tree.made()


def _with_first_name(doc: Doc) -> Doc:
    """Read what was taken for an adverb before a verb without a subject as the subject: "Norway congratulated"."""
    if len(doc) < 2:
        return doc
    first = doc[0]
    if first.tag_ != "RB" or first.dep_ != "advmod" or not first.text.istitle() or first.text.endswith("ly"):
        return doc
    if first.head.tag_ != "VBD" or first.head.i != 1 or any(c.dep_.startswith("nsubj") for c in first.head.children):
        return doc
    tree = _Tree(doc)
    tree.tags[0] = "NNP"
    tree.hang(0, 1, "nsubj")
    return tree.made()


def _with_whole_subjects(doc: Doc) -> Doc:
    """Join a subject that was read as two: "Spain's competition watchdog launched"."""
    pair = next(
        (
            (first, second)
            for first, second in pairwise(doc)
            if first.dep_ == second.dep_ == "nsubj" and first.head == second.head and first.tag_.startswith("NN")
            and second.tag_ in ("NN", "NNS")
        ),
        None,
    )  # fmt: skip
    if pair is None:
        return doc
    tree = _Tree(doc)
    tree.hang(pair[0].i, pair[1].i, "compound")
    for child in pair[0].children:
        if child.dep_ == "nmod:poss":
            tree.hang(child.i, pair[1].i, "nmod:poss")
    return tree.made()
