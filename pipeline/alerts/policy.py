"""Decide what becomes of an alert: whom it pages and when, what a message says, and what follows a failure.

The ledger's memory and the time come in as arguments; deliveries go out as values.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence, Set
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from pipeline.alerts.changes import WITHDRAWN, news
from pipeline.alerts.wall_clock import next_digest, next_period, next_shown, read_schedule, time_of_day
from pipeline.model import Alert, AlertRule, Document, derive_id, origins
from pipeline.ports.alerts import Delivery, Earlier
from pipeline.query.days import day_of, start_of

NOTHING_EARLIER = Earlier()
# An update is sent when the number of sources reaches one of these, not at every newcomer.
ORIGIN_STEPS = (2, 3, 5, 10, 20, 50, 100, 200, 500)
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 600.0
# With the waits between them, about a day.
MAX_ATTEMPTS = 150
# A surge is measured against this many windows before it, and never on fewer articles than this.
SURGE_WINDOWS = 14
SURGE_AT_LEAST = 5


_MOMENT = timedelta(microseconds=1)
# Why an update that was put off is not told.
OUTDATED = "a newer version of its article was told before"
# How the reason begins of what was old when it came.
OLDER = "older than"
# What the alerts say of themselves that a cap held back.
OVER_CAP = "held back by the cap on messages"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bound what is told, unless a rule says otherwise.

    What was published more than ``max_age`` before it was seen, or is a feed's history, is told with ``history`` only.
    An article's updates are at least ``update_every`` apart: those that come meanwhile go in one message after it.
    ``cap_per_hour`` messages of a rule go one by one, and the rest of the hour in one; 0 is no cap.
    """

    max_age: timedelta = timedelta(hours=48)
    history: bool = False
    update_every: timedelta = timedelta(hours=1)
    cap_per_hour: int = 10


USUAL = Limits()


class Paged(msgspec.Struct, frozen=True, kw_only=True):
    """Count a rule's messages to one channel in the running hour and day; of digests, those before the next one."""

    hour: int = 0
    day: int = 0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Count a rule's articles in the last window and in the ``SURGE_WINDOWS`` before it; ``newest`` is one's id."""

    recent: int
    earlier: int
    newest: str | None = None


def plan(
    alert: Alert,
    rule: AlertRule,
    channel: str,
    earlier: Sequence[Delivery],
    paged: Paged,
    now: datetime,
    limits: Limits = USUAL,
    summed: Earlier = NOTHING_EARLIER,
) -> Delivery | None:
    """Decide what one channel hears of an alert.

    ``earlier`` are the rule's latest deliveries to the channel about the same subject; what was decided before about
    this alert stays so. ``summed`` sums up all of them, also those too old to be among ``earlier``. ``None`` for
    backfill, which never pages anyone. A withheld delivery says why in ``error``, and has the same id for every alert
    of the rule about its article.
    """
    if alert.article is not None and alert.article.backfill:
        return None
    for delivery in earlier:
        if delivery.alert.id == alert.id:
            return delivery
    told, reason = _judge(alert, rule, earlier, now, limits, summed)
    if reason is not None:
        about = alert.article.id if alert.article is not None else alert.id
        return Delivery(
            id=withheld_id(rule.id, about, channel),
            channel=channel,
            alert=told,
            state="withheld",
            due=now,
            changed=now,
            error=reason,
            priority=rule.priority,
        )
    begin = _updated_after(told, earlier, now, limits)
    due, over_cap = (begin, False) if rule.priority == "high" else _due(rule, paged, now, begin, limits)
    if over_cap:
        told = msgspec.structs.replace(told, note=f"{told.note}; {OVER_CAP}" if told.note else OVER_CAP)
    return Delivery(
        id=derive_id(alert.id, channel),
        channel=channel,
        alert=told,
        state="queued",
        due=due,
        changed=now,
        digest=due > now,
        priority=rule.priority,
    )


def withheld_id(rule_id: str, article_id: str, channel: str) -> str:
    """Return the id of the one row that tells why an article was not told to a rule's channel."""
    return derive_id("withheld", rule_id, article_id, channel)


def cap_per_hour(rule: AlertRule, limits: Limits) -> int | None:
    """Return how many messages a rule may send in an hour one by one."""
    return rule.cap_per_hour if rule.cap_per_hour is not None else limits.cap_per_hour or None


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


def as_wanted(delivery: Delivery, rule: AlertRule | None, channels: Collection[str], now: datetime) -> Delivery:
    """Return a delivery whose time has come as its rule, which goes to these channels by now, wants it.

    A rule may have been removed, paused, snoozed, sent elsewhere or given other hours since the alert was entered, and
    a machine may wake, or a channel be tried again, in quiet hours: what is held then goes in one message.
    """
    if rule is None:
        reason = "the alert was removed before it could be sent"
    elif rule.paused:
        reason = "paused before it could be sent"
    elif rule.expires is not None and rule.expires <= now:
        reason = "expired before it could be sent"
    elif delivery.channel not in channels:
        reason = "the alert was sent elsewhere from then on"
    elif rule.snoozed_until is not None and rule.snoozed_until > now:
        return msgspec.structs.replace(delivery, due=rule.snoozed_until)
    elif rule.priority != "high" and (due := _wanted_at(delivery, rule, now)) > now:
        return msgspec.structs.replace(delivery, due=due, digest=True)
    else:
        return delivery
    return dropped(delivery, reason, now)


def dropped(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    """Return a delivery that was about to be sent as withheld after all."""
    return msgspec.structs.replace(delivery, state="withheld", changed=now, error=reason)


def depends_on_others(delivery: Delivery, rule: AlertRule) -> bool:
    """Tell whether ``in_order`` must know what else the rule told before a delivery goes: not within its digests."""
    return _is_update(delivery) and not (delivery.digest and (rule.digest or rule.digest_s))


def in_order(delivery: Delivery, earlier: Iterable[Delivery], now: datetime) -> Delivery:
    """Return an update that is about to be sent, later if what it updates could not be sent yet.

    One that was put off is withheld where a newer version of its article, such as its withdrawal, was told meanwhile.
    """
    place = _place(delivery)
    others = [each for each in earlier if each.channel == delivery.channel]
    if delivery.digest:
        if not any(each.state == "sent" and _is_newer(each, delivery) for each in others):
            return delivery
        return dropped(delivery, OUTDATED, now)
    # An update that was put off holds up no other until it is tried.
    before = [
        each.due
        for each in others
        if each.state == "queued"
        and _place(each) < place
        and not (_is_update(each) and each.digest and not each.attempts)
    ]
    if not before or max(before) <= delivery.due:
        return delivery
    return msgspec.structs.replace(delivery, due=max(before))


def _is_update(delivery: Delivery) -> bool:
    return delivery.alert.reason == "update"


def _is_newer(one: Delivery, other: Delivery) -> bool:
    new, old = one.alert.article, other.alert.article
    return new is not None and old is not None and new.id == old.id and new.revision > old.revision


def _place(delivery: Delivery) -> tuple[datetime, int, str]:
    article = delivery.alert.article
    return delivery.alert.matched, article.revision if article is not None else 0, delivery.id


def start_of_hour(now: datetime) -> datetime:
    """Return when the running hour began."""
    return now.replace(minute=0, second=0, microsecond=0)


def start_of_day(rule: AlertRule, now: datetime) -> datetime:
    """Return when the running day began in the rule's time zone."""
    return start_of(day_of(now, rule.time_zone), rule.time_zone)


def digest_after(rule: AlertRule, moment: datetime) -> datetime | None:
    """Return when the first digest after a moment goes, for a rule that collects its alerts."""
    zone = ZoneInfo(rule.time_zone)
    if rule.digest is not None:
        return next_digest(read_schedule(rule.digest), zone, moment)
    return next_period(rule.digest_s, zone, moment) if rule.digest_s else None


def spell(seconds: int) -> str:
    """Write a duration in the largest unit that fits it: ``3 days``."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}{'s' if seconds > size else ''}"
    return f"{seconds} seconds"


def _judge(
    alert: Alert, rule: AlertRule, earlier: Sequence[Delivery], now: datetime, limits: Limits, summed: Earlier
) -> tuple[Alert, str | None]:
    """Return the alert as it is to be told, and why it is not to be told if so."""
    if rule.paused:
        return alert, "paused"
    if rule.expires is not None and rule.expires <= now:
        return alert, "expired"
    if rule.snoozed_until is not None and rule.snoozed_until > now:
        return alert, "snoozed"
    article = alert.article
    if article is None:
        return alert, None
    told = [(each.alert.article, each) for each in earlier if each.state != "withheld" and each.alert.article]
    itself = [delivery for other, delivery in told if other.id == article.id]
    old = None if itself else _too_old(article, limits)
    if old is not None:
        return alert, old
    if article.withdrawn:
        return msgspec.structs.replace(alert, reason="update", note=WITHDRAWN), None if told else WITHDRAWN
    group = article.duplicate_of or article.id
    if not itself and any((other.duplicate_of or other.id) == group for other, _ in told):
        return alert, "copy of an article already told" if article.duplicate_of else "told already by a copy of it"
    known = [delivery.alert.article for delivery in earlier if delivery.alert.article]
    before = origins(known) | summed.sources
    publishers = origins([*known, article]) | before
    # The rule need not match every report of the story that counts.
    count = max(article.origins, len(publishers))
    note = f"{count} sources: {_listed(publishers or {article.source})}"
    if not told and not summed.delivered:
        if count < rule.min_origins:
            return alert, f"{count} of {rule.min_origins} sources"
        return (msgspec.structs.replace(alert, note=note) if rule.min_origins > 1 else alert), None
    if rule.once_per == "story" and len(publishers) > len(before) and count in ORIGIN_STEPS:
        return msgspec.structs.replace(alert, reason="update", note=note), None
    changed = news([alert])
    return (msgspec.structs.replace(alert, reason="update", note=changed), None) if changed else (alert, "same story")


def _updated_after(alert: Alert, earlier: Sequence[Delivery], now: datetime, limits: Limits) -> datetime:
    """Return from when on an alert may go: an update of an article that was updated lately is put off."""
    article = alert.article
    if article is None or article.withdrawn or alert.reason != "update" or alert.note != news([alert]):
        return now
    updates = [
        # When a digest was to go counts, not when it went, or the next would miss the digest after it.
        each.due if each.digest else max(each.due, each.changed)
        for each in earlier
        if each.alert.article is not None
        and each.alert.article.id == article.id
        and each.state != "withheld"
        and _is_update(each)
        # One that waits to be collected told nobody yet: a newer one joins it.
        and not (each.digest and each.due > now)
    ]
    return max([now, *(moment + limits.update_every for moment in updates)])


def _too_old(article: Document, limits: Limits) -> str | None:
    """Return the reason why an article is too old to be told of, if it is."""
    if limits.history:
        return None
    if article.history:
        return f"{OLDER} the subscription to its feed"
    if article.published is not None and article.seen - article.published > limits.max_age:
        return f"{OLDER} {spell(int(limits.max_age.total_seconds()))} when it came"
    return None


def _listed(publishers: Set[str]) -> str:
    shown = sorted(publishers)[:5]
    return ", ".join(shown) + (" …" if len(publishers) > len(shown) else "")


def _due(rule: AlertRule, paged: Paged, now: datetime, earliest: datetime, limits: Limits) -> tuple[datetime, bool]:
    """Return when a message may go, ``earliest`` or at the end of what holds it back, and whether that is a cap."""
    zone, over_cap = ZoneInfo(rule.time_zone), False
    # A digest that goes at that very moment is not too early.
    begin = due = digest_after(rule, earliest if earliest == now else earliest - _MOMENT) or earliest
    cap = cap_per_hour(rule, limits)
    # A digest is one message, however many alerts it holds.
    if due == earliest and cap is not None and paged.hour >= cap:
        due, over_cap = start_of_hour(earliest) + timedelta(hours=1), True
    if rule.cap_per_day is not None and paged.day >= rule.cap_per_day:
        due, over_cap = max(due, next_shown(time(0), zone, begin)), True
    return _after_quiet(rule, zone, due), over_cap


def _wanted_at(delivery: Delivery, rule: AlertRule, now: datetime) -> datetime:
    """Return when a delivery whose time has come is to go: now, or at the end of what holds it back by now."""
    zone = ZoneInfo(rule.time_zone)
    wanted = _after_quiet(rule, zone, now)
    if delivery.due <= delivery.changed or delivery.attempts:
        return wanted
    # What was collected goes with the digest that it would be in if its alert came to the rule as it is by now.
    collected_until = digest_after(rule, delivery.changed)
    return wanted if collected_until is None else max(wanted, _after_quiet(rule, zone, collected_until))


def _after_quiet(rule: AlertRule, zone: ZoneInfo, due: datetime) -> datetime:
    if rule.quiet_from is None or rule.quiet_until is None:
        return due
    begin, end = time_of_day(rule.quiet_from), time_of_day(rule.quiet_until)
    local = due.astimezone(zone).time()
    quiet = begin <= local < end if begin < end else local >= begin or local < end
    return next_shown(end, zone, due) if quiet else due


def _alarm(rule: AlertRule, reason: Literal["silence", "surge"], episode: str, note: str, now: datetime) -> Alert:
    name = derive_id(rule.id, reason, episode)
    return Alert(id=name, rule_id=rule.id, rule=rule.name, matched=now, subject=name, reason=reason, note=note)
