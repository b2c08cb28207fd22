"""Alerts: listed, edited with what they would have found, tried, and what became of their messages."""

from __future__ import annotations

from itertools import count
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from pipeline.alerts.message import headline
from pipeline.errors import UsageError
from pipeline.language.shorten import shorten
from pipeline.model import AlertRule
from pipeline.services.forecast import Forecast
from pipeline.views.charts import bars_of, timeline
from pipeline.web.access_pages import to_follow
from pipeline.web.alert_form import fields_of, rule_of
from pipeline.web.asking import Ask, NotFoundError, redirect
from pipeline.web.rendering import Rendering, address, quoted_part

KIND = "alert"
LEDGER = 100
NAME_CHARS = 60
SNOOZE_S = 86_400
EMPTY = {
    "name": "", "query": "", "channels": (), "feeds": (), "tags": (), "languages": (), "kind": "match", "window": "1d",
    "times": 5.0, "once_per": "story", "min_origins": 1, "digest": "", "quiet": "", "time_zone": "UTC",
    "cap_per_hour": "", "cap_per_day": "", "expires": "", "priority": "normal",
}  # fmt: skip


def listed(ask: Ask, rendering: Rendering) -> Response:
    """List the alerts, and the latest messages of all."""
    alerts = ask.desk.alerts
    rules = alerts.all()
    return rendering.page(
        ask,
        "alerts.html",
        rules=rules,
        reads={rule.id: _reads(ask, rule) for rule in rules},
        tallies=alerts.tallies(),
        ledger=alerts.log(LEDGER, withheld=bool(ask.one("withheld"))),
        headline=headline,
        withheld=bool(ask.one("withheld")),
        done=ask.one("done"),
        undo=ask.one("undo") if ask.desk.removed.is_there(ask, KIND, ask.one("undo")) else "",
    )


def editor(ask: Ask, rendering: Rendering) -> Response:
    """Show the form, filled with a query or with an alert."""
    name = ask.one("name")
    if not name:
        return _form(ask, rendering, EMPTY | {"query": ask.one("q"), "name": _free_name(ask)}, "")
    rule = _named(ask, name)
    # Channels stand there by their names: what is secret in them is never shown, and stays as it is.
    given = fields_of(rule) | {"channels": tuple(map(ask.desk.alerts.label, rule.channels))}
    return _form(ask, rendering, given, "")


def _free_name(ask: Ask) -> str:
    """Return a name for an alert of a query that none has yet, so that nobody has to think of one."""
    query = " ".join("".join(c if c.isprintable() and c != '"' else " " for c in ask.one("q")).split())
    if not query:
        return ""
    name = shorten(query[:1].upper() + query[1:], NAME_CHARS)
    taken = {rule.name.casefold() for rule in ask.desk.alerts.all()}
    further = (f"{name} {n}" for n in count(2))
    return name if name.casefold() not in taken else next(each for each in further if each.casefold() not in taken)


def preview(ask: Ask, rendering: Rendering) -> Response:
    """Show what the alert in the form would have found: asked while it is edited."""
    found, error = _forecast(ask, lambda name: ask.one(name).strip(), lambda name: _split(ask.one(name)))
    return rendering.part(ask, "alert_preview.html", found=found, error=error, chart=_chart(found), told=False)


def keep(ask: Ask, rendering: Rendering) -> Response:
    """Keep the alert of a form, new or in place of the one it was opened with."""
    form, alerts = ask.form(), ask.desk.alerts
    if form.has("put_back"):
        ask.desk.removed.put_back(ask, KIND, form.one("put_back"), AlertRule, alerts.restore)
        ask.desk.audit(ask.who, "put back alert", form.one("put_back"))
        return redirect(address("/alerts", done="It is back as it was."))
    opened = form.one("opened")
    before = _named(ask, opened).channels if opened else ()

    def several(name: str) -> tuple[str, ...]:
        given = _split(form.one(name))
        return alerts.meant(opened, given) if opened and name == "channels" else given

    try:
        may_refer = ask.scope == "admin" or set(several("channels")) <= set(before)
        rule = rule_of(form.one, several, ask.desk.clock(), may_refer=may_refer)
        if opened:
            changes = {name: getattr(rule, name) for name in AlertRule.__struct_fields__ if name not in _KEPT}
            kept = alerts.edit(opened, changes)
        else:
            kept = alerts.add(rule)
    except UsageError as exc:
        given = EMPTY | {name: form.one(name) for name in EMPTY}
        for name in ("channels", "feeds", "tags", "languages"):
            given[name] = _split(form.one(name))
        return _form(ask, rendering, given | {"opened": opened}, str(exc))
    ask.desk.audit(ask.who, "keep alert", kept.name)
    return redirect(f"/alert/{quoted_part(kept.name)}?done=kept")


def one(ask: Ask, rendering: Rendering) -> Response:
    """Show an alert: what it finds, what became of its messages, and why not of one article."""
    rule = _found(ask)
    alerts = ask.desk.alerts
    why = None
    if ask.one("article"):
        document = ask.desk.articles.find(ask.one("article"))
        if document is None:
            raise NotFoundError("There is no such article.")
        why = alerts.why(rule.name, document)
    found, error = None, ""
    try:
        found = alerts.forecast(rule)
    except UsageError as exc:
        error = str(exc)
    return rendering.page(
        ask,
        "alert.html",
        rule=rule,
        reads=_reads(ask, rule),
        found=found,
        error=error,
        chart=_chart(found),
        ledger=alerts.log(LEDGER, rule.name, withheld=True),
        channels=[alerts.label(channel) for channel in rule.channels] or ["the terminal"],
        why=why,
        headline=headline,
        done=ask.one("done"),
        follow=to_follow(ask, "alert", rule.name),
    )


def act(ask: Ask, rendering: Rendering) -> Response:
    """Pause, resume, snooze, try, send again or remove an alert."""
    rule, form, alerts = _found(ask), ask.form(), ask.desk.alerts
    back = f"/alert/{quoted_part(rule.name)}"
    if form.has("remove"):
        alerts.remove(rule.name)
        ask.desk.audit(ask.who, "remove alert", rule.name)
        undo = ask.desk.removed.keep(ask, KIND, rule)
        return redirect(address("/alerts", done=f"{rule.name} is removed.", undo=undo))
    if form.has("test"):
        done = "; ".join(f"{s.channel}: {s.error or s.receipt or 'sent'}" for s in alerts.send_test(rule.name))
    elif form.has("resend"):
        done = f"{alerts.resend_failed(rule.name)} messages are sent again"
    elif form.has("pause"):
        alerts.pause(rule.name)
        done = "paused"
    elif form.has("resume"):
        alerts.pause(rule.name, paused=False)
        done = "on again"
    elif form.has("snooze"):
        until = alerts.snooze(rule.name, SNOOZE_S)
        done = f"silent until {until:%Y-%m-%d %H:%M} UTC"
    else:
        raise UsageError("There is nothing of that name to do.")
    ask.desk.audit(ask.who, "change alert", f"{rule.name}: {done}")
    return redirect(address(back, done=done))


_KEPT = ("id", "created", "owner", "paused", "snoozed_until", "asked", "lists", "schema_version")


def _found(ask: Ask) -> AlertRule:
    return _named(ask, ask.places["name"])


def _named(ask: Ask, name: str) -> AlertRule:
    try:
        return ask.desk.alerts.get(name)
    except UsageError as exc:
        raise NotFoundError(str(exc)) from exc


def _form(ask: Ask, rendering: Rendering, given: dict[str, Any], error: str) -> Response:
    found, wrong = None, ""
    if given["query"]:
        one = {name: value for name, value in given.items() if isinstance(value, str | int | float)}
        several = {name: value for name, value in given.items() if isinstance(value, tuple)}
        found, wrong = _forecast(ask, lambda name: str(one.get(name, "")), lambda name: several.get(name, ()))
    return rendering.page(
        ask,
        "alert_form.html",
        status=400 if error else 200,
        given=given,
        opened=given.get("opened", ask.one("name")),
        error=error or wrong,
        found=found,
        chart=_chart(found),
        channels=ask.desk.channels,
    )


def _forecast(ask: Ask, one: Any, several: Any) -> tuple[Forecast | None, str]:
    if not one("query"):
        return None, ""
    try:
        rule = rule_of(lambda name: one(name) or ("preview" if name == "name" else ""), several, ask.desk.clock(),
                       may_refer=True)  # fmt: skip
        return ask.desk.alerts.forecast(rule), ""
    except UsageError as exc:
        return None, str(exc)


def _chart(found: Forecast | None) -> dict[str, Any]:
    bars = bars_of(found.per_day) if found is not None else []
    return {"drawn": Markup(timeline(bars, None, "Matches a day")), "bars": bars}


def _reads(ask: Ask, rule: AlertRule) -> str:
    try:
        return ask.desk.alerts.restated(rule)
    except UsageError as exc:
        return str(exc)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace(",", "\n").splitlines() if part.strip())
