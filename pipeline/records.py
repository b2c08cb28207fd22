"""Reading the records of a table: one that cannot be read is reported once and left out, the others count.

It may have been written by a newer version, or be damaged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TypeVar

import msgspec

from pipeline.plain_words import unreadable
from pipeline.ports.table import Table

_log = logging.getLogger(__name__)
Kind = TypeVar("Kind")


def read_record(key: str, value: bytes | None, kind: type[Kind]) -> Kind | None:
    """Return a record, or ``None`` when there is none that can be read."""
    if value is None:
        return None
    try:
        return msgspec.json.decode(value, type=kind)
    except Exception as exc:  # noqa: BLE001 - deep nesting raises RecursionError, bad text UnicodeDecodeError
        _report(kind.__name__, key, unreadable(exc))
        return None


def read_texts(table: Table, read: Callable[[bytes], Kind], what: str) -> Iterator[tuple[str, Kind]]:
    """Yield what ``read`` makes of the values of a table that it can read, by key; ``what`` names one of them."""
    for key, value in table.items():
        try:
            record = read(value)
        except Exception as exc:  # noqa: BLE001 - as above
            _report(what, key, unreadable(exc))
        else:
            yield key, record


def read_records(table: Table, kind: type[Kind]) -> Iterator[tuple[str, Kind]]:
    """Yield the records of a table that can be read, by key."""
    for key, value in table.items():
        record = read_record(key, value, kind)
        if record is not None:
            yield key, record


def learn_types() -> None:
    """Have msgspec learn all records that are loaded, to be called before threads start.

    It learns a type when it is first used, and a second thread that uses it meanwhile crashes the whole process.
    """
    known: list[type[msgspec.Struct]] = [msgspec.Struct]
    for kind in known:
        known += kind.__subclasses__()
        with suppress(TypeError, NameError):  # what is never decoded may name types that cannot be, or are not there
            msgspec.json.Decoder(kind)


@lru_cache(maxsize=10_000)
def _report(kind: str, key: str, error: str) -> None:
    _log.error("A stored %s cannot be read and is left out: %s (%s).", kind, key, error)
