"""Text in the columns of a terminal: wrapped between words, cut with “…”, in cells and not in characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells, set_cell_size

NARROWEST, WIDEST = 20, 140
GAP = "  "
# What is left of the column that gives way.
LEAST = 8
BAR_WIDTH = 40
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_PARTS = re.compile(rf"{_STYLE.pattern}|[ ]+|(?:(?!{_STYLE.pattern})[^ ])+")


def usable(columns: int) -> int:
    """Return how wide lines are on a terminal of so many columns: longer ones are hard to read."""
    return max(NARROWEST, min(columns, WIDEST))


def bar_room(taken: int, width: int | None) -> int:
    """Return how long the longest bar may be beside ``taken`` cells, on a terminal so wide if it is one."""
    return BAR_WIDTH if width is None else max(LEAST, min(BAR_WIDTH, width - taken))


def cut(text: str, width: int) -> str:
    """Return a text as one line of at most ``width`` cells, with “…” where something is left out."""
    line = " ".join(text.split())
    if cell_len(line) <= width:
        return line
    if width < 1:
        return ""
    return set_cell_size(line, width - 1).rstrip() + "…"


def wrap(text: str, width: int, most: int | None = None) -> list[str]:
    """Return a text in lines of at most ``width`` cells, broken between words where that is possible.

    Of more than ``most`` lines the last ends with “…”.
    """
    width = max(width, 2)
    lines: list[str] = []
    line = ""
    for word in text.split():
        for piece in chop_cells(word, width) if cell_len(word) > width else (word,):
            longer = f"{line} {piece}" if line else piece
            if line and cell_len(longer) > width:
                lines.append(line)
                longer = piece
            line = longer
    if line:
        lines.append(line)
    if most is not None and len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        lines = [*lines[: most - 1], cut(rest, width)]
    return lines


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return a text cut or filled with spaces to exactly ``width`` cells."""
    text = cut(text, width)
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def columns(rows: Sequence[Sequence[str]], width: int, *, flexible: int) -> list[int]:
    """Return how wide the columns of a table are: each as wide as its longest cell where that fits.

    Where it does not, the ``flexible`` one gives way first, then whichever is widest.
    """
    count = len(rows[0]) if rows else 0
    widths = [max(cell_len(row[n]) for row in rows) for n in range(count)]
    if count:
        rest = width - len(GAP) * (count - 1) - sum(w for n, w in enumerate(widths) if n != flexible)
        widths[flexible] = max(LEAST, min(widths[flexible], rest))
    while widths and sum(widths) + len(GAP) * (count - 1) > width and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return widths


def hang(line: str, width: int, indent: int = 2) -> list[str]:
    """Return a styled line in lines of at most ``width`` cells, those after the first indented further than the first.

    What fits stays as it is; styles go on from line to line.
    """
    line = line.expandtabs(len(GAP)).rstrip()
    plain = _STYLE.sub("", line)
    if cell_len(plain) <= width:
        return [line]
    margin = min(len(plain) - len(plain.lstrip(" ")) + indent, width // 2)
    lines: list[str] = []
    written, used = "", 0
    between = ""  # spaces and styles since the last word
    for part in _PARTS.findall(line):
        if part.startswith(" ") or _STYLE.fullmatch(part):
            between += part
            continue
        styles = "".join(_STYLE.findall(between))
        gap = len(_STYLE.sub("", between))
        if used and used + gap + cell_len(part) > width:
            lines.append(written)
            written, used = " " * margin + styles, margin
        elif used or gap <= width // 2:
            written, used = written + between, used + gap
        else:
            written, used = " " * (width // 2) + styles, width // 2
        *full, rest = chop_cells(part, max(width - max(used, margin), 2)) or [part]
        for piece in full:
            lines.append(written + piece)
            written, used = " " * margin, margin
        written, used, between = written + rest, used + cell_len(rest), ""
    return [*lines, written + "".join(_STYLE.findall(between))]
