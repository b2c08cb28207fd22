"""How many of the names of UNER-EWT are found: `names_f1`, over whole names with their type,
by character span, and `names_spans_f1`, whatever the type."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from deploy.models.annotated import universal_ner
from pipeline.stages.extract.names.names import find_entities


def names(part: str, data: Path) -> dict[str, float]:
    """Return precision, recall and F1 of names, and of their spans alone, on "dev" or "test" of UNER-EWT."""
    right = found = gold = spans = 0
    sentences = universal_ner(data / "language" / f"uner-ewt-{part}.iob2.xz")
    for _, group in groupby(sentences, key=lambda sentence: sentence.document):
        text, theirs = "", set()
        for sentence in group:
            theirs |= {(len(text) + start, len(text) + end, kind) for start, end, kind in sentence.names}
            text += sentence.text + "\n"
        mine = {(entity.start, entity.end, entity.type) for entity in find_entities(text)}
        spans += len({span[:2] for span in mine} & {span[:2] for span in theirs})
        right, found, gold = right + len(mine & theirs), found + len(mine), gold + len(theirs)
    return {
        "names_precision": right / found,
        "names_recall": right / gold,
        "names_f1": 2 * right / (found + gold),
        "names_spans_f1": 2 * spans / (found + gold),
    }
