"""Web sites in memory, and a reader of feeds that starts no process, for tests of what fetches and reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from connectors.door import FEED, Connectors, Installed
from connectors.fetch.child import Arguments, Result
from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched, Fetcher, FetchError
from connectors.polling.feeds import FeedConnector
from connectors.polling.parser import Parser
from connectors.polling.sources import Sources


class Sites:
    """Answer as a fetcher does: what is not there is 404. ``asked`` holds addresses with headers, ``posted`` forms."""

    def __init__(self) -> None:
        self.pages: dict[str, Fetched | FetchError] = {}
        self.moved: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.posted: list[tuple[str, dict[str, str]]] = []

    def put(self, url: str, body: bytes | None, kind: str = "application/rss+xml", **headers: str) -> None:
        """Let a document stand at an address; ``None`` is an answer 304. Header names have ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status = 200 if body is not None else 304
        self.pages[url] = Fetched(url=url, status=status, body=body, headers={"content-type": kind, **named})

    def fail(self, url: str, error: FetchError) -> None:
        """Let an address fail."""
        self.pages[url] = error

    def move(self, url: str, target: str) -> None:
        """Let an address redirect to another for good."""
        self.moved[url] = target

    async def fetch(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        permit: Callable[[str], Awaitable[None]] | None = None,
        keep_bytes: int | None = None,
        proxy: str | None = None,
    ) -> Fetched:
        """Get a document, following redirects; one that has what was asked with is 304."""
        self.asked.append((url, dict(headers or {})))
        hops = [url]
        while hops[-1] in self.moved:
            hops.append(self.moved[hops[-1]])
        for hop in hops:
            if permit is not None:
                await permit(hop)
        found = self.pages.get(hops[-1])
        if found is None:
            raise FetchError("status", f"{hops[-1]} answered 404 (not found).", 404)
        if isinstance(found, FetchError):
            raise found
        etag = found.headers.get("etag")
        if etag is not None and (headers or {}).get("If-None-Match") == etag:
            return Fetched(url=found.url, status=304, body=None, headers=found.headers)
        moved_to = hops[-1] if len(hops) > 1 else None
        return Fetched(url=found.url, status=found.status, body=found.body, headers=found.headers, moved_to=moved_to)

    async def post(self, url: str, form: Mapping[str, str]) -> Fetched:
        """Take a form."""
        self.posted.append((url, dict(form)))
        found = self.pages.get(url)
        if isinstance(found, FetchError):
            raise found
        return Fetched(url=url, status=202, body=None, headers={})

    @property
    def fetcher(self) -> Fetcher:
        """Return the sites as what they stand for."""
        return cast(Fetcher, self)

    def sources(self, *others: Installed, limits: HostLimits | None = None) -> Sources:
        """Return the way to read these sites, by connectors asked before that of feeds."""
        feeds = Installed(name=FEED, connector=FeedConnector())
        connectors = Connectors((*others, feeds))
        return Sources(connectors=connectors, fetcher=self.fetcher, limits=limits or HostLimits(4))


class HereParser(Parser):
    """Read in this process."""

    def call(
        self, function: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """Call at once."""
        return function(*arguments, **options)


def rss(*titles: str, extra: str = "", link: str = "https://wire.example/") -> bytes:
    """Return a feed whose entries have titles, addresses and dates an hour apart from 12:00 on 20 November 2026."""
    items = "".join(
        f"<item><title>{title}</title><link>{link}{number}</link><guid>{link}{number}</guid>"
        f"<pubDate>Fri, 20 Nov 2026 {12 - number:02}:00:00 GMT</pubDate>"
        f"<description>{title}, in other words.</description></item>"
        for number, title in enumerate(titles)
    )
    return (
        f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>The Wire</title>'
        f"<link>{link}</link><description>News.</description>{extra}{items}</channel></rss>"
    ).encode()
