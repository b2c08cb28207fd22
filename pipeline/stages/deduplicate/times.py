"""When articles report and how long the stories that they report stay open."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

CLOSES_AFTER = timedelta(days=3)
HOUR = 3600.0


def reported(published: datetime | None, seen: datetime) -> datetime:
    """Return when an article reported: as its source says, if that is believable, or when it was seen."""
    return published if published is not None and published <= seen else seen


def closes(latest: datetime, now: datetime) -> datetime | None:
    """Return when a story with its last report at ``latest`` closed, ``None`` while it is open."""
    return latest + CLOSES_AFTER if latest + CLOSES_AFTER < now else None


def quiet_since(since: float, touched: NDArray[np.int32], latest: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell of stories, touched in these hours and reported last at these moments, to which nothing came since a moment.

    The hour is that of coming, not of publication: an archive that is read now is of today. Only within the hour of the
    moment itself, which is long where little is kept, the reports' own time decides.
    """
    hour = int(since // HOUR)
    quiet: NDArray[np.bool_] = (touched < hour) | ((touched == hour) & (latest < since))
    return quiet
