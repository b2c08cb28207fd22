"""How many quotations are found, and how many with the right speaker: on articles written for Newswire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.model import Quotation
from pipeline.stages.extract.quotations.quotations import find_quotations

ARTICLES = Path(__file__).parents[2] / "data" / "extract" / "quotations.txt"
_MARK = re.compile(r"\[\[(q\d+): |\]\]")
_ANSWER = re.compile(r"^(q\d+) (direct|mixed|indirect) = ([^;]+)(?:; (.+))?$")


class Quoted(msgspec.Struct, frozen=True):
    """Hold what should be found: a span, its kind, and who speaks."""

    start: int
    end: int
    kind: str
    speaker: str | None
    role: str | None


class Annotated(msgspec.Struct, frozen=True):
    """Hold an article without its marks, and its quotations."""

    name: str
    text: str
    quotations: tuple[Quoted, ...]


def articles(path: Path = ARTICLES) -> Iterator[Annotated]:
    """Read the annotated articles."""
    for block in path.read_text("utf-8").split("\n== ")[1:]:
        name, _, rest = block.partition("\n")
        lines = rest.rstrip("\n").split("\n")
        answers = {m[1]: m for line in lines if (m := _ANSWER.match(line))}
        marked = "\n".join(line for line in lines if not _ANSWER.match(line)).strip("\n")
        text, spans, open_, at = "", {}, [], 0
        for mark in _MARK.finditer(marked):
            text += marked[at : mark.start()]
            at = mark.end()
            if mark[1]:
                open_.append((mark[1], len(text)))
            else:
                key, start = open_.pop()
                spans[key] = (start, len(text))
        text += marked[at:]
        quoted = [
            Quoted(*spans[key], found[2], None if found[3] == "-" else found[3], found[4])
            for key, found in answers.items()
        ]
        yield Annotated(name, text, tuple(sorted(quoted, key=lambda q: q.start)))


def pairs(path: Path = ARTICLES) -> Iterator[tuple[Annotated, Quoted, Quotation | None]]:
    """Give each annotated quotation the one found that covers most of it, when that is more than half."""
    for article in articles(path):
        found = find_quotations(article.text)
        for gold in article.quotations:
            alike = [q for q in found if (q.kind == "indirect") == (gold.kind == "indirect")]
            best = max(alike, key=lambda q: _overlap(q, gold), default=None)
            yield article, gold, best if best is not None and _overlap(best, gold) > 0.5 else None


def quotations(path: Path = ARTICLES) -> dict[str, float]:
    """Return the shares found and attributed rightly, for all and for direct ones, and spurious ones per article."""
    rows = list(pairs(path))
    direct = [row for row in rows if row[1].kind == "direct"]
    total = sum(len(find_quotations(article.text)) for article in articles(path))
    return {
        "quote_found": sum(mine is not None for _, _, mine in direct) / len(direct),
        "quote_speaker": sum(is_right(gold, mine) for _, gold, mine in direct) / len(direct),
        "quote_found_all": sum(mine is not None for _, _, mine in rows) / len(rows),
        "quote_speaker_all": sum(is_right(gold, mine) for _, gold, mine in rows) / len(rows),
        "quote_precision": len({(a.name, mine.start) for a, _, mine in rows if mine}) / total,
    }


def is_right(gold: Quoted, mine: Quotation | None) -> bool:
    """Tell whether the speaker's name, less articles and titles, is the annotated one."""
    if mine is None:
        return False
    name = mine.speaker.name if mine.speaker else None
    return _plain(name) == _plain(gold.speaker)


def _plain(name: str | None) -> str | None:
    return re.sub(r"^(?:the|an?|its|his|her|dame) ", "", name.strip().casefold()) if name else None


def _overlap(found: Quotation, gold: Quoted) -> float:
    shared = min(found.end, gold.end) - max(found.start, gold.start)
    return max(shared, 0) / max(found.end - found.start, gold.end - gold.start)
