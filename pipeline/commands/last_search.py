"""Where the last search on a store ended, for `newswire search --more`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from pipeline import private_files
from pipeline.commands.context import current_settings
from pipeline.errors import NotFoundError

NAME = "last-search.json"


class LastSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what was asked, and the cursor of what comes next, if anything does."""

    query: str | None
    sort: str
    copies: bool
    cursor: str | None


def remember(search: LastSearch) -> None:
    """Keep a search; where nothing can be written, there is no going on by itself."""
    file = _file()
    if file.parent.is_dir():
        with suppress(OSError):
            private_files.write(file, msgspec.json.encode(search))


def recall() -> LastSearch:
    """Return the search that is to go on. Raises ``NotFoundError`` where there is none or it was shown to its end."""
    try:
        last = msgspec.json.decode(_file().read_bytes(), type=LastSearch)
    except (OSError, msgspec.DecodeError):
        raise NotFoundError("There is no search to go on with; `newswire search QUERY` begins one.") from None
    if last.cursor is None:
        raise NotFoundError("The last search was shown to its end; `newswire search QUERY` begins another.")
    return last


def _file() -> Path:
    return current_settings().directory / NAME
