"""Read treebanks as running text: documents with their sentences' ids and places. GUM (open genres) and EWT."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FILES = (
    "gum-open-train.conllu.xz", "gum-open-dev.conllu.xz", "ewt-train.conllu.xz", "ewt-dev.conllu.xz",
    "ewt-test.conllu.xz",
)  # fmt: skip


class Text(NamedTuple):
    """Hold a document: its id, its genre, its text, and (id, start, end) of each sentence."""

    id: str
    genre: str
    text: str
    sentences: tuple[tuple[str, int, int], ...]


def texts(folder: Path) -> Iterator[Text]:
    """Yield the documents of all files in a folder, paragraphs parted by an empty line."""
    for name in FILES:
        yield from _documents(folder / name)


def _documents(path: Path) -> Iterator[Text]:
    document, text, identity = "", "", ""
    sentences: list[tuple[str, int, int]] = []
    break_before = False
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.startswith("# newdoc id = "):
                if sentences:
                    yield Text(document, _genre(document), text, tuple(sentences))
                document, text, sentences = line.removeprefix("# newdoc id = ").strip(), "", []
            elif line.startswith("# newpar"):
                break_before = True
            elif line.startswith("# sent_id = "):
                identity = line.removeprefix("# sent_id = ").strip()
            elif line.startswith("# text = "):
                joint = "" if not text else "\n\n" if break_before else " "
                start = len(text) + len(joint)
                text += joint + line.removeprefix("# text = ").strip()
                sentences.append((identity, start, len(text)))
                break_before = False
    if sentences:
        yield Text(document, _genre(document), text, tuple(sentences))


def _genre(document: str) -> str:
    return document.split("_")[1] if document.startswith("GUM_") else "ewt-" + document.split("-")[0]
