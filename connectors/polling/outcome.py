"""What a poll leaves behind: when the feed is due again, what is asked with then, and how it fares. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec

from connectors.fetch.host_limits import ASKING_FOR_REST
from connectors.fetch.http import Fetched, FetchError
from connectors.polling.reading import FeedReading
from connectors.polling.schedule import (
    MOVES_BELIEVED,
    RESTLESS_ENTRIES_MIN,
    RESTLESS_POLLS,
    RESTLESS_SLOWER,
    USUAL,
    Pace,
    Poll,
    after_failure_s,
    asked_s,
    awake,
    interval_s,
    is_stuck,
    jittered,
    with_delays,
)
from connectors.polling.subscription import Subscription
from connectors.websub import offered
from pipeline.errors import NewswireError

__all__ = ["USUAL", "Pace", "digest", "failed", "folded", "held", "interrupted", "pinged", "succeeded"]
# One answer may be a mistake of the moment: what is gone stays gone for a day and several polls.
GONE_BELIEVED = 3
GONE_FOR = timedelta(days=1)
# What a poll says of the next one, beside when that is due.
_ASKED_WITH = ("etag", "modified", "body_hash", "unchanged", "retired")
# Empty answers without an error, such as 204, in a row.
EMPTY_BELIEVED = 5


def succeeded(
    poll: Poll,
    subscription: Subscription,
    fetched: Fetched,
    reading: FeedReading | None,
    now: datetime,
    pace: Pace,
    sparse: float = 1.0,
    body_hash: str | None = None,
) -> Poll:
    """Return the poll after one that went well; ``reading`` is ``None`` where nothing had changed.

    ``sparse`` is how many times less often a feed that is pushed is polled. ``body_hash`` is the digest of the body,
    where it was made already.
    """
    published = [moment for moment in reading.published if moment <= now] if reading else []
    wait = poll.interval_s or pace.floor_s
    if reading is not None:
        wait = interval_s(published, fetched.headers, reading.parsed.ttl_s, now, pace.floor_s, pace.ceiling_s)
    wait = asked_s(subscription.interval_s, pace)[0] if subscription.interval_s else wait
    hints = reading.parsed.hints if reading is not None else None
    skip_hours, skip_days = (hints.skip_hours, hints.skip_days) if hints else (poll.skip_hours, poll.skip_days)
    restless = _restless(poll, reading)
    if restless >= RESTLESS_POLLS:
        sparse *= RESTLESS_SLOWER
    pause = min(wait * (1.0 if subscription.interval_s else sparse), max(pace.ceiling_s, wait))
    next_check = now + timedelta(seconds=jittered(pause, digest(subscription.url.encode())))
    moved_to, moves = _move(poll, subscription, fetched, reading)
    told = reading.parsed if reading is not None else poll
    offer = offered(fetched.headers.get("link"), fetched.url, told.hubs, told.topic)
    poll = msgspec.structs.replace(poll, unchanged=poll.unchanged + 1 if fetched.sent_nothing else 0)
    poll = msgspec.structs.replace(poll, **_validators(fetched, reading, poll, now, body_hash))
    return msgspec.structs.replace(
        poll,
        next_check=next_check if subscription.interval_s else awake(next_check, skip_hours, skip_days),
        skip_hours=skip_hours,
        skip_days=skip_days,
        last_check=now,
        last_success=now,
        last_entry=max([*published, *([poll.last_entry] if poll.last_entry else [])], default=None),
        failures=0,
        error=None,
        retired=False,
        gone=0,
        gone_since=None,
        held_until=None,
        held_at=None,
        moved_to=moved_to,
        moves=moves,
        interval_s=wait,
        restless=restless,
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
    is_gone = kind == "gone"
    gone, since = (poll.gone + 1, poll.gone_since or now) if is_gone else (0, None)
    seconds = after_failure_s(kind, gone if is_gone else failures, wait, pace.floor_s, pace.ceiling_s)
    next_check = now + timedelta(seconds=seconds)
    rests = isinstance(error, FetchError) and error.status in ASKING_FOR_REST and wait
    return msgspec.structs.replace(
        poll,
        next_check=next_check,
        last_check=now,
        failures=failures,
        error=str(error),
        retired=since is not None and gone >= GONE_BELIEVED and now - since >= GONE_FOR,
        gone=gone,
        gone_since=since,
        held_until=next_check if rests else None,
        held_at=error.url if isinstance(error, FetchError) and rests else None,
    )


def held(poll: Poll, error: FetchError, now: datetime) -> Poll:
    """Return the poll of a feed that was not asked for, since its host rests."""
    until = now + timedelta(seconds=error.retry_after_s or 0.0)
    return msgspec.structs.replace(poll, next_check=max(until, poll.next_check), held_until=until)


def folded(poll: Poll, url: str, target: str) -> Poll:
    """Return the poll of a feed that has moved to where another subscription is: it is polled no more."""
    error = f"{url} has moved to {target}, which is followed already; it is folded into that."
    return msgspec.structs.replace(poll, retired=True, error=error)


def interrupted(poll: Poll, before: Poll, stored: Poll) -> Poll:
    """Return the poll after one during which what was stored ``before`` it was changed: what a person asked for holds.

    A feed that was made due is due once more, and is asked without what was dropped.
    """
    if stored == before:
        return poll
    asked = {name: value for name in _ASKED_WITH if (value := getattr(stored, name)) != getattr(before, name)}
    return msgspec.structs.replace(poll, next_check=min(poll.next_check, stored.next_check), **asked)


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


def _validators(
    fetched: Fetched, reading: FeedReading | None, poll: Poll, now: datetime, body_hash: str | None
) -> dict[str, str | int | None]:
    """Return what the next poll asks with; an index may stand still while its parts change, and a server be stuck."""
    if reading is not None and reading.parsed.parts:
        return {"etag": None, "modified": None, "body_hash": None}
    if fetched.body is None and is_stuck(poll, now):
        return {"etag": None, "modified": None}
    kept = poll if fetched.sent_nothing else Poll(next_check=poll.next_check)
    return {
        "etag": fetched.headers.get("etag", kept.etag),
        "modified": fetched.headers.get("last-modified", kept.modified),
        "body_hash": (body_hash or digest(fetched.body)) if reading is not None and fetched.body else poll.body_hash,
    }


def _restless(poll: Poll, reading: FeedReading | None) -> int:
    """Return at how many polls in a row every entry that was known before had changed."""
    if reading is None:
        return 0 if poll.last_success is not None and poll.restless < RESTLESS_POLLS else poll.restless
    if reading.stable or reading.revised < RESTLESS_ENTRIES_MIN:
        return 0
    return poll.restless + 1


def _delays(poll: Poll, reading: FeedReading | None, now: datetime) -> tuple[int, ...]:
    """Return the delays with those of a reading; what a new feed has had for long is not late."""
    if reading is None or poll.last_success is None:
        return poll.delays
    return with_delays(poll.delays, reading.arrived, now)
