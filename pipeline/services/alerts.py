"""Alert rules: kept, changed, looked up, tried on what is stored, and what became of their messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from pipeline.alerts.rules import admit
from pipeline.errors import UsageError
from pipeline.model import AlertRule, derive_id
from pipeline.ports.alerts import DeliveriesRequest
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table
from pipeline.query.parser import parse
from pipeline.query.printer import restate
from pipeline.query.printer import show as display
from pipeline.records import read_records
from pipeline.services.forecast import Forecast, forecast
from pipeline.services.saved_searches import SavedSearches

if TYPE_CHECKING:
    from pipeline.ports.alerts import Delivery, DeliveryHistory, Notifier, State
    from pipeline.ports.search import SearchIndex

HISTORY_DAYS = 30


class Channels(Protocol):
    """Know the channels that alerts may be sent to."""

    def label(self, channel: str) -> str:
        """Return a channel's name, or an address without what may be secret in it."""

    def open(self, channel: str) -> Notifier:
        """Return what sends to a channel. Raises ``UsageError`` for one that is not known or not well formed."""


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
        index: SearchIndex,
        deliveries: DeliveryHistory,
        channels: Channels,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._searches = searches
        self._index = index
        self._deliveries = deliveries
        self._channels = channels
        self._clock = clock

    def all(self) -> list[AlertRule]:
        """Return the alerts by name."""
        return sorted(self._by_name().values(), key=lambda rule: rule.name)

    def get(self, name: str) -> AlertRule:
        """Return the alert of a name."""
        found = self._by_name().get(name)
        if found is None:
            raise UsageError(f"There is no alert {name!r}; `newswire alert list` shows them.")
        return found

    def label(self, channel: str) -> str:
        """Return what a channel is called where secrets must not be."""
        return self._channels.label(channel)

    def restated(self, rule: AlertRule) -> str:
        """Say in plain words what a rule finds."""
        return restate(admit(rule))

    def add(self, rule: AlertRule, *, replace: bool = False) -> AlertRule:
        """Keep a new rule, or in place of the one of its name. Raises ``UsageError`` for what is wrong with it."""
        kept = self._by_name().get(rule.name)
        if kept is not None and not replace:
            raise UsageError(f"There is an alert {rule.name!r} already; add --replace, or choose another name.")
        rule = _in_place_of(kept, rule)
        self._keep(rule)
        return rule

    def forecast(self, rule: AlertRule, days: int = HISTORY_DAYS) -> Forecast:
        """Tell what a rule would have found in the last ``days``."""
        query = admit(rule, self._searches.all())
        return forecast(self._index, query, self._clock(), days, once_per=rule.once_per)

    def forecast_of(self, text: str, days: int = HISTORY_DAYS) -> Forecast:
        """Tell what the alert of a name, or else a query, would have found in the last ``days``."""
        unnamed = AlertRule(id="", name="test", query=text, created=self._clock())
        return self.forecast(self._by_name().get(text) or unnamed, days)

    def pause(self, name: str, paused: bool = True) -> None:
        """Stop an alert until told to go on, or go on."""
        self._put(msgspec.structs.replace(self.get(name), paused=paused, snoozed_until=None))

    def snooze(self, name: str, seconds: int) -> datetime:
        """Stop an alert for a time; return when it goes on."""
        until = self._clock() + timedelta(seconds=seconds)
        self._put(msgspec.structs.replace(self.get(name), snoozed_until=until))
        return until

    def remove(self, name: str) -> None:
        """Remove an alert; what is remembered of its messages stays."""
        self._rules.put(self.get(name).id, None)

    def log(self, limit: int, name: str | None = None, *, withheld: bool = False) -> list[Delivery]:
        """Return what became of the latest ``limit`` messages, newest first; those held back only when asked for."""
        states: tuple[State, ...] = () if withheld else ("queued", "sent", "failed")
        return list(self._deliveries.page(DeliveriesRequest(rule=name, states=states, limit=limit)).deliveries)

    def take_over(
        self, entries: Iterable[AlertRule | str], channels: Sequence[str] = (), *, dry_run: bool = False
    ) -> Iterator[Taken]:
        """Keep the rules of a file one by one, each in place of the one of its name; sentences are passed on.

        ``channels`` are those of a rule that names none. Nothing is kept in a dry run.
        """
        kept = self._by_name()
        for rule in entries:
            if isinstance(rule, str):
                yield Taken(refused=rule)
                continue
            rule = _in_place_of(kept.get(rule.name), rule)
            if channels and not rule.channels:
                rule = msgspec.structs.replace(rule, channels=tuple(channels))
            if not dry_run:
                try:
                    self._keep(rule)
                except UsageError as exc:
                    yield Taken(refused=f"{rule.name}: {exc}")
                    continue
            yield Taken(rule=rule)

    def _by_name(self) -> dict[str, AlertRule]:
        return {rule.name: rule for rule in stored_rules(self._rules)}

    def _keep(self, rule: AlertRule) -> None:
        """Check a rule and its channels and keep it."""
        searches = self._searches.all()
        admit(rule, searches)
        for channel in rule.channels:
            self._channels.open(channel)
        if "search:" in rule.query:
            # A rule means what it meant when it was kept: saved searches are written out.
            rule = msgspec.structs.replace(rule, query=display(parse(rule.query, searches)))
        self._put(rule)

    def _put(self, rule: AlertRule) -> None:
        self._rules.put(rule.id, msgspec.json.encode(rule))


def stored_rules(rules: Table) -> Iterator[AlertRule]:
    """Yield the alert rules of a table that can be read."""
    yield from (rule for _, rule in read_records(rules, AlertRule))


def quiet_hours(text: str | None) -> tuple[str | None, str | None]:
    """Read ``22:00-07:00`` as two times of day. Raises ``UsageError`` where there is no dash."""
    if text is None:
        return None, None
    begin, dash, end = text.partition("-")
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
    if silence_s and surge_times:
        raise UsageError("An alert watches for silence or for a surge, not for both.")
    begin, end = quiet_hours(quiet)
    if silence_s:
        options["window_s"] = silence_s
    return AlertRule(
        id=derive_id("rule", name, now.isoformat()),
        name=name,
        query=query,
        created=now,
        kind="silence" if silence_s else "surge" if surge_times else "match",
        times=surge_times or 5.0,
        quiet_from=begin,
        quiet_until=end,
        **options,
    )


def _in_place_of(kept: AlertRule | None, rule: AlertRule) -> AlertRule:
    return rule if kept is None else msgspec.structs.replace(rule, id=kept.id, created=kept.created, owner=kept.owner)
