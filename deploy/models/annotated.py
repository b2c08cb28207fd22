"""Read text annotated with names: Universal NER on English Web Treebank, and corpora in columns."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path

import msgspec

TYPES = {
    "PER": "PER", "ORG": "ORG", "LOC": "LOC", "person": "PER", "corporation": "ORG", "group": "ORG", "location": "LOC",
}  # fmt: skip


class Annotated(msgspec.Struct, frozen=True):
    """Hold a sentence with its names as (start, end, type), and the document it stands in."""

    text: str
    names: tuple[tuple[int, int, str], ...]
    document: str


def universal_ner(path: Path) -> Iterator[Annotated]:
    """Read IOB2 with the running text in a comment; offsets point into that text."""
    document, text, tokens = "", "", []
    for line in _lines(path):
        if line.startswith("# newdoc id = "):
            document = line.removeprefix("# newdoc id = ")
        elif line.startswith("# text = "):
            text = line.removeprefix("# text = ")
        elif line and not line.startswith("#"):
            fields = line.split("\t")
            tokens.append((fields[1], fields[2]))
        elif not line and tokens:
            yield Annotated(text, tuple(_spans(text, tokens)), document)
            tokens = []
    if tokens:
        yield Annotated(text, tuple(_spans(text, tokens)), document)


def _lines(path: Path) -> list[str]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return file.read().split("\n")


def columns(path: Path, per_document: int = 25) -> Iterator[Annotated]:
    """Read one token and its tag a line; sentences are taken together as documents in order."""
    tokens: list[tuple[str, str]] = []
    count = 0
    for line in (*_lines(path), ""):
        fields = line.split()
        if len(fields) >= 2:
            tokens.append((fields[0], fields[-1]))
        elif tokens:
            text = " ".join(word for word, _ in tokens)
            yield Annotated(text, tuple(_spans(text, tokens)), f"{path.name} {count // per_document}")
            tokens = []
            count += 1


def _spans(text: str, tokens: list[tuple[str, str]]) -> Iterator[tuple[int, int, str]]:
    at = 0
    open_: tuple[int, int, str] | None = None
    for word, tag in tokens:
        start = text.find(word, at)
        if start < 0:
            start = at
        at = start + len(word)
        kind = TYPES.get(tag[2:], "")
        if open_ and (tag[0] != "I" or kind != open_[2]):
            yield open_
            open_ = None
        if kind:
            open_ = (open_[0] if open_ else start, at, kind)
    if open_:
        yield open_
