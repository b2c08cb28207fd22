"""When a feed is polled next: decided from its answer, its own rhythm and its failures. Pure: now is an argument."""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.moments import from_http

MOVES_BELIEVED = 3
# A feed whose entries all change so often in a row has a counter or a clock in them; it is polled less often then.
RESTLESS_POLLS = 3
RESTLESS_ENTRIES_MIN = 3
RESTLESS_SLOWER = 4.0
QUIET = timedelta(days=60)
# So many of the latest entries tell how often a feed publishes.
PACED_BY = 20
DAY_S = 86_400
RATED_S = 7 * DAY_S
DELAYS_KEPT = 15
# A 304 is doubted after so many in a row: beyond the feed's rhythm, where it is not known, and within it.
UNCHANGED_BEYOND = 5
UNCHANGED_UNKNOWN = 10
UNCHANGED_IN_RHYTHM = 20
ENTRIES_MISSED = 3
SHORTEST_SILENCE_S = 3_600
LONGEST_DELAY_S = 7 * DAY_S
# Consecutive failures of a kind multiply the interval; a server that is merely busy is given less of a rest.
_PATIENCE = {"connect": 2.0, "timeout": 2.0, "status": 2.0, "tls": 3.0, "protocol": 2.0, "body": 3.0, "redirect": 3.0,
             "gone": 12.0}  # fmt: skip


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """Keep what the next poll of a feed needs to know, and what its health is told from.

    ``delays`` are the seconds between publishing and seeing of the latest entries, in order. ``unchanged`` counts the
    latest answers that sent nothing; ``gone`` those in a row that said the feed is gone for good, since ``gone_since``.
    Until ``held_until`` the host of ``held_at`` is left alone, as it asked. ``restless`` counts polls in a row at which
    every entry known before had changed.
    """

    next_check: datetime
    last_check: datetime | None = None
    last_success: datetime | None = None
    last_entry: datetime | None = None
    etag: str | None = None
    modified: str | None = None
    body_hash: str | None = None
    failures: int = 0
    error: str | None = None
    retired: bool = False
    moved_to: str | None = None
    moves: int = 0
    interval_s: float = 0.0
    per_day: float = 0.0
    delays: tuple[int, ...] = ()
    hubs: tuple[str, ...] = ()
    topic: str | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    muted: int = 0
    full_texts: int = 0
    full_text_note: str | None = None
    unchanged: int = 0
    gone: int = 0
    gone_since: datetime | None = None
    held_until: datetime | None = None
    held_at: str | None = None
    restless: int = 0

    @property
    def is_restless(self) -> bool:
        """Tell whether every entry of the feed has changed at every one of its last polls."""
        return self.restless >= RESTLESS_POLLS

    @property
    def works(self) -> bool:
        """Tell whether the feed was read once and is not retired."""
        return self.last_success is not None and not self.retired

    @property
    def moved_to_if_believed(self) -> str | None:
        """Return the new address once the feed has permanently redirected there often enough to be believed."""
        return self.moved_to if self.moves >= MOVES_BELIEVED else None

    @property
    def delay_s(self) -> float | None:
        """Return the median of the delays, in seconds."""
        return statistics.median(self.delays) if self.delays else None

    def address(self, url: str) -> str:
        """Return where to poll a feed: where it moved to, but every third try in a row that fails there at its own."""
        if self.moved_to_if_believed is None or self.failures % 3 == 2:
            return url
        return self.moved_to_if_believed


class Pace(msgspec.Struct, frozen=True):
    """Bound the seconds between two polls of a feed."""

    floor_s: float = 300.0
    ceiling_s: float = 86_400.0


USUAL = Pace()


def asked_s(interval_s: float, pace: Pace) -> tuple[float, str | None]:
    """Return the interval at which a feed is polled that a person set one for, and which setting wins over it if one
    does.
    """
    if interval_s < pace.floor_s:
        return pace.floor_s, "min_interval_s"
    if interval_s > pace.ceiling_s:
        return pace.ceiling_s, "max_interval_s"
    return interval_s, None


def rescheduled(poll: Poll, interval_s: float | None, now: datetime, pace: Pace) -> Poll:
    """Return a poll as it is due by an interval that has just been set, or by none: then at once.

    What is due stays so, as after a refresh.
    """
    if poll.next_check <= now:
        return poll
    wait = timedelta(seconds=asked_s(interval_s, pace)[0] if interval_s else 0.0)
    due = max(now, (poll.last_check or now - wait) + wait, poll.held_until or now)
    return msgspec.structs.replace(poll, next_check=due)


def is_stuck(poll: Poll, now: datetime) -> bool:
    """Tell whether a server has said "not changed" for longer than a feed's own rhythm makes likely."""
    if poll.per_day and poll.last_entry is not None:
        silence = (now - poll.last_entry).total_seconds()
        likely = silence < max(ENTRIES_MISSED / poll.per_day * DAY_S, SHORTEST_SILENCE_S)
        return poll.unchanged >= (UNCHANGED_IN_RHYTHM if likely else UNCHANGED_BEYOND)
    return poll.unchanged >= UNCHANGED_UNKNOWN


def interval_s(
    published: Sequence[datetime],
    headers: Mapping[str, str],
    ttl_s: int | None,
    now: datetime,
    floor_s: float,
    ceiling_s: float,
) -> float:
    """Choose how long to wait: half the feed's own median gap, not less than it asks for, within floor and ceiling."""
    recent = sorted((moment for moment in published if moment <= now), reverse=True)[:PACED_BY]
    gaps = sorted((a - b).total_seconds() for a, b in itertools.pairwise(recent))
    wanted = gaps[len(gaps) // 2] / 2 if gaps else ceiling_s / 8
    if recent:
        # A feed that has been quiet for long is not about to publish every minute again.
        wanted = max(wanted, (now - recent[0]).total_seconds() / 20)
    asked = max(ttl_s or 0, fresh_s(headers, now))
    return min(max(wanted, min(asked, ceiling_s), floor_s), ceiling_s)


def after_failure_s(kind: str, failures: int, wait_s: float | None, floor_s: float, ceiling_s: float) -> float:
    """Choose how long to wait after a failure: what the server asked for, else doubling (or more) each time."""
    if wait_s is not None:
        return min(max(wait_s, floor_s), max(ceiling_s, 7 * 86_400.0))
    return min(floor_s * _PATIENCE.get(kind, 2.0) ** min(failures, 12), ceiling_s)


def jittered(seconds: float, key: str) -> float:
    """Spread polls of many feeds: up to a tenth later, always the same for a feed."""
    return seconds * (1 + (int(key[:8], 16) % 1000) / 10_000)


def fresh_s(headers: Mapping[str, str], now: datetime) -> float:
    """Return how long an answer says that it stays fresh (RFC 9111): max-age before Expires, neither if not to be kept.

    What it has already spent in caches (Age) is taken off.
    """
    control = headers.get("cache-control", "").lower()
    if re.search(r"\bno-(?:cache|store)\b", control):
        return 0.0
    age = re.fullmatch(r"\d{1,8}", headers.get("age", "").strip())
    spent = float(age.group()) if age else 0.0
    if match := re.search(r"\bmax-age\s*=\s*\"?(\d{1,8})", control):
        return max(0.0, float(match.group(1)) - spent)
    expires = from_http(headers.get("expires"))
    if expires is None:
        return 0.0
    return max(0.0, (expires - (from_http(headers.get("date")) or now)).total_seconds() - spent)


def awake(moment: datetime, skip_hours: Sequence[int], skip_days: Sequence[int]) -> datetime:
    """Return the first moment, from one on, that is in no hour (UTC) or day (0 is Monday) of rest."""
    if len(set(skip_hours)) >= 24 or len(set(skip_days)) >= 7:
        return moment
    while moment.hour in skip_hours or moment.weekday() in skip_days:
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment


def rate_per_day(published: Sequence[int], now: datetime) -> float:
    """Return how many entries a day, given in seconds since 1970, there were within a week or since the first known."""
    ages = [age for moment in published if (age := now.timestamp() - moment) >= 0]
    span = min(max(*ages, DAY_S), RATED_S) if ages else DAY_S
    return sum(age < RATED_S for age in ages) / (span / DAY_S)


def with_delays(delays: Sequence[int], arrived: Sequence[datetime], now: datetime) -> tuple[int, ...]:
    """Return the latest delays with those of entries that have just arrived; one that was dated back says nothing."""
    new = [int((now - moment).total_seconds()) for moment in sorted(arrived) if moment <= now]
    return (*delays, *(delay for delay in new if delay <= LONGEST_DELAY_S))[-DELAYS_KEPT:]
