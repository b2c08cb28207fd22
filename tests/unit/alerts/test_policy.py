"""What becomes of an alert: whom it pages, when, with which words, and what follows a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts import policy
from pipeline.alerts.message import compose, group, latency, sentence
from pipeline.alerts.policy import Paged, Seen, start_of_day
from pipeline.model import Alert, AlertRule, Change, Document, Mark, derive_id
from pipeline.ports.alerts import Delivery

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_rule(**options: Any) -> AlertRule:
    values: dict[str, Any] = {"id": "r", "name": "rule", "query": "putin", "created": NOW - 100 * HOUR}
    return AlertRule(**values | options)


def an_alert(name: str = "a", source: str = "bbc", article_id: str | None = None, **article: Any) -> Alert:
    values: dict[str, Any] = {
        "id": article_id or name,
        "source": source,
        "seen": NOW,
        "title": "Title",
        "text": "Text.",
    }
    document = Document(**values | article)
    return Alert(
        id=derive_id(name), rule_id="r", rule="rule", matched=NOW, article=document, subject="story",
        spans=(Mark(text="Text", start=0, end=4),),
    )  # fmt: skip


def planned(
    alert: Alert, rule: AlertRule, *earlier: Delivery, paged: Paged | None = None, now: datetime = NOW
) -> Delivery:
    delivery = policy.plan(alert, rule, "hook", earlier, paged or Paged(), now)
    assert delivery is not None
    return delivery


def sent(alert: Alert) -> Delivery:
    return policy.succeeded(planned(alert, a_rule()), None, NOW)


def test_first_alert_of_a_story_goes_at_once() -> None:
    delivery = planned(an_alert(), a_rule())
    assert (delivery.state, delivery.due, delivery.digest, delivery.alert.reason) == ("queued", NOW, False, "match")


def test_second_article_of_a_story_from_the_same_source_is_withheld() -> None:
    delivery = planned(an_alert("b"), a_rule(), sent(an_alert("a")))
    assert (delivery.state, delivery.error) == ("withheld", "same story")


TAKEN_BACK: dict[str, Any] = {"withdrawn": True, "changes": (Change(part="withdrawn", before="False", after="True"),)}


def test_those_who_were_told_of_an_article_are_told_of_its_withdrawal() -> None:
    delivery = planned(an_alert("b", **TAKEN_BACK), a_rule(), sent(an_alert("a")))
    assert ("queued", "update", "withdrawn") == (delivery.state, delivery.alert.reason, delivery.alert.note)


def test_nobody_else_is_told_of_a_withdrawal() -> None:
    alone = planned(an_alert("b", **TAKEN_BACK), a_rule())
    withheld = planned(an_alert("a"), a_rule(min_origins=2))
    after = planned(an_alert("b", "reuters", **TAKEN_BACK), a_rule(min_origins=2), withheld)
    assert [("withheld", "withdrawn")] * 2 == [(alone.state, alone.error), (after.state, after.error)]


def test_second_source_is_an_update() -> None:
    delivery = planned(an_alert("b", "reuters"), a_rule(), sent(an_alert("a", "bbc")))
    assert (delivery.state, delivery.alert.reason, delivery.alert.note) == (
        "queued",
        "update",
        "2 sources: bbc, reuters",
    )


def test_fourth_source_is_no_update() -> None:
    earlier = [sent(an_alert(name, name)) for name in ("a", "b", "c")]
    assert planned(an_alert("d", "d"), a_rule(), *earlier).error == "same story"


def test_changed_figures_are_an_update_that_says_what_changed() -> None:
    change = Change(part="figures", before="3", after="5")
    delivery = planned(an_alert("b", revision=2, changes=(change,)), a_rule(), sent(an_alert("a")))
    assert (delivery.state, delivery.alert.note) == ("queued", "figures changed: 3 → 5")


def test_figures_that_only_came_are_no_update() -> None:
    change = Change(part="figures", after="5; 12")
    assert planned(an_alert("b", revision=2, changes=(change,)), a_rule(), sent(an_alert("a"))).error == "same story"


def test_changed_quotation_is_no_update_and_a_correction_is() -> None:
    quoted = Change(part="quotations", before="We stay.", after="We go.")
    put_right = Change(part="text", after="Correction: the bridge is in Tarn.")
    states = [
        planned(an_alert("b", revision=2, changes=(change,)), a_rule(), sent(an_alert("a"))).state
        for change in (quoted, put_right)
    ]
    assert ["withheld", "queued"] == states


FIGURES = (Change(part="figures", before="3", after="5"),)


@pytest.mark.parametrize(("minutes", "waits"), [(10, 50), (59, 1), (60, 0)])
def test_update_within_an_hour_of_another_is_put_off_until_it_is_over(minutes: int, waits: int) -> None:
    first = sent(an_alert("a", article_id="x"))
    second = policy.succeeded(planned(an_alert("b", article_id="x", changes=FIGURES), a_rule(), first), None, NOW)
    now = NOW + timedelta(minutes=minutes)
    third = planned(an_alert("c", article_id="x", changes=FIGURES), a_rule(), first, second, now=now)
    fourth = planned(an_alert("d", article_id="x", changes=FIGURES), a_rule(), first, second, third, now=now)
    assert (third.state, third.due, third.digest) == ("queued", now + timedelta(minutes=waits), waits > 0)
    assert not waits or fourth.due == third.due


def test_update_that_was_put_off_waits_for_quiet_hours_and_the_next_digest_too() -> None:
    first = sent(an_alert("a", article_id="x"))
    second = policy.succeeded(planned(an_alert("b", article_id="x", changes=FIGURES), a_rule(), first), None, NOW)
    third = an_alert("c", article_id="x", changes=FIGURES)
    now = NOW + timedelta(minutes=10)
    options: list[dict[str, Any]] = [
        {"quiet_from": "13:00", "quiet_until": "15:00"},
        {"digest": "daily@18:00"},
        {"digest": "hourly"},
        {"priority": "high"},
    ]
    dues = [planned(third, a_rule(**each), first, second, now=now).due.strftime("%H:%M") for each in options]
    assert ["15:00", "18:00", "14:00", "13:30"] == dues


def test_update_that_was_put_off_holds_up_no_other_and_goes_unless_a_newer_version_was_told() -> None:
    put_off = msgspec.structs.replace(
        planned(an_alert("b", article_id="x", revision=2, changes=FIGURES), a_rule(), sent(an_alert("a", "x"))),
        digest=True,
        due=NOW + HOUR,
    )
    told = sent(an_alert("a", article_id="x"))
    gone = planned(an_alert("c", article_id="x", revision=3, withdrawn=True), a_rule(), told, put_off)
    assert (gone.state, policy.in_order(gone, [told, put_off], NOW)) == ("queued", gone)
    assert policy.in_order(put_off, [told, put_off], NOW) is put_off
    late = policy.in_order(put_off, [told, policy.succeeded(gone, None, NOW)], NOW + HOUR)
    assert (late.state, late.error) == ("withheld", policy.OUTDATED)


def test_updates_of_other_articles_do_not_wait_for_one_another() -> None:
    first = sent(an_alert("a", article_id="x"))
    second = policy.succeeded(planned(an_alert("b", article_id="x", changes=FIGURES), a_rule(), first), None, NOW)
    assert planned(an_alert("c", "reuters"), a_rule(), first, second).state == "queued"


def test_copy_is_told_unless_its_original_or_another_copy_was() -> None:
    original, copy, other = (
        an_alert("a", article_id="o"),
        an_alert("b", "echo", article_id="c", duplicate_of="o"),
        an_alert("c", "post", article_id="d", duplicate_of="o"),
    )
    assert planned(copy, a_rule()).state == "queued"
    reason = "copy of an article already told"
    assert [reason, reason] == [planned(copy, a_rule(), sent(before)).error for before in (original, other)]
    assert planned(original, a_rule(), sent(copy)).error == "told already by a copy of it"
    withheld = planned(original, a_rule(paused=True))
    assert planned(copy, a_rule(), withheld).state == "queued"


def test_correction_of_the_copy_that_was_told_is_an_update() -> None:
    copy = sent(an_alert("a", "echo", article_id="c", duplicate_of="o"))
    revised = an_alert("b", "echo", article_id="c", duplicate_of="o", changes=FIGURES)
    assert planned(revised, a_rule(), copy).alert.reason == "update"


def test_copies_are_no_further_origins() -> None:
    rule = a_rule(min_origins=2)
    withheld = planned(an_alert("a", "wire", article_id="o"), rule)
    copy = planned(an_alert("b", "echo", article_id="c", duplicate_of="o"), rule, withheld)
    report = planned(an_alert("c", "post", article_id="p"), rule, withheld, copy)
    assert ("1 of 2 sources", "queued") == (copy.error, report.state)


@pytest.mark.parametrize(
    ("article", "reason"),
    [
        ({"history": True}, "older than the subscription to its feed"),
        ({"published": NOW - 49 * HOUR}, "older than 2 days when it came"),
        ({"published": NOW - 48 * HOUR}, None),
        ({"published": NOW - 99 * HOUR, "seen": NOW - 98 * HOUR}, None),
        ({"published": None}, None),
        ({"published": NOW + 99 * HOUR}, None),
    ],
)
def test_what_was_old_when_it_came_is_told_when_asked_for_only(article: dict[str, Any], reason: str | None) -> None:
    assert planned(an_alert(**article), a_rule()).error == reason
    asked = policy.plan(an_alert(**article), a_rule(), "hook", (), Paged(), NOW, policy.Limits(history=True))
    assert asked is not None and asked.state == "queued"


def test_what_was_told_is_updated_however_old_it_was() -> None:
    first = sent(an_alert("a", article_id="x"))
    assert planned(an_alert("b", article_id="x", history=True, changes=FIGURES), a_rule(), first).state == "queued"


def test_every_alert_of_an_article_that_is_withheld_has_one_row() -> None:
    revised = an_alert("b", article_id="x", changes=FIGURES)
    rows = [planned(alert, a_rule(paused=True)) for alert in (an_alert("a", article_id="x"), revised)]
    assert 1 == len({row.id for row in rows})
    assert rows[0].id != planned(an_alert("c", article_id="y"), a_rule(paused=True)).id


def test_rule_without_a_cap_has_the_usual_one_and_says_how_many_more() -> None:
    tenth, eleventh = (planned(an_alert(), a_rule(), paged=Paged(hour=count)) for count in (9, 10))
    assert (NOW, datetime(2026, 11, 23, 13, tzinfo=UTC)) == (tenth.due, eleventh.due)
    over = [planned(an_alert(name), a_rule(), paged=Paged(hour=10)) for name in "abc"]
    (message,) = group(over)
    assert "rule: 3 more" == compose(message).title
    unlimited = policy.Limits(cap_per_hour=0)
    delivery = policy.plan(an_alert(), a_rule(), "hook", (), Paged(hour=99), NOW, unlimited)
    assert delivery is not None and delivery.due == NOW


def test_digest_by_the_clock_is_one_message_in_the_rule_s_zone() -> None:
    rule = a_rule(digest="daily@08:00", time_zone="Asia/Tokyo")
    planned_ones = [planned(an_alert(name), rule, paged=Paged(hour=50)) for name in "abc"]
    assert {datetime(2026, 11, 23, 23, tzinfo=UTC)} == {each.due for each in planned_ones}
    (message,) = group(planned_ones)
    assert "rule: 3 alerts" == compose(message).title


def test_changed_wording_is_no_update() -> None:
    change = Change(part="text", before="said", after="says")
    delivery = planned(an_alert("b", changes=(change,)), a_rule(), sent(an_alert("a")))
    assert delivery.state == "withheld"


def test_redelivered_alert_is_planned_the_same() -> None:
    first = planned(an_alert(), a_rule())
    assert planned(an_alert(), a_rule(), first) == first


def test_rule_waits_for_its_sources() -> None:
    rule = a_rule(min_origins=2)
    first = planned(an_alert("a", "bbc"), rule)
    second = planned(an_alert("b", "reuters"), rule, first)
    assert (first.state, first.error) == ("withheld", "1 of 2 sources")
    assert (second.state, second.alert.reason, second.alert.note) == ("queued", "match", "2 sources: bbc, reuters")


def test_copies_are_no_publishers_to_wait_for() -> None:
    rule = a_rule(min_origins=2)
    first = planned(an_alert("a", "bbc"), rule)
    copy = planned(an_alert("b", "reuters", duplicate_of="a"), rule, first)
    assert (copy.state, copy.error) == ("withheld", "1 of 2 sources")


def test_publishers_that_the_rule_did_not_match_count_too() -> None:
    delivery = planned(an_alert("a", "bbc", origins=2), a_rule(min_origins=2))
    assert (delivery.state, delivery.alert.note) == ("queued", "2 sources: bbc")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"paused": True}, "paused"),
        ({"expires": NOW}, "expired"),
        ({"snoozed_until": NOW + HOUR}, "snoozed"),
    ],
)
def test_silenced_rule_pages_nobody_and_says_why(options: dict[str, Any], reason: str) -> None:
    delivery = planned(an_alert(), a_rule(**options))
    assert (delivery.state, delivery.error) == ("withheld", reason)


def test_snooze_ends() -> None:
    assert planned(an_alert(), a_rule(snoozed_until=NOW)).state == "queued"


def test_backfill_pages_nobody() -> None:
    assert policy.plan(an_alert(backfill=True), a_rule(), "hook", (), Paged(), NOW) is None


def test_digest_waits_for_its_hour() -> None:
    delivery = planned(an_alert(), a_rule(digest_s=3600))
    assert (delivery.due, delivery.digest) == (datetime(2026, 11, 23, 13, tzinfo=UTC), True)


def test_daily_digest_comes_at_the_reader_s_midnight() -> None:
    delivery = planned(an_alert(), a_rule(digest_s=86_400, time_zone="America/New_York"))
    assert delivery.due == datetime(2026, 11, 24, 5, tzinfo=UTC)


def test_alert_over_the_cap_waits_for_the_next_hour() -> None:
    delivery = planned(an_alert(), a_rule(cap_per_hour=3), paged=Paged(hour=3))
    assert (delivery.due, delivery.digest) == (datetime(2026, 11, 23, 13, tzinfo=UTC), True)


def test_alert_within_the_cap_goes_at_once() -> None:
    assert planned(an_alert(), a_rule(cap_per_hour=3, cap_per_day=9), paged=Paged(hour=2, day=8)).due == NOW


def test_alert_over_the_daily_cap_waits_for_the_next_day() -> None:
    delivery = planned(an_alert(), a_rule(cap_per_day=3, time_zone="Asia/Tokyo"), paged=Paged(day=3))
    assert delivery.due == datetime(2026, 11, 23, 15, tzinfo=UTC)


def test_quiet_hours_over_midnight_hold_until_morning() -> None:
    rule = a_rule(quiet_from="22:00", quiet_until="07:00", time_zone="Europe/Berlin")
    late = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)
    assert planned(an_alert(), rule, now=late).due == datetime(2026, 11, 24, 6, tzinfo=UTC)
    assert planned(an_alert(), rule, now=NOW).due == NOW


def test_quiet_hours_end_by_the_wall_clock_when_the_clocks_change() -> None:
    rule = a_rule(quiet_from="22:00", quiet_until="07:00", time_zone="Europe/Berlin")
    night_of_change = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert planned(an_alert(), rule, now=night_of_change).due == datetime(2026, 3, 29, 5, tzinfo=UTC)


def test_digest_that_falls_into_quiet_hours_waits_for_their_end() -> None:
    rule = a_rule(digest_s=3600, quiet_from="13:00", quiet_until="15:00")
    assert planned(an_alert(), rule).due == datetime(2026, 11, 23, 15, tzinfo=UTC)


def test_high_priority_passes_quiet_hours_digests_and_caps() -> None:
    rule = a_rule(priority="high", digest_s=3600, cap_per_hour=1, quiet_from="00:00", quiet_until="23:59")
    assert planned(an_alert(), rule, paged=Paged(hour=5)).due == NOW


@given(
    st.integers(1_577_000_000, 1_900_000_000).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]),
    st.times(),
    st.times(),
    st.integers(0, 200_000),
)
def test_due_is_never_past_nor_in_quiet_hours_nor_days_away(
    now: datetime, zone: str, begin: Any, end: Any, digest_s: int
) -> None:
    if begin.replace(second=0, microsecond=0) == end.replace(second=0, microsecond=0):
        return
    hours = {"quiet_from": f"{begin:%H:%M}", "quiet_until": f"{end:%H:%M}", "time_zone": zone}
    due = planned(an_alert(), a_rule(digest_s=digest_s, **hours), now=now).due
    again = planned(an_alert(), a_rule(**hours), now=due).due
    assert now <= due <= now + timedelta(seconds=digest_s) + 2 * timedelta(days=1)
    assert again == due


def test_silence_is_told_once_per_silence() -> None:
    rule = a_rule(kind="silence", window_s=3 * 86_400)
    first = policy.watch(rule, Seen(recent=0, earlier=0, newest="x"), NOW)
    later = policy.watch(rule, Seen(recent=0, earlier=0, newest="x"), NOW + HOUR)
    after_another = policy.watch(rule, Seen(recent=0, earlier=0, newest="y"), NOW + 99 * HOUR)
    assert first is not None
    assert later is not None
    assert after_another is not None
    assert (first.note, first.reason, first.id == later.id, first.id == after_another.id) == (
        "nothing for 3 days", "silence", True, False,
    )  # fmt: skip


def test_new_silence_rule_waits_its_window() -> None:
    rule = a_rule(kind="silence", window_s=86_400, created=NOW - HOUR)
    assert policy.watch(rule, Seen(recent=0, earlier=0), NOW) is None


def test_silence_is_broken_by_one_article() -> None:
    assert policy.watch(a_rule(kind="silence", window_s=3600), Seen(recent=1, earlier=0), NOW) is None


@pytest.mark.parametrize(
    ("recent", "earlier", "told"), [(50, 140, True), (49, 140, False), (4, 0, False), (5, 0, True)]
)
def test_surge_is_so_many_times_the_usual(recent: int, earlier: int, told: bool) -> None:
    alert = policy.watch(a_rule(kind="surge", times=5.0), Seen(recent=recent, earlier=earlier), NOW)
    assert (alert is not None) is told


def test_surge_is_told_once_per_window() -> None:
    rule = a_rule(kind="surge", window_s=3600)
    alerts = [policy.watch(rule, Seen(recent=50, earlier=0), NOW + wait) for wait in (HOUR / 4, HOUR / 3, HOUR)]
    assert [alert.id == alerts[0].id for alert in alerts if alert and alerts[0]] == [True, True, False]


def test_digests_of_a_rule_share_a_message_and_others_go_alone() -> None:
    digest = [msgspec.structs.replace(planned(an_alert(name), a_rule()), digest=True) for name in "ab"]
    alone = [planned(an_alert(name), a_rule()) for name in "cd"]
    assert [len(message) for message in group([*digest, *alone])] == [2, 1, 1]


def test_message_names_rule_words_sentence_source_and_address() -> None:
    alert = msgspec.structs.replace(
        an_alert(text="First one. Putin spoke here.", url="http://example.org/x", published=NOW),
        spans=(Mark(text="Putin", start=11, end=16),),
    )
    notice = compose([planned(alert, a_rule())])
    assert notice.title == "rule: Title"
    assert notice.text.splitlines() == [
        "Putin spoke here.", "Matched: Putin", "bbc, 2026-11-23 12:30 UTC", "http://example.org/x",
    ]  # fmt: skip


def test_sentence_is_the_one_with_most_of_the_words() -> None:
    text = "Putin spoke. The council met. Putin addressed the council. Putin left."
    wanted = (("Putin", 0), ("council", 0), ("Putin", 20), ("council", 40))
    at = [(word, text.index(word, start)) for word, start in wanted]
    spans = tuple(Mark(text=word, start=start, end=start + len(word)) for word, start in at)
    assert sentence(msgspec.structs.replace(an_alert(text=text), spans=spans)) == "Putin addressed the council."


def test_digest_has_the_same_key_in_any_order() -> None:
    deliveries = [planned(an_alert(name), a_rule()) for name in "abc"]
    assert compose(deliveries).id == compose(deliveries[::-1]).id
    assert compose(deliveries).title == "rule: 3 alerts"


def test_message_without_an_article_says_what_happened() -> None:
    alarm = Alert(
        id="x", rule_id="r", rule="rule", matched=NOW, subject="x", reason="silence", note="nothing for 3 days"
    )
    notice = compose([planned(alarm, a_rule())])
    assert (notice.title, notice.text) == ("rule: nothing for 3 days", "nothing for 3 days")


def test_waits_grow_to_a_limit_and_end() -> None:
    delivery, waits = planned(an_alert(), a_rule()), []
    while delivery.state == "queued":
        delivery = policy.postponed(delivery, "HTTP 503", 0.0, NOW)
        waits.append((delivery.due - NOW).total_seconds())
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(waits) == policy.LONGEST_RETRY_S
    assert 80_000 < sum(waits) < 90_000
    assert (delivery.state, delivery.error) == ("failed", "HTTP 503; given up after 150 attempts")


def test_receiver_s_wish_is_respected() -> None:
    delivery = policy.postponed(planned(an_alert(), a_rule()), "HTTP 429", 30.0, NOW)
    assert delivery.due == NOW + timedelta(seconds=30)


def test_latency_names_each_part_of_the_way() -> None:
    alert = an_alert(published=NOW - HOUR, seen=NOW - timedelta(seconds=2))
    delivery = policy.succeeded(planned(alert, a_rule()), "HTTP 200", NOW + timedelta(seconds=1))
    assert latency(delivery) == {"published_to_seen": 3598.0, "seen_to_matched": 2.0, "matched_to_sent": 1.0}


@pytest.mark.parametrize(
    ("zone", "now", "start"),
    [
        ("Europe/Berlin", "2026-10-25T20:00:00+00:00", "2026-10-24T22:00:00+00:00"),
        # Midnight comes twice, and once not at all.
        ("America/Havana", "2026-11-01T05:30:00+00:00", "2026-11-01T04:00:00+00:00"),
        ("Africa/Cairo", "2026-04-24T08:00:00+00:00", "2026-04-23T22:00:00+00:00"),
    ],
)
def test_day_of_a_cap_begins_when_the_zone_says(zone: str, now: str, start: str) -> None:
    rule = a_rule(time_zone=zone)
    assert start_of_day(rule, datetime.fromisoformat(now)) == datetime.fromisoformat(start)
