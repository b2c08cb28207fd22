"""What a poll leaves behind: when the feed is due again, what is asked with then, and how it fares. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec

from connectors.fetch.http import Fetched, FetchError
from connectors.polling.reading import FeedReading
from connectors.polling.schedule import (
    MOVES_BELIEVED,
    Poll,
    after_failure_s,
    awake,
    interval_s,
    jittered,
    with_delays,
)
from connectors.polling.subscription import Subscription
from connectors.websub import offered
from pipeline.errors import NewswireError


class Pace(msgspec.Struct, frozen=True):
    """Bound the seconds between two polls of a feed."""

    floor_s: float = 300.0
    ceiling_s: float = 86_400.0


USUAL = Pace()


def succeeded(
    poll: Poll,
    subscription: Subscription,
    fetched: Fetched,
    reading: FeedReading | None,
    now: datetime,
    pace: Pace,
    sparse: float = 1.0,
) -> Poll:
    """Return the poll after one that went well; ``reading`` is ``None`` where nothing had changed.

    ``sparse`` is how many times less often a feed that is pushed is polled.
    """
    published = [moment for moment in reading.published if moment <= now] if reading else []
    wait = poll.interval_s or pace.floor_s
    if reading is not None:
        wait = interval_s(published, fetched.headers, reading.parsed.ttl_s, now, pace.floor_s, pace.ceiling_s)
    wait = subscription.interval_s or wait
    hints = reading.parsed.hints if reading is not None else None
    skip_hours, skip_days = (hints.skip_hours, hints.skip_days) if hints else (poll.skip_hours, poll.skip_days)
    pause = min(wait * (1.0 if subscription.interval_s else sparse), max(pace.ceiling_s, wait))
    next_check = now + timedelta(seconds=jittered(pause, digest(subscription.url.encode())))
    moved_to, moves = _move(poll, subscription, fetched, reading)
    told = reading.parsed if reading is not None else poll
    offer = offered(fetched.headers.get("link"), fetched.url, told.hubs, told.topic)
    return msgspec.structs.replace(
        poll,
        next_check=next_check if subscription.interval_s else awake(next_check, skip_hours, skip_days),
        skip_hours=skip_hours,
        skip_days=skip_days,
        last_check=now,
        last_success=now,
        last_entry=max([*published, *([poll.last_entry] if poll.last_entry else [])], default=None),
        **_validators(fetched, reading, poll),
        failures=0,
        error=None,
        moved_to=moved_to,
        moves=moves,
        interval_s=wait,
        per_day=reading.per_day if reading is not None else poll.per_day,
        delays=_delays(poll, reading, now),
        hubs=offer.hubs if offer is not None else (),
        topic=offer.topic if offer is not None else None,
    )


def pinged(poll: Poll, reading: FeedReading, now: datetime) -> Poll:
    """Return a poll after a ping: when the next one is due, and with which validators, is as it was."""
    moments = [moment for moment in (*reading.published, poll.last_entry) if moment is not None and moment <= now]
    return msgspec.structs.replace(
        poll, last_entry=max(moments, default=None), per_day=reading.per_day, delays=_delays(poll, reading, now)
    )


def failed(poll: Poll, error: NewswireError, now: datetime, pace: Pace) -> Poll:
    """Return the poll after one that went wrong, with the error in words."""
    kind, wait = (error.kind, error.retry_after_s) if isinstance(error, FetchError) else ("body", None)
    failures = poll.failures + 1
    seconds = after_failure_s(kind, failures, wait, pace.floor_s, pace.ceiling_s)
    return msgspec.structs.replace(
        poll,
        next_check=now + timedelta(seconds=seconds),
        last_check=now,
        failures=failures,
        error=str(error),
        retired=kind == "gone",
    )


def digest(content: bytes) -> str:
    """Return what tells two bodies apart."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _move(
    poll: Poll, subscription: Subscription, fetched: Fetched, reading: FeedReading | None
) -> tuple[str | None, int]:
    """Return where a feed says that it moved, and how often in a row it has said so."""
    # Fetched from the address it moved to, a feed redirects no more: that it moved must not be forgotten.
    moved = fetched.moved_to or poll.moved_to_if_believed
    own_word = reading.parsed.hints.moved_to if reading is not None else None
    if own_word and own_word not in (subscription.url, moved):
        return own_word, MOVES_BELIEVED  # which no proxy puts in
    if moved is None:
        return None, 0
    return moved, min(poll.moves + 1, MOVES_BELIEVED) if moved == poll.moved_to else 1


def _validators(fetched: Fetched, reading: FeedReading | None, poll: Poll) -> dict[str, str | None]:
    """Return what the next poll asks with; an index may stand still while its parts change."""
    if reading is not None and reading.parsed.parts:
        return {"etag": None, "modified": None, "body_hash": None}
    kept = poll if fetched.body is None else Poll(next_check=poll.next_check)
    return {
        "etag": fetched.headers.get("etag", kept.etag),
        "modified": fetched.headers.get("last-modified", kept.modified),
        "body_hash": digest(fetched.body) if reading is not None and fetched.body else poll.body_hash,
    }


def _delays(poll: Poll, reading: FeedReading | None, now: datetime) -> tuple[int, ...]:
    """Return the delays with those of a reading; what a new feed has had for long is not late."""
    if reading is None or poll.last_success is None:
        return poll.delays
    return with_delays(poll.delays, reading.arrived, now)
