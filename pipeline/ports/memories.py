"""Memories of stages beside the facts that they are derived from: arrays to be read at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol


class Part(NamedTuple):
    """Hold one array of a memory: its bytes, of what ``kind`` its numbers are and in which shape they stand."""

    kind: str
    shape: tuple[int, ...]
    data: memoryview | bytearray


Parts = Mapping[str, Part]


class SavedMemories(Protocol):
    """Keep one memory a table of facts, as of a moment, and know what was put into the table since.

    What is kept may be lost at any time: it is an abbreviation of the facts.
    """

    def load(self, table: str, saved_as: str) -> tuple[Parts, Iterator[tuple[str, bytes | None]]] | None:
        """Return a memory, and what was put since in the order it was put; ``None`` if there is none that fits.

        ``saved_as`` must be what it was saved as. A removal is ``None``.
        """

    def save(self, table: str, saved_as: str, parts: Parts) -> None:
        """Keep a memory that holds all that is in the table now, in place of the one before.

        Raises ``TransientError`` or ``UnavailableError``: the one before is still there.
        """
