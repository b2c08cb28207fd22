"""How connectors reach the network for one subscription: through the one fetcher, in turn with all who ask a host."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched, Fetcher, FetchError
from connectors.polling.subscription import Subscription, headers_for, proxy_for

if TYPE_CHECKING:
    from connectors.fetch.robots import Robots  # needs the extra

EXTRA_MISSING = (
    "pages are read only as robots.txt allows; for that, install the extra: pip install 'newswire[fulltext]'."
)


class PoliteNetwork:
    """Fetch for one subscription, with what its user gave for it.

    ``enter`` is waited for before the first fetch, when it is the host's turn: those who wait for a slow host hold no
    place that others could use. ``spacing_s`` is kept between pages that robots.txt was asked for.
    """

    def __init__(
        self,
        subscription: Subscription,
        *,
        fetcher: Fetcher,
        limits: HostLimits,
        robots: Robots | None = None,
        spacing_s: float = 0.0,
        enter: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._subscription = subscription
        self._fetcher = fetcher
        self._limits = limits
        self._robots = robots
        self._spacing_s = spacing_s
        self._enter = enter

    async def get(self, url: str, headers: Mapping[str, str] | None = None, *, robots: bool = False) -> Fetched:
        """Get a document when its host may be asked. Raises ``FetchError``."""
        proxy = proxy_for(self._subscription)
        spacing_s, permit = await self._asked(url, proxy) if robots else (0.0, self._limits.permit)
        try:
            async with self._limits.at(url, spacing_s):
                if self._enter is not None:
                    enter, self._enter = self._enter, None
                    await enter()
                asked = headers_for(self._subscription, url) | dict(headers or {})
                return await self._fetcher.fetch(url, asked, permit=permit, proxy=proxy)
        except FetchError as exc:
            self._limits.heed(exc, url)
            raise

    async def _asked(self, url: str, proxy: str | None) -> tuple[float, Callable[[str], Awaitable[None]]]:
        """Ask a site's robots.txt; return how far apart its pages are fetched, and what is asked before each hop."""
        robots = self._robots
        if robots is None:
            raise FetchError("robots", f"{url}: {EXTRA_MISSING}")

        async def permit(hop: str) -> None:
            await self._limits.permit(hop)
            await robots.check(hop, proxy)

        return max(self._spacing_s, await robots.crawl_delay_s(url, proxy)), permit


def robots_of(fetcher: Fetcher, user_agent: str) -> Robots | None:
    """Return what asks robots.txt; ``None`` where the extra ``fulltext`` is not installed."""
    if importlib.util.find_spec("protego") is None:
        return None
    from connectors.fetch.robots import Robots

    return Robots(fetcher, user_agent)
