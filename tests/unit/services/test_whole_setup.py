"""A whole setup goes into a file and out of it: all but secrets, of which the names of variables stand there."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import msgspec
import pytest

from connectors.polling.subscription import Subscription
from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.ports.alerts import Notifier
from pipeline.services.alerts import Alerts, new_rule
from pipeline.services.lists import Lists
from pipeline.services.saved_searches import SavedSearches
from pipeline.services.whole_setup import Setup, Setups, looks_like_setup, read_setup, write_setup
from tests.fakes.index import MemoryIndex
from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FEED = "https://wire.example/feed"


class Channels:
    """Know the terminal, webhooks and references."""

    def label(self, channel: str) -> str:
        return channel.rstrip(":") if channel == "terminal:" else channel.partition("/secret")[0]

    def open(self, channel: str) -> Notifier:
        raise AssertionError("nothing is sent")

    def check(self, channel: str) -> None:
        if channel.startswith("pigeon:"):
            raise UsageError(f"There is no channel {channel}.")


class Desk:
    """Hold one store's setup."""

    def __init__(self) -> None:
        self.feeds, self.rules, lists, searches = MemoryTable(), MemoryTable(), MemoryTable(), MemoryTable()
        self.lists = Lists(lists=lists, rules=self.rules, searches=searches, transaction=nullcontext)
        self.searches = SavedSearches(searches, self.lists.all, rules=self.rules)
        self.alerts = Alerts(
            rules=self.rules, searches=self.searches, lists=self.lists, index=MemoryIndex(),
            deliveries=None, channels=Channels(), transaction=nullcontext, clock=lambda: NOW,  # type: ignore[arg-type]
        )  # fmt: skip

    @property
    def setups(self) -> Setups:
        """Return what is asked."""
        return Setups(
            feeds=self.feeds, alerts=self.alerts, searches=self.searches.all(), lists=self.lists, label=Channels().label
        )

    def follow(self, **options: object) -> None:
        """Follow a feed."""
        feed = Subscription(url=FEED, added=NOW, **options)  # type: ignore[arg-type]
        self.feeds.put(FEED, msgspec.json.encode(feed))

    def add(self, name: str, query: str, *channels: str) -> None:
        """Add an alert."""
        self.alerts.add(new_rule(name, query, NOW, channels=channels))


def filled() -> Desk:
    desk = Desk()
    desk.follow(title="Wire", tags=("world",), interval_s=900)
    desk.lists.add("firms", ["Eni", "Enel"])
    desk.searches.keep("weather", "flood OR storm")
    desk.searches.keep("local", "search:weather AND ravenna")
    desk.add("floods", "search:local", "terminal:")
    desk.add("firms", "list:firms AND strike", "hook+https://h.example")
    return desk


def test_setup_read_again_is_the_same_setup() -> None:
    first, names = filled().setups.exported()
    assert names == []
    content = write_setup(first)
    assert looks_like_setup(content) and looks_like_setup(b"\xef\xbb\xbf" + content)
    assert not looks_like_setup(b"<opml/>")
    other = Desk()
    taken = other.setups.take_over(read_setup(content, "setup.json"))
    assert (taken.feeds, taken.lists, taken.searches, taken.alerts, taken.refused) == (1, 1, 2, 2, ())
    again, _ = other.setups.exported()
    ids = [msgspec.structs.replace(rule, created=NOW) for rule in again.alerts]
    assert ids == [msgspec.structs.replace(rule, created=NOW) for rule in first.alerts]
    assert (again.feeds, again.lists, again.searches) == (first.feeds, first.lists, first.searches)


def test_secrets_stay_in_the_store_and_each_has_a_variable_of_its_own() -> None:
    desk = Desk()
    desk.follow(
        headers={"Authorization": "Bearer abc", "X": '{env = "MINE"}'}, proxy="http://user:pass@proxy.example:3128"
    )
    desk.add("war", "putin", "hook+https://h.example/secret/1", "hook+https://h.example/secret/2", "terminal:",
             '{env = "HOOK"}')  # fmt: skip
    desk.add("war!", "putin", "hook+https://h.example/secret/3")
    setup, names = desk.setups.exported()
    assert names == [
        "SECRET_WIRE_EXAMPLE_FEED_AUTHORIZATION",
        "SECRET_WIRE_EXAMPLE_FEED_PROXY",
        "SECRET_WAR_CHANNEL_1",
        "SECRET_WAR_CHANNEL_2",
        "SECRET_WAR_CHANNEL_1_2",
    ]
    content = write_setup(setup)
    assert not any(secret in content for secret in (b"abc", b"pass", b"secret/"))
    assert setup.feeds[0].headers["X"] == '{env = "MINE"}'
    assert setup.alerts[0].channels[2:] == ("terminal:", '{env = "HOOK"}')


def test_proxy_without_a_password_is_no_secret() -> None:
    desk = Desk()
    desk.follow(proxy="http://proxy.example:3128")
    setup, names = desk.setups.exported()
    assert names == [] and setup.feeds[0].proxy == "http://proxy.example:3128"


def test_what_cannot_be_kept_is_told_and_the_rest_is_kept() -> None:
    alerts = (
        AlertRule(id="1", name="war", query="putin", created=NOW),
        AlertRule(id="2", name="birds", query="doves", created=NOW, channels=("pigeon:home",)),
    )
    setup = Setup(
        newswire=1, lists={"none": (), "firms": ("Eni",)}, searches={"bad": "(", "good": "flood"}, alerts=alerts
    )
    desk = Desk()
    taken = desk.setups.take_over(setup)
    assert (taken.lists, taken.searches, taken.alerts) == (1, 1, 1)
    assert [words.partition(":")[0] for words in taken.refused] == ["The list none", "bad", "birds"]
    assert list(desk.searches.all()) == ["good"] and [rule.name for rule in desk.alerts.all()] == ["war"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"newswire": 1, "feeds": 7}', r"setup\.json is no setup that `newswire export --all` wrote"),
        (b'{"newswire": "\xff"}', "is no setup"),
        (b'{"newswire": 2}', r"newer Newswire \(form 2\); upgrade"),
    ],
)
def test_file_that_is_no_setup_is_named(content: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_setup(content, "setup.json")
