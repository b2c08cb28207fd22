"""What users see of WebSub: whether a feed has a hub, until when it pushes, and when it last did."""

from __future__ import annotations

from datetime import datetime

from connectors.polling.schedule import Poll
from connectors.websub import Push
from pipeline.ports.table import Table
from pipeline.records import read_records


def pushes_by_feed(table: Table) -> dict[str, Push]:
    """Return the subscriptions at hubs that are wanted, by the address of their feed."""
    pushes = (push for _, push in read_records(table, Push))
    return {push.feed: push for push in pushes if push.ended is None}


def push_health(poll: Poll | None, push: Push | None) -> dict[str, object]:
    """Return the fields that tell of a feed's hub and how it fares."""
    return {
        "hubs": list(poll.hubs) if poll else [],
        "pushed_until": push.until if push else None,
        "pings": push.pings if push else 0,
        "last_ping": push.last_ping if push else None,
        "forged_pings": push.forged if push else 0,
        "push_note": push.note if push else None,
    }


def push_words(poll: Poll | None, push: Push | None, now: datetime) -> list[str]:
    """Say the same in a few words, or nothing of a feed without a hub."""
    if push is not None and push.is_live(now):
        last = f"last ping {push.last_ping:%Y-%m-%d %H:%M}" if push.last_ping else "no ping yet"
        return [f"pushed until {push.until:%Y-%m-%d %H:%M}, {last}"]
    if push is not None:
        return [f"not pushed: {push.note or 'its hub has not confirmed yet'}"]
    return ["has a hub"] if poll and poll.hubs else []
