"""Requests that are sent again with the same Idempotency-Key: done once, answered alike, in whichever process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import msgspec
from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.model import derive_id
from pipeline.records import read_record
from pipeline.web.asking import Ask
from pipeline.web.rendering import Rendering

LONGEST_KEY = 255
# An answer is known for so long; what was begun and never answered, by a process that died, may be begun again.
KNOWN = timedelta(days=1)
BEGUN = timedelta(minutes=2)
MOST_BYTES = 1 << 16
_KEPT_HEADERS = ("content-type", "etag", "location")


class ReusedKeyError(UsageError):
    """Refuse a key that another request came with."""


class UnderWayError(UsageError):
    """Refuse a request that is being answered at this moment."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what was asked, as a hash, and what was answered; ``status`` is 0 until it is."""

    asked: str
    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = b""


def once(answer: Callable[[Ask, Rendering], Response], ask: Ask, rendering: Rendering) -> Response:
    """Answer a request, or return what the same one was answered before.

    What fails is not remembered: it may be sent again. Raises ``ReusedKeyError`` and ``UnderWayError``.
    """
    key = ask.headers.get("idempotency-key", "").strip()
    if not key:
        return answer(ask, rendering)
    if len(key) > LONGEST_KEY:
        raise UsageError(f"An Idempotency-Key has at most {LONGEST_KEY} characters.")
    passing = ask.desk.passing
    name = f"answered {derive_id(ask.who, ask.reader, ask.method, ask.path, key)}"
    query = msgspec.json.encode(sorted(ask.query.items()))
    asked = hashlib.sha256(query + b"\0" + ask.body).hexdigest()
    before = passing.claim(name, msgspec.json.encode(Answered(asked=asked)), BEGUN)
    if (known := read_record(name, before, Answered)) is not None:
        if known.asked != asked:
            raise ReusedKeyError("Another request came with this Idempotency-Key; take a new one for each.")
        if not known.status:
            raise UnderWayError("The same request is being answered at this moment; send it again in a while.")
        return Response(known.body, known.status, known.headers)
    try:
        response = answer(ask, rendering)
    except BaseException:
        passing.remove(name)
        raise
    body = bytes(response.body)
    if response.status_code < 300 and len(body) <= MOST_BYTES:
        headers = {header: response.headers[header] for header in _KEPT_HEADERS if header in response.headers}
        told = Answered(asked=asked, status=response.status_code, headers=headers, body=body)
        passing.put(name, msgspec.json.encode(told), KNOWN)
    else:
        passing.remove(name)
    return response
