"""How alert rules, forecasts and deliveries read on a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pipeline.language.shorten import shorten
from pipeline.views.lines import article_line
from pipeline.views.screen import bar_room
from pipeline.views.words import counted

if TYPE_CHECKING:
    from pipeline.model import AlertRule
    from pipeline.ports.alerts import Delivery, Tally
    from pipeline.services.alert_why import Why
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
    if delivery.state == "queued" and delivery.due - delivery.changed >= timedelta(minutes=1):
        times.append(f"waits until {delivery.due.astimezone():%m-%d %H:%M}")
    lines.append(f"    {'; '.join(times)}" + (f"; {delivery.error}" if delivery.error else ""))
    return "\n".join(lines)


def forecast_lines(found: Forecast, width: int | None = None) -> list[str]:
    """Write what an alert would have found: how much, on which days, for example; not the warnings.

    Bars fit a terminal's ``width``.
    """
    longest = bar_room(20, width)
    most = max((day.documents for day in found.per_day), default=1)
    return [
        found.reads,
        f"{counted(found.matches, 'article')} in about {counted(found.stories, 'story', 'stories')} within "
        f"{counted(found.days, 'day')}: "
        f"about {_rate(found)}.",
        *_apart(found),
        *(
            f"{day.day}  {day.documents:>6,}  {'█' * max(1, round(longest * day.documents / most))}"
            for day in found.per_day
        ),
        *map(article_line, found.samples),
    ]


def _rate(found: Forecast) -> str:
    return f"{found.alerts_per_day:g} alert{'s' if found.alerts_per_day != 1 else ''} a day"


def _apart(found: Forecast) -> list[str]:
    lines = []
    if found.updates:
        lines.append(f"About {found.updates:,} of them are updates of what was told before.")
    if found.backlog:
        lines.append(f"About {found.backlog:,} more were old when they came: told only with --alert-history.")
    return lines


def forecast_line(name: str, found: Forecast) -> str:
    """Write in one line what an alert finds and how often it will speak; not the warnings."""
    return f"{name}: {found.reads}. About {_rate(found)}."


def warning_lines(found: Forecast) -> list[str]:
    """Write what the user of an alert may not expect."""
    return [f"Warning: {warning}" for warning in found.warnings]


def rule_json(rule: AlertRule, label: Callable[[str], str], tally: Tally | None = None) -> bytes:
    """Write a rule as JSON, its channels as ``label`` calls them: without secrets; ``tally`` is of the last week."""
    shown = msgspec.to_builtins(msgspec.structs.replace(rule, channels=tuple(map(label, rule.channels))))
    return msgspec.json.encode(shown | ({"last_week": tally} if tally is not None else {}))


def rule_line(rule: AlertRule, label: Callable[[str], str], now: datetime, tally: Tally | None = None) -> str:
    """Write a rule as one line: name, query, whither, what is special about it, and what came of it in a week."""
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
    if rule.digest:
        notes.append(f"{rule.digest} {rule.time_zone}")
    if rule.quiet_from:
        notes.append(f"quiet {rule.quiet_from}-{rule.quiet_until} {rule.time_zone}")
    to = ", ".join(map(label, rule.channels)) or "terminal"
    line = f"{click.style(rule.name, bold=True)}  {rule.asked or rule.query}  → {to}"
    if tally is not None:
        notes.append(tally_words(tally))
    return line + (click.style(f"  [{'; '.join(notes)}]", fg="bright_black") if notes else "")


def tally_words(tally: Tally) -> str:
    """Say what came of an alert in the last week."""
    failed = click.style(f"{tally.failed} failed", fg="red") if tally.failed else "0 failed"
    return f"last week {tally.sent} sent, {tally.withheld} withheld, {failed}"


def why_json(why: Why) -> bytes:
    """Write as JSON why an alert spoke of an article, or not."""
    return msgspec.json.encode(
        {
            "rule": why.rule.name,
            "article": why.article.id,
            "matches": why.matches,
            "parts": why.parts,
            "words": why.words,
            "deliveries": [log_entry(each) for each in why.deliveries],
            "others": [log_entry(each) for each in why.others],
        }
    )


def why_lines(why: Why) -> list[str]:
    """Write why an alert spoke of an article, or not."""
    verdict = "matches" if why.matches else "does not match"
    marks = {True: click.style("yes", fg="green"), False: click.style("no ", fg="red")}
    return [
        f"{click.style(why.rule.name, bold=True)} {verdict} {article_line(why.article)}",
        *(f"  {marks[part.holds]}  {part.words}" for part in why.parts),
        why.words,
        *(log_lines(each) for each in (*why.deliveries, *why.others[:5])),
    ]
