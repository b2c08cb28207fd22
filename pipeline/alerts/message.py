"""Write what an alert says: one message for one alert, or for the several of a digest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from pipeline.alerts.changes import beyond_news, by_revision, news
from pipeline.alerts.policy import OVER_CAP
from pipeline.language.sentences import split_sentences
from pipeline.model import Alert, derive_id
from pipeline.ports.alerts import Delivery, Notice
from pipeline.web_addresses import web_address

# A message of a digest spells out so many alerts and counts the others.
SPELLED_OUT = 100


def group(deliveries: Sequence[Delivery]) -> list[tuple[Delivery, ...]]:
    """Put deliveries into messages: those of a digest together, each other one alone.

    What is due at one moment is one digest. After a failure all of it is due later, still at one moment, so the message
    that is repeated is the same, and has the same key.
    """
    messages: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        key = f"digest {delivery.alert.rule_id} {delivery.due}" if delivery.digest else delivery.id
        messages.setdefault(key, []).append(delivery)
    return [tuple(message) for message in messages.values()]


def compose(deliveries: Sequence[Delivery]) -> Notice:
    """Write the message that carries these deliveries of one rule; its words tell of each article once."""
    first, alerts = deliveries[0], tuple(delivery.alert for delivery in deliveries)
    told = _as_it_stands(alerts)
    key = first.id if len(deliveries) == 1 else derive_id("digest", *sorted(delivery.id for delivery in deliveries))
    if len(told) == 1:
        alert = told[0]
        return Notice(
            id=key,
            rule=alert.rule,
            title=f"{alert.rule}: {headline(alert)}",
            text=_paragraph(alert),
            alerts=alerts,
            url=(web_address(alert.article.url) or None) if alert.article else None,
            priority=first.priority,
        )
    return Notice(
        id=key,
        rule=first.alert.rule,
        title=f"{first.alert.rule}: {len(told)} {'more' if all(map(_over_cap, told)) else 'alerts'}",
        text="\n\n".join(
            [f"{headline(alert)}\n{_paragraph(alert)}" for alert in told[:SPELLED_OUT]]
            + [f"and {len(told) - SPELLED_OUT:,} more; `newswire alert log` lists them"] * (len(told) > SPELLED_OUT)
        ),
        alerts=alerts,
        priority=first.priority,
    )


def _as_it_stands(alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    """Tell of each article once, as its newest version has it, where a message collected several.

    A first report stays one; updates alone say what changed since the version before the first of them.
    """
    versions: dict[str, list[Alert]] = {}
    for alert in alerts:
        versions.setdefault(alert.article.id if alert.article is not None else alert.id, []).append(alert)
    return tuple(_newest(each) if len(each) > 1 else each[0] for each in versions.values())


def _newest(versions: Sequence[Alert]) -> Alert:
    ordered = by_revision(versions)
    first, newest = ordered[0], ordered[-1]
    if newest.article is not None and newest.article.withdrawn:
        return newest
    if first.reason != "update":
        return msgspec.structs.replace(newest, reason=first.reason, note=first.note)
    notes = dict.fromkeys([news(ordered), *map(beyond_news, ordered)])
    return msgspec.structs.replace(newest, note="; ".join(note for note in notes if note) or None)


def headline(alert: Alert) -> str:
    """Say in one line what an alert is about."""
    if alert.article is None:
        return alert.note or alert.reason
    title = " ".join((alert.article.title or sentence(alert) or alert.article.url or alert.article.id).split())
    return f"{title} [update: {alert.note}]" if alert.reason == "update" else title


def sentence(alert: Alert) -> str | None:
    """Return the sentence with the most of the matched words, the first such; without any, the first or the title."""
    article = alert.article
    if article is None:
        return None
    marks = [mark for mark in alert.spans if mark.part == "text"]
    if not article.text or (alert.spans and not marks):
        return article.title
    sentences = split_sentences(article.text, article.language)
    if not sentences:
        return article.title

    def worth(span: tuple[int, int]) -> int:
        return len({mark.text.casefold() for mark in marks if span[0] <= mark.start < span[1]})

    return " ".join(article.text[slice(*max(sentences, key=worth))].split())


def words(alert: Alert) -> tuple[str, ...]:
    """Return the words that made an alert match, each once."""
    return tuple(dict.fromkeys(mark.text for mark in alert.spans))


def latency(delivery: Delivery) -> dict[str, float | None]:
    """Return the seconds between publication, our seeing it, its match and its sending."""
    alert, article = delivery.alert, delivery.alert.article
    seen = article.seen if article else None
    return {
        "published_to_seen": _seconds(article.published if article else None, seen),
        "seen_to_matched": _seconds(seen, alert.matched),
        "matched_to_sent": _seconds(alert.matched, delivery.changed if delivery.state == "sent" else None),
    }


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    return (end - begin).total_seconds() if begin and end else None


def _over_cap(alert: Alert) -> bool:
    return (alert.note or "").endswith(OVER_CAP)


def _paragraph(alert: Alert) -> str:
    article = alert.article
    lines = [alert.note] if alert.note and article is not None else []
    if article is None:
        return alert.note or alert.reason
    said = sentence(alert)
    if said and said != article.title:
        lines.append(said)
    if found := words(alert):
        lines.append(f"Matched: {', '.join(found[:10])}")
    moment = article.published or article.seen
    lines.append(f"{article.source}, {moment:%Y-%m-%d %H:%M} UTC")
    if article.url:
        lines.append(article.url)
    return "\n".join(lines)
