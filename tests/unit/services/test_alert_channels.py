"""Channels of alerts are tried now and said what they answered; what failed is sent again; webhooks are signed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import NotFoundError, TerminalError, TransientError, UsageError
from pipeline.model import Alert
from pipeline.ports.alerts import DeliveriesPage, DeliveriesRequest, Delivery, Notice
from pipeline.services.alert_import import Entry, NameList, SavedSearch, read_rules
from pipeline.services.alerts import Alerts, Sent, new_rule, signed
from pipeline.services.lists import Lists
from pipeline.services.saved_searches import SavedSearches
from tests.fakes.index import MemoryIndex
from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Channels:
    """Send to what answers, and fail with what does not."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self._error: Exception | None = None

    def label(self, channel: str) -> str:
        return channel.partition("#")[0]

    def check(self, channel: str) -> None:
        return

    def open(self, channel: str) -> Channels:
        errors = {"busy": TransientError("busy"), "closed": TerminalError("a", "notify", "no such mailbox")}
        self._error = errors.get(channel.partition("#")[0])
        return self

    def send(self, notice: Notice) -> str | None:
        if self._error is not None:
            raise self._error
        self.sent.append(notice)
        return "taken"


class Ledger:
    """Hold deliveries, two a page."""

    def __init__(self, *kept: Delivery) -> None:
        self.kept = {each.id: each for each in kept}

    def page(self, request: DeliveriesRequest) -> DeliveriesPage:
        found = [each for each in self.kept.values() if request.rule in (None, each.alert.rule_id)]
        found = [each for each in found if each.id > (request.cursor or "")]
        asked = [each for each in found if each.state in request.states]
        cursor = asked[1].id if len(asked) > 2 else None
        return DeliveriesPage(deliveries=tuple(asked[:2]), cursor=cursor)

    def requeue(self, ids: Sequence[str], now: datetime) -> int:
        anew = [msgspec.structs.replace(self.kept[each], state="queued", due=now, changed=now, attempts=0, error=None)
                for each in ids]  # fmt: skip
        self.kept |= {each.id: each for each in anew}
        return len(anew)


class Desk:
    """Hold the service."""

    def __init__(self, *kept: Delivery) -> None:
        rules, lists, searches = MemoryTable(), MemoryTable(), MemoryTable()
        self.lists = Lists(lists=lists, rules=rules, searches=searches, transaction=nullcontext)
        self.channels, self.ledger = Channels(), Ledger(*kept)
        self.service = Alerts(
            rules=rules, searches=SavedSearches(searches, self.lists.all, rules=rules), lists=self.lists,
            transaction=nullcontext,
            index=MemoryIndex(), deliveries=self.ledger, channels=self.channels, clock=lambda: NOW,  # type: ignore[arg-type]
        )  # fmt: skip


def delivery(number: int, rule: str, **values: object) -> Delivery:
    alert = Alert(id=str(number), rule_id=rule, rule=rule, matched=NOW)
    made = Delivery(id=str(number), channel="mail", alert=alert, state="failed", due=NOW, changed=NOW, attempts=9)
    return msgspec.structs.replace(made, error="no such mailbox", **values)


def test_each_channel_of_an_alert_tells_what_it_answered_to_a_test() -> None:
    desk = Desk()
    desk.service.add(new_rule("war", "putin", NOW, channels=("hook#secret", "busy#secret", "closed#secret")))
    assert desk.service.send_test("war") == [
        Sent(channel="hook", receipt="taken"),
        Sent(channel="busy", error="busy"),
        Sent(channel="closed", error="no such mailbox"),
    ]
    assert [notice.title for notice in desk.channels.sent] == ["war: this is a test"]


def test_alert_without_a_channel_is_tried_on_the_terminal() -> None:
    desk = Desk()
    desk.service.add(new_rule("war", "putin", NOW))
    assert [sent.channel for sent in desk.service.send_test("war")] == ["terminal:"]


@pytest.mark.parametrize(("name", "again"), [(None, "12345"), ("war", "135")])
def test_what_failed_is_queued_again_whole_pages_of_it(name: str | None, again: str) -> None:
    desk = Desk()
    rule = desk.service.add(new_rule("war", "putin", NOW))
    kept = [delivery(n, rule.id if n % 2 else "other") for n in range(1, 6)]
    kept.append(delivery(6, rule.id, state="sent"))
    desk.ledger.kept = {each.id: each for each in kept}
    assert desk.service.resend_failed(name) == len(again)
    queued = [each for each in desk.ledger.kept.values() if each.state == "queued"]
    assert "".join(each.id for each in queued) == again
    assert {(each.attempts, each.error, each.due) for each in queued} == {(0, None, NOW)}


def test_wrong_name_is_told_with_what_may_have_been_meant() -> None:
    desk = Desk()
    with pytest.raises(NotFoundError, match="`newswire alert list` shows them"):
        desk.service.get("war")
    desk.service.add(new_rule("putin", "putin", NOW))
    with pytest.raises(NotFoundError, match="putin"):
        desk.service.get("putni")


def test_webhooks_are_signed_and_nothing_else_is() -> None:
    here = Path("/data")
    channels = ("webhook+https://h.example/#old", "mail:x", "{file='hook'}")
    assert signed(channels, "a b", here) == (
        "webhook+https://h.example/#secret=a%20b", "mail:x", '{file = "/data/hook"}',
    )  # fmt: skip
    assert signed(("mail:x",), None, here) == ("mail:x",)
    with pytest.raises(UsageError, match="--secret-file signs webhooks"):
        signed(("mail:x",), "s", here)


def entries(content: str, name: str = "rules.toml") -> list[Entry]:
    return list(read_rules(content.encode(), name, NOW))


def test_file_of_lists_searches_and_alerts_is_taken_over_in_an_order_that_works() -> None:
    content = """
[[search]]
name = "local"
query = "search:weather AND list:towns"
[[search]]
name = "weather"
query = "flood OR storm"
[[list]]
name = "towns"
names = ["Ravenna"]
[[alert]]
name = "local"
query = "search:local"
channels = [{env = "HOOK"}, {file = "/run/hook"}, "{env='OTHER'}", "mail:x"]
"""
    read = entries(content)
    assert [type(each) for each in read[:3]] == [NameList, SavedSearch, SavedSearch]
    desk = Desk()
    taken = list(desk.service.take_over(read))
    assert [each.refused for each in taken] == [None]
    (rule,) = desk.service.all()
    assert rule.channels == ('{env = "HOOK"}', '{file = "/run/hook"}', '{env = "OTHER"}', "mail:x")
    assert rule.lists == {"towns": ("Ravenna",)}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("alert = [7]", "alert 1 is no table"),
        ('[[alert]]\nname = "a"\nquery = "x"\nchannels = 7', "alert 'a' is left out: "),
        ('[[alert]]\nname = "a"\nquery = "x"\nchannels = [{env = 7}]', "alert 'a' is left out: "),
        ('[[search]]\nname = "a"', "saved search number 1 is left out: "),
        ('[[list]]\nname = "a"\nnames = [7]', "list number 1 is left out: "),
    ],
)
def test_entry_that_is_wrong_is_left_out_with_the_reason(content: str, told: str) -> None:
    (words,) = entries(content)
    assert isinstance(words, str) and words.startswith(f"rules.toml: {told}")


@pytest.mark.parametrize("content", ["a = 1", "alert = 7", "[[alert]"])
def test_toml_without_alerts_is_the_wrong_file(content: str) -> None:
    with pytest.raises(UsageError, match=r"rules\.toml"):
        entries(content)


def test_searches_that_name_each_other_are_refused_and_not_waited_for() -> None:
    read = entries('[[search]]\nname = "a"\nquery = "search:b"\n[[search]]\nname = "b"\nquery = "search:a"\n')
    assert len(read) == 2
    assert all(each.refused for each in Desk().service.take_over(read))


def test_lines_are_read_one_rule_each_and_the_bad_ones_numbered() -> None:
    read = entries("# comment\n\nEntryTitle=flood\nEntryURL=x\n", "filters.txt")
    assert [each if isinstance(each, str) else each.query for each in read if not isinstance(each, NameList)] == [
        'title:"flood"', "filters.txt, line 4: EntryURL has no counterpart in a query.",
    ]  # fmt: skip
