"""The sender: what is due in the ledger to the channels, each in a thread of its own, so that none holds up another.

Delivery: what is sent is claimed in the ledger before and marked after. A crash between the two lets the claim run out,
and the message goes again with the same idempotency key. A ledger that is away after sending is waited for with the
mark in hand, so that nothing is sent twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from pipeline.alerts import policy
from pipeline.alerts.changes import changed_back
from pipeline.alerts.message import compose, group
from pipeline.errors import TerminalError, TransientError, UnavailableError, UsageError
from pipeline.ports.alerts import Delivery, Ledger, Notifier
from pipeline.ports.clock import Clock
from pipeline.runners.channel_state import ChannelState
from pipeline.runners.trouble import Trouble

CLAIM = timedelta(seconds=60)
CLAIMED_AT_ONCE = 50
# A message of more is cut: everything that goes into it is in memory at once.
LARGEST_DIGEST = 2_000
# A claim must outlast one more attempt: nothing is sent on one with less left than this.
SEND_AT_MOST_S = 20.0

_log = logging.getLogger("newswire.notify")


class Channels(Protocol):
    """Know where channels lead."""

    def label(self, channel: str) -> str:
        """Return how a channel, given by name or address, is called where secrets must not be."""

    def open(self, channel: str) -> Notifier:
        """Return what sends to a channel, given by name or address. Raises ``UsageError``."""


class Senders:
    """Keep one sender a channel; ``open_channel`` returns what sends to the one with a label.

    ``as_wanted`` returns a delivery as it is wanted when it is about to be sent.
    """

    def __init__(
        self,
        open_channel: Callable[[str], Notifier],
        as_wanted: Callable[[Delivery], Delivery],
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._open = open_channel
        self._as_wanted = as_wanted
        self._ledger = ledger
        self._clock = clock
        self._senders: dict[str, Sender] = {}

    @property
    def busy(self) -> bool:
        """Tell whether something may still come of the last waking of any."""
        return any(sender.busy for sender in self._senders.values())

    def wake(self, channel: str) -> None:
        """Have a channel look into the ledger."""
        sender = self._senders.get(channel)
        if sender is None or not sender.is_alive():
            sender = self._senders[channel] = Sender(channel, self._open, self._as_wanted, self._ledger, self._clock)
            sender.start()
        sender.wake()

    def close(self, timeout: float) -> None:
        """Stop the channels; one that hangs is left behind, and its message is claimed anew at the next start."""
        for sender in self._senders.values():
            sender.stop()
        deadline = time.monotonic() + timeout
        for sender in self._senders.values():
            sender.join(max(0.0, deadline - time.monotonic()))
        self._senders.clear()


class Sender(threading.Thread):
    """Send what is due on one channel whenever woken."""

    def __init__(
        self,
        channel: str,
        open_channel: Callable[[str], Notifier],
        as_wanted: Callable[[Delivery], Delivery],
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        super().__init__(name=f"notify {channel}", daemon=True)
        self._as_wanted = as_wanted
        self._channel = channel
        self._open = open_channel
        self._ledger = ledger
        self._clock = clock
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._trouble = Trouble(_log, f"the ledger for {channel}")
        self._state = ChannelState(channel)
        self._asked = 0
        self._served = 0

    @property
    def busy(self) -> bool:
        """Tell whether something may still come of the last waking."""
        return self.is_alive() and self._served != self._asked

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
                    self._trouble.over()
            except Exception as exc:  # noqa: BLE001 - the claim runs out and the delivery is given out again
                self._trouble.failed(exc)
            self._served = asked

    def _send_some(self) -> bool:
        if self._stopping.is_set():
            return False
        until = time.monotonic() + CLAIM.total_seconds()
        claimed, is_put_back = self._claim(), False
        for message in group(claimed):
            if self._stopping.is_set() or time.monotonic() > until - SEND_AT_MOST_S:
                self._ledger.mark(message)  # as it was: given out again at once
                is_put_back = True
                continue
            if wanted := self._wanted(message):
                delivered = self._send(wanted)
                self._mark(delivered)
                for delivery in delivered:
                    _report(delivery)
                self._state.tell(delivered[0])
        # With fewer, nothing else was due: whoever enters more wakes this channel again.
        return is_put_back or len(claimed) >= CLAIMED_AT_ONCE

    def _wanted(self, message: Sequence[Delivery]) -> list[Delivery]:
        """Return what is still wanted of a message; what became of the rest is marked."""
        judged = [self._as_wanted(each) for each in message]
        others = [after for before, after in zip(message, judged, strict=True) if after is not before]
        kept = [after for before, after in zip(message, judged, strict=True) if after is before]
        if others := [*others, *changed_back(kept, self._clock())]:
            self._mark(others)
            for each in others:
                _report(each)
        gone = {each.id for each in others}
        return [each for each in kept if each.id not in gone]

    def _claim(self) -> list[Delivery]:
        """Claim what is due, the whole of a digest: its message is one, however many are in it."""
        now = self._clock()
        claimed: list[Delivery] = []
        while True:
            more = self._ledger.claim(self._channel, now, now + CLAIM, CLAIMED_AT_ONCE)
            claimed += more
            if len(more) < CLAIMED_AT_ONCE or len(claimed) >= LARGEST_DIGEST:
                return claimed
            last = claimed[-1].due
            if not any(each.digest and each.due == last for each in reversed(claimed)):
                return claimed

    def _mark(self, delivered: Sequence[Delivery]) -> None:
        """Mark what was sent, or see to it until told to stop: unmarked, it would be sent again."""
        while True:
            try:
                self._ledger.mark(delivered)
            except Exception as exc:
                if self._stopping.is_set():
                    raise
                self._trouble.wait(exc, self._stopping)
            else:
                self._trouble.over()
                return

    def _send(self, message: Sequence[Delivery]) -> list[Delivery]:
        # One moment for all of a message: what is sent together stays together.
        try:
            receipt = self._open(self._channel).send(compose(message))
        except TransientError as exc:
            now = self._clock()
            return [policy.postponed(each, str(exc), exc.retry_after, now) for each in message]
        except TerminalError as exc:
            now = self._clock()
            return [policy.refused(each, exc.reason, now) for each in message]
        except (UsageError, UnavailableError) as exc:
            now = self._clock()
            return [policy.refused(each, str(exc), now) for each in message]
        except Exception as exc:  # noqa: BLE001 - a bug in one channel must not end its thread; its text may hold secrets
            _log.error("channel failed channel=%s error=%s", self._channel, type(exc).__name__)
            now = self._clock()
            return [policy.postponed(each, f"a fault of Newswire ({type(exc).__name__})", 0.0, now) for each in message]
        now = self._clock()
        return [policy.succeeded(each, receipt, now) for each in message]


def _report(delivery: Delivery) -> None:
    _log.info(
        "delivery state=%s channel=%s rule=%r attempts=%d error=%s",
        delivery.state,
        delivery.channel,
        delivery.alert.rule,
        delivery.attempts,
        delivery.error,
    )
