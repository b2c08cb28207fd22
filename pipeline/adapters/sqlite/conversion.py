"""The one rewriting of a store that earlier versions made, after which it gives free pages back to the disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pipeline.adapters.sqlite.database import Database
from pipeline.errors import TransientError

# SQLite writes the new file beside the old one, and then the journal it is taken over by.
ROOM = 2.2
_STEPS = 200_000


def is_shrinkable(database: Database) -> bool:
    """Tell whether pages that become free can leave the file."""
    (kind,) = database.connection.execute("PRAGMA auto_vacuum").fetchone()
    return bool(kind)


def room_missing(database: Database) -> int:
    """Return how many bytes of disk the conversion lacks, 0 when there is enough."""
    size = Path(database.path).stat().st_size
    return max(0, int(size * ROOM) - shutil.disk_usage(Path(database.path).parent).free)


def make_shrinkable(database: Database, progress: Callable[[float], None]) -> None:
    """Rewrite the store so that it can shrink. ``progress`` is called now and then with the seconds gone.

    Nothing is lost when it is interrupted: the store is then as it was. Raises ``TransientError`` while another process
    writes, or when the disk is full.
    """
    # A connection of its own: what it needs is not for the others.
    with closing(database.connect()) as connection:
        started = time.monotonic()
        connection.execute("PRAGMA temp_store = FILE")  # a large store does not fit into memory
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")

        def tell() -> int:
            progress(time.monotonic() - started)
            return 0

        connection.set_progress_handler(tell, _STEPS)
        connection.execute("VACUUM")
        connection.set_progress_handler(None, 0)
        (kind,) = connection.execute("PRAGMA auto_vacuum").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if not kind:
        raise TransientError(f"The store {database.path} could not be rewritten just now.", 60.0)
