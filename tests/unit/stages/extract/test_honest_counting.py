"""What is given for an article is counted as the rules of the honest sets say."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.model import Actor, Event, Span
from tests.bench.extraction.honest import calibration_error, counts, judge, reliability

TEXT = "France condemned Iran. Iran denied it."
FIRST, SECOND = (0, 22), (23, 38)


def gold(
    kind: str, sentence: tuple[int, int], actor: str = "FRA", recipient: str = "IRN", **more: Any
) -> dict[str, Any]:
    start, end = sentence
    party = {"text": "x", "start": start, "end": start + 1}
    return {
        "type": kind,
        "trigger": {"start": start, "end": start + 1},
        "sentence": {"start": start, "end": end},
        "actors": [{**party, "codes": [actor]}],
        "recipients": [{**party, "codes": [recipient]}],
        **more,
    }


def given(kind: str, sentence: tuple[int, int], actor: str = "FRA", recipient: str = "IRN", **more: Any) -> Event:
    start, end = sentence
    span = Span(text=TEXT[start:end], start=start, end=end)
    parties = [Actor(text="x", start=start, end=start + 1, code=code) for code in (actor, recipient)]
    return Event(id="e", type=kind, trigger=span, sentence=span, actors=(parties[0],), recipients=(parties[1],), **more)


@pytest.mark.parametrize(
    ("wanted", "told", "outcomes", "found"),
    [
        ([gold("ACCUSE", FIRST)], [given("ACCUSE", FIRST)], ["right"], 1),
        ([gold("ACCUSE", FIRST)], [given("REJECT", FIRST)], ["false"], 0),
        ([gold("ACCUSE", FIRST)], [given("ACCUSE", SECOND)], ["false"], 0),
        ([gold("SANCTION", FIRST, also_types=["ACCUSE"])], [given("ACCUSE", FIRST)], ["right"], 1),
        ([gold("ACCUSE", FIRST, optional=True)], [given("ACCUSE", FIRST)], ["neither"], 0),
        ([gold("ACCUSE", FIRST, negated=True)], [given("ACCUSE", FIRST)], ["false"], 0),
        ([gold("ACCUSE", FIRST, negated=True)], [given("ACCUSE", FIRST, negated=True)], ["neither"], 0),
        ([gold("ACCUSE", FIRST)], [given("ACCUSE", FIRST), given("ACCUSE", FIRST)], ["right", "neither"], 1),
        ([gold("ACCUSE", FIRST), gold("ACCUSE", SECOND, same_as=0)], [given("ACCUSE", SECOND)], ["right"], 1),
        (
            [gold("ACCUSE", FIRST), gold("ACCUSE", SECOND, same_as=0)],
            [given("ACCUSE", FIRST), given("ACCUSE", SECOND)],
            ["right", "neither"],
            1,
        ),
        ([], [given("ACCUSE", FIRST)], ["false"], 0),
    ],
)
def test_each_event_counts_once(
    wanted: list[dict[str, Any]], told: list[Event], outcomes: list[str], found: int
) -> None:
    article = judge({"kind": "diplomacy", "events": wanted}, told)
    assert ([each.outcome for each in article.judged], article.found) == (outcomes, found)


@pytest.mark.parametrize(
    ("wanted", "told", "right"),
    [
        (gold("ACCUSE", FIRST), given("ACCUSE", FIRST), True),
        (gold("ACCUSE", FIRST), given("ACCUSE", FIRST, "IRN", "FRA"), False),
        (gold("CONSULT", FIRST, mutual=True), given("CONSULT", FIRST, "IRN", "FRA"), True),
        (gold("ACCUSE", FIRST), given("ACCUSE", FIRST, "FRA", "ISR"), False),
    ],
)
def test_parties_are_right_by_their_codes(wanted: dict[str, Any], told: Event, right: bool) -> None:
    total = counts([judge({"kind": "diplomacy", "events": [wanted]}, [told])])
    assert (total.right, total.whole, total.countries) == (1, int(right), int(right))


def test_reliability_is_told_by_groups_of_equal_size() -> None:
    table = reliability([(0.2, False), (0.4, True), (0.8, True), (1.0, True)], groups=2)
    assert [(size, round(sure, 6), right) for size, sure, right in table] == [(2, 0.3, 0.5), (2, 0.9, 1.0)]
    assert calibration_error(table) == pytest.approx(0.15)
