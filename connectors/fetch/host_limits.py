"""Limit the fetches at one host: how many at once, how many seconds apart, and none while it rests."""

from __future__ import annotations

import asyncio
import time
from functools import lru_cache
from types import TracebackType
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

    def at(self, url: str, spacing_s: float = 0.0) -> _Turn:
        """Hold a place at the host of ``url`` for the block, begun ``spacing_s`` seconds or more after the last.

        Raises ``HostRestsError`` if the host rests when it is its turn.
        """
        return _Turn(self, self._host(_netloc(url)), url, max(spacing_s, self._spacing_s))

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


class _Turn:
    """Hold one place at a host from when it is its turn."""

    __slots__ = ("_host", "_limits", "_spacing_s", "_url")

    def __init__(self, limits: HostLimits, host: _Host, url: str, spacing_s: float) -> None:
        self._limits = limits
        self._host = host
        self._url = url
        self._spacing_s = spacing_s

    async def __aenter__(self) -> None:
        host = self._host
        host.users += 1
        try:
            await host.places.acquire()
        except BaseException:
            host.users -= 1
            raise
        try:
            # Nearly always nobody else is there and nothing is to be waited for: then there is no line.
            if host.users > 1 or self._pause_s() > 0:
                async with host.pace:
                    await self._pause()
                    self._begin()
            else:
                self._begin()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    async def _pause(self) -> None:
        """Wait until enough time has passed since the latest fetch began."""
        self._limits.check(self._url)  # before it is waited for, as all that wait behind it will find the same
        if (pause_s := self._pause_s()) > 0:
            await asyncio.sleep(pause_s)

    def _pause_s(self) -> float:
        return self._host.begun + self._spacing_s - asyncio.get_running_loop().time()

    def _begin(self) -> None:
        self._limits.check(self._url)
        self._host.begun = asyncio.get_running_loop().time()

    def _leave(self) -> None:
        self._host.places.release()
        self._host.users -= 1
