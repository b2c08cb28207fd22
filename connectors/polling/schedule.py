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
QUIET = timedelta(days=60)
DAY_S = 86_400
RATED_S = 7 * DAY_S
DELAYS_KEPT = 15
LONGEST_DELAY_S = 7 * DAY_S
# Consecutive failures of a kind multiply the interval; a server that is merely busy is given less of a rest.
_PATIENCE = {"connect": 2.0, "timeout": 2.0, "status": 2.0, "tls": 3.0, "protocol": 2.0, "body": 3.0, "redirect": 3.0}


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """Keep what the next poll of a feed needs to know, and what its health is told from.

    ``delays`` are the seconds between publishing and seeing of the latest entries, in order.
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


def interval_s(
    published: Sequence[datetime],
    headers: Mapping[str, str],
    ttl_s: int | None,
    now: datetime,
    floor_s: float,
    ceiling_s: float,
) -> float:
    """Choose how long to wait: half the feed's own median gap, not less than it asks for, within floor and ceiling."""
    recent = sorted((moment for moment in published if moment <= now), reverse=True)[:20]
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
