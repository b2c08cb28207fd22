"""What is read from the headers of answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.moments import from_http

if TYPE_CHECKING:
    import aiohttp

_SECONDS = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(?:s|sec|seconds)?\s*(?:[,;].*)?", re.ASCII | re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def headers_of(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Return headers by their lower-case names; of Link, which may be sent several times, all.

    Bytes that are no UTF-8 are Latin-1 in all but Location, which keeps them as they are to be sent, and controls are
    left out (RFC 9110, 5.5): what is remembered of an answer must be text, and may be sent back.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    if "link" in headers:
        headers["link"] = ", ".join(response.headers.getall("Link"))
    for name, value in headers.items():
        if name != "location" and not (value.isascii() and value.isprintable()):
            headers[name] = _as_text(value)
    return headers


def _as_text(value: str) -> str:
    """Return a value, in which the client has halves of pairs for bytes that are no UTF-8, as text without controls."""
    try:
        value.encode()
    except UnicodeEncodeError:
        value = value.encode("utf-8", "surrogateescape").decode("iso-8859-1")
    return _CONTROLS.sub("", value)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks to wait: a number or an HTTP date (RFC 9110).

    A number may be said twice, as proxies put headers together, with a fraction, or with its unit.
    """
    if not value:
        return None
    if seconds := _SECONDS.fullmatch(value):
        return float(seconds[1])
    moment = from_http(value)
    return max(0.0, (moment - now).total_seconds()) if moment is not None else None


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep only headers that say nothing about the reader: any other may be an API key."""
    harmless = ("accept", "accept-language", "user-agent", "if-none-match", "if-modified-since")
    return {name: value for name, value in headers.items() if name.lower() in harmless}
