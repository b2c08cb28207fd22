"""Parse by moves between a stack and what is left of the sentence: the arc-eager system.

Nivre, "Algorithms for Deterministic Incremental Dependency Parsing" (2008), with the repair of words that were put
aside without a head from Honnibal and Johnson (2014): such a word goes back to what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.network import Floats, Network

SHIFT, REDUCE = 0, 1


class State:
    """Hold how far the parse of one sentence has come.

    Words are rows of the table of all sentences, from ``first`` on; ``none``, the row after the last, is no word.
    """

    __slots__ = (
        "_back",
        "_before",
        "_lefts",
        "_next",
        "_put_back",
        "_rights",
        "_stack",
        "first",
        "heads",
        "labels",
        "none",
    )

    def __init__(self, first: int, length: int) -> None:
        self.first, self.none = first, first + length
        self.heads: dict[int, int] = {}
        self.labels: dict[int, str] = {}
        self._next = first
        self._stack = [self.none] * 3  # so that three may be looked at
        self._back: list[int] = []  # words that were put back, the next one last
        self._put_back: set[int] = set()
        self._lefts: dict[int, int] = {}  # the last word hung on another from its left, and from its right
        self._rights: dict[int, int] = {}
        self._before: dict[int, int] = {}  # what was the last before a word came

    @property
    def is_final(self) -> bool:
        """Tell whether nothing is left to be read or joined."""
        return len(self._stack) == 3 and self._next == self.none and not self._back

    def places(self) -> tuple[int, ...]:
        """Return the words in the eight places that the next move is chosen by."""
        back, stack, none, following = self._back, self._stack, self.none, self._next
        if back:
            next_, second = back[-1], back[-2] if len(back) > 1 else following
        else:
            next_, second = following, following + 1 if following < none else none
        top = stack[-1]
        lefts = self._lefts
        return (
            next_, second, top, stack[-2], stack[-3],
            lefts.get(next_, none), lefts.get(top, none), self._rights.get(top, none),
        )  # fmt: skip

    def allowed(self) -> tuple[bool, bool, bool]:
        """Tell whether one may shift, reduce, and join the top of the stack to the next word."""
        depth, left = len(self._stack) - 3, self.none - self._next + len(self._back)
        if not depth:
            return True, False, False
        if not left:
            return False, True, False
        following = self._back[-1] if self._back else self._next
        # To empty the stack before the end would begin a second tree.
        return left > 1 and following not in self._put_back, depth > 1 or following == self.first, True

    def shift(self) -> None:
        """Put the next word on the stack."""
        if self._back:
            self._stack.append(self._back.pop())
        else:
            self._stack.append(self._next)
            self._next += 1

    def reduce(self) -> None:
        """Take the top off the stack; what has no head yet goes back to what is left."""
        top = self._stack.pop()
        if top not in self.heads and len(self._stack) > 3:
            self._put_back.add(top)
            self._back.append(top)

    def left_arc(self, label: str) -> None:
        """Hang the top of the stack on the next word, and take it off."""
        top = self._stack.pop()
        head = self._back[-1] if self._back else self._next
        before = self.heads.get(top)
        if before is not None:
            self._rights[before] = self._before[top]
        self.heads[top], self.labels[top] = head, label
        self._lefts[head] = top
        self._put_back.discard(head)

    def right_arc(self, label: str) -> None:
        """Hang the next word on the top of the stack, and put it on."""
        head = self._stack[-1]
        self.shift()
        word = self._stack[-1]
        self.heads[word], self.labels[word] = head, label
        self._before[word] = self._rights.get(head, self.none)
        self._rights[head] = word


def parsed(network: Network, sentences: Sequence[Floats]) -> list[tuple[list[int], list[str]]]:
    """Return heads and labels of each sentence of vectors (words, 96); all are parsed side by side."""
    import numpy as np

    states: list[State] = []
    rows = 0
    for vectors in sentences:
        states.append(State(rows, len(vectors)))
        rows += len(vectors) + 1
    known = np.concatenate([network.feature_scores(vectors) for vectors in sentences]) if sentences else None
    columns = np.arange(8)
    going = [state for state in states if not state.is_final]
    while going and known is not None:
        asked = [state.places() for state in going]
        scores = network.move_scores(known[asked, columns])
        joins = scores[:, network.joins].argmax(axis=1).tolist()
        ended = False
        for state, row, join in zip(going, scores.tolist(), joins, strict=True):
            ended |= _moved(network, state, row, network.joins.start + join)
        if ended:
            going = [state for state in going if not state.is_final]
    return [_tree(state) for state in states]


def _moved(network: Network, state: State, scores: list[float], join: int) -> bool:
    """Make the best move that a state allows, ``join`` being the best arc; tell whether it was the last one."""
    may_shift, may_reduce, may_join = state.allowed()
    best = -inf
    move = SHIFT
    if may_shift:
        best = scores[SHIFT]
    if may_reduce and scores[REDUCE] > best:
        best, move = scores[REDUCE], REDUCE
    if may_join and scores[join] > best:
        move = join
    if move == SHIFT:
        state.shift()
        return False
    if move == REDUCE:
        state.reduce()
        return state.is_final
    kind, label = network.arcs[move]
    if kind == "L":
        state.left_arc(label)
    else:
        state.right_arc(label)
    return False


def _tree(state: State) -> tuple[list[int], list[str]]:
    """Return heads and labels: roots hang on themselves, lifted words on what they were lifted from."""
    words = range(state.first, state.none)
    heads = [state.heads.get(word, word) - state.first for word in words]
    labels = [state.labels.get(word, "ROOT") for word in words]
    for at, label in enumerate(labels):
        own, lifted, wanted = label.partition("||")
        if lifted:
            heads[at], labels[at] = _lifted_from(heads, labels, at, wanted), own
    return heads, labels


def _lifted_from(heads: Sequence[int], labels: Sequence[str], lifted: int, wanted: str) -> int:
    """Return the nearest word below its head that has the label wanted, by levels from the left; else the head."""
    level = [heads[lifted]]
    while level:
        below: list[int] = []
        for head in level:
            for child, its in enumerate(heads):
                if its == head and child not in (head, lifted):
                    if labels[child] == wanted:
                        return child
                    below.append(child)
        level = below
    return heads[lifted]
