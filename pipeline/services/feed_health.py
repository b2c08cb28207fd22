"""How a feed fares, in one word, in a sentence with the fix, and in fields."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from connectors.polling.schedule import QUIET, RATED_S, Poll
from connectors.polling.subscription import Subscription
from pipeline.services.feed_settings import shown

State = Literal["ok", "new", "paused", "broken", "gone", "moved", "quiet", "restless"]
TROUBLED: tuple[State, ...] = ("broken", "gone", "moved", "quiet", "restless")
ABANDONED = timedelta(days=14)


class Health(msgspec.Struct, frozen=True):
    """Judge a feed: ``state`` in a word, ``words`` with what happened and what to do."""

    state: State
    words: str


def judged(subscription: Subscription, poll: Poll | None, now: datetime) -> Health:
    """Judge a feed by its last polls."""
    if subscription.paused:
        return Health("paused", f"not polled; `newswire feed pause --resume {subscription.url}` resumes")
    if poll is None or poll.last_check is None:
        return Health("new", "not polled yet")
    if poll.retired and poll.moved_to_if_believed:
        return Health("moved", f"{poll.error} `newswire feed remove {subscription.url}` ends this")
    if poll.retired:
        again = f"`newswire feed refresh {subscription.url}` asks once more"
        return Health("gone", f"{poll.error} It is polled no more; {again}.")
    if poll.gone:
        return Health(
            "gone", f"{poll.error} It is asked again for a day; `newswire feed refresh {subscription.url}` asks now."
        )
    if poll.held_until is not None and poll.held_until > now:
        rest = f"Its host asked to be left alone until {poll.held_until:%H:%M} UTC."
        return Health("broken" if poll.error else "ok", f"{poll.error} {rest}" if poll.error else rest)
    if poll.error:
        return Health("broken", f"{poll.error} {_failing(subscription, poll, now)}")
    if poll.moved_to_if_believed:
        return Health("moved", f"{_rhythm(poll, now)}; it has moved to {poll.moved_to} and is read there")
    if poll.last_entry is not None and now - poll.last_entry > QUIET:
        quiet = f"nothing new since {poll.last_entry:%Y-%m-%d}"
        return Health("quiet", f"{quiet}; `newswire add` its site finds another feed, `newswire feed remove` ends this")
    if poll.is_restless:
        changing = f"every entry has changed at each of the last {poll.restless} polls, so it is polled less often"
        return Health("restless", f"{_rhythm(poll, now)}; {changing}: only figures that replaced others are told of")
    return Health("ok", _rhythm(poll, now))


def health(subscription: Subscription, poll: Poll | None, now: datetime) -> dict[str, object]:
    """Return the fields that tell of a feed and how it fares; times of day in UTC, delays and intervals in seconds."""
    found = judged(subscription, poll, now)
    return {
        "url": subscription.url,
        "title": subscription.title,
        "tags": list(subscription.tags),
        "state": found.state,
        "words": found.words,
        "paused": subscription.paused,
        "retired": poll.retired if poll else False,
        "last_check": poll.last_check if poll else None,
        "last_success": poll.last_success if poll else None,
        "next_check": poll.next_check if poll else None,
        "last_entry": poll.last_entry if poll else None,
        "per_day": round(_per_day(poll, now), 2) if poll else None,
        "delay_s": poll.delay_s if poll else None,
        "failures": poll.failures if poll else 0,
        "error": poll.error if poll else None,
        "moved_to": poll.moved_to if poll else None,
        **shown(subscription),
        "muted": poll.muted if poll else 0,
        "full_texts": poll.full_texts if poll else 0,
        "restless": poll.is_restless if poll else False,
        "full_text_note": poll.full_text_note if poll else None,
    }


def duration(seconds: float) -> str:
    """Say a duration in its largest unit."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and unit == "min"):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _failing(subscription: Subscription, poll: Poll, now: datetime) -> str:
    since = poll.last_success or subscription.added
    times = "once" if poll.failures == 1 else f"{poll.failures} times in a row"
    worked = f"it last worked {duration((now - since).total_seconds())} ago" if poll.last_success else "it never worked"
    if now - since > ABANDONED:
        return f"Failed {times}, {worked}: look for its new address, or `newswire feed remove {subscription.url}`."
    return f"Failed {times}, {worked}; `newswire feed test {subscription.url}` tells more."


def _rhythm(poll: Poll, now: datetime) -> str:
    rhythm = f"{_per_day(poll, now):.1f}/day"
    return rhythm if poll.delay_s is None else f"{rhythm}, seen {duration(poll.delay_s)} after it is published"


def _per_day(poll: Poll, now: datetime) -> float:
    """Return the rate as it was read, unless there has been nothing for so long that it is none any more."""
    stale = poll.last_entry is not None and (now - poll.last_entry).total_seconds() > RATED_S
    return 0.0 if stale else poll.per_day
