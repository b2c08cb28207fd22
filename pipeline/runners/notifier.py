"""The notifier: from the alerts topic through the ledger to the channels, the same in both runtimes.

Delivery: an alert's rows are in the ledger before its place in the topic is committed and before anything is sent. A
channel has a thread of its own, so a dead or hanging one holds up no other. A crash between sending and marking lets
the claim run out, and the message goes again with the same idempotency key.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from pipeline.alerts import policy
from pipeline.alerts.message import compose, group
from pipeline.errors import TerminalError, TransientError, UnavailableError, UsageError
from pipeline.model import Alert, AlertRule
from pipeline.ports.alerts import Delivery, Ledger, Notifier
from pipeline.ports.clock import Clock
from pipeline.ports.log import Log, Message
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.ports.table import Table, Transaction
from pipeline.query.scope import query_of
from pipeline.query.tree import And, Last, Query
from pipeline.runners.advance import bury
from pipeline.runners.channel_state import ChannelState
from pipeline.runners.pages import Pages
from pipeline.runners.withheld import Withheld
from pipeline.topics import NOTIFY

BATCH = 256
# How often the ledger is asked for deliveries whose time has come, and the index about silence and surge rules.
POLL_S = 0.5
WATCH_S = 10.0
RETRY_S = 1.0
# How long a stop waits for messages under way.
DRAIN_S = 5.0
CLAIM = timedelta(seconds=60)
CLAIMED_AT_ONCE = 50
# A claim must outlast one more attempt: nothing is sent on one with less left than this.
SEND_AT_MOST_S = 20.0
REMEMBERED = 5000

# Rule id, subject and channel: what the policy looks back at.
_About = tuple[str, str, str]

_log = logging.getLogger("newswire.notify")


class Channels(Protocol):
    """Know where channels lead."""

    def label(self, channel: str) -> str:
        """Return how a channel, given by name or address, is called where secrets must not be."""

    def open(self, channel: str) -> Notifier:
        """Return what sends to a channel, given by name or address. Raises ``UsageError``."""


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
        self._index = index
        self._channels = channels
        self._clock = clock
        self._transaction = transaction
        self._rules: dict[str, AlertRule] = {}
        self._entries: dict[str, str] = {}
        self._senders: dict[str, _Sender] = {}
        self._polled = self._watched = -WATCH_S

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
            self._watch()
        if time.monotonic() - self._polled >= POLL_S:
            self._polled = time.monotonic()
            for channel in self._ledger.waiting(self._clock()):
                self._sender(channel).wake()
            self._withheld.prune(self._clock())
        return len(messages)

    def run(self, stop: threading.Event) -> None:
        """Step until ``stop`` is set and send what is due then; a log, ledger or index that is away is waited for."""
        try:
            while not stop.is_set():
                try:
                    self.step(timeout=POLL_S)
                except (TransientError, UnavailableError) as exc:
                    _log.warning("notifier waits error=%s", exc)
                    stop.wait(RETRY_S)
                except Exception:  # noqa: BLE001 - a bug must not silence all alerts; it is logged with its trace
                    _log.exception("notifier failed and goes on")
                    stop.wait(RETRY_S)
            with contextlib.suppress(TransientError, UnavailableError):
                self.drain(DRAIN_S)
        finally:
            self.close()

    def drain(self, timeout: float) -> bool:
        """Step until every alert is entered and every due delivery was tried; tell whether that was in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._polled = -WATCH_S
            if self.step(timeout=0.02) or any(sender.busy for sender in self._senders.values()):
                continue
            if not self._ledger.waiting(self._clock()):
                return True
        return False

    def close(self, timeout: float = 3.0) -> None:
        """Stop the channels; one that hangs is left behind, and its message is claimed anew at the next start."""
        for sender in self._senders.values():
            sender.stop()
        deadline = time.monotonic() + timeout
        for sender in self._senders.values():
            sender.join(max(0.0, deadline - time.monotonic()))
        self._senders.clear()

    def _learn(self) -> None:
        for key, value in self._table.changes():
            if value is None:
                self._rules.pop(key, None)
            else:
                self._adopt(value)

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
        """Enter a batch and commit it; what has been read is not read again, so this repeats until it is done."""
        while True:
            try:
                with self._transaction():
                    self._enter([self._read(message) for message in messages])
                    self._log.commit(NOTIFY.reads.name, NOTIFY.name)
                return
            except (TransientError, UnavailableError) as exc:
                self._pages.forget()
                _log.warning("ledger is away error=%s", exc)
                time.sleep(RETRY_S)

    def _read(self, message: Message) -> tuple[Alert, AlertRule] | None:
        """Return an alert with its rule; ``None`` when the rule is gone, or the alert unreadable: a dead letter."""
        try:
            alert = msgspec.json.decode(message.value, type=Alert)
        except msgspec.MsgspecError as exc:
            self._bury(message, exc)
            return None
        # Without a rule, it was removed after the match: nobody is asking any more.
        rule = self._rules.get(alert.rule_id) or self._look_up(alert.rule_id)
        return (alert, rule) if rule is not None else None

    def _enter(self, told: Sequence[tuple[Alert, AlertRule] | None]) -> None:
        """Decide on alerts in order, each knowing the ones before it, and enter the deliveries in one go."""
        pairs = [pair for pair in told if pair is not None]
        if not pairs:
            return
        known: dict[_About, list[Delivery]] = {}
        subjects = sorted({alert.subject for alert, _ in pairs})
        for delivery in self._ledger.entries(REMEMBERED, subjects=subjects):
            known.setdefault(_about(delivery), []).append(delivery)
        planned: list[Delivery] = []
        for alert, rule in pairs:
            try:
                deliveries = self._plan(_slim(alert), rule, known)
            except (TransientError, UnavailableError):
                raise
            except Exception as exc:  # noqa: BLE001 - a bug over one alert must not stop the others
                self._bury(_message(alert), exc)
                continue
            for delivery in deliveries:
                known.setdefault(_about(delivery), []).append(delivery)
            planned += deliveries
        if not self._ledger.enter(self._withheld.listed(planned, self._clock())):
            return
        for channel in {delivery.channel for delivery in planned if delivery.state == "queued"}:
            self._sender(channel).wake()

    def _plan(self, alert: Alert, rule: AlertRule, known: Mapping[_About, Sequence[Delivery]]) -> list[Delivery]:
        now = self._clock()
        planned = []
        for label in map(self._channels.label, _channels_of(rule)):
            earlier = known.get((rule.id, alert.subject, label), ())
            delivery = policy.plan(alert, rule, label, earlier, self._pages.of(rule, label, now), now, self._limits)
            if delivery is not None and all(delivery is not each for each in earlier):
                planned.append(delivery)
                self._pages.add(delivery)
        return planned

    def _bury(self, message: Message, error: Exception) -> None:
        """Make a message that cannot be handled a dead letter."""
        self._log.append([bury(message, stage=NOTIFY.name, error=error)])
        _log.error("dead letter stage=%s key=%s error=%r", NOTIFY.name, message.key, error)

    def _watch(self) -> None:
        for rule in self._rules.values():
            if rule.kind == "match" or rule.paused:
                continue
            now = self._clock()
            try:
                alert = policy.watch(rule, self._seen(rule, now), now)
            except UsageError as exc:
                _log.error("rule cannot be watched rule=%r error=%s", rule.name, exc)
                continue
            if alert is not None:
                self._enter([(alert, rule)])

    def _seen(self, rule: AlertRule, now: datetime) -> policy.Seen:
        query = query_of(rule)
        recent = self._count(query, rule.window_s, now)
        if rule.kind == "surge":
            whole = self._count(query, rule.window_s * (1 + policy.SURGE_WINDOWS), now)
            return policy.Seen(recent=recent, earlier=whole - recent)
        newest = self._index.search(SearchRequest(query=query, now=now, limit=1)).documents
        return policy.Seen(recent=recent, earlier=0, newest=newest[0].id if newest else None)

    def _count(self, query: Query, seconds: int, now: datetime) -> int:
        within = Query(text=query.text, root=And(nodes=(query.root, Last(seconds=seconds))))
        return self._index.search(SearchRequest(query=within, now=now, limit=1)).total

    def _sender(self, channel: str) -> _Sender:
        sender = self._senders.get(channel)
        if sender is None:
            sender = self._senders[channel] = _Sender(channel, self._open, self._ledger, self._clock)
            sender.start()
        return sender

    def _open(self, label: str) -> Notifier:
        channel = self._entries.get(label, label)
        if self._channels.label(channel) != label:
            # A label is an address with its secrets cut out: it must never be sent to.
            raise UsageError(f"No alert and no setting names the address of {label} any more.")
        return self._channels.open(channel)


class _Sender(threading.Thread):
    """Send what is due on one channel whenever woken."""

    def __init__(self, channel: str, open_channel: Callable[[str], Notifier], ledger: Ledger, clock: Clock) -> None:
        super().__init__(name=f"notify {channel}", daemon=True)
        self._channel = channel
        self._open = open_channel
        self._ledger = ledger
        self._clock = clock
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._asked = 0
        self._served = 0
        self._state = ChannelState(channel)

    @property
    def busy(self) -> bool:
        """Tell whether something may still come of the last waking."""
        return self._served != self._asked

    def wake(self) -> None:
        """Have the channel look into the ledger."""
        self._asked += 1
        self._woken.set()

    def stop(self) -> None:
        """End after the message under way."""
        self._stopping.set()
        self._woken.set()

    def run(self) -> None:
        """Send until stopped; a ledger that is away is asked again at the next waking."""
        while not self._stopping.is_set():
            self._woken.wait()
            self._woken.clear()
            asked = self._asked
            try:
                while self._send_some():
                    pass
            except Exception as exc:  # noqa: BLE001 - the claim runs out and the delivery is given out again
                _log.warning("ledger is away channel=%s error=%r", self._channel, exc)
            self._served = asked

    def _send_some(self) -> bool:
        if self._stopping.is_set():
            return False
        now = self._clock()
        until = time.monotonic() + CLAIM.total_seconds()
        claimed = batch = list(self._ledger.claim(self._channel, now, now + CLAIM, CLAIMED_AT_ONCE))
        while len(batch) == CLAIMED_AT_ONCE and batch[-1].digest:
            # A digest is one message, however many alerts it holds.
            batch = list(self._ledger.claim(self._channel, now, now + CLAIM, CLAIMED_AT_ONCE))
            claimed = [*claimed, *batch]
        for message in group(claimed):
            if self._stopping.is_set() or time.monotonic() > until - SEND_AT_MOST_S:
                self._ledger.mark(message)  # as it was: given out again at once
                continue
            delivered = self._send(message)
            self._ledger.mark(delivered)
            for delivery in delivered:
                _report(delivery)
            self._state.tell(delivered[0])
        return bool(claimed)

    def _send(self, message: Sequence[Delivery]) -> list[Delivery]:
        try:
            receipt = self._open(self._channel).send(compose(message))
        except TransientError as exc:
            return [policy.postponed(each, str(exc), exc.retry_after, self._clock()) for each in message]
        except TerminalError as exc:
            return [policy.refused(each, exc.reason, self._clock()) for each in message]
        except (UsageError, UnavailableError) as exc:
            return [policy.refused(each, str(exc), self._clock()) for each in message]
        except Exception as exc:  # noqa: BLE001 - a bug in one channel must not end its thread; its text may hold secrets
            _log.error("channel failed channel=%s error=%s", self._channel, type(exc).__name__)
            return [policy.postponed(each, type(exc).__name__, 0.0, self._clock()) for each in message]
        return [policy.succeeded(each, receipt, self._clock()) for each in message]


def _message(alert: Alert) -> Message:
    topic = NOTIFY.reads
    return Message(topic=topic.name, key=topic.key(alert), value=msgspec.json.encode(alert))


def _about(delivery: Delivery) -> _About:
    return delivery.alert.rule_id, delivery.alert.subject, delivery.channel


def _channels_of(rule: AlertRule) -> Sequence[str]:
    return rule.channels or ("terminal:",)


def _slim(alert: Alert) -> Alert:
    """Leave out the markup, which no message shows."""
    if alert.article is None or alert.article.html is None:
        return alert
    return msgspec.structs.replace(alert, article=msgspec.structs.replace(alert.article, html=None))


def _report(delivery: Delivery) -> None:
    _log.info(
        "delivery state=%s channel=%s rule=%r attempts=%d error=%s",
        delivery.state,
        delivery.channel,
        delivery.alert.rule,
        delivery.attempts,
        delivery.error,
    )
