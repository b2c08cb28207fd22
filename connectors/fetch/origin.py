"""Origins (RFC 6454): what is given to one is for no other."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

# As many addresses are asked for again and again.
ADDRESSES_KEPT = 16_384
_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=ADDRESSES_KEPT)
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


@lru_cache(maxsize=ADDRESSES_KEPT)
def is_web(url: str) -> bool:
    """Tell whether an address is one of the web, with a host and a port that can be."""
    try:
        parts = urlsplit(url)
        is_host = bool(parts.hostname) and " " not in parts.netloc
        return parts.scheme in ("http", "https") and is_host and (parts.port or 1) > 0
    except ValueError:
        return False
