"""Two who change the same at once: both changes hold, and nothing that one removed is brought back by the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.opml import Outline
from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription
from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.services.access import Access
from pipeline.services.alerts import Alerts
from pipeline.services.feed_settings import FeedOptions
from pipeline.services.feeds import Feeds
from pipeline.services.lists import Lists
from pipeline.services.saved_searches import SavedSearches
from tests.fakes.index import MemoryIndex
from tests.fakes.turns import SharedTable, Turns

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
URL, OTHER = "https://wire.example/feed", "https://other.example/feed"
# More than any command reads.
READS = 40


class Channels:
    """Know every channel, after a while in which others may act."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def label(self, channel: str) -> str:
        return channel

    def check(self, channel: str) -> None:
        self._turns.was_read()


class Desk:
    """Hold commands over shared tables."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.feed_table, self.polls, self.rules = (SharedTable(self.turns) for _ in range(3))
        lists, searches = SharedTable(self.turns), SharedTable(self.turns)
        self.feeds = Feeds(
            feeds=self.feed_table, polls=self.polls, pushes=SharedTable(self.turns), transaction=self.turns,
            clock=lambda: NOW, forget=lambda url: None, check_full_text=lambda: None,
        )  # fmt: skip
        self.lists = Lists(lists=lists, rules=self.rules, searches=searches, transaction=self.turns)
        self.searches = SavedSearches(searches, self.lists.all, rules=self.rules, transaction=self.turns)
        self.alerts = Alerts(
            rules=self.rules, searches=self.searches, lists=self.lists, index=MemoryIndex(),
            deliveries=cast(Any, None), channels=cast(Any, Channels(self.turns)), clock=lambda: NOW,
            transaction=self.turns,
        )  # fmt: skip
        self.feeds.subscribe(URL, FeedOptions(tags=("a", "b")))
        self.feeds.subscribe(OTHER)
        poll = Poll(next_check=NOW + timedelta(hours=5), last_check=NOW, etag='"1"')
        self.polls.put(URL, msgspec.json.encode(poll))
        self.lists.add("firms", ["Acme"])
        self.searches.keep("mine", "list:firms")
        self.alerts.add(rule("kept", "search:mine"))
        self.alerts.add(rule("other", "gas"))

    def holds(self) -> dict[str, Any]:
        """Return what is kept."""
        feeds = {feed.url: feed for feed in self.feeds.all()}
        return {
            "feeds": feeds,
            "polls": {url: self.feeds.poll_of(url) for url in feeds},
            "lists": self.lists.all(),
            "searches": self.searches.all(),
            "alerts": [msgspec.structs.replace(each, id="") for each in self.alerts.all()],
        }


def rule(name: str, query: str) -> AlertRule:
    return AlertRule(id=f"id of {name} {query}", name=name, query=query, created=NOW, channels=("hook",))


COMMANDS: dict[str, Callable[[Desk], object]] = {
    "follow": lambda desk: desk.feeds.subscribe(URL, FeedOptions(language="uk")),
    "edit": lambda desk: desk.feeds.edit(URL, FeedOptions(interval=600)),
    "title": lambda desk: desk.feeds.edit(URL, FeedOptions(title="Wire")),
    "tag": lambda desk: desk.feeds.retag(URL, lambda tags: (*tags, "c")),
    "untag": lambda desk: desk.feeds.retag(URL, lambda tags: tuple(tag for tag in tags if tag != "a")),
    "pause": lambda desk: desk.feeds.pause(URL),
    "remove": lambda desk: desk.feeds.remove(URL),
    "refresh": lambda desk: desk.feeds.refresh(),
    "import": lambda desk: desk.feeds.take_over([Outline(URL, "Listed", ()), Outline(OTHER, None, ("x",))]),
    "list": lambda desk: desk.lists.edit("firms", add=["Globex"]),
    "unlist": lambda desk: desk.lists.edit("firms", add=["Initech"], remove=["Acme"]),
    "drop list": lambda desk: desk.lists.remove("firms"),
    "new list": lambda desk: desk.lists.add("towns", ["Kyiv"]),
    "search": lambda desk: desk.searches.keep("mine", "list:firms OR oil"),
    "drop search": lambda desk: desk.searches.forget("mine"),
    "alert": lambda desk: desk.alerts.edit("kept", {"cap_per_hour": 3}),
    "query": lambda desk: desk.alerts.edit("kept", {"query": "list:firms coal"}),
    "rename": lambda desk: desk.alerts.edit("other", {"name": "kept too"}),
    "new alert": lambda desk: desk.alerts.add(rule("kept too", "list:firms")),
    "in place": lambda desk: desk.alerts.add(rule("kept", "steel"), replace=True),
    "pause alert": lambda desk: desk.alerts.pause("kept"),
    "snooze": lambda desk: desk.alerts.snooze("other", 60),
    "drop alert": lambda desk: desk.alerts.remove("kept"),
    "import alerts": lambda desk: list(desk.alerts.take_over([rule("other", "oil"), rule("third", "wheat")])),
}


def done(desk: Desk, name: str) -> None:
    with suppress(UsageError):
        COMMANDS[name](desk)


@given(st.sampled_from(sorted(COMMANDS)), st.sampled_from(sorted(COMMANDS)), st.integers(0, READS))
def test_two_commands_at_once_come_out_as_one_after_the_other(one: str, two: str, skip: int) -> None:
    wanted = []
    for order in ((one, two), (two, one)):
        desk = Desk()
        for name in order:
            done(desk, name)
        wanted.append(desk.holds())
    desk = Desk()
    desk.turns.admit(lambda: done(desk, two), skip)
    done(desk, one)
    desk.turns.settle()
    assert desk.holds() in wanted


def test_alert_kept_twice_at_once_is_one_alert() -> None:
    desk = Desk()
    refused: list[str] = []

    def again() -> None:
        with pytest.raises(UsageError, match="already"):
            desk.alerts.add(rule("new", "gas again"))
        refused.append("new")

    with suppress(UsageError):
        desk.turns.admit(lambda: desk.alerts.add(rule("new", "gas")), skip=2)
        desk.alerts.add(rule("new", "oil"))
    again()
    names = [msgspec.json.decode(value, type=AlertRule).name for value in desk.rules.values.values()]
    assert names.count("new") == 1 and refused == ["new"]


def test_alert_removed_while_the_hosts_of_its_channels_are_looked_up_stays_removed() -> None:
    desk = Desk()
    desk.turns.admit(lambda: desk.alerts.remove("other"), skip=4)
    with pytest.raises(UsageError, match="no alert"):
        desk.alerts.edit("other", {"query": "oil"})
    assert [each.name for each in desk.alerts.all()] == ["kept"]


@pytest.mark.parametrize("skip", range(3))
def test_alert_that_is_put_back_while_another_takes_its_name_makes_no_second_one(skip: int) -> None:
    desk = Desk()

    def add() -> None:
        with suppress(UsageError):
            desk.alerts.add(rule("back", "gas"))

    desk.turns.admit(add, skip)
    with suppress(UsageError):
        desk.alerts.restore(rule("back", "tin"))
    desk.turns.settle()
    names = [msgspec.json.decode(value, type=AlertRule).name for value in desk.rules.values.values()]
    assert names.count("back") == 1


@pytest.mark.parametrize("skip", range(3))
def test_feed_that_is_put_back_takes_nothing_from_one_that_is_followed_meanwhile(skip: int) -> None:
    desk, url = Desk(), "https://third.example/feed"
    desk.turns.admit(lambda: desk.feeds.subscribe(url, FeedOptions(language="uk")), skip)
    with suppress(UsageError):
        desk.feeds.restore(Subscription(url=url, added=NOW, tags=("z",)))
    desk.turns.settle()
    assert desk.feeds.known(url).language == "uk"


@pytest.mark.parametrize("skip", range(3))
def test_search_that_is_put_back_takes_nothing_from_one_that_is_saved_meanwhile(skip: int) -> None:
    desk = Desk()
    desk.turns.admit(lambda: desk.searches.keep("back", "gas"), skip)
    with suppress(UsageError):
        desk.searches.restore("back", "tin")
    desk.turns.settle()
    assert desk.searches.all()["back"] == "gas"
    with pytest.raises(UsageError, match="by now"):
        desk.searches.restore("back", "tin")


@pytest.mark.parametrize("skip", range(3))
def test_key_that_two_make_at_once_is_one(skip: int) -> None:
    turns = Turns()
    access = Access(table=SharedTable(turns), clock=lambda: NOW, transaction=turns)
    signed: list[str] = []
    turns.admit(lambda: signed.append(access.signature("river")), skip)
    signed.append(access.signature("river"))
    turns.settle()
    assert signed == [access.signature("river")] * 2
