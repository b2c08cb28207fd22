"""What was removed, remembered for a while so that it can be put back as it was."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import NotFoundError

if TYPE_CHECKING:
    from pipeline.web.asking import Ask

FOR = timedelta(minutes=10)
MOST = 1_000


class Kept(msgspec.Struct, frozen=True):
    """Hold what puts something back, whose it was, of which kind, and when it was removed."""

    reader: str
    kind: str
    put_back: Callable[[], object]
    since: datetime


class Removed:
    """Remember in this process alone: what held secrets goes to no page, and to no other place on the disk."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._turn = threading.Lock()

    def keep(self, ask: Ask, kind: str, put_back: Callable[[], object]) -> str:
        """Remember how to put something back; return the key to it."""
        key, now = secrets.token_urlsafe(12), ask.desk.clock()
        with self._turn:
            self._kept = {each: kept for each, kept in self._kept.items() if now - kept.since < FOR}
            self._kept[key] = Kept(ask.reader, kind, put_back, now)
            while len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
        return key

    def is_there(self, ask: Ask, kind: str, key: str) -> bool:
        """Tell whether something of the reader's can still be put back."""
        kept = self._kept.get(key)
        is_theirs = kept is not None and (kept.reader, kept.kind) == (ask.reader, kind)
        return kept is not None and is_theirs and ask.desk.clock() - kept.since < FOR

    def put_back(self, ask: Ask, kind: str, key: str) -> None:
        """Put it back. Raises ``NotFoundError`` where it is too late, and what putting back raises."""
        if not self.is_there(ask, kind, key):
            raise NotFoundError("It is too late to take that back; it was removed more than ten minutes ago.")
        self._kept[key].put_back()
        with self._turn:
            self._kept.pop(key, None)
