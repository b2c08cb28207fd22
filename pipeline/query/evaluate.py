"""The reference meaning of a query: whether a document matches, and which words make it match.

The in-memory matcher uses this to verify; the search engines are held equal to it by the parity suite.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from pipeline.language.compounds import compound, compounds, is_joined
from pipeline.language.tokens import MAX_CHARS, Analysis, analyze, stem
from pipeline.language.tokens import stems as stems_of
from pipeline.model import Document, Event, Mark, Quotation
from pipeline.query import tree
from pipeline.query.days import resolved
from pipeline.query.grouping import reading as reading_of
from pipeline.query.leaves import as_written
from pipeline.query.regex import compiled
from pipeline.query.values import event_values, fits, joined_values, keyword_values, quotation_values

# How far after now an article may be dated and still count as of the last hours: sites' clocks and zones are off.
AHEAD_S = 3600
_MAX_REGEX_HITS = 1_000
# A hit is (part, first token, last token + 1); matches without words, such as a date, have none.
Hit = tuple[str, int, int]
EVERYWHERE = ("title", "body")


class MatchView:
    """Read a document for matching: the tokens of its parts and where each stands, made when first asked for."""

    __slots__ = ("_compounds", "_conditions", "_joined", "_parts", "_positions", "_sets", "document", "words")

    def __init__(self, document: Document) -> None:
        self.document = document
        self._positions: dict[tuple[str, bool], defaultdict[str, list[int]]] = {}
        self._sets: dict[tuple[str, bool], set[str]] = {}
        self._joined: dict[str, str] = {}
        self._parts: dict[str, Analysis] = {}
        self._compounds: dict[str, set[str]] = {}
        self._conditions: dict[bool, list[dict[str, str]]] = {}
        # What a matcher already knows of words in title or body; nothing by default.
        self.words: Callable[[str], bool | None] = _unknown

    def part(self, name: str) -> Analysis:
        """Return the tokens of title, body, author or source."""
        known = self._parts.get(name)
        if known is None:
            known = self._parts[name] = self._analyzed(name)
        return known

    def _analyzed(self, name: str) -> Analysis:
        document = self.document
        if name == "title":
            return analyze(document.title, document.language)
        if name == "body":
            return analyze(document.text, document.language)
        return analyze(document.source if name == "source" else "\n".join(document.authors))

    def positions(self, name: str, stems: bool = False) -> dict[str, list[int]]:
        """Return where each token (or stem) of a part stands."""
        known = self._positions.get((name, stems))
        if known is None:
            known = defaultdict(list)
            part = self.part(name)
            for position, token in enumerate(part.stems if stems else part.tokens):
                known[token].append(position)
            known.default_factory = None
            self._positions[name, stems] = known
        return known

    def tokens(self, name: str, stems: bool = False) -> set[str]:
        """Return the different tokens (or stems) of a part."""
        known = self._sets.get((name, stems))
        if known is None:
            known = stems_of(self.tokens(name), self.document.language) if stems else set(self.part(name).tokens)
            self._sets[name, stems] = known
        return known

    def joined(self, name: str) -> str:
        """Return the tokens of a part with a space before, between and after them: a phrase is a substring."""
        known = self._joined.get(name)
        if known is None:
            known = self._joined[name] = f" {' '.join(self.part(name).tokens)} "
        return known

    def compounds(self, name: str) -> set[str]:
        """Return what the words that hyphens join in title or body are found by."""
        known = self._compounds.get(name)
        if known is None:
            known = self._compounds[name] = set(compounds(self.part(name).text, self.document.language))
        return known

    def conditions(self, quotation: bool) -> list[dict[str, str]]:
        """Return what the conditions on each event, or quotation, are compared with, as ``joined_values`` does."""
        known = self._conditions.get(quotation)
        if known is None:
            document = self.document
            if quotation:
                known = [joined_values(quotation_values(each)) for each in document.quotations]
            else:
                known = [joined_values(event_values(each)) for each in document.events]
            self._conditions[quotation] = known
        return known


def _unknown(word: str) -> bool | None:
    return None


def find(node: tree.AnyNode, reading: MatchView, now: datetime, parts: Sequence[str] = EVERYWHERE) -> list[Hit] | None:
    """Return the hits that make the document match, or ``None`` when it does not."""
    return _find(node, reading, parts, now)


def marks(hits: Iterable[Hit], reading: MatchView, limit: int = 50) -> tuple[Mark, ...]:
    """Turn hits in title and body into marked characters, in order of appearance, without repetition."""
    found = []
    for part, first, last in sorted(set(hits), key=lambda hit: (hit[0] != "title", hit[1], -hit[2])):
        if part not in EVERYWHERE:
            continue
        analysis = reading.part(part)
        start, end = analysis.starts[first], analysis.ends[last - 1]
        shown = analysis.text[start:end]
        found.append(Mark(text=shown, start=start, end=end, part="title" if part == "title" else "text"))
        if len(found) >= limit:
            break
    return tuple(found)


def _find(node: tree.AnyNode, reading: MatchView, parts: Sequence[str], now: datetime) -> list[Hit] | None:
    match node:
        case tree.And(nodes=nodes):
            hits: list[Hit] = []
            for inner in nodes:
                found = _find(inner, reading, parts, now)
                if found is None:
                    return None
                hits += found
            return hits
        case tree.Or(nodes=nodes):
            branches = [found for inner in nodes if (found := _find(inner, reading, parts, now)) is not None]
            return [hit for found in branches for hit in found] if branches else None
        case tree.Not(node=inner):
            return [] if _find(inner, reading, parts, now) is None else None
        case tree.Field(name=name, node=inner):
            return _find(inner, reading, (name,), now)
        case tree.AtLeast(word=word, count=count):
            found = _find(word, reading, parts, now)
            return found if found is not None and len(found) >= count else None
        case tree.SameSentence(nodes=nodes):
            return _same_sentence(nodes, reading, parts, now)
        case tree.Keyword():
            return [] if _has_keyword(node, reading.document) else None
        case tree.Range():
            return [] if _in_range(node, reading.document, now) else None
        case tree.Last(seconds=seconds):
            age = now - (reading.document.published or reading.document.seen)
            return [] if -AHEAD_S <= age.total_seconds() <= seconds else None
        case tree.EventFilter():
            return _event_hits(node, reading)
        case tree.Regex():
            return _regex_hits(node, reading, parts)
        case tree.ByGrouping():
            return _find(reading_of(node, reading.document.language), reading, parts, now)
        case tree.Exact():
            plain = _find(node.node, reading, parts, now) or []
            return [hit for hit in plain if _is_written(hit, node.text, reading)] or None
        case _:
            return [hit for part in parts for hit in _text_hits(node, reading, part)] or None


def _text_hits(node: tree.AnyNode, reading: MatchView, part: str) -> list[Hit]:
    match node:
        case tree.Word(text=text):
            key = stem(text, reading.document.language) if part in EVERYWHERE else text
            at = reading.positions(part, stems=part in EVERYWHERE).get(key, ())
            return [(part, position, position + 1) for position in at]
        case tree.Phrase(tokens=tokens):
            return _phrase_hits(tokens, reading, part)
        case tree.Hyphenated(tokens=tokens):
            hits = _phrase_hits(tokens, reading, part)
            return hits + _compound_hits(tokens, reading, part, but=set(hits)) if part in EVERYWHERE else hits
        case tree.Near(tokens=tokens, distance=distance):
            return _near_hits(tokens, distance, reading, part)
        case tree.Prefix(text=text):
            # The commonest pattern, and four times faster without a call for each token.
            return _hits_of([token for token in reading.positions(part) if token.startswith(text)], reading, part)
        case tree.Listed(names=names):
            firsts = reading.positions(part).keys() & names.keys()
            return [hit for first in firsts for name in names[first] for hit in _phrase_hits(name, reading, part)]
        case tree.Wildcard() | tree.Fuzzy() | tree.Ending() | tree.Containing():
            return _hits_of(filter(token_test(node), reading.positions(part)), reading, part)
        case _:
            raise TypeError(f"{type(node).__name__} is no text leaf")


def token_test(node: tree.Prefix | tree.Ending | tree.Containing | tree.Wildcard | tree.Fuzzy) -> Callable[[str], bool]:
    """Return the test that a token passes when it alone satisfies a prefix, ending, wildcard or fuzzy word."""
    match node:
        case tree.Ending(text=text):
            return lambda token: token.endswith(text)
        case tree.Containing(text=text):
            return lambda token: text in token
        case tree.Prefix(text=text):
            return lambda token: token.startswith(text)
        case tree.Wildcard(pattern=pattern):
            expression = _wildcard(pattern)
            return lambda token: expression.fullmatch(token) is not None
        case tree.Fuzzy(text=text, distance=distance):
            return lambda token: within_edits(text, token, distance)


def _hits_of(tokens: Iterable[str], reading: MatchView, part: str) -> list[Hit]:
    positions = reading.positions(part)
    return [(part, position, position + 1) for token in tokens for position in positions[token]]


def _regex_hits(node: tree.Regex, reading: MatchView, parts: Sequence[str]) -> list[Hit] | None:
    """Find the tokens that matches touch; a match of marks alone counts, too."""
    expression, hits, found = compiled(node.pattern), [], False
    for part in parts:
        analysis = reading.part(part)
        for match, _ in zip(expression.finditer(analysis.text[:MAX_CHARS]), range(_MAX_REGEX_HITS), strict=False):
            found = True
            first, last = bisect_right(analysis.ends, match.start()), bisect_left(analysis.starts, match.end())
            if first < last:
                hits.append((part, first, last))
    return hits if found else None


def _is_written(hit: Hit, text: str, reading: MatchView) -> bool:
    """Tell whether a hit stands in the article in exactly these letters."""
    part, first, last = hit
    analysis = reading.part(part)
    found = analysis.text[analysis.starts[first] : analysis.ends[last - 1]]
    return found == text or as_written(unicodedata.normalize("NFC", found)) == text


def _phrase_hits(tokens: Sequence[str], reading: MatchView, part: str) -> list[Hit]:
    positions = reading.positions(part)
    if any(token not in positions for token in tokens):
        return []
    rarest = min(range(len(tokens)), key=lambda n: len(positions[tokens[n]]))
    text = reading.part(part).tokens
    wanted = list(tokens)
    starts = (position - rarest for position in positions[tokens[rarest]])
    return [(part, s, s + len(wanted)) for s in starts if s >= 0 and text[s : s + len(wanted)] == wanted]


def _compound_hits(tokens: Sequence[str], reading: MatchView, part: str, but: set[Hit]) -> list[Hit]:
    """Find inflections of words that hyphens join, other than those hits."""
    language = reading.document.language
    wanted = compound(tokens, language)
    if wanted not in reading.compounds(part):
        return []
    analysis, width = reading.part(part), len(tokens)
    joined = [is_joined(analysis, token) for token in range(len(analysis))]
    starts = (start for start in range(len(analysis) - width + 1) if all(joined[start : start + width - 1]))
    found = [s for s in starts if compound(analysis.tokens[s : s + width], language) == wanted]
    return [hit for start in found if (hit := (part, start, start + width)) not in but]


def _near_hits(tokens: Sequence[str], distance: int, reading: MatchView, part: str) -> list[Hit]:
    """Find windows with every token (as often as it is asked for) and at most ``distance`` others."""
    positions = reading.positions(part)
    needed: dict[str, int] = {}
    for token in tokens:
        if token not in positions:
            return []
        needed[token] = needed.get(token, 0) + 1
    width = len(tokens) + distance
    stream = sorted((position, token) for token in needed for position in positions[token])
    inside: dict[str, int] = dict.fromkeys(needed, 0)
    hits: list[Hit] = []
    left = added = 0
    for right, (position, token) in enumerate(stream, 1):
        inside[token] += 1
        while stream[left][0] <= position - width or inside[stream[left][1]] > needed[stream[left][1]]:
            inside[stream[left][1]] -= 1
            left += 1
        if all(inside[name] >= count for name, count in needed.items()):
            # Windows overlap: each word is added once, or a text of two words would take the square of its length.
            added = max(added, left)
            hits += [(part, at, at + 1) for at, _ in stream[added:right]]
            added = right
    return hits


def _same_sentence(
    nodes: Sequence[tree.AnyNode], reading: MatchView, parts: Sequence[str], now: datetime
) -> list[Hit] | None:
    found: list[list[Hit]] = []
    for node in nodes:
        hits = _find(node, reading, parts, now)
        if hits is None:
            return None
        found.append(hits)

    def sentence(hit: Hit) -> tuple[str, int]:
        return hit[0], reading.part(hit[0]).sentence(hit[1])

    shared = set.intersection(*({sentence(hit) for hit in hits} for hits in found))
    return [hit for hits in found for hit in hits if sentence(hit) in shared] if shared else None


def _has_keyword(node: tree.Keyword, document: Document) -> bool:
    if node.among is not None:
        return document.id in node.among
    values = keyword_values(document)[node.name]
    return any(value.startswith(node.value) if node.prefix else value == node.value for value in values)


def _in_range(node: tree.Range, document: Document, now: datetime) -> bool:
    value: Any = len(document.copies) if node.name == "copies" else getattr(document, node.name)
    if value is None:
        return False
    low = None if node.low is None else resolved(node.low, now)
    high = None if node.high is None else resolved(node.high, now)
    return (low is None or value >= low) and (high is None or value <= high)


def _event_hits(node: tree.EventFilter, reading: MatchView) -> list[Hit] | None:
    """Find the events (their triggers) or quotations that fit."""
    document = reading.document
    things: Sequence[Event | Quotation] = document.quotations if node.quotation else document.events
    spans = [
        each.trigger if isinstance(each, Event) else each
        for each, values in zip(things, reading.conditions(node.quotation), strict=True)
        if fits(values, node.conditions)
    ]
    if not spans:
        return None
    body = reading.part("body")
    hits = [("body", bisect_left(body.starts, span.start), bisect_left(body.starts, span.end)) for span in spans]
    return [hit for hit in hits if hit[1] < hit[2]]


@lru_cache(maxsize=1024)
def _wildcard(pattern: str) -> re.Pattern[str]:
    # Once the text between two stars is found at its earliest, trying later places cannot help: an atomic group
    # keeps ``a*b*c*d`` linear.
    first, *rest = (re.escape(part).replace(r"\?", ".") for part in re.sub(r"\*+", "*", pattern).split("*"))
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(first + middle + (f".*{rest[-1]}" if rest else ""))


def within_edits(wanted: str, token: str, distance: int) -> bool:
    """Tell whether two words differ by at most ``distance`` insertions, deletions, replacements or swaps."""
    if wanted == token:
        return True
    if abs(len(wanted) - len(token)) > distance:
        return False
    before: list[int] = []
    row = list(range(len(token) + 1))
    for i, a in enumerate(wanted, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(token, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == token[j - 2] and b == wanted[i - 2]:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > distance:
            return False
    return row[-1] <= distance
