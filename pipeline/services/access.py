"""Who may: tokens, hashed; the key that signs sessions and secret addresses; what both look like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from pipeline.errors import NotFoundError, UsageError
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table, Transaction
from pipeline.records import read_record

# What each may do beside what those before it may: read, mark and keep alerts, change feeds, run the whole.
Scope = Literal["read", "own", "write", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "own", "write", "admin")
SESSION = timedelta(days=30)
LONGEST_NAME = 100
# What a token begins with, so that scanners for leaked secrets know it.
BEGINNING = "nw_"
# What a single reader is called where a program wants a name.
SOLE_NAME = "newswire"
_KEY = "key"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a token; the token itself is nowhere, ``id`` is its hash.

    ``fever`` is the hash of the key that programs of the Fever API make of it; tokens of before have none.
    """

    id: str
    name: str
    scope: Scope
    created: datetime
    owner: str = ""
    fever: str = ""


class Access:
    """Keep tokens and sign what must not be forged."""

    def __init__(self, *, table: Table, clock: Clock, transaction: Transaction = nullcontext) -> None:
        self._table = table
        self._transaction = transaction
        self._clock = clock

    def add(self, name: str, scope: Scope, owner: str = "") -> str:
        """Make a token and return it, for the only time. Raises ``UsageError`` for a name that is taken or none."""
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise UsageError(f"A token needs a printable name of 1 to {LONGEST_NAME} characters.")
        secret = BEGINNING + secrets.token_urlsafe(32)
        token = Token(id=_hashed(secret), name=name, scope=scope, created=self._clock(), owner=owner,
                      fever=_hashed(fever_key(owner or SOLE_NAME, secret)))  # fmt: skip
        with self._transaction():
            if any(kept.name == name for kept in self.tokens()):
                raise UsageError(f"There is a token {name!r} already; remove it first, or choose another name.")
            self._table.put(f"token {token.id}", msgspec.json.encode(token))
        return secret

    def remove(self, name: str) -> None:
        """Let a token be worth nothing from now on. Raises ``NotFoundError`` where there is none of that name."""
        found = [token for token in self.tokens() if token.name == name]
        if not found:
            raise NotFoundError(f"There is no token {name!r}; `newswire token list` shows them.")
        self._table.update({f"token {token.id}": None for token in found})

    def tokens(self) -> list[Token]:
        """Return all tokens by name."""
        return sorted(self._tokens(), key=lambda token: token.name)

    def known(self, secret: str) -> Token | None:
        """Return what a token may, or ``None`` for one that is not known."""
        value = self._table.get(f"token {_hashed(secret)}") if secret.startswith(BEGINNING) else None
        return read_record("of the page", value, Token)

    def by_fever_key(self, key: str) -> Token | None:
        """Return the token that a key of the Fever API was made of, or ``None``."""
        hashed = _hashed(key)
        return next((token for token in self._tokens() if token.fever and is_same(token.fever, hashed)), None)

    def signature(self, *parts: str) -> str:
        """Sign some text: 128 bits that nobody else can make."""
        digest = hmac.new(self._key(), "\0".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()

    def session(self, subject: str, secret: str) -> str:
        """Return a cookie for whoever showed a secret: good for a month, or until the secret changes."""
        until = str(int((self._clock() + SESSION).timestamp()))
        nonce = secrets.token_urlsafe(12)
        return f"{until}.{nonce}.{subject}.{self.signature('session', until, nonce, subject, secret)}"

    def subject_of(self, cookie: str) -> str:
        """Return whose session a cookie says it is; nothing for what cannot be one."""
        parts = cookie.split(".")
        return parts[2] if len(parts) == 4 else ""

    def is_session(self, cookie: str, secret: str) -> bool:
        """Tell whether a cookie is one that ``session`` made with this secret, and still good."""
        parts = cookie.split(".")
        if len(parts) != 4:
            return False
        until, nonce, subject, signature = parts
        if not (until.isascii() and until.isdecimal() and len(until) < 20):
            return False
        if not is_same(signature, self.signature("session", until, nonce, subject, secret)):
            return False
        return int(until) > self._clock().timestamp()

    def is_signed(self, signature: str, *parts: str) -> bool:
        """Tell whether ``signature`` signs some text."""
        return is_same(signature, self.signature(*parts))

    def by_id(self, token_id: str) -> Token | None:
        """Return the token of a session, unless it was removed since."""
        value = self._table.get(f"token {token_id}")
        return read_record("of the page", value, Token)

    def forget_addresses(self) -> None:
        """Make all secret addresses and sessions worth nothing, by another key."""
        self._table.put(_KEY, secrets.token_bytes(32).hex().encode())

    def _key(self) -> bytes:
        if (key := self._kept_key()) is not None:
            return key
        with self._transaction():  # of those who ask at once one makes it
            if self._kept_key() is None:
                self.forget_addresses()
        return self._kept_key() or b""

    def _kept_key(self) -> bytes | None:
        """Return the key; ``None`` where there is none, or it cannot be read."""
        try:
            return bytes.fromhex((self._table.get(_KEY) or b"").decode()) or None
        except ValueError:
            return None

    def _tokens(self) -> Iterator[Token]:
        for key, value in self._table.items():
            if key.startswith("token ") and (token := read_record(key, value, Token)) is not None:
                yield token


def is_same(one: str, other: str) -> bool:
    """Compare two secrets in the same time wherever they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def fever_key(name: str, secret: str) -> str:
    """Return the key that programs of the Fever API make of a name and a secret."""
    return hashlib.md5(f"{name}:{secret}".encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _hashed(secret: str) -> str:
    # A token has 256 bits by chance: nothing slower is needed.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
