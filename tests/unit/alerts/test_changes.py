"""What several revisions of an article changed together, and when that is nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.changes import CHANGED_BACK, changed_back, news
from pipeline.alerts.message import compose
from pipeline.model import Alert, Change, Document
from pipeline.ports.alerts import Delivery

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def figures(before: str, after: str) -> Change:
    return Change(part="figures", before=before, after=after)


PUT_RIGHT = Change(part="text", after="Correction: the bridge is in Tarn.")
WITHDRAWN = Change(part="withdrawn", before="False", after="True")
BACK = Change(part="withdrawn", before="True", after="False")


def update(revision: int, *changes: Change, article: str = "a", withdrawn: bool = False) -> Alert:
    document = Document(
        id=article, source="bbc", seen=NOW, title="Toll", revision=revision, changes=changes, withdrawn=withdrawn
    )
    alert = Alert(
        id=f"{article} {revision}", rule_id="r", rule="rule", matched=NOW, article=document, subject="s",
        reason="update",
    )  # fmt: skip
    return msgspec.structs.replace(alert, note="withdrawn" if withdrawn else news([alert]))


def waiting(alert: Alert) -> Delivery:
    return Delivery(
        id=alert.id, channel="hook", alert=alert, state="queued", due=NOW + timedelta(hours=1), changed=NOW, digest=True
    )


@pytest.mark.parametrize(
    ("revisions", "said"),
    [
        ([(figures("3", "5"),), (figures("5", "8"),)], "figures changed: 3 → 8"),
        ([(figures("3", "5"),), (figures("5", "3"),)], None),
        ([(figures("3", "5"),), (figures("10", "12"),)], "figures changed: 3; 10 → 5; 12"),
        ([(figures("3; 10", "5; 12"),), (figures("5", "3"),)], "figures changed: 10 → 12"),
        ([(figures("3; 3", "5; 7"),)], "figures changed: 3; 3 → 5; 7"),
        ([(figures("3; 4", "5; 5"),), (figures("5", "8"),)], "figures changed: 3; 4 → 8; 8"),
        ([(figures("3", "5"),), (PUT_RIGHT,)], "figures changed: 3 → 5; corrected"),
        ([(PUT_RIGHT,), (PUT_RIGHT,)], "corrected"),
        ([(figures("1; 2; 3…", "4; 5…"),)], "figures changed: 1; 2; 3… → 4; 5…"),
        ([(BACK,)], "published again"),
        ([(WITHDRAWN,), (BACK,)], None),
        ([(Change(part="figures", after="5"),), (Change(part="title", before="a", after="b"),)], None),
    ],
)
def test_revisions_change_what_is_different_at_their_end(revisions: list[tuple[Change, ...]], said: str | None) -> None:
    assert said == news([update(number, *changes) for number, changes in enumerate(revisions, 2)])


@given(st.lists(st.integers(0, 4), min_size=2, max_size=8))
def test_figure_that_goes_up_and_down_is_told_by_its_ends(counts: list[int]) -> None:
    steps = [(str(a), str(b)) for a, b in pairwise(counts) if a != b]
    said = news([update(number, figures(*step)) for number, step in enumerate(steps)])
    assert said == (f"figures changed: {counts[0]} → {counts[-1]}" if counts[0] != counts[-1] else None)


def test_updates_that_cancel_out_are_not_told_and_others_of_the_message_are() -> None:
    back = [waiting(update(2, figures("3", "5"))), waiting(update(3, figures("5", "3")))]
    other = waiting(update(2, figures("1", "2"), article="b"))
    dropped = changed_back([back[0], other, back[1]], NOW)
    assert [(each.id, each.state, each.error) for each in dropped] == [
        (each.id, "withheld", CHANGED_BACK) for each in back
    ]


def test_withdrawal_another_publisher_and_a_first_report_are_told_whatever_became_of_the_figures() -> None:
    there, back = update(2, figures("3", "5")), update(3, figures("5", "3"))
    gone = update(4, WITHDRAWN, withdrawn=True)
    publisher = msgspec.structs.replace(back, note="2 sources: afp, bbc")
    first = msgspec.structs.replace(there, reason="match", note=None)
    for alerts in ([there, back, gone], [there, publisher], [first, back]):
        assert [] == changed_back([waiting(alert) for alert in alerts], NOW)
    title = compose([waiting(there), waiting(publisher)]).title
    assert title == "rule: Toll [update: 2 sources: afp, bbc]"


def test_cap_that_held_updates_back_is_named_once() -> None:
    held = [
        msgspec.structs.replace(alert, note=f"{alert.note}; held back by the cap on messages")
        for alert in (update(2, figures("3", "5")), update(3, figures("5", "8")))
    ]
    title = compose([waiting(alert) for alert in held]).title
    assert title == "rule: Toll [update: figures changed: 3 → 8; held back by the cap on messages]"
