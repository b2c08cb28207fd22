"""Read what a feed asks of its readers beside ttl: hours and days without polls (RSS 2.0), and a new address.

Read from the bytes: feedparser keeps only the last hour, and nothing of podcasts' moves where both parsers would agree.
"""

from __future__ import annotations

import html
import re

import msgspec

SEARCHED_BYTES = 50_000
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = re.compile(rb"<skipHours>((?:\s*<hour>\s*\d{1,2}\s*</hour>){1,25})\s*</skipHours>", re.IGNORECASE)
_SKIPPED_DAYS = re.compile(rb"<skipDays>((?:\s*<day>\s*[a-z]{6,9}\s*</day>){1,8})\s*</skipDays>", re.IGNORECASE)
_MOVED = re.compile(rb"<itunes:new-feed-url>\s*(?:<!\[CDATA\[)?\s*(https?://[^\s<\]]{1,2000})", re.IGNORECASE)


class UpdateHints(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the hours (0 to 23, UTC) and days (0 is Monday) of rest, and the address to go to from now on."""

    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    moved_to: str | None = None


NO_HINTS = UpdateHints()


def asks_for_something(body: bytes) -> bool:
    """Tell whether a document may ask for anything at all."""
    lower = body.lower()
    return b"<skip" in lower or b":new-feed-url" in lower


def update_hints(body: bytes) -> UpdateHints:
    """Read what an RSS feed asks; what is written wrongly, or would leave no time to poll, is passed over."""
    start = body[:SEARCHED_BYTES]
    if not asks_for_something(start):
        return NO_HINTS
    hours = _HOURS.search(start)
    days = _SKIPPED_DAYS.search(start)
    moved = _MOVED.search(start)
    skip_hours = {int(hour) % 24 for hour in re.findall(rb"\d+", hours.group(1)) if int(hour) <= 24} if hours else set()
    names = re.findall(rb">\s*([a-z]+)\s*<", days.group(1).lower()) if days else []
    skip_days = {_DAYS.index(name.decode()) for name in names if name.decode() in _DAYS}
    return UpdateHints(
        skip_hours=tuple(sorted(skip_hours)) if len(skip_hours) < 24 else (),
        skip_days=tuple(sorted(skip_days)) if len(skip_days) < 7 else (),
        moved_to=html.unescape(moved.group(1).decode("utf-8", "replace")) if moved else None,
    )
