"""Alerts and marks: read and changed; and articles pushed from outside."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from connectors.files.jsonl import read_lines
from pipeline.errors import UsageError
from pipeline.model import AlertRule, derive_id
from pipeline.ports.alerts import Delivery
from pipeline.references import has_reference
from pipeline.services.marks import Change
from pipeline.web.api.answers import answer, body_of, check_unchanged, nothing
from pipeline.web.api.articles import days, found
from pipeline.web.api.shapes import (
    AlertEdit,
    AlertEntry,
    AlertOptions,
    Counted,
    DeliveryEntry,
    MarkChange,
    MarkState,
    NewAlert,
    Preview,
    Pushed,
    WhyEntry,
)
from pipeline.web.asking import Ask, NotFoundError
from pipeline.web.rendering import Rendering

REFUSED_SHOWN = 100


def marks(ask: Ask, rendering: Rendering) -> Response:
    """Set or take marks."""
    asked = body_of(ask, MarkChange)
    change = Change(read=asked.read, starred=asked.starred, add=asked.add, remove=asked.remove)
    states = ask.desk.marks(ask.reader).change(asked.articles, change)
    return answer(ask, {article: MarkState(**msgspec.structs.asdict(state)) for article, state in states.items()})


def push(ask: Ask, rendering: Rendering) -> Response:
    """Take articles, one JSON object a line; what is wrong with a line is told, and the others are kept."""
    refused: list[str] = []
    articles = []
    for number, line in enumerate(ask.body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            articles += [read.article for read in read_lines([line], "pushed", ask.desk.clock())]
        except UsageError as exc:
            refused.append(f"line {number}: {str(exc).partition(': ')[2] or exc}")
    if not articles:
        raise UsageError(
            "There is no article in it: " + ("; ".join(refused[:3]) or "one JSON object a line is expected.")
        )
    accepted = ask.desk.publish(articles)
    ask.desk.audit(ask.who, "push articles", str(accepted))
    return answer(ask, Pushed(accepted=accepted, refused=tuple(refused[:REFUSED_SHOWN])), 202)


def alerts(ask: Ask, rendering: Rendering) -> Response:
    """Return the alerts."""
    return answer(ask, [_entry(ask, rule) for rule in ask.desk.alerts.all()])


def alert(ask: Ask, rendering: Rendering) -> Response:
    """Return an alert."""
    return answer(ask, _entry(ask, _named(ask)))


def add_alert(ask: Ask, rendering: Rendering) -> Response:
    """Keep an alert; with an Idempotency-Key, one that was kept by the same request is returned again."""
    asked, now = body_of(ask, NewAlert), ask.desk.clock()
    _check_channels(ask, asked.channels)
    given = ask.headers.get("idempotency-key", "")
    rule_id = (
        derive_id("rule", "idempotency", ask.who, given) if given else derive_id("rule", asked.name, now.isoformat())
    )
    for rule in ask.desk.alerts.all():
        if given and rule.id == rule_id:
            return answer(ask, _entry(ask, rule), 201)
    options = {name: getattr(asked, name) for name in AlertOptions.__struct_fields__}
    kept = ask.desk.alerts.add(AlertRule(id=rule_id, name=asked.name, query=asked.query, created=now, **options))
    ask.desk.audit(ask.who, "keep alert", kept.name)
    return answer(ask, _entry(ask, kept), 201)


def edit_alert(ask: Ask, rendering: Rendering) -> Response:
    """Change an alert, unless somebody else did since (If-Match)."""
    rule, asked = _named(ask), body_of(ask, AlertEdit)
    check_unchanged(ask, _entry(ask, rule))
    changes: dict[str, Any] = {
        name: value for name in AlertEdit.__struct_fields__ if (value := getattr(asked, name)) is not msgspec.UNSET
    }
    if "channels" in changes:
        changes["channels"] = ask.desk.alerts.meant(rule.name, changes["channels"])
        _check_channels(ask, tuple(each for each in changes["channels"] if each not in rule.channels))
    kept = ask.desk.alerts.edit(rule.name, changes)
    ask.desk.audit(ask.who, "change alert", kept.name)
    return answer(ask, _entry(ask, kept))


def remove_alert(ask: Ask, rendering: Rendering) -> Response:
    """Remove an alert."""
    rule = _named(ask)
    check_unchanged(ask, _entry(ask, rule))
    ask.desk.alerts.remove(rule.name)
    ask.desk.audit(ask.who, "remove alert", rule.name)
    return nothing()


def ledger(ask: Ask, rendering: Rendering) -> Response:
    """Return what became of an alert's messages."""
    found_rows = ask.desk.alerts.log(ask.number("limit", 50), _named(ask).name, withheld=True)
    return answer(ask, [_delivery(each) for each in found_rows])


def why(ask: Ask, rendering: Rendering) -> Response:
    """Tell why an alert spoke of an article, or did not."""
    told = ask.desk.alerts.why(_named(ask).name, found(ask))
    parts = tuple((part.words, part.holds) for part in told.parts)
    return answer(ask, WhyEntry(matches=told.matches, words=told.words, parts=parts))


def resend(ask: Ask, rendering: Rendering) -> Response:
    """Send again what failed."""
    count = ask.desk.alerts.resend_failed(_named(ask).name)
    ask.desk.audit(ask.who, "resend alert", ask.places["name"])
    return answer(ask, Counted(count=count))


def preview(ask: Ask, rendering: Rendering) -> Response:
    """Tell what a query would have found."""
    told = ask.desk.alerts.forecast_of(ask.one("q"))
    return answer(
        ask,
        Preview(
            query=told.query,
            reads=told.reads,
            days=told.days,
            matches=told.matches,
            stories=told.stories,
            alerts_per_day=told.alerts_per_day,
            per_day=tuple(days(told.per_day)),
            samples=tuple(document.id for document in told.samples),
            warnings=told.warnings,
        ),
    )


def _named(ask: Ask) -> AlertRule:
    try:
        return ask.desk.alerts.get(ask.places["name"])
    except UsageError as exc:
        raise NotFoundError(str(exc)) from exc


def _check_channels(ask: Ask, channels: tuple[str, ...]) -> None:
    if ask.scope != "admin" and any(has_reference(channel) for channel in channels):
        raise UsageError("Channels that stand in a file or variable are given on the command line.")


def _entry(ask: Ask, rule: AlertRule) -> AlertEntry:
    fields = {name: getattr(rule, name) for name in AlertOptions.__struct_fields__}
    fields["channels"] = tuple(ask.desk.alerts.label(channel) for channel in rule.channels)
    try:
        reads = ask.desk.alerts.restated(rule)
    except UsageError as exc:
        reads = str(exc)
    return AlertEntry(
        id=rule.id, name=rule.name, query=rule.asked or rule.query, reads=reads, created=rule.created,
        paused=rule.paused, snoozed_until=rule.snoozed_until, **fields,
    )  # fmt: skip


def _delivery(delivery: Delivery) -> DeliveryEntry:
    article = delivery.alert.article
    return DeliveryEntry(
        id=delivery.id,
        alert=delivery.alert.rule,
        channel=delivery.channel,
        state=delivery.state,
        due=delivery.due,
        changed=delivery.changed,
        attempts=delivery.attempts,
        reason=delivery.error,
        receipt=delivery.receipt,
        article=article.id if article is not None else None,
        title=article.title if article is not None else delivery.alert.note,
    )
