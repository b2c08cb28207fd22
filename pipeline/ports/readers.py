"""Who reads records for a stage that takes its time, beside whoever asks: in processes of their own, say."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from pipeline.errors import NewswireError


class ReaderLostError(NewswireError):
    """Report that whoever read one record ended or hung over it, more than once: it is the record's fault."""


class Readers(Protocol):
    """Read records, several at a time, begun in the order in which they were handed in.

    Nothing is stored: what was asked and not answered when a process ends has to be asked again.
    """

    def begin(self) -> None:
        """Start what takes its time to start, without waiting for it; idempotent."""

    @property
    def is_ready(self) -> bool:
        """Tell whether somebody has started, so that what is asked is read at once."""

    def read(self, question: bytes) -> Future[bytes]:
        """Return the answer to come, which may be cancelled. Begins, if nobody did.

        A reader that ends is replaced and its records are read again. The future raises ``ReaderLostError`` for a
        record that ends its readers; after ``close`` it is cancelled, or raises ``UnavailableError``.
        """

    def close(self) -> None:
        """End all readers, also those at work; idempotent."""
