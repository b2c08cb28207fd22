"""The delivery ledger and the means of sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from pipeline.model import Alert

State = Literal["queued", "sent", "failed", "withheld"]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Record one alert on its way to one channel. ``id`` is (alert id, channel) and the idempotency key.

    ``channel`` is a name or a redacted address, never a secret. A withheld one is kept to tell why nobody was paged.
    Those with ``digest`` go out in one message with the others of their rule. ``receipt`` is the receiver's answer.
    """

    id: str
    channel: str
    alert: Alert
    state: State
    due: datetime
    changed: datetime
    attempts: int = 0
    error: str | None = None
    digest: bool = False
    priority: Literal["low", "normal", "high"] = "normal"
    receipt: str | None = None


class DeliveriesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for deliveries of one rule (by id or name) and in some states, if given, after an earlier page."""

    rule: str | None = None
    states: tuple[State, ...] = ()
    limit: int = 50
    cursor: str | None = None


class DeliveriesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Answer with deliveries, the last entered first, and the cursor of the next page if any."""

    deliveries: tuple[Delivery, ...]
    cursor: str | None = None


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Name what a delivery is about: a rule's alerts on one subject, on their way to one channel."""

    rule_id: str
    channel: str
    subject: str


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up the deliveries about something: whether one was not withheld, and their independent publishers.

    ``sources`` are those of all their articles that copy no other (see ``model.origins``).
    """

    delivered: bool = False
    sources: frozenset[str] = frozenset()


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Count what became of a rule's alerts."""

    sent: int = 0
    withheld: int = 0
    failed: int = 0
    queued: int = 0


# A row with such a subject stands for as many withheld alerts as it has attempts.
COUNTED = "counted "


def independent_source(delivery: Delivery) -> str | None:
    """Return the publisher that a delivery adds to those of a story: none where its article copies another."""
    article = delivery.alert.article
    return article.source if article is not None and article.duplicate_of is None else None


class DeliveryHistory(Protocol):
    """Look back at all deliveries, however many came after them. Raises as ``Deliveries``."""

    def page(self, request: DeliveriesRequest) -> DeliveriesPage:
        """Return one page. Raises ``UsageError`` for a cursor that no page gave."""

    def earlier(self, about: Sequence[About]) -> Sequence[Earlier]:
        """Sum up what is known about each, in the same order."""

    def tallies(self, since: datetime) -> Mapping[str, Tally]:
        """Count by rule id what changed to a state, or was entered, after a moment."""


class Deliveries(Protocol):
    """Look back at what was delivered. All raise ``UnavailableError`` or ``TransientError``."""

    def entries(self, limit: int, rule: str | None = None, subjects: Sequence[str] | None = None) -> Sequence[Delivery]:
        """Return the latest deliveries, newest first, of one rule (by id or name) and about any subject, if given."""

    def paged(self, rule_id: str, channel: str, since: datetime) -> int:
        """Count the deliveries of a rule to a channel, sent or on their way, that were or are due after ``since``."""

    def prune(self, before: datetime) -> int:
        """Forget deliveries that were due before a moment and are not queued any more; return how many."""

    def prune_withheld(self, before: datetime, limit: int) -> int:
        """Forget at most ``limit`` of the deliveries that were withheld before a moment; return how many."""


class Ledger(Deliveries, DeliveryHistory, Protocol):
    """Remember every delivery, so that none is lost and none is started twice.

    Each method sees what the ones before it wrote, from any process. All raise ``UnavailableError`` or
    ``TransientError``.
    """

    def enter(self, deliveries: Sequence[Delivery]) -> int:
        """Keep those whose id is not yet known; return how many were new. Idempotent."""

    def waiting(self, now: datetime) -> Sequence[str]:
        """Return the channels that have queued deliveries whose time has come."""

    def claim(self, channel: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Return a channel's queued deliveries whose time has come, earliest first, and put them off ``until`` then.

        Two claimants are never given the same one; one that is not marked by ``until`` is given out again. A claimant
        that enters deliveries itself may be given those alone for a second.
        """

    def mark(self, deliveries: Sequence[Delivery]) -> None:
        """Replace deliveries by their newer states. Idempotent."""

    def requeue(self, ids: Sequence[str], now: datetime) -> int:
        """Queue anew, as if never tried, those of some deliveries that still are failed; return how many. Idempotent.

        Of two who ask at once, one queues each.
        """


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one message: an alert, or the several of a digest. ``id`` is the idempotency key, ``text`` plain lines."""

    id: str
    rule: str
    title: str
    text: str
    alerts: tuple[Alert, ...]
    url: str | None = None
    priority: Literal["low", "normal", "high"] = "normal"


class Notifier(Protocol):
    """Send notices by one means, within a bounded time."""

    def send(self, notice: Notice) -> str | None:
        """Hand over one notice; return the receiver's acknowledgement, or ``None`` where there is none.

        Raises ``TransientError`` to be repeated with the same id, ``TerminalError`` when that cannot help. Messages of
        errors hold no secrets.
        """
