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


def headers_of(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Return headers by their lower-case names; of Link, which may be sent several times, all."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if "link" in headers:
        headers["link"] = ", ".join(response.headers.getall("Link"))
    return headers


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
