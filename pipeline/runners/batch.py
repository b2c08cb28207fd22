"""What one batch of the embedded runtime is to write, and what became of its records."""

from __future__ import annotations

from collections import Counter

import msgspec

from pipeline.model import Document
from pipeline.ports.log import Message

WAITING = "waiting"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what became of an article: indexed, unchanged, duplicate or dead-lettered; or waiting still."""

    kind: str
    document: Document | None = None
    error: str | None = None


class Batch(msgspec.Struct, kw_only=True):
    """Collect what one batch is to write, and what became of its records.

    ``early`` documents are indexed so that they are found while they wait; they come again, and are counted then.
    ``headers`` are those of the records of ``documents``.
    """

    facts: dict[str, dict[str, bytes | None]]
    early: list[Document] = []
    documents: list[Document] = []
    headers: list[dict[str, str]] = []
    messages: list[Message] = []
    outcomes: list[Outcome] = []
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    behind: dict[str, bool] = {}
