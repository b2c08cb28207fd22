"""Mend what some servers write wrong in the headers of an answer, before the HTTP client refuses it for that.

RFC 9112 says how to read what should not have been sent: of Transfer-Encoding and Content-Length the first counts
(6.3), a length that is given several times the same counts once (6.3), a line that is no header is passed over. A
connection that is mended serves one answer only, so none of this can pass something on to the next.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

MAX_HEAD_BYTES = 100_000
_HEAD = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSPEAKABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH = re.compile(rb"\r\nContent-Length: (\d{1,18})\r\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d")
# What the client says of heads that can be mended, and of answers in another protocol.
MENDABLE = re.compile(
    r"Content-Length|Transfer-Encoding|Invalid header|Expected HTTP|Data after `Connection: close`", re.IGNORECASE
)
# The first frame of a server that speaks HTTP/2 whatever is asked: SETTINGS, on stream 0 (RFC 9113, 3.4).
_SETTINGS = re.compile(rb"\x00[\x00-\xff]{2}\x04[\x00-\xff]\x00\x00\x00\x00", re.DOTALL)


class OnlyHttp2Error(HttpProcessingError):
    """Report a server that answers in HTTP/2 what was asked in HTTP/1.1."""


def mended(head: bytes) -> bytes:
    """Return the head of an answer, up to the empty line, without what contradicts itself or is no header."""
    first, *lines = re.split(rb"\r?\n", head.rstrip(b"\r\n"))
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
        elif colon and _NAME.fullmatch(name.rstrip(b" \t")):
            fields.append((name.rstrip(b" \t"), _UNSPEAKABLE.sub(b" ", value.strip())))
    codings = [value for name, value in fields if name.lower() == b"transfer-encoding"]
    told = (part.strip() for name, value in fields if name.lower() == b"content-length" for part in value.split(b","))
    # Who counts characters for bytes says too little; where the connection ends says it better.
    closes = any(name.lower() == b"connection" and value.lower() == b"close" for name, value in fields)
    lengths = set(filter(None, told))
    if closes and len(lengths) == 1:
        lengths.clear()
    kept = [(name, value) for name, value in fields if name.lower() not in (b"transfer-encoding", b"content-length")]
    if codings:
        distinct = dict.fromkeys(part.strip().lower() for value in codings for part in value.split(b","))
        kept.append((b"Transfer-Encoding", b", ".join(distinct)))
    else:
        kept += [(b"Content-Length", length) for length in sorted(lengths)]  # if they differ it is refused all the same
    return b"\r\n".join((first, *(b": ".join(field) for field in kept))) + b"\r\n\r\n"


class MendingHandler(ResponseHandler):
    """Read one answer, its head mended first."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._head: bytes | None = b""
        self._left: int | None = None  # bytes of the body that are still to come, where that is known

    def data_received(self, data: bytes) -> None:
        if self._head is None or not data:
            if self._left is None:
                super().data_received(data)
            elif self._left:
                piece, self._left = data[: self._left], max(0, self._left - len(data))
                super().data_received(piece)
            return
        self._head += data
        if not b"HTTP/".startswith(self._head[:5]) and self._head[:1] != b"\x00":
            head, self._head = self._head, None
            super().data_received(head)
            return
        if _SETTINGS.match(self._head):
            self._head = None
            if self.transport is not None:
                self.transport.close()
            self.set_exception(OnlyHttp2Error(message="HTTP/2"))
            return
        while (end := _HEAD.search(self._head)) and _INTERIM.match(self._head):
            self._head = self._head[end.end() :]
        if end is None and len(self._head) <= MAX_HEAD_BYTES:
            return
        head, self._head = self._head, None
        if end is None:
            super().data_received(head)
            return
        whole = mended(head[: end.start()])
        body = head[end.end() :]
        if length := _LENGTH.search(whole):  # what comes behind it would be taken for another answer
            body, self._left = body[: int(length[1])], max(0, int(length[1]) - len(body))
        super().data_received(whole + body)


def mend(connector: aiohttp.TCPConnector) -> aiohttp.TCPConnector:
    """Make a connector, one that closes each connection after its answer, mend what it reads."""
    # The client has no public way to say it; what it needs of a handler is its own class, which this one extends.
    connector._factory = partial(MendingHandler, loop=asyncio.get_running_loop())  # type: ignore[assignment]
    return connector
