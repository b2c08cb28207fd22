"""Say where the names of a text begin and end, where the tagger and the gazetteer left pieces or took too much.

A name is mended by what stands right before and after it alone: each look-around is a bounded pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

Type = Literal["PER", "ORG", "LOC"]


class Name(msgspec.Struct, frozen=True):
    """Hold the characters ``start`` to ``end`` of a text that name something."""

    start: int
    end: int
    type: Type


# What no name of a person holds: "Bryan Hull - Analyst".
_CUT = re.compile(r"\s+[-–—|/]\s+")
_TITLES = re.compile(
    r"(?:(?:Vice |Deputy |Prime |Foreign |Defen[cs]e |Former ){0,3}(?:President|Minister|Chancellor|Premier|Secretary"
    r"|King|Queen|Prince|Princess|Senator|Sen\.|Governor|Gov\.|Representative|Rep\.|Mayor|General|Gen\.|Colonel|Col\.|Lt\.|Captain"
    r"|Major|Judge|Justice|Professor|Prof\.|Dr\.?|Mrs?\.?|Ms\.?|Sir|Lord|Lady|Pope|Archbishop"
    r"|Cardinal|Bishop|Reverend|Rev\.|Ambassador|Chairman|Director)\s+)+(?=[^\W\d_a-z])"
)
# A letter at the beginning of a line counts a list: "A. Anasazi".
_INITIALS = re.compile(r"(?<![\w.])(?:[A-Z]\. ?){2,3}$|(?<=\w )[A-Z]\. $|(?<![\w.])(?:St|Ft|Mt)\. $")
_NO_INITIALS = frozenset(("U.S.", "U.K.", "U.N.", "E.U.", "D.C.", "P.S."))
_FIRM = re.compile(r",?\s(?:Inc|Ltd|LLC|Corp|Corporation|PLC|plc|Co|GmbH|AG|S\.A|Limited)\b(?:\.(?=\s*[^\sA-Z]|\s*$))?")
_GROUND = re.compile(
    r"\s(?:Lake|River|Islands?|Keys|Bay|Beach|Hills|Mountains?|Valley|Peninsula|Desert|Sea|Strait|Canal|Airport|Province"
    r"|County|District|Park|Square|Bridge|Station)\b(?!\s[A-Z])"
)
_OFFICE = re.compile(
    r"(?:Department|Ministry|Office|School|Institute|Committee|Commission|Bureau|Cent(?:er|re)|Board|Agency|Faculty"
    r"|Organi[sz]ation|Association|Council|College) (?:of|for|on) [\w ]+$"
)
# A body that is called after the place or the firm it belongs to: "Jerusalem Post", "Enron Investment Partners".
_BODY = re.compile(
    r"(?:\s[A-Z][a-z]+){0,3}?\s(?:Cent(?:er|re)|Museum|Hospital|University|College|Orchestra|Post|Times|Tribune|Herald|Tech"
    r"|Bank|Council|Department|Academy|Institute|Foundation|Union|Airlines|Airways|Police|Marines|Army|Navy|Energy|Partners"
    r"|Group|Services|Company|Holdings|Association|Authority|Commission|Committee|Agency|League|Society)\b"
)
_AND_MORE = re.compile(r"\sand\s(?:[A-Z][a-z]+\s){0,2}[A-Z][a-z]+\b")
_BETWEEN_LINES = re.compile(r"[^\S\n]")
_BACK, _AHEAD = 14, 48


def mended(text: str, names: Sequence[Name], known: Callable[[str], bool]) -> list[Name]:
    """Return names, in order and without overlap, with their boundaries mended.

    ``known`` says whether the gazetteer knows a name by itself: such a one is not swallowed by its neighbour.
    """
    done: list[Name] = []
    for at, given in enumerate(names):
        floor = done[-1].end if done else 0
        if given.start < floor:
            continue  # the name before has grown over it
        name = _grown_left(text, _trimmed(text, given), floor)
        if done and _is_one(text, done[-1], name, known):
            name = Name(done.pop().start, name.end, "ORG")
        grown = _grown_right(text, name)
        # A name that is grown over must be grown over as a whole.
        cut = any(other.start < grown.end < other.end for other in names[at + 1 : at + 4])
        done.append(name if cut else grown)
    return done


def _trimmed(text: str, name: Name) -> Name:
    """Cut what stands before and after the name of a person."""
    if name.type != "PER":
        return name
    start, end = name.start, name.end
    title = _TITLES.match(text, start, end)
    if title is not None:
        start = title.end()
    cut = _CUT.search(text, start, end)
    return Name(start, cut.start() if cut is not None and cut.start() > start else end, "PER")


def _grown_left(text: str, name: Name, floor: int) -> Name:
    """Take in initials and "St." before a name."""
    found = _INITIALS.search(text, max(floor, name.start - _BACK), name.start)
    if (
        found is None
        or "".join(found.group().split()) in _NO_INITIALS
        or (name.type == "LOC" and found.group()[1] == ".")
    ):
        return name
    return Name(found.start(), name.end, name.type)


def _grown_right(text: str, name: Name) -> Name:
    """Take in what sort of firm or place it is, and the second half of a ministry's field."""
    limit = min(len(text), name.end + _AHEAD)
    kind, found = name.type, None
    if kind != "PER" and not _FIRM.search(text, name.start, name.end):
        found = _BODY.match(text, name.end, limit)
        if found is not None and "\n" not in found.group():
            return Name(name.start, found.end(), "ORG")
    if kind == "ORG":
        found = _FIRM.match(text, name.end, limit)
        if found is None and _OFFICE.search(text, name.start, name.end):
            found = _AND_MORE.match(text, name.end, limit)
    elif kind == "LOC":
        found = _GROUND.match(text, name.end, limit)
    return name if found is None else Name(name.start, found.end(), name.type)


def _is_one(text: str, first: Name, second: Name, known: Callable[[str], bool]) -> bool:
    """Say whether two names side by side are one body: "Chicago" and "Symphony Orchestra"."""
    return (
        second.type == "ORG"
        and first.type != "PER"
        and second.start - first.end == 1
        and _BETWEEN_LINES.match(text, first.end) is not None
        and not text[second.start : second.end].isupper()
        and not known(text[second.start : second.end])
    )
