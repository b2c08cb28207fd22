"""Several readers of one Newswire: who they are, what they may, and what is theirs alone."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from pipeline.errors import NotFoundError, UsageError
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table
from pipeline.records import read_record
from pipeline.services.access import Access, Scope, is_same

Role = Literal["reader", "editor", "admin"]
ROLES: tuple[Role, ...] = ("reader", "editor", "admin")
SCOPE_OF: Mapping[Role, Scope] = {"reader": "own", "editor": "write", "admin": "admin"}
SHORTEST_PASSWORD = 8
# What a try at a password costs: some 50 ms and 16 MB.
COST = 1 << 14
_NAME = re.compile(r"\w[\w-]{0,39}")
_PREFIX = "reader "


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a reader; ``password`` is salted and hashed, and empty for one who comes in by tokens alone."""

    name: str
    role: Role
    created: datetime
    password: str = ""

    @property
    def scope(self) -> Scope:
        """Return what the reader may."""
        return SCOPE_OF[self.role]


class Readers:
    """Keep readers by name. Names differ by more than small and capital letters."""

    def __init__(self, *, table: Table, access: Access, clock: Clock) -> None:
        self._table = table
        self._access = access
        self._clock = clock

    def add(self, name: str, role: Role, password: str = "") -> Reader:
        """Keep a new reader. Raises ``UsageError`` for a name that is taken or none, and for a short password."""
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name[:50]!r} cannot name a reader; use 1 to 40 letters, digits, - and _.")
        if self.get(name) is not None:
            raise UsageError(f"There is a reader {name!r} already; remove that one first, or choose another name.")
        if password and len(password) < SHORTEST_PASSWORD:
            raise UsageError(f"The password is too short; it needs {SHORTEST_PASSWORD} characters.")
        kept = _hashed(password, secrets.token_hex(16)) if password else ""
        reader = Reader(name=name, role=role, created=self._clock(), password=kept)
        self._table.put(_PREFIX + name.casefold(), msgspec.json.encode(reader))
        return reader

    def remove(self, name: str) -> Reader:
        """Let a reader in no more, by password or token. Raises ``NotFoundError`` where there is none of that name."""
        reader = self.get(name)
        if reader is None:
            raise NotFoundError(f"There is no reader {name!r}; `newswire user list` shows them.")
        for token in self._access.tokens():
            if token.owner == reader.name:
                self._access.remove(token.name)
        self._table.put(_PREFIX + name.casefold(), None)
        return reader

    def all(self) -> list[Reader]:
        """Return the readers by name."""
        return list(self._all())

    def get(self, name: str) -> Reader | None:
        """Return the reader of a name, or ``None``."""
        key = _PREFIX + name.casefold()
        return read_record(key, self._table.get(key), Reader) if name else None

    def are_any(self) -> bool:
        """Tell whether there are readers with names, so that each has to say who comes."""
        return next(self._all(), None) is not None

    def with_password(self, name: str, password: str) -> Reader | None:
        """Return the reader of a name and password, or ``None``: in about the same time, whoever is asked for."""
        reader = self.get(name.strip())
        kept = reader.password if reader is not None and reader.password else _NOBODY
        is_right = is_same(_hashed(password, kept.partition("$")[0]), kept)
        return reader if is_right and reader is not None and reader.password else None

    def _all(self) -> Iterator[Reader]:
        for key, value in self._table.items():
            if key.startswith(_PREFIX) and (reader := read_record(key, value, Reader)) is not None:
                yield reader


def _hashed(password: str, salt: str) -> str:
    digest = hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt.encode(), n=COST, r=8, p=1)
    return f"{salt}${digest.hex()}"


_NOBODY = "nobody$"


def names_of(readers: Sequence[Reader]) -> list[str]:
    """Return the names of readers, and before them that of the one who needs none."""
    return ["", *(reader.name for reader in readers)]
