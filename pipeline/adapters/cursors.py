"""Opaque cursors: a place in a list, written as letters and digits that need no escaping in an address."""

from __future__ import annotations

import base64
from typing import TypeVar

import msgspec

from pipeline.errors import UsageError

Place = TypeVar("Place")


def written(place: object) -> str:
    """Return the cursor of a place, which is any record that msgspec encodes."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def read(text: str, kind: type[Place], what: str = "cursor") -> Place:
    """Return the place that a cursor stands for. Raises ``UsageError`` for one that no page gave out."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError, RecursionError) as exc:
        raise UsageError(f"The {what} is not one that was given out; start again without it.") from exc
