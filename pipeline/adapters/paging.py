"""What both search engines share: cursors, and verifying candidates with the reference matcher."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import msgspec

from pipeline.errors import UsageError
from pipeline.language.evaluate import Reading, find
from pipeline.language.query import Query
from pipeline.model import Document

# Candidates read per request for a query that the engine cannot answer exactly; a page may then be short.
MAX_VERIFIED = 5_000


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Stand after a document: its order key and id. ``copies`` tells that the first page had to unfold them."""

    key: int
    id: str
    copies: bool


def write_cursor(cursor: Cursor) -> str:
    """Write a cursor as letters and digits that need no escaping in a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def read_cursor(text: str | None) -> Cursor | None:
    """Read a cursor. Raises ``UsageError`` for one that no page gave out."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursor)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as exc:
        raise UsageError("The cursor is not one that an earlier page gave; start again without it.") from exc


def matches(document: Document, query: Query, now: datetime) -> bool:
    """Tell whether a document matches, by the reference matcher."""
    return find(query.root, Reading(document), now) is not None
