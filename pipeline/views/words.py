"""Numbers, sizes and times as people say them."""

from __future__ import annotations

from datetime import datetime

_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its word: ``1 feed``, ``2,000 feeds``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size_words(size: float) -> str:
    """Write a number of bytes."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.3g} {name}" if size < 1000 * unit else f"{size / unit:,.0f} {name}"
    return f"{size:.0f} B"


def span_words(seconds: float) -> str:
    """Write a length of time in its largest unit: ``42 s``, ``5 min``, ``3 h``, ``2 d``."""
    if seconds < _MINUTE:
        return f"{max(seconds, 0):.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h"
    return f"{seconds // _DAY:,.0f} d"


def age(moment: datetime, now: datetime) -> str:
    """Write how long ago something was: ``now``, ``5m``, ``3h``, ``2d``; ``in 2h`` for what is to come."""
    seconds = (now - moment).total_seconds()
    ahead, seconds = ("in ", -seconds) if seconds < -_MINUTE else ("", seconds)
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{ahead}{seconds // _MINUTE:.0f}m"
    if seconds < _DAY:
        return f"{ahead}{seconds // _HOUR:.0f}h"
    return f"{ahead}{seconds // _DAY:,.0f}d"
