"""Decide what becomes of an alert: whom it pages and when, what a message says, and what follows a failure.

The ledger's memory and the time come in as arguments; deliveries go out as values.
"""

from __future__ import annotations

import math
from collections.abc import Set
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from pipeline.model import Alert, AlertRule, derive_id, origins
from pipeline.ports.alerts import Delivery, Earlier

# An update is sent when the number of sources reaches one of these, not at every newcomer.
ORIGIN_STEPS = (2, 3, 5, 10, 20, 50, 100, 200, 500)
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 600.0
# With the waits between them, about a day.
MAX_ATTEMPTS = 150
# A surge is measured against this many windows before it, and never on fewer articles than this.
SURGE_WINDOWS = 14
SURGE_AT_LEAST = 5


class Paged(msgspec.Struct, frozen=True, kw_only=True):
    """Count a rule's messages to one channel in the running hour and day."""

    hour: int = 0
    day: int = 0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Count a rule's articles in the last window and in the ``SURGE_WINDOWS`` before it; ``newest`` is one's id."""

    recent: int
    earlier: int
    newest: str | None = None


def plan(alert: Alert, rule: AlertRule, channel: str, earlier: Earlier, paged: Paged, now: datetime) -> Delivery | None:
    """Decide what one channel hears of an alert.

    ``earlier`` sums up the rule's deliveries to the channel about the same subject. ``None`` for backfill, which never
    pages anyone; a withheld delivery says why in ``error``. For an alert that is among the earlier ones the answer does
    not matter: the ledger keeps the one it has.
    """
    if alert.article is not None and alert.article.backfill:
        return None
    told, reason = _judge(alert, rule, earlier, now)
    due = now if reason or rule.priority == "high" else _due(rule, paged, now)
    return Delivery(
        id=derive_id(alert.id, channel),
        channel=channel,
        alert=told,
        state="withheld" if reason else "queued",
        due=due,
        changed=now,
        error=reason,
        digest=due > now,
        priority=rule.priority,
    )


def noted(earlier: Earlier, delivery: Delivery) -> Earlier:
    """Return what is known about something after one more delivery about it."""
    article = delivery.alert.article
    sources = earlier.sources | (origins([article]) if article is not None else set())
    return Earlier(delivered=earlier.delivered or delivery.state != "withheld", sources=sources)


def watch(rule: AlertRule, seen: Seen, now: datetime) -> Alert | None:
    """Tell whether a silence or surge rule has something to say, once per silence and once per surging window."""
    window = timedelta(seconds=rule.window_s)
    if rule.kind == "silence":
        if seen.recent or now - rule.created < window:
            return None
        return _alarm(rule, "silence", seen.newest or "never", f"nothing for {spell(rule.window_s)}", now)
    usual = seen.earlier / SURGE_WINDOWS
    if rule.kind != "surge" or seen.recent < max(SURGE_AT_LEAST, rule.times * usual):
        return None
    note = f"{seen.recent} in {spell(rule.window_s)}, usually {usual:.1f}"
    return _alarm(rule, "surge", str(int(now.timestamp()) // rule.window_s), note, now)


def succeeded(delivery: Delivery, receipt: str | None, now: datetime) -> Delivery:
    """Return the delivery as sent, with the receiver's acknowledgement if it gave one."""
    return msgspec.structs.replace(
        delivery, state="sent", attempts=delivery.attempts + 1, changed=now, error=None, receipt=receipt
    )


def refused(delivery: Delivery, error: str, now: datetime) -> Delivery:
    """Return the delivery as failed for good."""
    return msgspec.structs.replace(
        delivery, state="failed", attempts=delivery.attempts + 1, changed=now, error=error, receipt=None
    )


def postponed(delivery: Delivery, error: str, retry_after: float, now: datetime) -> Delivery:
    """Return the delivery queued again, later each time, or failed after ``MAX_ATTEMPTS``, a day or so."""
    wait = max(retry_after, min(FIRST_RETRY_S * math.pow(2, min(delivery.attempts, 20)), LONGEST_RETRY_S))
    due = now + timedelta(seconds=wait)
    if delivery.attempts >= MAX_ATTEMPTS - 1:
        return refused(delivery, f"{error}; given up after {MAX_ATTEMPTS} attempts", now)
    return msgspec.structs.replace(delivery, attempts=delivery.attempts + 1, due=due, changed=now, error=error)


def start_of_hour(now: datetime) -> datetime:
    """Return when the running hour began."""
    return now.replace(minute=0, second=0, microsecond=0)


def start_of_day(rule: AlertRule, now: datetime) -> datetime:
    """Return when the running day began in the rule's time zone."""
    local = now.astimezone(ZoneInfo(rule.time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def spell(seconds: int) -> str:
    """Write a duration in the largest unit that fits it: ``3 days``."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}{'s' if seconds > size else ''}"
    return f"{seconds} seconds"


def _judge(alert: Alert, rule: AlertRule, earlier: Earlier, now: datetime) -> tuple[Alert, str | None]:
    """Return the alert as it is to be told, and why it is not to be told if so."""
    if rule.paused:
        return alert, "paused"
    if rule.expires is not None and rule.expires <= now:
        return alert, "expired"
    if rule.snoozed_until is not None and rule.snoozed_until > now:
        return alert, "snoozed"
    if alert.article is None:
        return alert, None
    untold = not earlier.delivered
    if alert.article.withdrawn:
        return msgspec.structs.replace(alert, reason="update", note="withdrawn"), "withdrawn" if untold else None
    before, publishers = earlier.sources, earlier.sources | origins([alert.article])
    # The rule need not match every report of the story that counts.
    count = max(alert.article.origins, len(publishers))
    note = f"{count} sources: {_listed(publishers or {alert.article.source})}"
    if untold:
        if count < rule.min_origins:
            return alert, f"{count} of {rule.min_origins} sources"
        if rule.min_origins > 1:
            return msgspec.structs.replace(alert, note=note), None
        return alert, None
    if rule.once_per == "story" and len(publishers) > len(before) and count in ORIGIN_STEPS:
        return msgspec.structs.replace(alert, reason="update", note=note), None
    corrected = _corrections(alert)
    if corrected is None:
        return alert, "same story"
    return msgspec.structs.replace(alert, reason="update", note=corrected), None


def _corrections(alert: Alert) -> str | None:
    assert alert.article is not None
    notes = []
    for change in alert.article.changes:
        if change.part == "withdrawn":
            notes.append("published again")
        elif change.part in ("figures", "quotations"):
            notes.append(f"{change.part} changed: {change.before or 'none'} → {change.after or 'none'}")
    return "; ".join(notes) or None


def _listed(publishers: Set[str]) -> str:
    shown = sorted(publishers)[:5]
    return ", ".join(shown) + (" …" if len(publishers) > len(shown) else "")


def _due(rule: AlertRule, paged: Paged, now: datetime) -> datetime:
    """Return when a message may go: now, or at the end of what holds it back."""
    due = now
    if rule.digest_s:
        # Digests are counted from local midnight, so that a daily one comes at midnight of the reader.
        midnight = start_of_day(rule, now)
        due = midnight + timedelta(seconds=((now - midnight).total_seconds() // rule.digest_s + 1) * rule.digest_s)
    if rule.cap_per_hour is not None and paged.hour >= rule.cap_per_hour:
        due = max(due, start_of_hour(now) + timedelta(hours=1))
    if rule.cap_per_day is not None and paged.day >= rule.cap_per_day:
        due = max(due, _next_local(rule, now, time(0)))
    return _after_quiet(rule, due)


def _after_quiet(rule: AlertRule, due: datetime) -> datetime:
    if rule.quiet_from is None or rule.quiet_until is None:
        return due
    begin, end = time.fromisoformat(rule.quiet_from), time.fromisoformat(rule.quiet_until)
    local = due.astimezone(ZoneInfo(rule.time_zone)).time()
    quiet = begin <= local < end if begin < end else local >= begin or local < end
    return _next_local(rule, due, end) if quiet else due


def _next_local(rule: AlertRule, after: datetime, clock: time) -> datetime:
    """Return the next moment at which clocks of the rule's time zone show a time; wall clocks may jump."""
    local = after.astimezone(ZoneInfo(rule.time_zone))
    reached = datetime.combine(local.date(), clock, local.tzinfo)
    if reached.astimezone(UTC) <= after:
        reached = datetime.combine(local.date() + timedelta(days=1), clock, local.tzinfo)
    return reached.astimezone(UTC)


def _alarm(rule: AlertRule, reason: Literal["silence", "surge"], episode: str, note: str, now: datetime) -> Alert:
    name = derive_id(rule.id, reason, episode)
    return Alert(id=name, rule_id=rule.id, rule=rule.name, matched=now, subject=name, reason=reason, note=note)
