"""Origins (RFC 6454): what is given to one is for no other."""

from __future__ import annotations

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port; an address that cannot be read is an origin of its own."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", url, None


def same_origin(one: str, other: str) -> bool:
    """Tell whether two addresses have scheme, host and port in common."""
    return origin_of(one) == origin_of(other)
