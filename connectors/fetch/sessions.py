"""Open the HTTP client's two pools of connections: one that reads as it is, one that mends what servers write wrong.

Loading the client, certificates included, takes a quarter of a second, so only what fetches something imports this.
"""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from connectors.fetch.guard import guarded_socket
from connectors.fetch.mending import mend
from pipeline.networks import Network

CONNECT_S = 10
SILENCE_S = 15
MAX_HEADERS = 128
MAX_HEADER_BYTES = 65_536


class Sessions:
    """Hold both, made within a running event loop; neither reaches a private network that is not ``allowed``."""

    def __init__(self, user_agent: str, allowed: Sequence[Network], concurrency: int) -> None:
        self._user_agent = user_agent
        guard = guarded_socket(allowed)
        self.plain = self._opened(
            aiohttp.TCPConnector(limit=concurrency, limit_per_host=8, ttl_dns_cache=60, socket_factory=guard)
        )
        self.mending = self._opened(mend(aiohttp.TCPConnector(limit=8, force_close=True, socket_factory=guard)))

    async def close(self) -> None:
        """Close every connection."""
        for session in (self.plain, self.mending):
            await session.close()

    def _opened(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip, deflate"},
            max_line_size=16_384,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )
