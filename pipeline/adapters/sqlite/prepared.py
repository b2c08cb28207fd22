"""What the store writes of an article of history, worked out beforehand by another process.

Normalizing, tokenizing, stemming and compressing take most of the time between a feed and the search that finds its
entries. ``prepare`` does all that where there is time; the process that writes finds it here by a digest of the record
that it was made of, so nothing else can ever be taken for it. It is held in memory only and never awaited.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from itertools import chain

import msgspec

from pipeline.adapters.sqlite.packing import pack, packed
from pipeline.adapters.sqlite.terms import terms_row, texts_of
from pipeline.language.tokens import stems_of
from pipeline.model import Article, Document, as_document
from pipeline.query.indexing import MAX_TOKEN, index_language

# What waits at most; longer than that it was made for nothing, such as of a poll that could not be written.
MAX_BYTES = 32_000_000
KEPT_S = 60.0
# A longer one costs more to send than it saves.
MAX_RECORD_BYTES = 200_000
MAX_SENT = 500_000
# Documents that were handed out and are not written yet.
MAX_HANDED = 4_096
_DIGEST_BYTES = 16

_sent: dict[str, set[str]] = {}


class Made(msgspec.Struct, frozen=True, array_like=True):
    """Hold what the index stores of ``document``: its ``body``, its ``terms``, and the ``stems`` of those of its tokens
    that whoever made it had not met before.
    """

    document: Document
    body: bytes
    terms: tuple[str, ...]
    stems: dict[str, str]

    def names(self) -> list[str]:
        """Return the tokens of authors and source."""
        return [token[1:] for token in (*self.terms[2].split(), *self.terms[3].split())]


class _Parcel(msgspec.Struct, frozen=True, array_like=True):
    """Hold a record as the log stores it, and what the index stores of its article."""

    how: int
    record: bytes
    made: msgspec.Raw


_parcels, _decoder = msgspec.msgpack.Decoder(_Parcel), msgspec.msgpack.Decoder(Made)


def prepare(preview: Callable[[Article], Article], article: Article) -> bytes:
    """Work out what ``SqlitePrepared`` holds of an article as it stands in its record; nothing where that is no gain.

    ``preview`` returns it as it is found until it is decided on.
    """
    if not article.history:
        return b""  # what is fresh is decided on at once, and indexed as what it is then
    return _made(preview, article, msgspec.json.encode(article))


def prepare_all(preview: Callable[[Article], Article], records: Sequence[bytes]) -> list[bytes]:
    """Work out the same of records that wait, whatever they are; nothing of one that nothing can be made of."""
    found = []
    for record in records:
        try:
            found.append(_made(preview, msgspec.json.decode(record, type=Article), record))
        except Exception:  # noqa: BLE001 - what is wrong with it is told when it is decided on
            found.append(b"")
    return found


def _made(preview: Callable[[Article], Article], article: Article, record: bytes) -> bytes:
    if article.withdrawn or len(record) > MAX_RECORD_BYTES:
        return b""
    document = as_document(preview(article))
    texts, language = texts_of(document), index_language(document.language)
    new = {*texts.title.tokens, *texts.body.tokens}.difference(_sent.get(language, ()))
    if max(map(len, chain(new, texts.authors.tokens, texts.source.tokens)), default=0) >= MAX_TOKEN:
        return b""  # how the writer treats it depends on what else it writes
    terms = terms_row(document, texts)
    stems = _told_stems(new, language)
    made = Made(document=document, body=pack(msgspec.json.encode(document)), terms=terms, stems=stems)
    parcel = _Parcel(*packed(record), msgspec.Raw(msgspec.msgpack.encode(made)))
    return _digest(record) + msgspec.msgpack.encode(parcel)


class SqlitePrepared:
    """Hold what was made for a while, for the log and the index of one store; threads may share it."""

    def __init__(self, most_bytes: int = MAX_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        # In the order it came: what was made, and when.
        self._made: dict[bytes, tuple[bytes, float]] = {}
        self._bytes = 0
        self._handed: dict[str, Made] = {}

    def keep(self, made: Sequence[bytes]) -> None:
        """Take in what was made; of that which finds no room, nothing is held."""
        now = time.monotonic()
        with self._lock:
            for one in made:
                if not one:
                    continue
                if self._bytes + len(one) > self._most_bytes:
                    self._drop_before(now - KEPT_S)
                    if self._bytes + len(one) > self._most_bytes:
                        return
                key = one[:_DIGEST_BYTES]
                self._drop(key)
                self._made[key] = one, now
                self._bytes += len(one)

    def stored(self, record: bytes) -> tuple[int, bytes] | None:
        """Return a record as the log stores it."""
        parcel = self._parcel(_digest(record)) if self._made else None
        return (parcel.how, parcel.record) if parcel is not None else None

    def document(self, record: bytes) -> Document | None:
        """Return the document of a record, whose rows are then to be had once from ``rows``."""
        key = _digest(record) if self._made else b""
        parcel = self._parcel(key)
        if parcel is None:
            return None
        made = _decoder.decode(parcel.made)
        with self._lock:
            self._drop(key)
            if len(self._handed) >= MAX_HANDED:
                self._handed.clear()
            self._handed[made.document.id] = made
        return made.document

    def rows(self, document: Document) -> Made | None:
        """Return what was made of a document that was just handed out, if it is the same still."""
        with self._lock:
            made = self._handed.pop(document.id, None)
        return made if made is not None and made.document == document else None

    def _parcel(self, key: bytes) -> _Parcel | None:
        with self._lock:
            found = self._made.get(key)
        return _parcels.decode(memoryview(found[0])[_DIGEST_BYTES:]) if found is not None else None

    def _drop(self, key: bytes) -> None:
        found = self._made.pop(key, None)
        if found is not None:
            self._bytes -= len(found[0])

    def _drop_before(self, moment: float) -> None:
        for key in [key for key, (_, came) in self._made.items() if came < moment]:
            self._drop(key)


def _digest(record: bytes) -> bytes:
    return blake2b(record, digest_size=_DIGEST_BYTES).digest()


def _told_stems(new: set[str], language: str) -> dict[str, str]:
    """Return the stems of tokens to be told of now: who writes remembers them."""
    sent = _sent.setdefault(language, set())
    if len(sent) > MAX_SENT:
        sent.clear()
    sent |= new
    return stems_of(new, language) if language else {}
