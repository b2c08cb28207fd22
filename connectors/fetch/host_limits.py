"""Limit the fetches at one host: how many at once, how many seconds apart, and none while it rests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from urllib.parse import urlsplit

from connectors.fetch.http import FetchError
from connectors.fetch.origin import ADDRESSES_KEPT

HOSTS_KEPT = 10_000
LONGEST_REST_S = 7 * 86_400.0
# Statuses with which a server speaks for itself and not for one document, when it also says how long to wait.
ASKING_FOR_REST = (429, 503)


class HostRestsError(FetchError):
    """Report that a host asked not to be asked anything for now; ``retry_after_s`` is for how long yet."""

    def __init__(self, host: str, seconds: float) -> None:
        wait = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
        super().__init__("rest", f"{host} asked to be left alone; it is asked again in {wait}.", None, seconds)


class HostLimits:
    """Let at most ``per_host`` fetches at a time go to one host, ``spacing_s`` seconds apart, and none while it rests.

    Feeds, their parts and pages share one object.
    """

    def __init__(self, per_host: int, spacing_s: float = 0.0) -> None:
        self._per_host = per_host
        self._spacing_s = spacing_s
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def at(self, url: str, spacing_s: float = 0.0) -> AsyncIterator[None]:
        """Hold a place at the host of ``url`` for the block, begun ``spacing_s`` seconds or more after the last.

        Raises ``HostRestsError`` if the host rests when it is its turn.
        """
        host = self._host(_netloc(url))
        host.users += 1
        try:
            async with host.places:
                async with host.pace:
                    self.check(url)  # before it is waited for, as all that wait behind it will find the same
                    clock = asyncio.get_running_loop().time
                    wait = host.begun + max(spacing_s, self._spacing_s) - clock()
                    if wait > 0:
                        await asyncio.sleep(wait)
                        self.check(url)
                    host.begun = clock()
                yield
        finally:
            host.users -= 1

    def rest(self, url: str, seconds: float) -> None:
        """Let the host of ``url`` rest for so long from now on; it never shortens a rest."""
        host = self._host(_netloc(url))
        host.rests_until = max(host.rests_until, time.monotonic() + seconds)

    def check(self, url: str) -> None:
        """Raise ``HostRestsError`` while the host of ``url`` rests."""
        host = self._hosts.get(_netloc(url))
        left = host.rests_until - time.monotonic() if host is not None else 0.0
        if left > 0:
            raise HostRestsError(_netloc(url), left)

    async def permit(self, url: str) -> None:
        """Do as ``check`` does: what is asked before each hop of a fetch."""
        self.check(url)

    def heed(self, error: FetchError, url: str) -> None:
        """Let a host rest if that is what it answered; ``url`` is what was asked where the error does not say."""
        if error.status in ASKING_FOR_REST and error.retry_after_s:
            self.rest(error.url or url, min(error.retry_after_s, LONGEST_REST_S))

    def _host(self, name: str) -> _Host:
        found = self._hosts.get(name)
        if found is not None:
            return found
        if len(self._hosts) >= HOSTS_KEPT:
            now = time.monotonic()
            self._hosts = {name: host for name, host in self._hosts.items() if host.users or host.rests_until > now}
        # Another thread may have been quicker, which lets a host rest as it learns of a feed.
        return self._hosts.setdefault(name, _Host(self._per_host))


@lru_cache(maxsize=ADDRESSES_KEPT)
def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url


class _Host:
    """Count who is at a host or waits for it; ``begun`` is when the latest fetch began and ``rests_until``
    when the next may, each on the clock that never goes back.
    """

    __slots__ = ("begun", "pace", "places", "rests_until", "users")

    def __init__(self, per_host: int) -> None:
        self.places = asyncio.Semaphore(per_host)
        self.pace = asyncio.Lock()
        self.users = 0
        self.begun = float("-inf")
        self.rests_until = float("-inf")
