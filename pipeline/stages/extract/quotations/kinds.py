"""Tell what kind of quotation marks hold: whole sentences, some words of one, a title, or a word kept at a distance."""

from __future__ import annotations

import re
from typing import Literal

from pipeline.stages.extract.quotations.cues import CUE
from pipeline.stages.extract.quotations.marks import Marked

Kind = Literal["direct", "mixed", "indirect"]


def kind_of(text: str, mark: Marked, paragraph: tuple[int, int]) -> Kind:
    """Tell whole sentences in marks from some words of a sentence."""
    inner = text[mark.start + 1 : mark.end - 1].strip()
    words = inner.count(" ") + 1
    lead = text[max(paragraph[0], mark.start - 2) : mark.start].rstrip()
    if inner[:1].islower() and lead[-1:].isalnum():
        return "mixed"
    before = text[max(paragraph[0], mark.start - 60) : mark.start].rstrip()
    said = max(before.rfind(closing) for closing in '”"’')
    if (
        before[-1:] == ","
        and CUE.search(before[max(said, 0) if said >= 0 else -20 :])
        and inner[-1:] in ".!?"
        and words >= 2
    ):
        return "direct"  # "…," she said, "we are ready."
    starts_sentence = not before or before[-1] in '.!?:,”"—–' or bool(CUE.search(before[-20:]))
    if mark.open or (
        starts_sentence and (inner[:1].isupper() or not inner[:1].isascii()) and (words >= 2 or inner[-1] in ".!?")
    ):
        return "direct"
    if inner[-1:] == "," and inner[:1].isupper() and before[-1:] in ("", *'.!?:”"'):  # "Yes," said Ruth Okafor.
        return "direct"
    return "direct" if starts_sentence and words >= 5 else "mixed"


def is_scare(text: str, mark: Marked, inner: tuple[int, int]) -> bool:
    """Say whether marks keep a word at a distance and quote nobody: the so-called "reforms", its "natural" foods."""
    before = text[max(0, mark.start - 60) : mark.start]
    if _SO_CALLED.search(before):
        return True
    if " " in text[inner[0] : inner[1]].strip() or not _DETERMINED.search(before) or _CALLED.search(before):
        return False
    return (
        text[inner[0]].islower()
        and text[mark.end : mark.end + 1] == " "
        and text[mark.end + 1 : mark.end + 2].islower()
    )


WORK = re.compile(
    r"\b(?:film|movie|book|novel|song|album|single|musical|drama|comedy|thriller|play|show|series|sitcom|documentary|essay|poem"
    r"|memoir|ship|boat|yacht|band|exhibition|podcast|episode|painting|sculpture|opera|ballet|magazine|titled|entitled|named"
    r"|dubbed|called),?\s*$"
)
_SO_CALLED = re.compile(r"\b(?:so-called|dubbed|nicknamed|titled|entitled|known\s+as)\s+(?:the\s+)?$")
_DETERMINED = re.compile(r"\b(?:the|an?|its|his|her|their|these|those|this|that)\s+$")
_CALLED = re.compile(
    r"\b(?:call|describ|brand|label|term|dub|denounc|condemn|slam|criticis|criticiz|declar|blast|said|as)\w*\s+(?:[\w’'-]+\s+){0,6}$"
)


def sentence_start(text: str, first: int, position: int) -> int:
    """Return where the sentence begins that a place lies in."""
    start = first
    for match in _SENTENCE_START.finditer(text, first, position):
        start = match.end()
    return start


_SENTENCE_START = re.compile(
    # What marks it comes first, that the search may skip to it.
    r"[.!?](?<!\b(?:Mr|Dr|St|Ms).)(?<!\b(?:Mrs|Gen|Col|Sen).)[\"”»’)]?\s+(?=[A-Z\"“„«‘])"
)
