"""The syntax tree of the query language: what the parser makes and the three back-ends read (design: one language).

Words are folded (case, accents, width) by the parser. A ``Word`` matches a document whose stems, in the document's
own language, include the word's stem in that language, and a ``Hyphenated`` one where hyphens join such stems; all
other text leaves compare folded tokens. Text leaves
look at title and body unless a ``Field`` around them says which; a phrase or proximity lies within one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

TEXT_FIELDS = ("title", "body", "author", "source")
KEYWORD_FIELDS = ("lang", "tag", "feed", "story", "id", "url", "site", "is", "mark")
MARKS = ("read", "unread", "starred")
DATE_FIELDS = ("published", "updated", "seen")
COUNT_FIELDS = ("revision", "origins", "copies")
EVENT_FIELDS = ("event", "actor", "target", "place", "when", "scheduled")
QUOTATION_FIELDS = ("said", "quote")
FIELDS = (
    *TEXT_FIELDS, *KEYWORD_FIELDS, *DATE_FIELDS, *COUNT_FIELDS, *EVENT_FIELDS, *QUOTATION_FIELDS,
    "after", "before", "last", "corrected", "list", "search",
)  # fmt: skip


class Node(msgspec.Struct, frozen=True, kw_only=True, tag=True, array_like=True, gc=False):
    """Mark a node of the tree; ``column`` is where it starts in the query, from 1. Encoded, it is short."""

    column: int = 0


class Word(Node, frozen=True):
    """Match a word in any of its inflections; ``text`` is one folded token."""

    text: str


class Phrase(Node, frozen=True):
    """Match these folded tokens next to each other, in order."""

    tokens: tuple[str, ...]


class Hyphenated(Node, frozen=True):
    """Match these folded tokens next to each other, in order, or their inflections where hyphens join them."""

    tokens: tuple[str, ...]


class Near(Node, frozen=True):
    """Match these folded tokens in any order with at most ``distance`` other tokens between them in all."""

    tokens: tuple[str, ...]
    distance: int


class SameSentence(Node, frozen=True):
    """Match when all children (words, phrases) are found in one sentence."""

    nodes: tuple[AnyNode, ...]


class Prefix(Node, frozen=True):
    """Match tokens that begin with ``text`` (two letters or more)."""

    text: str


class Ending(Node, frozen=True):
    """Match tokens that end with ``text`` (three letters or more)."""

    text: str


class Containing(Node, frozen=True):
    """Match tokens that hold ``text``: one character of a script without spaces, or a piece of a word."""

    text: str


class Wildcard(Node, frozen=True):
    """Match tokens against ``pattern``, where ``*`` is any run of characters and ``?`` exactly one."""

    pattern: str


class Fuzzy(Node, frozen=True):
    """Match tokens within ``distance`` edits (insert, delete, replace, swap of neighbours) of ``text``."""

    text: str
    distance: int = 1


class Exact(Node, frozen=True):
    """Match what ``node`` finds where it is written with these letters, this case and these accents."""

    text: str
    node: AnyNode


class Regex(Node, frozen=True):
    """Match title or text, as they are written, against a regular expression (RE2), any case unless it says (?-i).

    ``symbol`` is the text it was made from where a person wrote a symbol, such as an emoji, not an expression.
    """

    pattern: str
    symbol: str | None = None


class ByGrouping(Node, frozen=True):
    """Match a number by how the document's language groups digits: with a comma, a point, or either.

    ``text`` is how it was written: ``1.800`` is 1800 in German, and one and eight tenths in English.
    """

    text: str
    comma: AnyNode
    point: AnyNode
    either: AnyNode


class Listed(Node, frozen=True):
    """Match any name of the list ``name``: ``names`` are their folded tokens, by the first of them."""

    name: str
    names: Mapping[str, tuple[tuple[str, ...], ...]]


class AtLeast(Node, frozen=True):
    """Match when ``word`` occurs ``count`` times or more in title and body together."""

    word: AnyLeaf
    count: int


class Field(Node, frozen=True):
    """Look for the text leaves of ``node`` in one of ``TEXT_FIELDS`` only."""

    name: str
    node: AnyNode


class Keyword(Node, frozen=True):
    """Match one of ``KEYWORD_FIELDS`` whose folded value is ``value``, or begins with it when ``prefix``.

    What a reader marked (``is:read``, ``is:starred``, ``mark:TAG``) depends on who asks: ``among`` are the ids of those
    articles; until they are filled in, nothing matches.
    """

    name: str
    value: str
    prefix: bool = False
    among: frozenset[str] | None = None

    @property
    def is_mark(self) -> bool:
        """Tell whether this asks what a reader marked."""
        return self.name == "mark" or (self.name == "is" and self.value in MARKS)


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a moment that depends on when it is asked: so many seconds after now, or the start or end of a day.

    ``day`` counts from today, in ``zone``.
    """

    seconds: int | None = None
    day: int = 0
    end: bool = False
    zone: str = "UTC"


Bound = datetime | Relative | int


class Range(Node, frozen=True):
    """Match one of ``DATE_FIELDS`` or ``COUNT_FIELDS`` between two bounds, both included; ``None`` is open."""

    name: str
    low: Bound | None = None
    high: Bound | None = None


class Last(Node, frozen=True):
    """Match articles published within the last ``seconds`` before the moment of asking (or of matching).

    Clocks of sites differ: what is dated up to an hour later counts as well, what is announced for tomorrow does not.
    """

    seconds: int


class EventFilter(Node, frozen=True):
    """Match when one single event (or quotation, for said/quote) satisfies all ``conditions``.

    Each condition is (field, value): event, actor, target, place, when, scheduled; or said, quote.
    """

    conditions: tuple[tuple[str, str], ...]

    @property
    def quotation(self) -> bool:
        """Tell whether the conditions are on a quotation, not an event."""
        return self.conditions[0][0] in QUOTATION_FIELDS


class And(Node, frozen=True):
    """Match when all children do."""

    nodes: tuple[AnyNode, ...]


class Or(Node, frozen=True):
    """Match when any child does."""

    nodes: tuple[AnyNode, ...]


class Not(Node, frozen=True):
    """Match when the child does not; only ever beside a positive part."""

    node: AnyNode


AnyLeaf = Word | Phrase | Hyphenated | Prefix | Ending | Containing | Exact | ByGrouping
LEAVES = (Word, Phrase, Hyphenated, Prefix, Ending, Containing, Exact, ByGrouping)
AnyNode = (
    Word | Phrase | Hyphenated | Near | SameSentence | Prefix | Ending | Containing | Wildcard | Fuzzy | Exact | Regex
    | ByGrouping | Listed | AtLeast | Field | Keyword | Range | Last | EventFilter | And | Or | Not
)  # fmt: skip


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a parsed query: its text as given and its tree."""

    text: str
    root: AnyNode


def walk(node: AnyNode) -> Iterator[AnyNode]:
    """Iterate over a node and all below it."""
    yield node
    match node:
        case And(nodes=nodes) | Or(nodes=nodes) | SameSentence(nodes=nodes):
            for inner in nodes:
                yield from walk(inner)
        case Not(node=inner) | Field(node=inner) | AtLeast(word=inner) | Exact(node=inner):
            yield from walk(inner)
