"""How alert rules, forecasts and deliveries read on a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pipeline.language.shorten import shorten
from pipeline.views.lines import article_line

if TYPE_CHECKING:
    from pipeline.model import AlertRule
    from pipeline.ports.alerts import Delivery
    from pipeline.services.forecast import Forecast


def log_entry(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as the log prints it: what, why, whither, when, and the seconds each part took."""
    from pipeline.alerts.message import headline, latency, sentence, words

    told = delivery.alert
    return {
        "id": delivery.id,
        "alert_id": told.id,
        "rule": told.rule,
        "channel": delivery.channel,
        "state": delivery.state,
        "acknowledged": delivery.receipt,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "due": delivery.due,
        "changed": delivery.changed,
        "reason": told.reason,
        "note": told.note,
        "title": headline(told),
        "article": told.article.id if told.article else None,
        "url": told.article.url if told.article else None,
        "words": words(told),
        "sentence": sentence(told),
        "published": told.article.published if told.article else None,
        "seen": told.article.seen if told.article else None,
        "matched": told.matched,
        "sent": delivery.changed if delivery.state == "sent" else None,
        "latency_s": latency(delivery),
    }


def log_lines(delivery: Delivery) -> str:
    """Write a delivery as the log shows it to a person."""
    from pipeline.alerts.message import headline, latency, sentence, words

    told = delivery.alert
    state: str = "acknowledged" if delivery.state == "sent" and delivery.receipt else delivery.state
    if delivery.state == "queued" and delivery.attempts:
        state = f"retrying ({delivery.attempts})"
    colour = {"sent": "green", "acknowledged": "green", "failed": "red"}.get(state, "yellow")
    lines = [
        f"{delivery.changed.astimezone():%m-%d %H:%M:%S}  {click.style(state, fg=colour)}  "
        f"{click.style(told.rule, bold=True)} → {delivery.channel}  {shorten(headline(told))}"
    ]
    if found := words(told):
        lines.append(f"    {', '.join(found[:10])}: {shorten(sentence(told) or '', 160)}")
    times = [
        f"{name.replace('_', ' ')} {value:,.1f} s" for name, value in latency(delivery).items() if value is not None
    ]
    lines.append(f"    {'; '.join(times)}" + (f"; {delivery.error}" if delivery.error else ""))
    return "\n".join(lines)


def forecast_lines(found: Forecast) -> list[str]:
    """Write what an alert would have found: how much, on which days, for example; not the warnings."""
    most = max((day.documents for day in found.per_day), default=1)
    return [
        found.reads,
        f"{found.matches:,} articles in about {found.stories:,} stories within {found.days} days: "
        f"about {found.alerts_per_day:g} alerts a day.",
        *(f"{day.day}  {day.documents:>6,}  {'█' * max(1, round(40 * day.documents / most))}" for day in found.per_day),
        *map(article_line, found.samples),
    ]


def forecast_line(name: str, found: Forecast) -> str:
    """Write in one line what an alert finds and how often it will speak; not the warnings."""
    return f"{name}: {found.reads}. About {found.alerts_per_day:g} alerts a day."


def warning_lines(found: Forecast) -> list[str]:
    """Write what the user of an alert may not expect."""
    return [f"Warning: {warning}" for warning in found.warnings]


def rule_json(rule: AlertRule, label: Callable[[str], str]) -> bytes:
    """Write a rule as JSON, its channels as ``label`` calls them: without secrets."""
    return msgspec.json.encode(msgspec.structs.replace(rule, channels=tuple(map(label, rule.channels))))


def rule_line(rule: AlertRule, label: Callable[[str], str], now: datetime) -> str:
    """Write a rule as one line: name, query, whither, and what is special about it."""
    from pipeline.alerts.policy import spell

    notes = []
    if rule.kind == "silence":
        notes.append(f"nothing for {spell(rule.window_s)}")
    if rule.kind == "surge":
        notes.append(f"{rule.times:g} times the usual in {spell(rule.window_s)}")
    if rule.paused:
        notes.append("paused")
    if rule.snoozed_until and rule.snoozed_until > now:
        notes.append(f"snoozed until {rule.snoozed_until.astimezone():%m-%d %H:%M}")
    if rule.expires and rule.expires <= now:
        notes.append("expired")
    if rule.digest_s:
        notes.append(f"every {spell(rule.digest_s)}")
    if rule.quiet_from:
        notes.append(f"quiet {rule.quiet_from}-{rule.quiet_until} {rule.time_zone}")
    to = ", ".join(map(label, rule.channels)) or "terminal"
    line = f"{click.style(rule.name, bold=True)}  {rule.query}  → {to}"
    return line + (click.style(f"  [{'; '.join(notes)}]", fg="bright_black") if notes else "")
