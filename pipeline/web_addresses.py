"""Addresses of strangers, as far as they may become links."""

from __future__ import annotations

from urllib.parse import urlsplit


def web_address(url: str | None) -> str:
    """Return an address that leads to the web; nothing for any other scheme."""
    try:
        scheme = urlsplit((url or "").strip()).scheme.casefold()
    except ValueError:
        return ""
    return (url or "").strip() if scheme in ("http", "https") else ""
