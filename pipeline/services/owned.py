"""What is one reader's alone: alert rules, saved searches and what became of messages, as if there were no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.ports.alerts import DeliveriesPage, DeliveriesRequest
from pipeline.ports.table import Table
from pipeline.records import read_record

if TYPE_CHECKING:
    from pipeline.ports.alerts import About, Delivery, Earlier, Ledger, Notifier, Tally
    from pipeline.services.alerts import Channels

_OWNER = "rule "


class RuleOwners:
    """Remember whose each rule is, also after it was removed: what it sent stays, and stays theirs."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, rule_id: str, owner: str) -> None:
        """Remember the owner of a rule; those of the reader without a name need no note."""
        if owner and self._table.get(_OWNER + rule_id) is None:
            self._table.put(_OWNER + rule_id, owner.encode())

    def all(self) -> dict[str, str]:
        """Return the owners that were noted, by rule."""
        return {
            key.removeprefix(_OWNER): value.decode() for key, value in self._table.items() if key.startswith(_OWNER)
        }


class OwnRules:
    """Show one reader's rules of a table; what it puts belongs to that reader."""

    def __init__(self, rules: Table, owners: RuleOwners, reader: str) -> None:
        self._rules = rules
        self._owners = owners
        self._reader = reader

    def get(self, key: str) -> bytes | None:
        """Return a rule of the reader's, or ``None``."""
        value = self._rules.get(key)
        return value if value is not None and self._is_own(key, value) else None

    def put(self, key: str, value: bytes | None) -> None:
        """Set or remove a rule."""
        self.update({key: value})

    def update(self, values: Mapping[str, bytes | None]) -> None:
        """Put many rules. Raises ``UsageError``, with nothing put, where one is another's."""
        for key in values:
            kept = self._rules.get(key)
            if kept is not None and not self._is_own(key, kept):
                raise UsageError("This alert is another reader's.")
        self._rules.update({key: self._owned(key, value) for key, value in values.items()})

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over the reader's rules, sorted by key."""
        yield from ((key, value) for key, value in self._rules.items() if self._is_own(key, value))

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        """Return what was put since the last call; removals are everybody's."""
        return [(key, value) for key, value in self._rules.changes() if value is None or self._is_own(key, value)]

    def _owned(self, key: str, value: bytes | None) -> bytes | None:
        if value is None or not self._reader:
            return value
        self._owners.note(key, self._reader)
        rule = msgspec.json.decode(value, type=AlertRule)
        return msgspec.json.encode(msgspec.structs.replace(rule, owner=self._reader))

    def _is_own(self, key: str, value: bytes) -> bool:
        rule = read_record(key, value, AlertRule)
        if rule is None:
            return not self._reader
        return (rule.owner or "") == self._reader


class OwnSearches:
    """Show one reader's saved searches of a table: those of readers with names stand under their names."""

    def __init__(self, searches: Table, reader: str) -> None:
        self._searches = searches
        self._prefix = f"{reader}/" if reader else ""

    def get(self, key: str) -> bytes | None:
        """Return a saved search."""
        return self._searches.get(self._prefix + key) if self._prefix or "/" not in key else None

    def put(self, key: str, value: bytes | None) -> None:
        """Set or remove one."""
        self._searches.put(self._prefix + key, value)

    def update(self, values: Mapping[str, bytes | None]) -> None:
        """Put many."""
        self._searches.update({self._prefix + key: value for key, value in values.items()})

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over the reader's, sorted by name."""
        yield from ((self._name(key), value) for key, value in self._searches.items() if self._is_own(key))

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        """Return what was put since the last call."""
        return [(self._name(key), value) for key, value in self._searches.changes() if self._is_own(key)]

    def _is_own(self, key: str) -> bool:
        return key.startswith(self._prefix) if self._prefix else "/" not in key

    def _name(self, key: str) -> str:
        return key.removeprefix(self._prefix)


class OwnDeliveries:
    """Show what became of one reader's alerts."""

    def __init__(self, ledger: Ledger, owners: RuleOwners, reader: str) -> None:
        self._ledger = ledger
        self._owners = owners
        self._reader = reader

    def page(self, request: DeliveriesRequest) -> DeliveriesPage:
        """Return one page of the reader's own, which may be short and still go on."""
        found: list[Delivery] = []
        owners = self._owners.all()
        while True:
            page = self._ledger.page(msgspec.structs.replace(request, limit=request.limit - len(found)))
            found += [each for each in page.deliveries if self._is_own(each.alert.rule_id, owners)]
            if page.cursor is None or len(found) >= request.limit:
                return DeliveriesPage(deliveries=tuple(found), cursor=page.cursor)
            request = msgspec.structs.replace(request, cursor=page.cursor)

    def entries(self, limit: int, rule: str | None = None, subjects: Sequence[str] | None = None) -> Sequence[Delivery]:
        """Return the latest of the reader's own."""
        owners = self._owners.all()
        return [
            each for each in self._ledger.entries(limit, rule, subjects) if self._is_own(each.alert.rule_id, owners)
        ]

    def tallies(self, since: datetime) -> Mapping[str, Tally]:
        """Count by the reader's own rules."""
        owners = self._owners.all()
        return {rule: tally for rule, tally in self._ledger.tallies(since).items() if self._is_own(rule, owners)}

    def mark(self, deliveries: Sequence[Delivery]) -> None:
        """Replace the reader's own."""
        owners = self._owners.all()
        self._ledger.mark([each for each in deliveries if self._is_own(each.alert.rule_id, owners)])

    def requeue(self, ids: Sequence[str], now: datetime) -> int:
        """Queue failed ones anew, which are the reader's own where their ids are from a page of these."""
        return self._ledger.requeue(ids, now)

    def earlier(self, about: Sequence[About]) -> Sequence[Earlier]:
        """Sum up what is known about each."""
        return self._ledger.earlier(about)

    def paged(self, rule_id: str, channel: str, since: datetime) -> int:
        """Count the deliveries of a rule."""
        return self._ledger.paged(rule_id, channel, since)

    def prune(self, before: datetime) -> int:
        """Forget what was due before a moment, whoever's it is."""
        return self._ledger.prune(before)

    def prune_withheld(self, before: datetime, limit: int) -> int:
        """Forget what was withheld before a moment, whoever's it is."""
        return self._ledger.prune_withheld(before, limit)

    def enter(self, deliveries: Sequence[Delivery]) -> int:
        """Keep those that are new."""
        return self._ledger.enter(deliveries)

    def waiting(self, now: datetime) -> Sequence[str]:
        """Return the channels that have queued deliveries."""
        return self._ledger.waiting(now)

    def claim(self, channel: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Return a channel's queued deliveries."""
        return self._ledger.claim(channel, now, until, limit)

    def _is_own(self, rule_id: str, owners: Mapping[str, str]) -> bool:
        return owners.get(rule_id, "") == self._reader


class NamedChannels:
    """Let a reader's alerts go to the channels of the settings only: an address may be anybody's, a file any file."""

    def __init__(self, channels: Channels, names: Iterable[str]) -> None:
        self._channels = channels
        self._names = frozenset(names)

    def label(self, channel: str) -> str:
        """Return a channel's name."""
        return self._channels.label(channel)

    def open(self, channel: str) -> Notifier:
        """Return what sends to a channel of the settings. Raises ``UsageError`` for another."""
        self._check(channel)
        return self._channels.open(channel)

    def check(self, channel: str) -> None:
        """Raise ``UsageError`` for a channel that the settings do not name, or that nothing could be sent to."""
        self._check(channel)
        self._channels.check(channel)

    def _check(self, channel: str) -> None:
        if channel not in self._names and channel != "terminal:":
            known = ", ".join(sorted(self._names)) or "none is set"
            raise UsageError(f"A reader's alerts go to the channels of the settings only: {known}.")
