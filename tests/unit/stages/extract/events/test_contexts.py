"""What an event is about."""

from __future__ import annotations

import pytest

from pipeline.model import Actor
from pipeline.stages.extract.events.contexts import contexts_of


def party(code: str | None = None, sector: str | None = None) -> Actor:
    return Actor(text="x", start=0, end=1, code=code, sector=sector)


@pytest.mark.parametrize(
    ("sentence", "kind", "parties", "contexts"),
    [
        (
            "The two agreed to talks on uranium enrichment in May.",
            "AGREE",
            [party("IRN"), party("USA")],
            ("cbrn", "diplomatic"),
        ),
        ("The ministry rejected the candidate before the vote.", "REJECT", [], ("election",)),
        ("Kenya welcomed the refugees from Sudan.", "AID", [party("KEN")], ("refugee",)),
        ("France thanked Germany.", "SUPPORT", [party("FRA"), party("DEU")], ("diplomatic",)),
        ("They struck the town.", "ASSAULT", [party("XYZ", "MIL")], ("military",)),
        ("Crowds marched on.", "PROTEST", [], ("political",)),
        ("Oil exports fell after the embargo on trade.", "SANCTION", [], ("economic",)),
        ("Nothing to see.", "AGREE", [], ()),
        ("", "AGREE", [], ()),
    ],
)
def test_contexts(sentence: str, kind: str, parties: list[Actor], contexts: tuple[str, ...]) -> None:
    assert contexts_of(sentence, kind, parties, []) == contexts
