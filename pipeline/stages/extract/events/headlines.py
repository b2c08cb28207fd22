"""Read headlines as the sentences they stand for: in the past tense, with their auxiliaries, common nouns small.

The present of headlines is written like nouns ("Israel bombs Gaza", "Police arrest 20"), which a small parser takes it
for; told in the past, the same words are parsed well. The tree is put back on the words of the headline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from pipeline.stages.extract.events.clauses import PARTICLES
from pipeline.stages.extract.events.lemmas import irregular_forms, lemma
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.names.gazetteer import gazetteer
from pipeline.stages.extract.syntax.trees import Doc

MOST_WORDS = 22
_ENDS = frozenset('.!?…"”:;,')
_FINITE = frozenset(("VBD", "VBZ", "VBP", "MD"))
# Words after which another clause begins.
_BREAKS = frozenset("as after while when before amid because since despite that who which : ; - – —".split())
_PREPOSITIONS = frozenset("in on at over against for with to from into across near by after amid of about off".split())
_OBJECT_TAGS = ("NN", "JJ", "DT", "CD", "PRP", "$", "VBG", "ADD", "FW", "``")
_PLURALS = frozenset("police taliban people men women children troops thousands hundreds dozens mps crowds".split())
# Verbs whose past looks like their present.
_SAME = frozenset("hit cut put shut set beat hurt let quit burst cast split spread bid bet shed rid".split())
# Participles that tell what happened to those before them, with "was" left out.
_SUFFERED = frozenset(
    "killed wounded injured hurt slain arrested detained jailed imprisoned sentenced convicted charged expelled freed "
    "released kidnapped abducted shot stabbed beaten bombed shelled accused deported extradited banned fined indicted "
    "acquitted pardoned executed held evacuated rescued sacked ousted impeached summoned sanctioned murdered attacked "
    "assassinated torched besieged evicted tortured barred raided".split()
)
# With a preposition after them these are verbs as often as nouns.
_WITH_PREPOSITION = frozenset("protest strike rally march fire clash riot".split())
# Adjectives to the parser: "NATO chief visits Kyiv".
_LEADS = frozenset("chief boss".split())
_NOT_VERBS = frozenset("be have do other state force lead".split())


class Retold(NamedTuple):
    """Hold a headline told as a sentence: its words, where each stands in the headline, and the tag of each verb."""

    words: tuple[str, ...]
    places: tuple[int | None, ...]
    tags: dict[int, str]


def retold(doc: Doc) -> Iterator[Retold]:
    """Yield a headline as sentences to parse, the likeliest first; none where the words are no headline."""
    if not _is_headline(doc):
        return
    words = _small(doc)
    tags = {}
    said = list(words)
    before: dict[int, str] = {}
    for start, end in _clauses(words):
        verb = next((at for at in range(start + 1, end) if _is_verb(doc, words, start, at, end)), None)
        if verb is not None:
            said[verb] = past_of(lemma(words[verb]))
            tags[verb] = "VBZ" if words[verb].endswith("s") and lemma(words[verb]) != words[verb] else "VBP"
            _join(words, said, start, verb)
            continue
        ahead = next((at for at in range(start + 1, end - 1) if _is_ahead(doc, words, at)), None)
        if ahead is not None:
            said[ahead] = "will"
            tags[ahead] = "MD"
            _join(words, said, start, ahead)
            continue
        part = next((at for at in range(start + 1, end) if _is_suffered(doc, words, start, at, end)), None)
        if part is not None:
            before[part] = "were"
    if not tags and not before and words == [token.text for token in doc]:
        return
    yield _made(said, before, tags)
    first = min(tags, default=None)
    if first is not None and tags[first] != "MD":  # a verb that no parser takes for anything else
        said[first] = "criticized" if _begins_object(doc, words, first + 1) else "spoke"
        yield _made(said, before, tags)


def _made(said: Sequence[str], before: dict[int, str], tags: dict[int, str]) -> Retold:
    words: list[str] = []
    places: list[int | None] = []
    for at, word in enumerate(said):
        if at in before:
            words.append(before[at])
            places.append(None)
        words.append(word)
        places.append(at)
    return Retold((*words, "."), (*places, None), dict(tags))


def with_tree(headline: Doc, told: Retold, parsed: Doc) -> Doc | None:
    """Return the headline with the tree of the sentence it was told as; nothing where that has no verb as its root."""
    heads: list[int] = []
    deps: list[str] = []
    tags: list[str] = []
    for token, place in zip(parsed, told.places, strict=True):
        if place is None:
            if any(True for _ in token.children):
                return None
            continue
        head = told.places[token.head.i]
        if head is None:
            return None
        heads.append(head)
        deps.append(token.dep_)
        tags.append(told.tags.get(place, token.tag_))
    roots = [at for at, dep in enumerate(deps) if dep == "ROOT"]
    if len(roots) != 1 or not tags[roots[0]].startswith("VB"):
        return None
    if not any(head == roots[0] and dep.startswith("nsubj") for head, dep in zip(heads, deps, strict=True)):
        return None
    return Doc(headline.text, [(token.text, token.idx) for token in headline], tags, heads, deps)


def _is_headline(doc: Doc) -> bool:
    if not 3 <= len(doc) <= MOST_WORDS or doc[-1].text in _ENDS:
        return False
    return any(token.text[:1].isupper() for token in doc) and any(
        token.text[1:].islower() for token in doc if len(token) > 1
    )


def _small(doc: Doc) -> list[str]:
    """Return the words, those of a headline in capitals small where they are no names."""
    words = [token.text for token in doc]
    long = [word for word in words[1:] if len(word) > 3 and word.isalpha()]
    if not long or sum(word[0].isupper() for word in long) < 0.75 * len(long):
        return words
    return [words[0], *(word.lower() if _is_common(word) else word for word in words[1:])]


def _is_common(word: str) -> bool:
    """Say whether a capitalised word of a headline is one of the lexicon's own, or a small word."""
    base = lemma(word)
    known = lexicon()
    return not word.isupper() and (
        word.lower() in _BREAKS | _PREPOSITIONS
        or base in known.triggers()
        or base in known.sectors
        or base in known.things
        or base in _context_words()
    )


@cache
def _context_words() -> frozenset[str]:
    """Return every word that a sense of the lexicon wants beside its predicate."""
    words: set[str] = set()
    for table in (lexicon().verbs, lexicon().nouns):
        for senses in table.values():
            for sense in senses:
                words.update(sense.needs, *sense.groups)
    return frozenset(words)


def _clauses(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for at, word in enumerate(words):
        if word.lower() in _BREAKS and not (word == "-" and at and words[at - 1].islower()):
            yield start, at
            start = at + 1
    yield start, len(words)


def _is_verb(doc: Doc, words: Sequence[str], start: int, at: int, end: int) -> bool:
    word = words[at]
    base = lemma(word)
    if not (word.islower() and word.isalpha()) or base not in _verbs() or base in _NOT_VERBS:
        return False
    before = at - 1
    if words[before] == "-" and before > start + 1:  # "test-fires"
        before -= 2
    if before < start or not _is_subject(doc, words, before):
        return False
    if any(token.tag_ in _FINITE and token.i != at and words[token.i].islower() for token in doc[start:at]):
        return False
    if word.endswith("s") and base != word:
        if words[before].islower() and _is_plural(doc, words, start, before):
            return False
    elif base != word or not _is_plural(doc, words, start, _before_place(words, start, before)):
        return False
    later = [t for t in doc[at + 1 : end] if t.tag_ in _FINITE and not (t.i == at + 1 and _is_part(words[t.i]))]
    if doc[at].tag_ in _FINITE and not later:
        return True
    if later or any(_may_be_verb(doc, words, start, place, end) for place in range(at + 1, min(at + 2, end))):
        return False
    if at + 1 == end:
        return base not in lexicon().nouns
    follows = words[at + 1].lower()
    if follows in _PREPOSITIONS:
        return follows != "of" and (base in _WITH_PREPOSITION or f"{base}_{follows}" in lexicon().verbs)
    return _begins_object(doc, words, at + 1)


def _may_be_verb(doc: Doc, words: Sequence[str], start: int, at: int, end: int) -> bool:
    """Say whether the word after a plural may be the verb in its place: "strikes hit refinery"."""
    if lemma(words[at]) not in _verbs() or not words[at].islower() or _is_party(words[at]):
        return False
    if at + 1 >= end:
        return lemma(words[at]) == words[at] and words[at - 1].endswith("s")  # "talks resume"
    if not (doc[at].tag_.startswith("VB") and doc[at].tag_ not in ("VBG", "VBN")):
        return False
    return _begins_object(doc, words, at + 1) or words[at + 1].lower() in _PREPOSITIONS


def _is_subject(doc: Doc, words: Sequence[str], at: int) -> bool:
    word = words[at]
    if not word[:1].isalpha() or word.lower() in _PREPOSITIONS:
        return False
    if doc[at].tag_ in ("DT", "IN", "TO", "MD", "CC", "PRP$", "RB") and word.islower():
        return False
    entry = gazetteer().lookup(word) if word[0].isupper() else None
    if entry is not None and entry.kind == "demonym":  # "Israeli strikes" are no Israeli that strikes
        return word.endswith("s")
    return word[0].isupper() or doc[at].tag_.startswith("NN") or lemma(word) in lexicon().sectors or word in _LEADS


def _before_place(words: Sequence[str], start: int, at: int) -> int:
    """Return where the noun stands that a place follows: "Nurses in New Zealand"."""
    name = at
    while name > start and words[name][:1].isupper():
        name -= 1
    return name - 1 if start < name < at and words[name] in ("in", "from", "across") else at


def _is_plural(doc: Doc, words: Sequence[str], start: int, at: int) -> bool:
    word = words[at]
    low = word.lower()
    if low in _PLURALS or (at - 1 > start and words[at - 1].lower() in (",", "and", "&")):
        return True
    if word.isupper() or not low.endswith("s") or low.endswith(("ss", "us", "is")):
        return False
    return word.islower() or lemma(word) in lexicon().sectors or doc[at].tag_ == "NNS"


def _is_party(word: str) -> bool:
    return word.islower() and word.endswith("s") and lemma(word) in lexicon().sectors


def _is_part(word: str) -> bool:
    """Say whether a word after a verb is a party, or belongs to it: "shuts down"."""
    return _is_party(word) or word in PARTICLES


def _begins_object(doc: Doc, words: Sequence[str], at: int) -> bool:
    if at >= len(words) or words[at].lower() in _PREPOSITIONS | _BREAKS:
        return False
    return words[at][:1].isupper() or doc[at].tag_.startswith(_OBJECT_TAGS) or words[at][:1] in "'‘\"“$€£"


def _is_ahead(doc: Doc, words: Sequence[str], at: int) -> bool:
    """Say whether "to" stands for "will": "Macron to visit Beijing"."""
    if words[at].lower() != "to" or at == 0 or not _is_subject(doc, words, at - 1):
        return False
    if words[at - 1].islower() and lemma(words[at - 1]) not in lexicon().sectors:  # "votes to", "a bid to"
        return False
    return words[at + 1].islower() and lemma(words[at + 1]) == words[at + 1] and words[at + 1] in _verbs() | {"hold"}


def _is_suffered(doc: Doc, words: Sequence[str], start: int, at: int, end: int) -> bool:
    if words[at] not in _SUFFERED or any(t.tag_ in _FINITE and t.i != at for t in doc[start:end]):
        return False
    if not (_is_subject(doc, words, at - 1) or doc[at - 1].tag_ == "CD" or words[at - 1].lower() in _NUMBERS):
        return False
    return at + 1 == end or words[at + 1].lower() in _PREPOSITIONS


_NUMBERS = frozenset("one two three four five six seven eight nine ten dozens hundreds scores".split())


def _join(words: Sequence[str], said: list[str], start: int, verb: int) -> None:
    """Write "and" for the last comma of a list of subjects: "Ethiopia, Somalia sign accord"."""
    commas = [at for at in range(start + 1, verb) if words[at] == ","]
    if commas and "and" not in words[start:verb] and verb - commas[-1] <= 4:
        said[commas[-1]] = "and"


@cache
def _verbs() -> frozenset[str]:
    return frozenset(key.partition("_")[0] for key in lexicon().verbs)


@cache
def past_of(base: str) -> str:
    """Return the past tense of a verb: "strike" gives "struck", "ban" gives "banned"."""
    if base in _SAME:
        return base
    irregular = next((f for f in irregular_forms(base) if not f.endswith(("s", "ing")) and f.isalpha()), None)
    if irregular is not None:
        return irregular
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2:-1] not in tuple("aeiou"):
        return base[:-1] + "ied"
    doubled = base + base[-1] + "ed"
    return base + "ed" if lemma(base + "ed") == base or lemma(doubled) != base else doubled
