"""The promises of the Ledger port, kept by every adapter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.errors import UsageError
from pipeline.model import Alert, Document, derive_id
from pipeline.ports.alerts import COUNTED, About, DeliveriesRequest, Delivery, Earlier, Ledger, Tally

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LATER = NOW + 60 * SECOND


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "sqlite":
        with Database(":memory:") as database:
            yield SqliteLedger(database)
        return
    from pipeline.adapters.elasticsearch.ledger import ElasticsearchLedger

    url, prefix = request.getfixturevalue("elasticsearch_url"), request.getfixturevalue("elasticsearch_prefix")
    yield ElasticsearchLedger(url, prefix=prefix)


def delivery(name: str, channel: str = "hook", rule: str = "rule", subject: str = "story") -> Delivery:
    article = Document(id=f"article {name}", source="bbc", seen=NOW, title="Ünïcode – title", text="Body.")
    told = Alert(id=derive_id(name), rule_id=f"id of {rule}", rule=rule, matched=NOW, article=article, subject=subject)
    return Delivery(id=derive_id(name, channel), channel=channel, alert=told, state="queued", due=NOW, changed=NOW)


def test_entered_delivery_is_read_back_unchanged(ledger: Ledger) -> None:
    entered = msgspec.structs.replace(
        delivery("a"), priority="high", digest=True, error="x", attempts=3, receipt="HTTP 204"
    )
    ledger.enter([entered])
    assert [entered] == list(ledger.entries(10))


def test_delivery_is_entered_once(ledger: Ledger) -> None:
    assert ledger.enter([delivery("a"), delivery("b")]) == 2
    assert ledger.enter([delivery("a"), delivery("c")]) == 1
    assert len(ledger.entries(10)) == 3


def test_entering_again_does_not_reopen_what_was_sent(ledger: Ledger) -> None:
    ledger.enter([delivery("a")])
    ledger.mark([msgspec.structs.replace(delivery("a"), state="sent")])
    ledger.enter([delivery("a")])
    assert ledger.claim("hook", NOW, LATER, 10) == []


def test_entering_nothing_is_nothing(ledger: Ledger) -> None:
    assert ledger.enter([]) == 0


def test_waiting_names_the_channels_with_due_deliveries(ledger: Ledger) -> None:
    late = msgspec.structs.replace(delivery("c", "later"), due=LATER)
    silent = msgspec.structs.replace(delivery("d", "silent"), state="withheld")
    ledger.enter([delivery("a", "one"), delivery("b", "two"), late, silent])
    assert sorted(ledger.waiting(NOW)) == ["one", "two"]


def test_claim_gives_a_channel_its_own_earliest_first(ledger: Ledger) -> None:
    second = msgspec.structs.replace(delivery("b"), due=NOW + SECOND)
    ledger.enter([second, delivery("a"), delivery("c", "other")])
    assert [each.id for each in ledger.claim("hook", LATER, LATER + SECOND, 10)] == [delivery("a").id, second.id]


def test_claimed_delivery_is_not_given_out_again_before_its_claim_ends(ledger: Ledger) -> None:
    ledger.enter([delivery("a")])
    assert len(ledger.claim("hook", NOW, LATER, 10)) == 1
    assert ledger.claim("hook", NOW + SECOND, LATER, 10) == []
    assert list(ledger.waiting(NOW + SECOND)) == []
    assert [delivery("a")] == list(ledger.claim("hook", LATER, LATER + SECOND, 10))


@pytest.mark.elasticsearch
def test_what_notifiers_enter_between_claims_each_is_given_once_in_order(
    elasticsearch_url: str, elasticsearch_prefix: str
) -> None:
    from pipeline.adapters.elasticsearch.ledger import ElasticsearchLedger

    one, two = (ElasticsearchLedger(elasticsearch_url, prefix=elasticsearch_prefix) for _ in range(2))
    given: list[str] = []
    for number in range(4):  # each is clear of what was due, and claims what it enters without asking
        for own, other in ((one, two), (two, one)):
            late = msgspec.structs.replace(delivery(f"late {number}"), due=NOW + SECOND)
            far = msgspec.structs.replace(delivery(f"far {number}", "far"), due=LATER)
            own.enter([late, delivery(f"first {number}"), delivery(f"first {number}"), far])
            given += [each.id for each in own.claim("hook", NOW + SECOND, LATER, 10)]
            assert [] == other.claim("hook", NOW + SECOND, LATER, 10)
            assert [] == own.claim("far", NOW + SECOND, LATER, 10)
    ours = [delivery(f"{when} {number}").id for number in range(4) for when in ("first", "late")]
    assert (ours, 4) == (given, len(one.claim("far", LATER, LATER + SECOND, 10)))
    one.enter([delivery("a")])
    assert ["hook"] == [each for each in two.waiting(LATER - SECOND) if each == "hook"]
    assert [delivery("a")] == list(two.claim("hook", LATER - SECOND, LATER, 10))
    assert [] == one.claim("hook", LATER - SECOND, LATER, 10)


def test_claim_takes_no_more_than_asked_for(ledger: Ledger) -> None:
    ledger.enter([delivery(str(number)) for number in range(5)])
    assert len(ledger.claim("hook", NOW, LATER, 2)) == 2
    assert len(ledger.claim("hook", NOW, LATER, 10)) == 3


def test_marked_delivery_shows_its_new_state(ledger: Ledger) -> None:
    ledger.enter([delivery("a")])
    (claimed,) = ledger.claim("hook", NOW, LATER, 1)
    sent = msgspec.structs.replace(claimed, state="sent", attempts=1, changed=LATER, receipt="HTTP 200")
    ledger.mark([sent])
    assert [sent] == list(ledger.entries(10))
    assert list(ledger.waiting(LATER)) == []


def test_postponed_delivery_comes_again_at_its_new_time(ledger: Ledger) -> None:
    ledger.enter([delivery("a")])
    (claimed,) = ledger.claim("hook", NOW, LATER, 1)
    ledger.mark([msgspec.structs.replace(claimed, due=NOW + 5 * SECOND, attempts=1, error="HTTP 503")])
    assert ledger.claim("hook", NOW + 4 * SECOND, LATER, 1) == []
    (again,) = ledger.claim("hook", NOW + 5 * SECOND, LATER, 1)
    assert (again.attempts, again.error) == (1, "HTTP 503")


def test_failed_delivery_is_queued_anew_once_however_many_ask(ledger: Ledger) -> None:
    states = {"a": "failed", "b": "sent", "c": "queued", "d": "withheld"}
    ledger.enter([delivery(name) for name in states])
    ledger.mark([msgspec.structs.replace(delivery(name), state=state, attempts=3, error="x", digest=name == "a")
                 for name, state in states.items()])  # fmt: skip
    ids = [delivery(name).id for name in states]
    assert [ledger.requeue(ids, LATER), ledger.requeue(ids, LATER), ledger.requeue([], LATER)] == [1, 0, 0]
    known = {each.id: each for each in ledger.entries(10)}
    again = known[delivery("a").id]
    assert (again.state, again.due, again.changed, again.attempts, again.error) == ("queued", LATER, LATER, 0, None)
    assert [known[delivery(name).id].state for name in "bcd"] == ["sent", "queued", "withheld"]
    assert len(ledger.claim("hook", LATER, LATER + SECOND, 10)) == 2


def test_delivery_that_is_queued_anew_stays_with_who_sends_it_then(ledger: Ledger) -> None:
    ledger.enter([delivery("a")])
    ledger.mark([msgspec.structs.replace(delivery("a"), state="failed")])
    ledger.requeue([delivery("a").id], NOW)
    assert len(ledger.claim("hook", NOW, LATER, 10)) == 1
    ledger.requeue([delivery("a").id], NOW)
    assert ledger.claim("hook", NOW + SECOND, LATER, 10) == []


def test_entries_are_newest_first_and_by_rule_and_subject(ledger: Ledger) -> None:
    ledger.enter([delivery("a", rule="x", subject="s"), delivery("b", rule="y")])
    ledger.enter([delivery("c", rule="x", subject="t")])
    assert [each.alert.id for each in ledger.entries(2)] == [derive_id("c"), derive_id("b")]
    assert [each.alert.id for each in ledger.entries(10, rule="x")] == [derive_id("c"), derive_id("a")]
    assert [each.alert.id for each in ledger.entries(10, rule="id of x", subjects=["s"])] == [derive_id("a")]
    both = ledger.entries(10, subjects=["s", "t", "u"])
    assert [each.alert.id for each in both] == [derive_id("c"), derive_id("a")]


def test_what_is_put_off_into_a_digest_stays_in_it(ledger: Ledger) -> None:
    alone = [delivery(name) for name in "ab"]
    ledger.enter(alone)
    ledger.mark([msgspec.structs.replace(each, digest=True, due=LATER) for each in alone])
    assert [each.digest for each in ledger.claim("hook", LATER, LATER + SECOND, 10)] == [True, True]
    assert ledger.paged("id of rule", "hook", NOW) == 1


def test_paged_counts_messages_of_a_rule_to_a_channel_since_a_moment(ledger: Ledger) -> None:
    old = msgspec.structs.replace(delivery("old"), due=NOW - SECOND)
    withheld = msgspec.structs.replace(delivery("withheld"), state="withheld")
    sent = msgspec.structs.replace(delivery("sent"), state="sent")
    digest = [msgspec.structs.replace(delivery(f"d{n}"), digest=True, due=LATER) for n in range(3)]
    ledger.enter([old, withheld, sent, delivery("b"), delivery("e", "other"), delivery("f", rule="z"), *digest])
    assert ledger.paged("id of rule", "hook", NOW) == 3


def test_two_claimants_share_without_overlap(ledger: Ledger) -> None:
    ledger.enter([delivery(str(number)) for number in range(60)])
    given: list[str] = []

    def take() -> None:
        for _ in range(20):
            given.extend(each.id for each in ledger.claim("hook", NOW, LATER, 5))

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(given), len(set(given))) == (60, 60)


def test_pruning_forgets_what_is_old_and_done_with(ledger: Ledger) -> None:
    old = NOW - timedelta(days=400)
    states = {"sent": old, "withheld": old, "failed": old, "queued": old, "recent": NOW}
    ledger.enter(
        [
            msgspec.structs.replace(delivery(name), state="sent" if name == "recent" else name, due=due)
            for name, due in states.items()
        ]
    )
    assert ledger.prune(NOW - timedelta(days=365)) == 3
    assert {derive_id(name) for name in ("queued", "recent")} == {entry.alert.id for entry in ledger.entries(10)}
    assert ledger.prune(NOW - timedelta(days=365)) == 0


def page_through(ledger: Ledger, limit: int, **asked: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = ledger.page(DeliveriesRequest(limit=limit, cursor=cursor, **asked))
        assert len(page.deliveries) <= limit
        found += [each.id for each in page.deliveries]
        cursor = page.cursor
        if cursor is None:
            return found


def test_pages_of_deliveries_join_newest_first(ledger: Ledger) -> None:
    entered = [delivery(str(number)) for number in range(25)]
    for start in range(0, 25, 5):
        ledger.enter(entered[start : start + 5])
    newest_first = [each.id for each in reversed(entered)]
    assert page_through(ledger, 7) == page_through(ledger, 25) == page_through(ledger, 1_000) == newest_first


def test_deliveries_of_some_states_are_found_behind_any_number_of_others(ledger: Ledger) -> None:
    sent = [msgspec.structs.replace(delivery(f"sent {n}", rule="x"), state="sent") for n in range(3)]
    failed = msgspec.structs.replace(delivery("failed", rule="y"), state="failed")
    ledger.enter([*sent, failed])
    ledger.enter([msgspec.structs.replace(delivery(str(n), rule="x"), state="withheld") for n in range(120)])
    assert page_through(ledger, 2, states=("sent",)) == [each.id for each in reversed(sent)]
    assert page_through(ledger, 2, states=("sent", "failed")) == [failed.id, *(each.id for each in reversed(sent))]
    assert page_through(ledger, 50, states=("failed",), rule="x") == []
    assert page_through(ledger, 50, states=("failed",), rule="id of y") == [failed.id]


def test_foreign_cursor_of_deliveries_is_refused(ledger: Ledger) -> None:
    ledger.enter([delivery("a")])
    for cursor in ("x", "%%%", "-1", "💥", "", "7b7d"):
        with pytest.raises(UsageError):
            ledger.page(DeliveriesRequest(cursor=cursor))


def test_earlier_deliveries_are_known_however_many_came_after(ledger: Ledger) -> None:
    first = delivery("first", subject="old")
    withheld = msgspec.structs.replace(delivery("second", subject="quiet"), state="withheld")
    ledger.enter([first, withheld])
    ledger.enter([msgspec.structs.replace(delivery(str(n)), state="withheld") for n in range(1_200)])
    asked = [
        About(rule_id="id of rule", channel=channel, subject=subject)
        for channel, subject in (("hook", "old"), ("hook", "quiet"), ("other", "old"), ("hook", "unknown"))
    ]
    bbc = frozenset({"bbc"})
    assert list(ledger.earlier(asked)) == [
        Earlier(delivered=True, sources=bbc),
        Earlier(delivered=False, sources=bbc),
        Earlier(),
        Earlier(),
    ]
    assert list(ledger.earlier([])) == []


def test_earlier_deliveries_name_every_source_once(ledger: Ledger) -> None:
    def from_source(number: int, source: str) -> Delivery:
        made = delivery(str(number))
        assert made.alert.article is not None
        article = msgspec.structs.replace(made.alert.article, source=source)
        return msgspec.structs.replace(made, alert=msgspec.structs.replace(made.alert, article=article))

    alarm = delivery("alarm")
    alarm = msgspec.structs.replace(alarm, alert=msgspec.structs.replace(alarm.alert, article=None))
    ledger.enter([alarm, *(from_source(n, f"source {n % 40}") for n in range(200))])
    (found,) = ledger.earlier([About(rule_id="id of rule", channel="hook", subject="story")])
    assert found == Earlier(delivered=True, sources=frozenset(f"source {n}" for n in range(40)))


def test_tallies_count_by_rule_and_state_after_a_moment(ledger: Ledger) -> None:
    held = [msgspec.structs.replace(delivery(name), state="withheld") for name in "cd"]
    ledger.enter([delivery("a"), delivery("b"), *held, delivery("x", rule="other")])
    ledger.mark([msgspec.structs.replace(delivery("a"), state="sent")])
    ledger.mark([msgspec.structs.replace(delivery("b"), state="failed")])
    found = ledger.tallies(NOW - timedelta(days=7))
    assert {"id of rule": Tally(sent=1, failed=1, withheld=2), "id of other": Tally(queued=1)} == found


def test_row_that_counts_stands_for_as_many(ledger: Ledger) -> None:
    counted = msgspec.structs.replace(delivery("n", subject=f"{COUNTED}rule 2026-11-23"), state="withheld", attempts=3)
    ledger.enter([counted, msgspec.structs.replace(delivery("a"), state="withheld")])
    ledger.mark([msgspec.structs.replace(counted, attempts=41)])
    assert {"id of rule": Tally(withheld=42)} == ledger.tallies(NOW - timedelta(days=1))


def test_withheld_rows_are_forgotten_by_age_some_at_a_time(ledger: Ledger) -> None:
    ages = {"a": 20, "b": 19, "c": 18, "d": 1}
    rows = [
        msgspec.structs.replace(delivery(name), state="withheld", due=NOW - timedelta(days=age))
        for name, age in ages.items()
    ]
    sent = msgspec.structs.replace(delivery("s"), due=NOW - timedelta(days=30))
    ledger.enter([*rows, sent])
    before = NOW - timedelta(days=14)
    assert [2, 1, 0] == [ledger.prune_withheld(before, 2) for _ in range(3)]
    assert {delivery("d").id, sent.id} == {each.id for each in ledger.entries(10)}
