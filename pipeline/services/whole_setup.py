"""A whole setup as one file: feeds with their options, alerts, saved searches and lists; of secrets the names only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from connectors.polling.subscription import Subscription
from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.ports.table import Table
from pipeline.records import read_records
from pipeline.references import has_reference, reference
from pipeline.services.alert_import import SavedSearch, in_order
from pipeline.services.alerts import Alerts
from pipeline.services.lists import Lists

FORMAT = 1
_BEGINS = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"newswire"\s*:')
_NOT_A_NAME = re.compile(r"[^A-Z0-9]+")


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a setup; ``newswire`` is the version of this form. What a newer one adds is passed over."""

    newswire: int
    feeds: tuple[Subscription, ...] = ()
    lists: dict[str, tuple[str, ...]] = {}
    searches: dict[str, str] = {}
    alerts: tuple[AlertRule, ...] = ()


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Count what was taken over, and say why the rest was not."""

    feeds: int
    lists: int
    searches: int
    alerts: int
    refused: tuple[str, ...]


def looks_like_setup(content: bytes) -> bool:
    """Tell whether a file is a setup and not a list of feeds."""
    return _BEGINS.match(content) is not None


def read_setup(content: bytes, name: str) -> Setup:
    """Read a file that ``write_setup`` made. Raises ``UsageError``."""
    try:
        setup = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=Setup)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise UsageError(f"{name} is no setup that `newswire export --all` wrote: {exc}.") from exc
    if setup.newswire > FORMAT:
        raise UsageError(f"{name} was written by a newer Newswire (form {setup.newswire}); upgrade Newswire.")
    return setup


def write_setup(setup: Setup) -> bytes:
    """Write a setup as JSON that people can read and compare, always in the same order."""
    return msgspec.json.format(msgspec.json.encode(setup), indent=1) + b"\n"


class Setups:
    """Take a setup out of a store, or into one. ``label`` writes a channel without what may be secret in it."""

    def __init__(
        self,
        *,
        feeds: Table,
        alerts: Alerts,
        searches: Mapping[str, str],
        lists: Lists,
        label: Callable[[str], str],
    ) -> None:
        self._feeds = feeds
        self._alerts = alerts
        self._searches = searches
        self._lists = lists
        self._label = label

    def exported(self) -> tuple[Setup, list[str]]:
        """Return the setup, and the variables in which it looks for secrets that the store holds."""
        names: list[str] = []
        feeds = tuple(self._without_secrets(feed, names) for _, feed in read_records(self._feeds, Subscription))
        alerts = tuple(self._without_addresses(rule, names) for rule in self._alerts.all())
        setup = Setup(
            newswire=FORMAT, feeds=feeds, lists=self._lists.all(), searches=dict(self._searches), alerts=alerts
        )
        return setup, names

    def take_over(self, setup: Setup) -> Imported:
        """Keep all of a setup that can be kept, each in place of what has its name or address."""
        refused: list[str] = []
        for feed in setup.feeds:
            # What is followed already is asked for at once, by the options it has now.
            self._feeds.put(feed.url, msgspec.json.encode(feed))
        lists = 0
        for name, entries in setup.lists.items():
            try:
                self._lists.add(name, entries, replace=True)
                lists += 1
            except UsageError as exc:
                refused.append(f"The list {name}: {exc}")
        alerts = 0
        failed = 0
        for taken in self._alerts.take_over(
            [
                *in_order(SavedSearch(name=name, query=query) for name, query in setup.searches.items()),
                *_as_asked(setup.alerts),
            ]
        ):
            if taken.refused is not None:
                refused.append(taken.refused)
                failed += taken.refused.partition(": ")[0] in setup.searches
            else:
                alerts += 1
        return Imported(
            feeds=len(setup.feeds),
            lists=lists,
            searches=len(setup.searches) - failed,
            alerts=alerts,
            refused=tuple(refused),
        )

    def _without_secrets(self, feed: Subscription, names: list[str]) -> Subscription:
        headers = {
            name: value if has_reference(value) else _named(names, feed.url, name)
            for name, value in feed.headers.items()
        }
        proxy = feed.proxy
        if proxy is not None and "@" in proxy and not has_reference(proxy):
            proxy = _named(names, feed.url, "proxy")
        return msgspec.structs.replace(feed, headers=headers, proxy=proxy)

    def _without_addresses(self, rule: AlertRule, names: list[str]) -> AlertRule:
        channels = tuple(
            channel
            if has_reference(channel) or self._label(channel) == channel.rstrip(":")
            else _named(names, rule.name, f"channel {number}")
            for number, channel in enumerate(rule.channels, 1)
        )
        return msgspec.structs.replace(rule, channels=channels)


def _named(names: list[str], *parts: str) -> str:
    """Return a reference to the variable in which a secret is looked for."""
    words = " ".join(parts).upper().removeprefix("HTTPS://").removeprefix("HTTP://")
    name = base = "SECRET_" + _NOT_A_NAME.sub("_", words).strip("_")[:80]
    number = 2
    while name in names:
        name, number = f"{base}_{number}", number + 1
    names.append(name)
    return reference("env", name)


def _as_asked(alerts: Sequence[AlertRule]) -> Iterator[AlertRule]:
    """Yield alerts with the query that names saved searches, as it was written."""
    for rule in alerts:
        yield msgspec.structs.replace(rule, query=rule.asked or rule.query, asked=None)
