"""Alert rules: kept, changed, looked up, tried on what is stored, and what became of their messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import msgspec

from pipeline.alerts.policy import USUAL, Limits
from pipeline.alerts.rules import admit
from pipeline.errors import NewswireError, NotFoundError, TerminalError, UsageError
from pipeline.model import AlertRule, derive_id
from pipeline.ports.alerts import DeliveriesRequest, Notice
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table, Transaction
from pipeline.query.printer import restate
from pipeline.query.vocabulary import nearest
from pipeline.records import read_record, read_records
from pipeline.references import anchored, is_reference
from pipeline.services.alert_export import write_toml
from pipeline.services.alert_import import NameList
from pipeline.services.alert_names import cleaned, key
from pipeline.services.forecast import Forecast, forecast
from pipeline.services.lists import Lists, checked_list
from pipeline.services.saved_searches import SavedSearches, written_out

if TYPE_CHECKING:
    from pipeline.model import Document
    from pipeline.ports.alerts import Delivery, Ledger, Notifier, State, Tally
    from pipeline.ports.search import SearchIndex
    from pipeline.services.alert_import import Entry
    from pipeline.services.alert_why import Why

HISTORY_DAYS = 30
RECENT_DAYS = 7
RESENT_AT_ONCE = 500
CHANGED_AT_MOST = 10


class Channels(Protocol):
    """Know the channels that alerts may be sent to."""

    def label(self, channel: str) -> str:
        """Return a channel's name, or an address without what may be secret in it."""

    def open(self, channel: str) -> Notifier:
        """Return what sends to a channel. Raises ``UsageError`` for one that is not known or not well formed."""

    def check(self, channel: str) -> None:
        """Raise ``UsageError`` for a channel that nothing could be sent to; one that is away may come back."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what a channel answered to a message: an acknowledgement, or what went wrong."""

    channel: str
    receipt: str | None = None
    error: str | None = None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what became of one entry of an imported file: the rule, or why there is none."""

    rule: AlertRule | None = None
    refused: str | None = None


class Alerts:
    """Keep alert rules by name. Every method that takes a name raises ``UsageError`` where no alert has it."""

    def __init__(
        self,
        *,
        rules: Table,
        searches: SavedSearches,
        lists: Lists,
        index: SearchIndex,
        deliveries: Ledger,
        channels: Channels,
        clock: Clock,
        transaction: Transaction,
        limits: Limits = USUAL,
    ) -> None:
        self._limits = limits
        self._transaction = transaction
        self._rules = rules
        self._searches = searches
        self._lists = lists
        self._index = index
        self._deliveries = deliveries
        self._channels = channels
        self._clock = clock

    def all(self) -> list[AlertRule]:
        """Return the alerts by name."""
        return sorted(self._by_name().values(), key=lambda rule: rule.name)

    def tallies(self) -> Mapping[str, Tally]:
        """Return what became of alerts in the last week, by rule id."""
        return self._deliveries.tallies(self._clock() - timedelta(days=RECENT_DAYS))

    def why(self, name: str, article: Document) -> Why:
        """Tell whether an alert's query matches an article, and what became of it."""
        from pipeline.services.alert_why import explain

        return explain(self.get(name), article, self._deliveries, self._clock())

    def edit(self, name: str, changes: Mapping[str, Any]) -> AlertRule:
        """Change fields of an alert, its name or query too. Raises ``UsageError``, with nothing changed."""

        def changed() -> tuple[AlertRule | None, AlertRule]:
            kept = self.get(name)
            rule = msgspec.structs.replace(kept, query=kept.asked or kept.query)
            rule = msgspec.structs.replace(rule, **changes)
            other = self._by_name().get(key(rule.name))
            if other is not None and other.id != kept.id:
                raise UsageError(f"There is an alert {other.name!r} already; choose another name.")
            return kept, rule

        return self._keep(changed)

    def send_test(self, name: str) -> list[Sent]:
        """Send a message that says it is a test to every channel of an alert, now; return what each answered."""
        rule = self.get(name)
        notice = Notice(
            id=derive_id("test", rule.id, self._clock().isoformat()),
            rule=rule.name,
            title=f"{rule.name}: this is a test",
            text=f"This message was asked for to try the channels of the alert {rule.name!r}. Nothing has happened.",
            alerts=(),
            priority=rule.priority,
        )
        return [self.send(channel, notice) for channel in rule.channels or ("terminal:",)]

    def resend_failed(self, name: str | None = None) -> int:
        """Queue again what could not be delivered, of one alert or of all; return how many messages."""
        now, count, cursor = self._clock(), 0, None
        rule = self.get(name).id if name is not None else None
        while True:
            page = self._deliveries.page(
                DeliveriesRequest(rule=rule, states=("failed",), limit=RESENT_AT_ONCE, cursor=cursor)
            )
            count += self._deliveries.requeue([each.id for each in page.deliveries], now)
            cursor = page.cursor
            if cursor is None:
                return count

    def exported(self) -> str:
        """Write all alerts, saved searches and lists as TOML; channels as they were given, so it may hold secrets."""
        return write_toml(self.all(), self._searches.all(), self._lists.all())

    def send(self, channel: str, notice: Notice) -> Sent:
        """Send a message to a channel now; return what it answered. Raises ``UsageError`` for one that is none."""
        label = self._channels.label(channel)
        try:
            receipt = self._channels.open(channel).send(notice)
        except TerminalError as exc:
            return Sent(channel=label, error=exc.reason)
        except NewswireError as exc:
            return Sent(channel=label, error=str(exc))
        return Sent(channel=label, receipt=receipt)

    def get(self, name: str) -> AlertRule:
        """Return the alert of a name."""
        found = self._by_name().get(key(name))
        if found is None:
            near = nearest(name, [rule.name for rule in self._by_name().values()])
            raise NotFoundError(f"There is no alert {name!r}{near or '; `newswire alert list` shows them.'}")
        return found

    def label(self, channel: str) -> str:
        """Return what a channel is called where secrets must not be."""
        return self._channels.label(channel)

    def restated(self, rule: AlertRule) -> str:
        """Say in plain words what a rule finds."""
        return restate(admit(rule))

    def add(self, rule: AlertRule, *, replace: bool = False) -> AlertRule:
        """Keep a new rule, or in place of the one of its name. Raises ``UsageError`` for what is wrong with it."""

        def added() -> tuple[AlertRule | None, AlertRule]:
            kept = self._by_name().get(key(rule.name))
            if kept is not None and not replace:
                raise UsageError(f"There is an alert {kept.name!r} already; add --replace, or choose another name.")
            return kept, _in_place_of(kept, rule)

        return self._keep(added)

    def forecast(self, rule: AlertRule, days: int = HISTORY_DAYS) -> Forecast:
        """Tell what a rule would have found in the last ``days``."""
        query = admit(self._with_lists(rule), self._searches.all())
        return forecast(self._index, query, self._clock(), days, rule, self._limits)

    def forecast_of(self, text: str, days: int = HISTORY_DAYS) -> Forecast:
        """Tell what the alert of a name, or else a query, would have found in the last ``days``."""
        unnamed = AlertRule(id="", name="test", query=text, created=self._clock())
        return self.forecast(self._by_name().get(key(text)) or unnamed, days)

    def pause(self, name: str, paused: bool = True) -> None:
        """Stop an alert until told to go on, or go on."""
        with self._transaction():
            self._put(msgspec.structs.replace(self.get(name), paused=paused, snoozed_until=None))

    def snooze(self, name: str, seconds: int) -> datetime:
        """Stop an alert for a time; return when it goes on."""
        until = self._clock() + timedelta(seconds=seconds)
        with self._transaction():
            self._put(msgspec.structs.replace(self.get(name), snoozed_until=until))
        return until

    def remove(self, name: str) -> None:
        """Remove an alert; what is remembered of its messages stays."""
        with self._transaction():
            self._rules.put(self.get(name).id, None)

    def restore(self, rule: AlertRule) -> None:
        """Put a removed alert back as it was. Raises ``UsageError`` where another has its name by now."""
        with self._transaction():
            if (other := self._by_name().get(key(rule.name))) is not None and other.id != rule.id:
                raise UsageError(f"There is another alert {other.name!r} by now; rename that first.")
            self._put(rule)

    def meant(self, name: str, channels: Sequence[str]) -> tuple[str, ...]:
        """Return channels for an alert: those that are called as one of its own is, without secrets, are that one."""
        own = list(self.get(name).channels)
        found = []
        for channel in channels:
            same = next((each for each in own if channel in (each, self.label(each))), channel)
            found.append(same)
            if same in own:
                own.remove(same)
        return tuple(found)

    def log(self, limit: int, name: str | None = None, *, withheld: bool = False) -> list[Delivery]:
        """Return what became of the latest ``limit`` messages, newest first; those held back only when asked for."""
        states: tuple[State, ...] = () if withheld else ("queued", "sent", "failed")
        return list(self._deliveries.page(DeliveriesRequest(rule=name, states=states, limit=limit)).deliveries)

    def take_over(
        self, entries: Iterable[Entry], channels: Sequence[str] = (), *, dry_run: bool = False
    ) -> Iterator[Taken]:
        """Keep the lists, saved searches and rules of a file one by one, each in place of the one of its name.

        Sentences are passed on. ``channels`` are those of a rule that names none. A dry run checks all and keeps
        nothing. Two rules of one name in the file are one too many.
        """
        kept, searches = self._by_name(), self._searches.all()
        coming: dict[str, tuple[str, ...]] = {}
        taken: set[str] = set()
        for entry in entries:
            if isinstance(entry, str):
                yield Taken(refused=entry)
                continue
            try:
                if isinstance(entry, AlertRule):
                    if key(entry.name) in taken:
                        raise UsageError("the file names it twice.")
                    taken.add(key(entry.name))
                    rule = _in_place_of(kept.get(key(entry.name)), entry)
                    if channels and not rule.channels:
                        rule = msgspec.structs.replace(rule, channels=tuple(channels))
                    rule = self._checked(rule, searches, coming)
                    if not dry_run:
                        with self._transaction():
                            new = msgspec.structs.replace(rule, id=entry.id, created=entry.created, owner=entry.owner)
                            rule = _in_place_of(self._by_name().get(key(rule.name)), new)
                            self._put(rule)
                    yield Taken(rule=rule)
                    continue
                if isinstance(entry, NameList):
                    coming |= [checked_list(entry.name, entry.names)]
                    if not dry_run:
                        self._lists.add(entry.name, entry.names, replace=True)
                    continue
                self._searches.check(entry.name, searches | {entry.name: entry.query}, coming)
                if not dry_run:
                    self._searches.keep(entry.name, entry.query)
                searches[entry.name] = entry.query
            except UsageError as exc:
                yield Taken(refused=f"{entry.name}: {exc}")

    def _by_name(self) -> dict[str, AlertRule]:
        return {key(rule.name): rule for rule in stored_rules(self._rules)}

    def _keep(self, made: Callable[[], tuple[AlertRule | None, AlertRule]]) -> AlertRule:
        """Check the rule that is made, and its channels, and keep it in place of the one it was made of.

        To look up the hosts of channels takes long: where that one, or what the rule asks by name, was changed or
        removed meanwhile, the rule is made anew.
        """
        for _ in range(CHANGED_AT_MOST):
            kept, rule = made()
            rule = self._checked(rule, self._searches.all(), {})
            with self._transaction():
                if self._by_id(rule.id) == kept and self._is_current(rule):
                    self._put(rule)
                    return rule
        raise UsageError(f"The alert {rule.name!r} is being changed by others; try again.")

    def _by_id(self, rule_id: str) -> AlertRule | None:
        return read_record(rule_id, self._rules.get(rule_id), AlertRule)

    def _is_current(self, rule: AlertRule) -> bool:
        """Tell whether no other rule has its name by now, and what it asks by name is still what it was."""
        other = self._by_name().get(key(rule.name))
        if other is not None and other.id != rule.id:
            return False
        searches = self._searches.all()
        asked = msgspec.structs.replace(rule, query=rule.asked or rule.query)
        asked = msgspec.structs.replace(asked, lists=self._searches.lists_among(asked.query, searches))
        return written_out(asked, searches) == rule

    def _checked(self, rule: AlertRule, searches: Mapping[str, str], coming: Mapping[str, Sequence[str]]) -> AlertRule:
        """Return a rule as it is to be kept: named so that it is found again, saved searches written out."""
        if rule.expires is not None and rule.expires <= self._clock():
            raise UsageError(f"It expires at {rule.expires:%Y-%m-%d %H:%M} UTC, which is over; give a later --expires.")
        lists = self._searches.lists_among(rule.query, searches, coming)
        rule = msgspec.structs.replace(rule, name=cleaned(rule.name), lists=lists)
        admit(rule, searches)
        for channel in rule.channels:
            self._channels.check(channel)
        return written_out(rule, searches)

    def _with_lists(self, rule: AlertRule) -> AlertRule:
        """Write the lists that a rule's query uses into the rule."""
        return msgspec.structs.replace(rule, lists=self._searches.lists_in(rule.query))

    def _put(self, rule: AlertRule) -> None:
        self._rules.put(rule.id, msgspec.json.encode(rule))


def stored_rules(rules: Table) -> Iterator[AlertRule]:
    """Yield the alert rules of a table that can be read."""
    yield from (rule for _, rule in read_records(rules, AlertRule))


def quiet_hours(text: str | None) -> tuple[str | None, str | None]:
    """Read ``22:00-07:00`` as two times of day. Raises ``UsageError`` where there is no dash."""
    if text is None:
        return None, None
    begin, dash, end = text.replace("–", "-").replace("—", "-").partition("-")
    if not dash:
        raise UsageError("Quiet hours are two times of day, such as --quiet 22:00-07:00.")
    return begin.strip(), end.strip()


def new_rule(
    name: str,
    query: str,
    now: datetime,
    *,
    silence_s: int | None = None,
    surge_times: float | None = None,
    quiet: str | None = None,
    **options: Any,
) -> AlertRule:
    """Return a rule that is not kept yet; it watches for matches, for silence or for a surge.

    ``options`` are further fields of ``AlertRule``. Raises ``UsageError`` for silence and surge together.
    """
    if silence_s is not None and surge_times is not None:
        raise UsageError("An alert watches for silence or for a surge, not for both.")
    begin, end = quiet_hours(quiet)
    if silence_s is not None:
        options["window_s"] = silence_s
    return AlertRule(
        id=derive_id("rule", name, now.isoformat()),
        name=name,
        query=query,
        created=now,
        kind="silence" if silence_s is not None else "surge" if surge_times is not None else "match",
        times=5.0 if surge_times is None else surge_times,
        quiet_from=begin,
        quiet_until=end,
        **options,
    )


def signed(channels: Sequence[str], secret: str | None, directory: Path) -> tuple[str, ...]:
    """Return channels as they are kept: webhooks with the secret they sign with, references counted from a directory.

    Raises ``UsageError`` for a secret without a webhook to sign.
    """
    kept = [anchored(channel, directory) if is_reference(channel) else channel for channel in channels]
    if secret is None:
        return tuple(kept)
    if not any(channel.startswith("webhook+") for channel in kept):
        raise UsageError("--secret-file signs webhooks: give --to webhook+https://… too.")
    mark = f"#secret={quote(secret, safe='')}"
    return tuple(channel.partition("#")[0] + mark if channel.startswith("webhook+") else channel for channel in kept)


def _in_place_of(kept: AlertRule | None, rule: AlertRule) -> AlertRule:
    return rule if kept is None else msgspec.structs.replace(rule, id=kept.id, created=kept.created, owner=kept.owner)
