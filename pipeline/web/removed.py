"""What was removed, remembered for a while so that it can be put back as it was, also after a restart."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec

from pipeline.errors import NotFoundError
from pipeline.model import derive_id
from pipeline.records import read_record
from pipeline.services.passing import PassingRecords

if TYPE_CHECKING:
    from pipeline.web.asking import Ask

T = TypeVar("T")
FOR = timedelta(minutes=10)


class Removed:
    """Remember what was removed in the store it was removed from: what held secrets goes to no page."""

    def __init__(self, passing: PassingRecords) -> None:
        self._passing = passing

    def keep(self, ask: Ask, kind: str, record: object) -> str:
        """Remember something that was removed; return the key to it."""
        key = secrets.token_urlsafe(12)
        self._passing.put(_name(ask, kind, key), msgspec.json.encode(record), FOR)
        return key

    def is_there(self, ask: Ask, kind: str, key: str) -> bool:
        """Tell whether something of the reader's can still be put back."""
        return bool(key) and self._passing.get(_name(ask, kind, key)) is not None

    def put_back(self, ask: Ask, kind: str, key: str, record: type[T], restore: Callable[[T], object]) -> None:
        """Put it back. Raises ``NotFoundError`` where it is too late, and what putting back raises."""
        name = _name(ask, kind, key)
        kept = read_record(name, self._passing.get(name), record)
        if kept is None:
            raise NotFoundError("It is too late to take that back; it was removed more than ten minutes ago.")
        restore(kept)
        self._passing.remove(name)


def _name(ask: Ask, kind: str, key: str) -> str:
    """Return what it is kept by: nobody else comes to it, whatever key they know."""
    return f"removed {derive_id(ask.reader, kind, key)}"
