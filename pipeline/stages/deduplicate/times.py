"""When articles report and how long the stories that they report stay open."""

from __future__ import annotations

from datetime import datetime, timedelta

CLOSES_AFTER = timedelta(days=3)


def reported(published: datetime | None, seen: datetime) -> datetime:
    """Return when an article reported: as its source says, if that is believable, or when it was seen."""
    return published if published is not None and published <= seen else seen


def closes(latest: datetime, now: datetime) -> datetime | None:
    """Return when a story with its last report at ``latest`` closed, ``None`` while it is open."""
    return latest + CLOSES_AFTER if latest + CLOSES_AFTER < now else None
