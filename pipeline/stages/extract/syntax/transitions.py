"""Parse by moves between a stack and what is left of the sentence: the arc-eager system.

Nivre, "Algorithms for Deterministic Incremental Dependency Parsing" (2008), with the repair of words that were put
aside without a head from Honnibal and Johnson (2014): such a word goes back to what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.network import Floats, Network

SHIFT, REDUCE = 0, 1


class State:
    """Hold how far the parse of one sentence has come.

    Words are rows of the tables of all sentences, from ``first`` on; ``none``, the row after the last, is no word.
    """

    __slots__ = ("back", "first", "following", "none", "stack")

    def __init__(self, first: int, length: int) -> None:
        self.first, self.none = first, first + length
        self.following = first
        self.stack = [self.none] * 3  # so that three may be looked at
        self.back: list[int] = []  # words that were put back, the next one last


class Moves:
    """Make the moves of sentences that are parsed side by side, and hold the trees as they grow."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.states: list[State] = []
        rows: list[int] = []
        for length in lengths:
            state = State(len(rows), length)
            self.states.append(state)
            rows += [state.none] * (length + 1)
        # By row; where there is none it is the row of no word, for heads -1.
        self.heads = [-1] * len(rows)
        self.labels = [""] * len(rows)
        self._lefts = rows  # the last word hung on another from its left, and from its right
        self._rights = rows.copy()
        self._before = rows.copy()  # what was the last before a word came
        self._put_back = [False] * len(rows)

    def asked(self, states: Sequence[State]) -> list[int]:
        """Return the words in the eight places that the next move of each state is chosen by: 8 * word + place."""
        lefts, rights = self._lefts, self._rights
        asked: list[int] = []
        for state in states:
            back, stack, second = state.back, state.stack, state.following
            if back:
                next_ = back[-1]
                if len(back) > 1:
                    second = back[-2]
            else:
                next_ = second
                if second < state.none:
                    second += 1
            top = stack[-1]
            asked += (
                8 * next_, 8 * second + 1, 8 * top + 2, 8 * stack[-2] + 3, 8 * stack[-3] + 4,
                8 * lefts[next_] + 5, 8 * lefts[top] + 6, 8 * rights[top] + 7,
            )  # fmt: skip
        return asked

    def settle(self, state: State) -> bool:
        """Make the moves that need no choice; tell whether the sentence is parsed."""
        stack, back, none = state.stack, state.back, state.none
        while True:
            left = state.following < none or bool(back)
            if len(stack) == 3:
                if not left:
                    return True
                self.shift(state)
            elif left:
                return False
            else:
                self.reduce(state)

    def may_shift(self, state: State) -> bool:
        """Tell whether a state that is not settled may put the next word on the stack."""
        back = state.back
        following = back[-1] if back else state.following
        return state.none - state.following + len(back) > 1 and not self._put_back[following]

    def may_reduce(self, state: State) -> bool:
        """Tell whether a state that is not settled may take the top off the stack.

        To empty the stack before the end would begin a second tree.
        """
        return len(state.stack) > 4 or (state.back[-1] if state.back else state.following) == state.first

    def shift(self, state: State) -> None:
        """Put the next word on the stack."""
        if state.back:
            state.stack.append(state.back.pop())
        else:
            state.stack.append(state.following)
            state.following += 1

    def reduce(self, state: State) -> None:
        """Take the top off the stack; what has no head yet goes back to what is left."""
        top = state.stack.pop()
        if self.heads[top] < 0 and len(state.stack) > 3:
            self._put_back[top] = True
            state.back.append(top)

    def left_arc(self, state: State, label: str) -> None:
        """Hang the top of the stack on the next word, and take it off."""
        top = state.stack.pop()
        head = state.back[-1] if state.back else state.following
        before = self.heads[top]
        if before >= 0:
            self._rights[before] = self._before[top]
        self.heads[top], self.labels[top] = head, label
        self._lefts[head] = top
        self._put_back[head] = False

    def right_arc(self, state: State, label: str) -> None:
        """Hang the next word on the top of the stack, and put it on."""
        head = state.stack[-1]
        self.shift(state)
        word = state.stack[-1]
        self.heads[word], self.labels[word] = head, label
        self._before[word] = self._rights[head]
        self._rights[head] = word

    def tree(self, state: State) -> tuple[list[int], list[str]]:
        """Return heads and labels: roots hang on themselves, lifted words on what they were lifted from."""
        first = state.first
        heads = [head - first if head >= 0 else at for at, head in enumerate(self.heads[first : state.none])]
        labels = [label or "ROOT" for label in self.labels[first : state.none]]
        for at, label in enumerate(labels):
            own, lifted, wanted = label.partition("||")
            if lifted:
                heads[at], labels[at] = _lifted_from(heads, labels, at, wanted), own
        return heads, labels


def parsed(network: Network, vectors: Floats, lengths: Sequence[int]) -> list[tuple[list[int], list[str]]]:
    """Return heads and labels of each sentence, all parsed side by side; ``vectors`` are those of ``Network``."""
    moves = Moves(lengths)
    arcs = network.arcs
    going = [state for state in moves.states if not moves.settle(state)]
    known = network.feature_scores(vectors, [state.none for state in moves.states])
    while going:
        chosen, scores = network.best_moves(known, moves.asked(going))
        ended = False
        for at, move in enumerate(chosen):
            state = going[at]
            if (move == SHIFT and not moves.may_shift(state)) or (move == REDUCE and not moves.may_reduce(state)):
                move = _next_best(scores[at].tolist(), moves, state)
            if move == SHIFT:
                moves.shift(state)
            elif move == REDUCE:
                moves.reduce(state)
            elif arcs[move][0] == "L":
                moves.left_arc(state, arcs[move][1])
            else:
                moves.right_arc(state, arcs[move][1])
            if len(state.stack) == 3 or (state.following == state.none and not state.back):
                ended |= moves.settle(state)
        if ended:
            going = [state for state in going if not moves.settle(state)]
    return [moves.tree(state) for state in moves.states]


def _next_best(scores: list[float], moves: Moves, state: State) -> int:
    """Return the best move that a state allows, where the best of all is not."""
    move = scores.index(max(scores[2:]), 2)
    if moves.may_reduce(state) and scores[REDUCE] >= scores[move]:
        move = REDUCE
    if moves.may_shift(state) and scores[SHIFT] >= scores[move]:
        move = SHIFT
    return move


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
