"""The notifier: from the alerts topic into the ledger, the same in both runtimes; ``sender`` takes it from there.

Delivery: an alert's rows are in the ledger before its place in the topic is committed and before anything is sent. A
batch that failed is read again. An alert over which something goes wrong that was not foreseen is a dead letter.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import policy
from pipeline.alerts.rules import still_asks
from pipeline.errors import TransientError, UnavailableError, UsageError
from pipeline.model import Alert, AlertRule
from pipeline.plain_words import unreadable
from pipeline.ports.alerts import About, Delivery, Earlier, Ledger, Notifier
from pipeline.ports.clock import Clock
from pipeline.ports.log import Log, Message
from pipeline.ports.search import SearchIndex
from pipeline.ports.table import Table, Transaction
from pipeline.runners.advance import bury
from pipeline.runners.cadence import Cadence
from pipeline.runners.pages import Pages
from pipeline.runners.presence import CATCHES_UP, Presence
from pipeline.runners.sender import Channels, Senders
from pipeline.runners.trouble import Trouble
from pipeline.runners.watching import Watched
from pipeline.runners.withheld import Withheld
from pipeline.topics import NOTIFY

BATCH = 256
# How often the ledger is asked for deliveries whose time has come, and the index about silence and surge rules. Where
# the ledger's answers take long it is less often: what Elasticsearch does for them holds up messages under way.
POLL_S, LONGEST_POLL_S, POLLING_SHARE = 0.5, 3.0, 0.05
WATCH_S = 10.0
# How long a stop waits for messages under way.
DRAIN_S, CLOSE_S = 5.0, 3.0
# How long a record that was handed out before may take to be handed out again.
AGAIN_S = 5.0
# So many of a rule's latest deliveries about a subject are looked at one by one; the ledger sums up the others.
REMEMBERED = 500

_log = logging.getLogger("newswire.notify")


class NotifierLoop:
    """Read alerts, enter them into the ledger, and see to it that each channel gets its own."""

    def __init__(
        self,
        *,
        log: Log,
        rules: Table,
        ledger: Ledger,
        index: SearchIndex,
        channels: Channels,
        clock: Clock,
        transaction: Transaction = contextlib.nullcontext,
        limits: policy.Limits = policy.USUAL,
        keep_withheld: timedelta = timedelta(days=14),
    ) -> None:
        self._limits = limits
        self._pages = Pages(ledger, limits)
        self._withheld = Withheld(ledger, keep_withheld)
        self._log = log
        self._table = rules
        self._ledger = ledger
        self._counts = Watched(index)
        self._channels = channels
        self._clock = clock
        self._transaction = transaction
        self._rules: dict[str, AlertRule] = {}
        self._unread: set[str] = set()
        self._entries: dict[str, str] = {}
        self._complained: set[tuple[str, str]] = set()
        self._senders = Senders(self._open, self._as_wanted, ledger, clock)
        self._watching = Trouble(_log, "watching silence and surge rules")
        self._presence = Presence()
        self._polling = Cadence(POLL_S, LONGEST_POLL_S, POLLING_SHARE)
        self._watched = -WATCH_S

    def step(self, timeout: float = 0.0) -> int:
        """Enter the alerts that came within ``timeout`` seconds and wake the channels with work; return how many."""
        self._learn()
        messages = self._log.read(NOTIFY.reads.name, NOTIFY.name, BATCH, timeout)
        if messages:
            # A rule may have come while waiting, just before its first alert.
            self._learn()
            self._take(messages)
        if time.monotonic() - self._watched >= WATCH_S:
            self._watched = time.monotonic()
            self._watch_all()
        if self._polling.is_due():
            with self._polling.asking():
                for channel in self._ledger.waiting(self._clock()):
                    self._senders.wake(channel)
                self._withheld.prune(self._clock())
        return len(messages)

    def run(self, stop: threading.Event, within_s: float = POLL_S, *, once: bool = False) -> None:
        """Step until ``stop`` is set and send what is due then; whatever is away is waited for.

        That it is set is seen ``within_s`` seconds. With ``once``, it is set when all there is has been fetched.
        """
        trouble = Trouble(_log, "the notifier")
        try:
            while not stop.is_set():
                try:
                    self.step(timeout=within_s)
                except Exception as exc:  # noqa: BLE001 - a bug must not silence all alerts; it is told with its trace
                    self._log.rewind(NOTIFY.reads.name, NOTIFY.name)
                    trouble.wait(exc, stop)
                else:
                    trouble.over()
            if once:
                self._presence.caught_up(self._clock())
                self._watched = -WATCH_S
            if not trouble.lasted_s():
                with contextlib.suppress(TransientError, UnavailableError):
                    self.drain(DRAIN_S)
        finally:
            self.close()

    def drain(self, timeout: float) -> bool:
        """Step until every alert is entered and every due delivery was tried; tell whether that was in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._polling.hasten()
            if self.step(timeout=0.02) or self._senders.busy:
                continue
            if not self._ledger.waiting(self._clock()):
                return True
        return False

    def close(self, timeout: float = CLOSE_S) -> None:
        """Stop the channels; one that hangs is left behind, and its message is claimed anew at the next start."""
        self._senders.close(timeout)

    def _learn(self) -> None:
        for key, value in self._table.changes():
            self._unread.discard(key)
            try:
                if value is None:
                    self._rules.pop(key, None)
                else:
                    self._adopt(value)
            except Exception as exc:  # noqa: BLE001 - one rule that cannot be read must not silence the others
                self._unread.add(key)
                self._rules.pop(key, None)
                self._complain(key, "a rule cannot be read and is left out", exc)

    def _adopt(self, value: bytes) -> AlertRule:
        rule = msgspec.json.decode(value, type=AlertRule)
        self._rules[rule.id] = rule
        for channel in _channels_of(rule):
            self._entries[self._channels.label(channel)] = channel
        return rule

    def _look_up(self, rule_id: str) -> AlertRule | None:
        """Ask the table itself: what it tells of changes may lag behind the first alert of a new rule."""
        value = self._table.get(rule_id)
        return None if value is None else self._adopt(value)

    def _take(self, messages: Sequence[Message]) -> None:
        """Enter a batch and commit it, or if something in it brings out a bug, each of its alerts alone."""
        try:
            self._enter_all(messages)
        except (TransientError, UnavailableError, OSError, MemoryError):
            self._forget()
            raise
        except Exception as exc:  # noqa: BLE001 - one alert's bug must not stop the others
            self._forget()
            if len(messages) == 1:
                self._give_up(exc)
                return
            for _ in messages:
                alone = self._again()
                if not alone:
                    return
                self._take(alone)

    def _forget(self) -> None:
        """Go back to before a batch of which nothing was kept."""
        self._pages.forget()
        self._log.rewind(NOTIFY.reads.name, NOTIFY.name)

    def _again(self) -> Sequence[Message]:
        return self._log.read(NOTIFY.reads.name, NOTIFY.name, 1, AGAIN_S)

    def _give_up(self, error: Exception) -> None:
        """Make the alert that comes next a dead letter."""
        try:
            messages = self._again()
            with self._transaction():
                self._bury([(message, error) for message in messages])
                self._log.commit(NOTIFY.reads.name, NOTIFY.name)
        except Exception:
            self._log.rewind(NOTIFY.reads.name, NOTIFY.name)
            raise

    def _enter_all(self, messages: Sequence[Message]) -> None:
        """Enter what a batch asks for, then keep what could not be read, then commit: a repeat does each once more."""
        refused: list[tuple[Message, Exception]] = []
        pairs = []
        for message in messages:
            try:
                if (pair := self._read(message)) is not None:
                    pairs.append((message, *pair))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
                refused.append((message, exc))
        with self._transaction():
            channels, failed = self._enter(pairs)
            self._bury([*refused, *failed])
            self._log.commit(NOTIFY.reads.name, NOTIFY.name)
        for channel in channels:
            self._senders.wake(channel)

    def _read(self, message: Message) -> tuple[Alert, AlertRule] | None:
        """Return an alert with its rule; ``None`` when the rule is gone. Raises what msgspec does."""
        alert = msgspec.json.decode(message.value, type=Alert)
        # Without a rule, it was removed after the match: nobody is asking any more.
        rule = self._rules.get(alert.rule_id) or self._look_up(alert.rule_id)
        return (alert, rule) if rule is not None else None

    def _enter(
        self, alerts: Sequence[tuple[Message, Alert, AlertRule]]
    ) -> tuple[set[str], list[tuple[Message, Exception]]]:
        """Decide on alerts in order, each knowing the ones before it, and enter the deliveries.

        Return the channels with something new to send, and the alerts that brought out a bug.
        """
        asked = list(dict.fromkeys(each for _, alert, rule in alerts for each in self._abouts(alert, rule)))
        summed = dict(zip(asked, self._ledger.earlier(asked), strict=True)) if asked else {}
        known = self._remembered([about for about, earlier in summed.items() if earlier != Earlier()])
        failed: list[tuple[Message, Exception]] = []
        planned: list[Delivery] = []
        for message, alert, rule in alerts:
            now = self._clock()
            paged = {about: self._pages.of(rule, about.channel, now) for about in self._abouts(alert, rule)}
            try:
                deliveries = self._plan(_slim(alert), rule, known, summed, paged, now)
            except Exception as exc:  # noqa: BLE001 - a bug over one alert must not stop the others
                failed.append((message, exc))
                continue
            for each in deliveries:
                about = About(rule_id=rule.id, channel=each.channel, subject=alert.subject)
                known.setdefault(about, []).append(each)
            planned += deliveries
        return self._enter_planned(planned), failed

    def _remembered(self, abouts: Sequence[About]) -> dict[About, list[Delivery]]:
        """Return the latest deliveries about each of what something was delivered or withheld about."""
        known: dict[About, list[Delivery]] = {}
        for rule_id, subject in dict.fromkeys((about.rule_id, about.subject) for about in abouts):
            for delivery in self._ledger.entries(REMEMBERED, rule=rule_id, subjects=(subject,)):
                about = About(rule_id=rule_id, channel=delivery.channel, subject=subject)
                known.setdefault(about, []).append(delivery)
        return known

    def _enter_planned(self, planned: Sequence[Delivery]) -> set[str]:
        if not planned or not self._ledger.enter(self._withheld.listed(planned, self._clock())):
            return set()
        return {delivery.channel for delivery in planned if delivery.state == "queued"}

    def _abouts(self, alert: Alert, rule: AlertRule) -> list[About]:
        labels = map(self._channels.label, _channels_of(rule))
        return [About(rule_id=rule.id, channel=label, subject=alert.subject) for label in labels]

    def _plan(
        self,
        alert: Alert,
        rule: AlertRule,
        known: dict[About, list[Delivery]],
        summed: dict[About, Earlier],
        paged: dict[About, policy.Paged],
        now: datetime,
    ) -> list[Delivery]:
        planned = []
        for about, pages in paged.items():
            earlier = known.get(about, [])
            sums = summed.get(about, Earlier())
            delivery = policy.plan(alert, rule, about.channel, earlier, pages, now, self._limits, sums)
            if delivery is not None and all(delivery is not each for each in earlier):
                planned.append(delivery)
                self._pages.add(delivery)
        return planned

    def _bury(self, refused: Sequence[tuple[Message, Exception]]) -> None:
        """Make messages that cannot be handled dead letters."""
        if not refused:
            return
        self._log.append([bury(message, stage=NOTIFY.name, error=error) for message, error in refused])
        for message, error in refused:
            _log.error("dead letter stage=%s key=%s error=%r", NOTIFY.name, message.key, error)

    def _watch_all(self) -> None:
        """Look after silence and surge; an index that is away holds up no alert."""
        try:
            self._watch()
        except (TransientError, UnavailableError) as exc:
            self._watching.failed(exc)
        else:
            self._watching.over()

    def _watch(self) -> None:
        present = self._presence.look(self._clock())
        for rule in self._rules.values():
            if rule.kind == "match" or rule.paused:
                continue
            now = self._clock()
            try:
                alert = policy.watch(rule, self._counts.seen(rule, now), now)
            except (TransientError, UnavailableError):
                raise
            except Exception as exc:  # noqa: BLE001 - one rule's mistake must not silence the others
                self._complain(rule.id, f"{rule.name!r} cannot be watched", exc)
                continue
            # Nobody looked while the machine slept: what came then is not here yet.
            if rule.kind == "silence" and present < min(CATCHES_UP, timedelta(seconds=rule.window_s)):
                continue
            if alert is not None:
                channels, _ = self._enter([(_message(alert), alert, rule)])
                for channel in channels:
                    self._senders.wake(channel)

    def _as_wanted(self, delivery: Delivery) -> Delivery:
        """Return a delivery that is about to be sent as its rule wants it by now; a sender's thread asks this."""
        rule_id = delivery.alert.rule_id
        if rule_id in self._unread:
            return delivery  # what was asked for before it could not be read
        rule = self._rules.get(rule_id)
        channels = [self._channels.label(channel) for channel in _channels_of(rule)] if rule is not None else []
        now = self._clock()
        wanted = policy.as_wanted(delivery, rule, channels, now)
        if wanted is not delivery or rule is None:
            return wanted
        if (delivery.digest or delivery.attempts) and not still_asks(rule, delivery.alert):
            return policy.dropped(delivery, "the alert asked for something else before it could be sent", now)
        if self._counts.is_over(delivery, rule, now):
            return policy.dropped(delivery, "something came before it could be sent", now)
        if not policy.depends_on_others(delivery, rule):
            return delivery
        earlier = self._ledger.entries(REMEMBERED, rule=rule_id, subjects=(delivery.alert.subject,))
        return policy.in_order(delivery, earlier, now)

    def _open(self, label: str) -> Notifier:
        channel = self._entries.get(label, label)
        if self._channels.label(channel) != label:
            # A label is an address with its secrets cut out: it must never be sent to.
            raise UsageError(f"No alert and no setting names the address of {label} any more.")
        return self._channels.open(channel)

    def _complain(self, about: str, what: str, error: Exception) -> None:
        """Say once what is wrong with a rule."""
        complaint = (about, repr(error))
        if complaint not in self._complained:
            self._complained.add(complaint)
            _log.error("%s key=%s error=%s", what, about, unreadable(error))


def _message(alert: Alert) -> Message:
    topic = NOTIFY.reads
    return Message(topic=topic.name, key=topic.key(alert), value=msgspec.json.encode(alert))


def _channels_of(rule: AlertRule) -> Sequence[str]:
    return rule.channels or ("terminal:",)


def _slim(alert: Alert) -> Alert:
    """Leave out the markup, which no message shows."""
    if alert.article is None or alert.article.html is None:
        return alert
    return msgspec.structs.replace(alert, article=msgspec.structs.replace(alert.article, html=None))
