"""How many short cases of places, dates, quotations and other languages come out right, a half of them unseen.

The cases (`tests/data/extract/cases`) were written before the rules and split by the hash of their text. The tests read
the dev half and the later ones, which were unseen when they were first run; the locked half is read here alone, and
only its totals are printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pipeline.model import Document, Quotation
from pipeline.stages.extract.stage import read

CASES = Path(__file__).parents[2] / "data" / "extract" / "cases"
Half = Literal["dev", "locked", "later"]
Case = dict[str, Any]
NEAR_DEGREES = 0.6


def cases(kind: str, half: Half) -> list[Case]:
    """Return the cases of a kind."""
    return [json.loads(line) for line in (CASES / f"{kind}_{half}.jsonl").read_text("utf-8").splitlines()]


def document_of(case: Case) -> Document:
    """Read the text of a case on the evening of its day."""
    day = datetime.fromisoformat(case.get("published", "2024-05-15")).replace(tzinfo=UTC) + timedelta(hours=18)
    language = case.get("language", "en")
    return read(Document(id="case", source="case", seen=day, published=day, text=case["text"], language=language))


def places(case: Case, document: Document) -> Iterator[bool]:
    """Say of each name whether it is the place, or no place, that it should be."""
    for surface, want in case["places"].items():
        found = next((e for e in document.entities if e.text == surface and e.type == "LOC"), None)
        if want["country"] is None:
            yield found is None
            continue
        right = found is not None and found.country == want["country"]
        near = want.get("near")
        if right and near and found is not None:
            right = found.latitude is not None and found.longitude is not None
            # A region has the middle of its towns, which may be some way from where the case puts it.
            slack = NEAR_DEGREES if found.found in ("city", "capital") else 2.0
            right = right and abs(found.latitude - near[0]) < slack and abs(found.longitude - near[1]) < slack
        yield right


def dates(case: Case, document: Document) -> Iterator[bool]:
    """Say whether the dates are those wanted, in order, and no others."""
    yield [found.value for found in document.dates] == case["dates"]


def quotations(case: Case, document: Document) -> Iterator[bool]:
    """Say of each quotation whether it is there with its kind and speaker; of a text without any, whether none is."""
    if not case["quotations"]:
        yield not document.quotations
    for want in case["quotations"]:
        mine = [q for q in document.quotations if q.kind == want["kind"] and _plain(q.text) == _plain(want["text"])]
        yield any(want["speaker"] is None or _is_speaker(q, want["speaker"]) for q in mine)


def languages(case: Case, document: Document) -> Iterator[tuple[str, bool]]:
    """Say of each date, quotation and name of another language whether it is found as wanted."""
    if case["dates"]:
        yield "dates", [found.value for found in document.dates] == case["dates"]
    for text, speaker in case["quotations"].items():
        mine = [q for q in document.quotations if _plain(q.text) == _plain(text)]
        yield "quoted", bool(mine)
        yield "speakers", any(_is_speaker(q, speaker) for q in mine)
    for surface, want in case["names"].items():
        found = next((e for e in document.entities if e.text == surface), None)
        yield "names", found is not None and want in (found.type, found.country)


def _plain(text: str) -> str:
    return text.strip(" .,，。")


def _is_speaker(found: Quotation, wanted: str) -> bool:
    """Say whether a speaker is named as wanted, an article before it and a fuller name apart."""
    name = (found.speaker.name if found.speaker else None) or ""
    plain = re.sub(r"^(?:the|an?) ", "", name, flags=re.IGNORECASE).casefold()
    return plain == wanted.casefold() or plain.endswith(" " + wanted.casefold())


KINDS = {"places": places, "dates": dates, "quotations": quotations}


def case_figures(half: Half) -> dict[str, float]:
    """Return the share of right answers of each kind in one half."""
    figures = {}
    for kind, judge in KINDS.items():
        right = [good for case in cases(kind, half) for good in judge(case, document_of(case))]
        figures[f"{half}_cases_{kind}"] = sum(right) / len(right)
    parts: dict[str, list[bool]] = {}
    for case in cases("languages", half):
        for part, good in languages(case, document_of(case)):
            parts.setdefault(part, []).append(good)
    return figures | {f"{half}_cases_languages_{part}": sum(good) / len(good) for part, good in parts.items()}
