"""Regular expressions in queries: RE2, which takes time linear in the text whatever the expression is.

An index knows tokens, so a query for an expression asks it for the words that every match must hold (``candidates``)
and the text of those articles is then read.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pipeline.errors import UsageError
from pipeline.language.scripts import BY_CHARACTER
from pipeline.language.tokens import fold
from pipeline.query.tree import And, AnyNode, Containing, Or

MAX_CHARS = 1_000
MAX_BRANCHES = 50
MIN_PIECE = 3
_REPEATS = "?*{"
_WORD = re.compile(rf"[^\W\d_{BY_CHARACTER}]+")


def compiled(pattern: str) -> Any:
    """Return the compiled expression. Raises ``UsageError`` for one that cannot be, or that matches every text."""
    found = _compiled(pattern)
    if isinstance(found, str):
        raise UsageError(found)
    return found


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    import re2

    if len(pattern) > MAX_CHARS:
        return f"the regular expression is longer than {MAX_CHARS:,} characters."
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 4 << 20
    try:
        expression = re2.compile(pattern, options)
    except re2.error as exc:
        reason = exc.args[0].decode(errors="replace") if isinstance(exc.args[0], bytes) else exc.args[0]
        return f"the regular expression cannot be read ({reason}); it is written as for RE2."
    if expression.search(""):
        return "the regular expression matches the empty text, which every article holds."
    return expression


def candidates(pattern: str) -> AnyNode | None:
    """Return what every text that matches must hold, or ``None`` when nothing can be said."""
    branches = _branches(pattern)
    if branches is None or len(branches) > MAX_BRANCHES:
        return None
    nodes: list[AnyNode] = []
    for branch in branches:
        pieces = sorted({fold(word) for run in branch for word in _WORD.findall(run)}, key=len, reverse=True)
        held = tuple(Containing(text=piece) for piece in pieces[:3] if len(piece) >= MIN_PIECE)
        if not held:
            return None
        nodes.append(held[0] if len(held) == 1 else And(nodes=held))
    return nodes[0] if len(nodes) == 1 else Or(nodes=tuple(nodes))


def _branches(pattern: str) -> list[list[str]] | None:
    """Return, for each alternative at the outermost level, the runs of characters that a match holds as they are."""
    branches: list[list[str]] = [[""]]
    depth = at = 0
    while at < len(pattern):
        character = pattern[at]
        following = at + 1
        literal = None
        if character == "\\":
            following = at + 2
            escaped = pattern[at + 1 : following]
            if escaped == "Q":  # what is quoted as a whole is not taken apart
                return None
            if escaped in ("x", "p", "P"):
                following = _after_class_name(pattern, following)
            literal = escaped if not escaped.isalnum() else None
        elif character == "[":
            following = _after_class(pattern, at)
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            branches.append([""])
            at = following
            continue
        elif character == "{":
            following = max(pattern.find("}", at), at) + 1
        elif character not in ".^$*+?|":
            literal = character
        optional = pattern[following : following + 1] in tuple(_REPEATS)
        if literal is not None and depth == 0 and not optional:
            branches[-1][-1] += literal
        if literal is None or depth or optional or pattern[following : following + 1] == "+":
            branches[-1].append("")
        at = following
    return branches


def _after_class(pattern: str, at: int) -> int:
    """Return where a bracketed class ends."""
    at += 1
    at += pattern[at : at + 1] == "^"
    at += pattern[at : at + 1] == "]"  # the first one stands for itself
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at] == "\\":
            at += 2
        elif pattern.startswith("[:", at):
            at = max(pattern.find(":]", at), at) + 2
        else:
            at += 1
    return at + 1


def _after_class_name(pattern: str, at: int) -> int:
    """Return where the name behind ``\\x`` or ``\\p`` ends: a letter or two, or something in braces."""
    if pattern[at : at + 1] == "{":
        return max(pattern.find("}", at), at) + 1
    return at + (2 if pattern[at - 1] == "x" else 1)
