"""What waits to be sent, while its alert is changed, the machine sleeps, a channel fails and its article goes on."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts import policy
from pipeline.alerts.message import compose
from pipeline.model import Alert, AlertRule, Change
from pipeline.ports.alerts import Delivery
from tests.unit.alerts.test_policy import NOW, a_rule, an_alert, planned

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.integers(1_577_000_000, 1_900_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
NIGHT = {"quiet_from": "22:00", "quiet_until": "07:00"}
EARLY = {"quiet_from": "01:30", "quiet_until": "03:30"}
HOURS = st.sampled_from([{}, NIGHT, EARLY, {"quiet_from": "09:00", "quiet_until": "17:00"}])
DIGESTS = st.sampled_from(
    [{}, {"digest": "daily@02:30"}, {"digest": "weekly@mon 08:00"}, {"digest": "hourly"}, {"digest_s": 21_600}]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]).map(
    lambda zone: {"time_zone": zone}
)
OPTIONS: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda *parts: parts[0] | parts[1] | parts[2], HOURS, DIGESTS, ZONES
)
SLEEPS = st.sampled_from([0, 30, 7_200, 40_000, 400_000]).map(lambda seconds: timedelta(seconds=seconds))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=BERLIN).astimezone(UTC)


def is_quiet(rule: AlertRule, now: datetime) -> bool:
    if rule.quiet_from is None or rule.quiet_until is None:
        return False
    begin, end = time.fromisoformat(rule.quiet_from), time.fromisoformat(rule.quiet_until)
    local = now.astimezone(ZoneInfo(rule.time_zone)).time()
    return begin <= local < end if begin < end else local >= begin or local < end


def wanted(delivery: Delivery, rule: AlertRule, now: datetime) -> Delivery:
    return policy.as_wanted(delivery, rule, ("hook",), now)


@given(OPTIONS, MOMENTS)
def test_what_waits_goes_when_it_was_to_go_as_long_as_nothing_is_changed(
    options: dict[str, Any], now: datetime
) -> None:
    rule = a_rule(**options)
    delivery = planned(an_alert(), rule, now=now)
    assert wanted(delivery, rule, delivery.due) is delivery


@given(OPTIONS, OPTIONS, MOMENTS, SLEEPS, st.booleans())
def test_what_waits_goes_by_the_hours_that_hold_by_then_and_is_never_put_off_for_ever(
    before: dict[str, Any], after: dict[str, Any], now: datetime, sleep: timedelta, fails: bool
) -> None:
    rule = a_rule(**after)
    delivery = planned(an_alert(), a_rule(**before), now=now)
    for _ in range(4):
        at, sleep = delivery.due + sleep, timedelta()
        judged = wanted(delivery, rule, at)
        if judged is not delivery:
            assert judged.due > at
            delivery = judged
        elif fails:
            delivery, fails = policy.postponed(delivery, "away", 60.0, at), False
        else:
            break
    else:
        pytest.fail("put off again and again")
    assert not is_quiet(rule, at)
    assert at - now <= timedelta(days=22)


@pytest.mark.parametrize(
    ("before", "after", "alert", "awake", "due"),
    [
        ({"digest": "daily@08:00"}, {"digest": "daily@18:00"}, "26T03:00", "26T08:00", "26T18:00"),
        ({"digest": "daily@23:30"}, {"digest": "daily@23:30"} | NIGHT, "25T03:00", "25T23:30", "26T07:00"),
        # The machine wakes, or a channel that failed is tried again, in quiet hours.
        (NIGHT, NIGHT, "25T23:00", "26T23:30", "27T07:00"),
        ({"digest": "daily@20:00"} | NIGHT, {"digest": "daily@20:00"} | NIGHT, "25T03:00", "25T23:30", "26T07:00"),
        (NIGHT, NIGHT, "25T21:59", "25T22:30", "26T07:00"),
        (NIGHT, NIGHT | {"time_zone": "America/New_York"}, "25T23:00", "26T07:00", "26T13:00"),
    ],
)
def test_what_waits_is_held_by_what_holds_it_now(
    before: dict[str, Any], after: dict[str, Any], alert: str, awake: str, due: str
) -> None:
    rule, edited = (a_rule(**{"time_zone": "Europe/Berlin"} | options) for options in (before, after))
    held = wanted(planned(an_alert(), rule, now=berlin(alert)), edited, berlin(awake))
    assert (held.state, held.digest, held.due) == ("queued", True, berlin(due))


def test_high_priority_is_not_held_when_it_is_tried_again_in_quiet_hours() -> None:
    rule = a_rule(priority="high", quiet_from="00:00", quiet_until="23:59")
    delivery = planned(an_alert(), rule)
    assert wanted(delivery, rule, NOW) is delivery


def toll(revision: int, before: str | None, after: str, now: datetime = NOW) -> Alert:
    changes = (Change(part="figures", before=before, after=after),) if before else ()
    alert = an_alert(f"toll {after}", article_id="a", title=f"{after} dead", revision=revision, changes=changes)
    return msgspec.structs.replace(alert, matched=now)


def test_updates_that_come_while_the_first_report_is_held_all_join_it() -> None:
    rule = a_rule(quiet_from="12:00", quiet_until="18:00")
    rows: list[Delivery] = []
    for number, (before, after) in enumerate([(None, "3"), ("3", "5"), ("5", "8")]):
        now = NOW + timedelta(minutes=10 * number)
        rows.append(planned(toll(number, before, after, now), rule, *rows, now=now))
    assert {(row.state, row.due) for row in rows} == {("queued", NOW.replace(hour=18, minute=0))}
    notice = compose(rows)
    assert (notice.title, len(notice.alerts)) == ("rule: 8 dead", 3)


def test_update_after_what_was_held_has_gone_waits_its_hour() -> None:
    rule = a_rule(quiet_from="12:00", quiet_until="13:00")  # and the hour begins when it went
    rows = [planned(toll(0, None, "3"), rule)]
    rows.append(planned(toll(1, "3", "5"), rule, *rows))
    gone = [policy.succeeded(row, None, row.due) for row in rows]
    later = NOW.replace(hour=13, minute=20)
    assert planned(toll(2, "5", "8", later), rule, *gone, now=later).due == NOW.replace(hour=14, minute=0)


@given(st.permutations(range(4)), st.booleans())
def test_message_tells_of_each_article_once_as_it_stands(order: list[int], is_first: bool) -> None:
    reasons = ["match" if is_first else "update", "update", "update", "update"]
    # The version before the first of them said 9.
    told = [toll(n, f"{n - 1}" if n else None if is_first else "9", f"{n}") for n in range(4)]
    notes = [None if is_first else "figures changed: 9 → 0", *(f"figures changed: {n} → {n + 1}" for n in range(3))]
    alerts = [msgspec.structs.replace(told[n], reason=reasons[n], note=notes[n]) for n in range(4)]
    other = planned(an_alert("other"), a_rule())
    rows = [msgspec.structs.replace(other, alert=alerts[n], id=str(n)) for n in order]
    alone, both = compose(rows), compose([*rows, other])
    changed = "" if is_first else " [update: figures changed: 9 → 3]"
    assert alone.title == f"rule: 3 dead{changed}"
    assert (alone.text in both.text, both.text.count("dead")) == (True, 1)
    assert alone.alerts == tuple(row.alert for row in rows)  # who counts them misses none
    assert both.title == "rule: 2 alerts"
    assert alone.id == compose(rows[::-1]).id


def test_withdrawal_in_the_message_that_would_have_told_says_so() -> None:
    rule = a_rule(digest="hourly")
    first = planned(toll(0, None, "3"), rule)
    withdrawn = an_alert("gone", article_id="a", title="3 dead", revision=1, withdrawn=True)
    rows = [first, planned(withdrawn, rule, first)]
    assert compose(rows).title == "rule: 3 dead [update: withdrawn]"


def test_update_is_put_off_until_what_it_updates_was_tried_again() -> None:
    first = policy.postponed(planned(toll(0, None, "3"), a_rule()), "away", 60.0, NOW)
    update = planned(toll(1, "3", "5"), a_rule(), first)
    assert policy.in_order(update, [update, first], NOW).due == first.due
    assert policy.in_order(first, [update, first], NOW) is first
    assert policy.in_order(update, [update, policy.succeeded(first, None, NOW)], NOW) is update
