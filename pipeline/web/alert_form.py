"""Alerts as a form: every option of the command line, read from fields and written into them again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.alerts.wall_clock import FORMS, read_schedule
from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.moments import duration
from pipeline.references import has_reference
from pipeline.services.alerts import new_rule

_DURATION = re.compile(r"[1-9]\d{0,5}[smhdw]")
_UNITS = ((604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m"))
Fields = Callable[[str], str]
Lists = Callable[[str], tuple[str, ...]]


def rule_of(one: Fields, several: Lists, now: datetime, *, may_refer: bool) -> AlertRule:
    """Return the rule that a form describes, not kept yet. Raises ``UsageError`` naming the field.

    Only who ``may_refer`` may name files or variables of this machine as channels: messages tell what is in them.
    """
    channels = several("channels")
    if not may_refer and any(has_reference(channel) for channel in channels):
        raise UsageError("Channels that stand in a file or variable are given on the command line.")
    kind = one("kind") or "match"
    return new_rule(
        one("name"),
        one("query"),
        now,
        silence_s=_seconds("window", one("window") or "1d") if kind == "silence" else None,
        surge_times=_number("times", one("times") or "5", float) if kind == "surge" else None,
        quiet=one("quiet") or None,
        channels=channels,
        feeds=several("feeds"),
        tags=several("tags"),
        languages=several("languages"),
        once_per="article" if one("once_per") == "article" else "story",
        min_origins=_number("min_origins", one("min_origins") or "1", int),
        cap_per_hour=_number("cap_per_hour", one("cap_per_hour"), int) if one("cap_per_hour") else None,
        cap_per_day=_number("cap_per_day", one("cap_per_day"), int) if one("cap_per_day") else None,
        time_zone=one("time_zone") or "UTC",
        expires=_moment(one("expires")),
        priority=_priority(one("priority") or "normal"),
        **({"window_s": _seconds("window", one("window"))} if kind == "surge" and one("window") else {}),
        **_digest(one("digest")),
    )


def fields_of(rule: AlertRule) -> dict[str, Any]:
    """Return what the fields of the form hold for a rule."""
    quiet = f"{rule.quiet_from}-{rule.quiet_until}" if rule.quiet_from and rule.quiet_until else ""
    return msgspec.structs.asdict(rule) | {
        "query": rule.asked or rule.query,
        "window": _written(rule.window_s),
        "digest": rule.digest or (_written(rule.digest_s) if rule.digest_s else ""),
        "quiet": quiet,
        "expires": f"{rule.expires:%Y-%m-%dT%H:%M}" if rule.expires else "",
        "cap_per_hour": rule.cap_per_hour or "",
        "cap_per_day": rule.cap_per_day or "",
    }


def _written(seconds: int) -> str:
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds % size == 0), (1, "s"))
    return f"{seconds // size}{unit}"


def _seconds(name: str, text: str) -> int:
    if not _DURATION.fullmatch(text):
        raise UsageError(f"{name}: {text[:20]!r} is no duration; write 30m, 6h, 3d or 2w.")
    return round(duration(text).total_seconds())


def _number(name: str, text: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise UsageError(f"{name}: {text[:20]!r} is no number.") from None


def _priority(text: str) -> str:
    if text not in ("low", "normal", "high"):
        raise UsageError(f"priority: {text[:20]!r} is not low, normal or high.")
    return text


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"expires: {text[:30]!r} is no date; write 2026-12-31T18:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _digest(text: str) -> dict[str, Any]:
    if not text:
        return {}
    if _DURATION.fullmatch(text):
        return {"digest_s": _seconds("digest", text)}
    try:
        read_schedule(text)
    except UsageError:
        raise UsageError(f"digest: {text[:30]!r} is no time for digests; write {FORMS}, or how often: 6h.") from None
    return {"digest": text.casefold()}
