"""Looking up what a log still keeps of one key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from pipeline.ports.log import Message


class KeptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a record with when it was written."""

    written: datetime
    message: Message


class KeptRecords(Protocol):
    """Look into a log by key, for a person who asks; it may take a second. Raises as ``Log`` does."""

    def of(self, topic: str, key: str) -> Sequence[KeptRecord]:
        """Return the records of a key that are still kept, oldest first."""
