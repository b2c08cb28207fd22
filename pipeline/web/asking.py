"""One request as handlers see it, and the answers they give; reading bodies is bounded."""

from __future__ import annotations

from collections.abc import Mapping
from email import policy
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.services.access import Scope
from pipeline.web.desk import Desk

MOST_FORM_BYTES = 1 << 20
MOST_UPLOAD_BYTES = 10 << 20
LARGEST_PAGE = 200
MOST_FIELDS = 1_000


class NotFoundError(UsageError):
    """Tell that there is nothing at an address."""


class TooLargeError(UsageError):
    """Refuse a body that is larger than it may be."""


async def body_of(request: Request, most: int) -> bytes:
    """Read a body of at most so many bytes. Raises ``TooLargeError``."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLargeError(f"That is more than {most:,} bytes; send it in parts.")
        parts.append(part)
    return b"".join(parts)


class Upload(msgspec.Struct, frozen=True):
    """Hold a file that a form brought."""

    name: str
    body: bytes


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a request: where to, with what, and by whom.

    ``scope`` is what the caller may, ``reader`` whose marks are meant, ``token`` what forms must send back, ``who`` how
    the caller is called in the audit.
    """

    desk: Desk
    method: str
    path: str
    places: Mapping[str, str]
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: bytes = b""
    scope: Scope = "read"
    reader: str = ""
    token: str = ""
    who: str = ""
    base: str = ""

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of a parameter of the address."""
        return self.query.get(name, (default,))[-1]

    def several(self, name: str) -> tuple[str, ...]:
        """Return all values of a parameter of the address."""
        return tuple(value for value in self.query.get(name, ()) if value)

    def number(self, name: str, default: int, most: int = LARGEST_PAGE) -> int:
        """Return a parameter as a number from 1 to ``most``. Raises ``UsageError``."""
        text = self.one(name) or str(default)
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
            raise UsageError(f"{name}={text[:20]} is not a number from 1 to {most}.")
        return int(text)

    def form(self) -> Form:
        """Read the body as a form."""
        kind = self.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            return multipart(kind, self.body)
        return Form(tuple(fields_of(self.body.decode("utf-8", "replace"), MOST_FIELDS)))


class Form(msgspec.Struct, frozen=True):
    """Hold what a form brought."""

    pairs: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, Upload], ...] = ()

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of a field, without outer space."""
        return ([default] + [value for key, value in self.pairs if key == name])[-1].strip()

    def several(self, name: str) -> tuple[str, ...]:
        """Return the values of a field: given several times, or separated by commas or lines."""
        values = [part for key, value in self.pairs if key == name for part in value.replace(",", "\n").splitlines()]
        return tuple(part.strip() for part in values if part.strip())

    def has(self, name: str) -> bool:
        """Tell whether a box is ticked or a button was pressed."""
        return any(key == name for key, _ in self.pairs)

    def file(self, name: str) -> Upload | None:
        """Return a file that was chosen."""
        return next((upload for key, upload in self.files if key == name and upload.body), None)


def fields_of(text: str, most: int) -> list[tuple[str, str]]:
    """Read the fields of a form or of the query of an address. Raises ``UsageError`` where there are too many."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=most)
    except ValueError as exc:
        raise UsageError(f"That has more than {most:,} fields.") from exc


def redirect(to: str) -> Response:
    """Send the browser to another of our pages by GET. The back button then repeats nothing."""
    return Response(status_code=303, headers={"location": own_address(to)})


def own_address(to: str) -> str:
    """Return an address that a form gave to go back to, if it is one of ours; else that of the river."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) and to.isascii() and to.isprintable() else "/"


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(msgspec.json.encode(value), status, dict(headers or {}), "application/json")


def multipart(kind: str, body: bytes) -> Form:
    """Read a body of several parts as a form."""
    head = b"MIME-Version: 1.0\r\nContent-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n"
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    pairs: list[tuple[str, str]] = []
    files: list[tuple[str, Upload]] = []
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True) or b""
        assert isinstance(value, bytes)
        if not isinstance(name, str):
            continue
        if part.get_filename() is not None:
            files.append((name, Upload(part.get_filename() or "", value)))
        else:
            pairs.append((name, value.decode("utf-8", "replace")))
    return Form(tuple(pairs), tuple(files))
