"""Cut the passage of an article that shows best why a query found it, with the words that did marked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile

from pipeline.model import Document, Mark, Record
from pipeline.query.evaluate import MatchView, find, marks
from pipeline.query.tree import Query

WIDTH = 240
_LEAD = 60
_MARKS = 200


class Snippet(Record, frozen=True):
    """Hold a passage of the text and where words are marked in it, and in the title; pairs of start and end."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    title_marks: tuple[tuple[int, int], ...] = ()


def highlight(document: Document, query: Query | None, now: datetime, width: int = WIDTH) -> Snippet:
    """Return at most about ``width`` characters of the text with as many different matching words as possible."""
    found: tuple[Mark, ...] = ()
    if query is not None:
        reading = MatchView(document)
        found = marks(find(query.root, reading, now) or (), reading, limit=_MARKS)
    text = document.text or ""
    in_text = sorted({(mark.start, mark.end) for mark in found if mark.part == "text"})
    in_title = sorted({(mark.start, mark.end) for mark in found if mark.part == "title"})
    start, end = _passage(text, in_text, width)
    kept = [(first - start, last - start) for first, last in in_text if first >= start and last <= end]
    passage = text[start:end].replace("\n", " ")
    before, after = ("…" if start else ""), ("…" if end < len(text.rstrip()) else "")
    shift = len(before)
    return Snippet(
        text=before + passage + after,
        marks=_merged([(first + shift, last + shift) for first, last in kept]),
        title_marks=_merged(in_title),
    )


def _passage(text: str, found: Sequence[tuple[int, int]], width: int) -> tuple[int, int]:
    begin = _best_start(text, found, width)
    start = _after_space(text, max(0, begin - _LEAD)) if begin > _LEAD else 0
    start = min(start, begin)
    end = min(len(text), start + width)
    if end < len(text):
        space = text.rfind(" ", start + width // 2, end)
        end = space if space > begin else end
    # A mark is never cut: the last one that begins inside is shown whole.
    return start, max([end, *(last for first, last in found if start <= first < end and last - first < width)])


def _best_start(text: str, found: Sequence[tuple[int, int]], width: int) -> int:
    """Return the first mark from which a passage holds the most different words."""
    best, begin = 0, 0
    for n, (first, _) in enumerate(found):
        within = takewhile(lambda span, limit=first + width - _LEAD: span[1] <= limit, found[n:])  # type: ignore[misc]
        words = {text[start:end].casefold() for start, end in within}
        if max(len(words), 1) > best:
            best, begin = max(len(words), 1), first
    return begin


def _after_space(text: str, position: int) -> int:
    space = text.find(" ", position, position + 30)
    return position if space < 0 else space + 1


def _merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join spans that touch or overlap, as those of bigrams do."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
