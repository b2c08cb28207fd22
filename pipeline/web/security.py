"""Who may ask, decided without I/O: the name that we are called by, where a change comes from, how often one may."""

from __future__ import annotations

import ipaddress
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from pipeline.services.access import SCOPES, Scope

RANK: Mapping[Scope, int] = {scope: rank for rank, scope in enumerate(SCOPES)}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
TRIES = 5
TRIES_WITHIN_S = 300.0
REMEMBERED = 10_000
HEADERS = {
    # Nothing from elsewhere, no script or style in the page itself, no frame around it.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # "no-referrer" would make browsers hide the origin of our own forms, too.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on can be reached from this machine only."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """Return the host of a Host header, without port, in small letters; nothing where it is none."""
    if not header or any(c in header for c in " \t/@\\?#,"):
        return ""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_our_name(header: str, others: Iterable[str]) -> bool:
    """Tell whether a request was meant for us: a stranger's name that was pointed at this machine is none of ours.

    An address written in digits is nobody's name, so nothing can be pointed at it.
    """
    host = host_of(header)
    if host in ("localhost", *(name.casefold() for name in others)) or host.endswith(".localhost"):
        return bool(host)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def comes_from_us(headers: Mapping[str, str]) -> bool:
    """Tell whether no other site's page sent a request, as far as the browser says; programs say nothing."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.casefold() == headers.get("host", "").casefold() != ""
    return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


class Attempts:
    """Count failed attempts per address: after a few, one has to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, tries: int = TRIES) -> None:
        self._tries = tries
        self._clock = clock
        self._failed: dict[str, deque[float]] = {}

    def wait_s(self, address: str) -> int:
        """Return how many seconds an address has to wait before it may try again."""
        failed = self._recent(address)
        return int(failed[0] + TRIES_WITHIN_S - self._clock()) + 1 if len(failed) >= self._tries else 0

    def failed(self, address: str) -> None:
        """Note a failure."""
        if len(self._failed) >= REMEMBERED:
            self._failed.pop(next(iter(self._failed)), None)
        self._failed.setdefault(address, deque(maxlen=self._tries)).append(self._clock())

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address."""
        self._failed.pop(address, None)

    def _recent(self, address: str) -> list[float]:
        """Return the failures that still count; nothing is taken out, for several threads ask at once."""
        since = self._clock() - TRIES_WITHIN_S
        return [moment for moment in tuple(self._failed.get(address, ())) if moment > since]


class Rate:
    """Let each caller ask so often a minute, and say how much is left."""

    def __init__(self, per_minute: int = 600, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._asked: dict[str, tuple[int, int]] = {}

    def take(self, caller: str) -> tuple[int, int]:
        """Count one request; return how many are left in this minute (negative: too many), and its seconds left."""
        now = self._clock()
        minute = int(now // 60)
        since, count = self._asked.get(caller, (minute, 0))
        count = count + 1 if since == minute else 1
        if len(self._asked) >= REMEMBERED:
            self._asked = {who: kept for who, kept in self._asked.items() if kept[0] == minute}
        self._asked[caller] = minute, count
        return self.per_minute - count, int((minute + 1) * 60 - now) + 1
