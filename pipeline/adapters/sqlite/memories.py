"""The SavedMemories port as files beside the store: written whole, and only then named in it.

The store names the file that belongs to it, with the number of the last write of facts that went into it. A store that
a backup replaced names another file, or the same one with all that was put since.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline import private_files
from pipeline.adapters.sqlite.connection import said
from pipeline.adapters.sqlite.database import Database
from pipeline.errors import UnavailableError
from pipeline.ports.memories import Part, Parts

AT_ONCE = 5_000
# Parts are checked in pieces, so that no copy of them is made.
PIECE_BYTES = 1 << 24
_SUFFIX = ".memory"


class _PartHeader(msgspec.Struct, frozen=True, array_like=True):
    name: str
    kind: str
    shape: tuple[int, ...]
    size: int
    checksum: int


class _Header(msgspec.Struct, frozen=True):
    saved_as: str
    parts: tuple[_PartHeader, ...]


class SqliteMemories:
    """Keep memories beside one store file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, table: str, saved_as: str) -> tuple[Parts, Iterator[tuple[str, bytes | None]]] | None:
        """Return a memory that is whole and of this store, and what was put since."""
        row = self._database.connection.execute(
            "SELECT token, version FROM memories WHERE name = ?", (table,)
        ).fetchone()
        if row is None:
            return None
        token, version = row
        try:
            parts = _read(self._path(table, token), saved_as)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None
        return (parts, self._since(table, version)) if parts is not None else None

    def save(self, table: str, saved_as: str, parts: Parts) -> None:
        """Write a file, name it in the store, and forget what was kept for the one before."""
        if self._database.path == ":memory:":
            return
        token = secrets.token_hex(8)
        connection = self._database.connection
        (version,) = connection.execute(
            "SELECT ifnull(max(version), 0) FROM entries WHERE name = ?", (table,)
        ).fetchone()
        path = self._path(table, token)
        try:
            _write(path, saved_as, parts)
        except OSError as exc:
            path.unlink(missing_ok=True)
            raise UnavailableError(f"What {path} is to hold cannot be written ({said(exc)}); free some space.") from exc
        with self._database.transaction():
            connection.execute(
                "INSERT OR REPLACE INTO memories (name, token, version) VALUES (?, ?, ?)", (table, token, version)
            )
        self._database.delete_in_slices(
            "DELETE FROM entries WHERE version IN (SELECT version FROM entries WHERE name = :name AND value IS NULL "
            "AND version <= :version LIMIT :slice)",
            name=table,
            version=version,
        )
        for older in path.parent.glob(self._path(table, "*").name):
            if older != path:
                older.unlink(missing_ok=True)

    def _path(self, table: str, token: str) -> Path:
        store = Path(self._database.path)
        return store.with_name(f"{store.name}-{table}-{token}{_SUFFIX}")

    def _since(self, table: str, version: int) -> Iterator[tuple[str, bytes | None]]:
        while True:
            rows = self._database.connection.execute(
                "SELECT version, key, value FROM entries WHERE name = ? AND version > ? ORDER BY version LIMIT ?",
                (table, version, AT_ONCE),
            ).fetchall()
            yield from ((key, value) for _, key, value in rows)
            if len(rows) < AT_ONCE:
                return
            version = rows[-1][0]


def size_of(store: Path) -> int:
    """Return how much room the memories beside a store take."""
    return sum(path.stat().st_size for path in store.parent.glob(f"{store.name}-*{_SUFFIX}"))


def _write(path: Path, saved_as: str, parts: Parts) -> None:
    headers = tuple(
        _PartHeader(name, part.kind, part.shape, len(part.data), _checksum(part)) for name, part in parts.items()
    )
    header = msgspec.msgpack.encode(_Header(saved_as, headers))
    private_files.create(path)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + zlib.crc32(header).to_bytes(4, "little") + header)
        for part in parts.values():
            file.write(part.data)


def _read(path: Path, saved_as: str) -> Parts | None:
    """Return the parts of a file, ``None`` if it is not whole or holds something else."""
    parts = {}
    with path.open("rb") as file:
        size, checksum = int.from_bytes(file.read(8), "little"), int.from_bytes(file.read(4), "little")
        header = file.read(min(size, path.stat().st_size))
        if zlib.crc32(header) != checksum:
            return None
        found = msgspec.msgpack.decode(header, type=_Header)
        if found.saved_as != saved_as:
            return None
        for each in found.parts:
            part = Part(each.kind, each.shape, bytearray(each.size))
            if file.readinto(part.data) != each.size or _checksum(part) != each.checksum:
                return None
            parts[each.name] = part
    return parts


def _checksum(part: Part) -> int:
    checksum, whole = 0, memoryview(part.data)
    for start in range(0, len(whole), PIECE_BYTES):
        checksum = zlib.crc32(whole[start : start + PIECE_BYTES], checksum)
    return checksum
