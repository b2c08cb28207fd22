"""Limit the fetches at one host: how many at once, and how many seconds between their beginnings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

HOSTS_KEPT = 10_000


class HostLimits:
    """Let at most ``per_host`` fetches at a time go to one host; feeds, pages and robots.txt share one object."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def at(self, url: str, spacing_s: float = 0.0) -> AsyncIterator[None]:
        """Hold a place at the host of ``url`` for the block, begun ``spacing_s`` seconds or more after the last."""
        host = self._host(_netloc(url))
        host.users += 1
        try:
            async with host.places:
                async with host.pace:
                    await asyncio.sleep(host.begun + spacing_s - asyncio.get_running_loop().time())
                    host.begun = asyncio.get_running_loop().time()
                yield
        finally:
            host.users -= 1

    def _host(self, name: str) -> _Host:
        if len(self._hosts) >= HOSTS_KEPT and name not in self._hosts:
            self._hosts = {name: host for name, host in self._hosts.items() if host.users}
        return self._hosts.setdefault(name, _Host(self._per_host))


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url


class _Host:
    """Count who is at a host or waits for it; ``begun`` is when the latest fetch began, on the loop's clock."""

    __slots__ = ("begun", "pace", "places", "users")

    def __init__(self, per_host: int) -> None:
        self.places = asyncio.Semaphore(per_host)
        self.pace = asyncio.Lock()
        self.users = 0
        self.begun = float("-inf")
