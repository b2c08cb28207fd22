"""What one request says: its address as its publisher wrote it, and the cookies that earlier hops of a fetch set."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectors.addresses import escaped
from connectors.fetch.origin import ADDRESSES_KEPT

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL


@lru_cache(maxsize=ADDRESSES_KEPT)
def request_url(url: str) -> URL:
    """Return an address as it is asked for: path and query as they are written, what is not ASCII escaped as UTF-8.

    Raises ``ValueError``. By itself the client would write them anew, and some servers tell %7E from ~.
    """
    from yarl import URL  # the client brings it, which is loaded when something is to be fetched

    parts = urlsplit(url)
    site = URL(f"{parts.scheme}://{parts.netloc}/")
    query = f"?{escaped(parts.query)}" if parts.query else ""
    return URL(f"{site.scheme}://{site.raw_authority}{escaped(parts.path) or '/'}{query}", encoded=True)


class Cookies:
    """Keep the cookies that the answers of one fetch set, each for the sites it is meant for."""

    def __init__(self) -> None:
        self._jar: aiohttp.CookieJar | None = None

    def learn(self, response: aiohttp.ClientResponse) -> None:
        """Take in what an answer sets."""
        if not response.cookies:
            return
        if self._jar is None:
            import aiohttp

            # A host may be written as a number; and a value goes back as it came, unquoted.
            self._jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)
        self._jar.update_cookies(response.cookies, response.url)

    def for_address(self, url: str) -> str:
        """Return what is to be sent to an address, or nothing. Raises ``ValueError``."""
        if self._jar is None:
            return ""
        found = self._jar.filter_cookies(request_url(url))
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in found.values())


def with_cookies(headers: Mapping[str, str], cookies: str) -> dict[str, str]:
    """Return headers with cookies beside those that they have already."""
    if not cookies:
        return dict(headers)
    own = [value for name, value in headers.items() if name.lower() == "cookie"]
    others = {name: value for name, value in headers.items() if name.lower() != "cookie"}
    return others | {"Cookie": "; ".join((*own, cookies))}
