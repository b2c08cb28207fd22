"""Convert moments to and from the numbers that stores, orders and HTTP headers write them as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def duration(text: str) -> timedelta:
    """Read ``90s``, ``15m``, ``6h``, ``3d`` or ``2w``. Raises ``ValueError``."""
    size = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}.get(text[-1:])
    if size is None:
        raise ValueError(f"{text!r} is no duration")
    return timedelta(seconds=int(text[:-1]) * size)


def microseconds(moment: datetime) -> int:
    """Return a moment as whole microseconds since 1970: exact, where floats are not."""
    return (moment - EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """Return the moment, in UTC, that ``microseconds`` made a number of. Raises ``OverflowError`` beyond year 9999."""
    return EPOCH + number * _MICROSECOND


def from_http(text: str | None) -> datetime | None:
    """Return the date of an HTTP header (RFC 9110), in UTC where it has no zone; ``None`` if it is no date."""
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
