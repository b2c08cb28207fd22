"""Read the named persons, organisations and places of GUM: mentions of entities whose head is a proper noun.

GUM marks whole noun phrases; a name is their proper nouns around the head, without article or title.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.models.annotated import Annotated

_KINDS = {"person": "PER", "organization": "ORG", "place": "LOC"}
_INSIDE = frozenset("of the for and & - – ' ’ 's ’s de la le du von van der al bin el del di da , /".split())
_TITLES = frozenset(
    "mr mr. mrs mrs. ms ms. dr dr. president prime minister sir professor prof. prof king queen prince princess pope "
    "lord lady senator sen. sen rep. rep representative gov. governor mayor chancellor secretary general gen. gen "
    "captain col. colonel judge justice saint st. ambassador chairman director premier congressman congresswoman "
    "spokesman spokeswoman lieutenant lt. sergeant archbishop bishop cardinal father sister brother vice deputy "
    "foreign chief attorney admiral commissioner sheikh ayatollah emperor duke count earl baron".split()
)
_NO_NAMES = frozenset("god internet earth".split())
_MARK = re.compile(r"\(([^()]+)(\))?|([\w\[\]/]+)\)")


class _Word(NamedTuple):
    text: str
    tag: str
    head: int
    start: int
    end: int


class _Mention(NamedTuple):
    kind: str
    first: int
    last: int


def named_mentions(path: Path) -> Iterator[Annotated]:
    """Yield the sentences of a CoNLL-U file with their names, by document."""
    document, text = "", ""
    rows: list[list[str]] = []
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in (*file, "\n"):
            line = line.rstrip("\n")
            if line.startswith("# newdoc id = "):
                document = line.removeprefix("# newdoc id = ")
            elif line.startswith("# text = "):
                text = line.removeprefix("# text = ")
            elif line and not line.startswith("#"):
                fields = line.split("\t")
                if fields[0].isdigit():
                    rows.append(fields)
            elif not line and rows:
                words = list(_words(text, rows))
                yield Annotated(text, tuple(_names(words, _mentions(rows))), document)
                rows = []


def _words(text: str, rows: Sequence[Sequence[str]]) -> Iterator[_Word]:
    at = 0
    for fields in rows:
        start = text.find(fields[1], at)
        start = at if start < 0 else start
        at = start + len(fields[1])
        yield _Word(fields[1], fields[4], int(fields[6]) - 1, start, at)


def _mentions(rows: Sequence[Sequence[str]]) -> Iterator[_Mention]:
    """Yield the mentions that a sentence opens and closes; one in pieces is left out."""
    open_: dict[str, list[tuple[str, int]]] = {}
    for at, fields in enumerate(rows):
        marks = next((part for part in fields[9].split("|") if part.startswith("Entity=")), "")
        for match in _MARK.finditer(marks.removeprefix("Entity=")):
            if match[1]:
                identity, _, rest = match[1].partition("-")
                kind = _KINDS.get(rest.partition("-")[0], "")
                if match[2]:
                    if kind:
                        yield _Mention(kind, at, at)
                else:
                    open_.setdefault(identity, []).append((kind, at))
            elif open_.get(match[3]):
                kind, first = open_[match[3]].pop()
                if kind and "[" not in match[3]:
                    yield _Mention(kind, first, at)


def _names(words: Sequence[_Word], mentions: Iterator[_Mention]) -> Iterator[tuple[int, int, str]]:
    """Yield the names of a sentence without overlap, the longest first come."""
    taken: set[int] = set()
    found = []
    for mention in sorted(mentions, key=lambda each: each.first - each.last):
        inside = range(mention.first, mention.last + 1)
        heads = [at for at in inside if words[at].head not in inside]
        if len(heads) != 1 or not _is_proper(words[heads[0]]):
            continue
        first, last = _run(words, heads[0], mention)
        if first > last or any(at in taken for at in range(first, last + 1)):
            continue
        taken.update(range(first, last + 1))
        found.append((words[first].start, words[last].end, mention.kind))
    yield from sorted(found)


def _is_proper(word: _Word) -> bool:
    return word.tag.startswith("NNP") and word.text[0].isalnum()


def _run(words: Sequence[_Word], head: int, mention: _Mention) -> tuple[int, int]:
    """Return the first and last word of the name around a head: proper nouns, and small words between two of them."""

    def belongs(at: int) -> bool:
        word = words[at]
        return _is_proper(word) or (word.text[0].isupper() and word.tag in ("JJ", "NN", "NNS", "CD", "ADD", "FW"))

    first = last = head
    while first > mention.first:
        step = next((n for n in (1, 2, 3) if first - n >= mention.first and belongs(first - n)), None)
        between = words[first - (step or 1) + 1 : first]
        if step is None or any(w.text not in _INSIDE or w.text in (",", "'s", "’s") for w in between):
            break
        first -= step
    while last < mention.last:
        step = next((n for n in (1, 2, 3) if last + n <= mention.last and belongs(last + n)), None)
        between = words[last + 1 : last + (step or 1)]
        if step is None or any(w.text not in _INSIDE or w.text in (",", "'s", "’s", "'", "’", "and") for w in between):
            break
        last += step
    if mention.kind == "PER":
        while first < last and words[first].text.lower() in _TITLES:
            first += 1
        cut = next((at for at in range(first, last + 1) if words[at].text == "of"), None)
        if cut is not None and cut > first:
            last = cut - 1
    while first < last and words[first].text.lower() in ("the", "a", "an"):
        first += 1
    if words[first].text in _INSIDE or (first == last and words[first].text.lower() in _TITLES | _NO_NAMES):
        return 1, 0
    return first, last
