"""robots.txt before a page is fetched, as RFC 9309 has it; Protego (BSD) reads the rules.

Feeds are asked for because a person subscribed to them; pages that a feed links to are asked for by a program, and here
sites say which ones it may. 4xx means no rules; 5xx or no answer means nothing is allowed, for now.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec
from protego import Protego

from connectors.fetch.http import Fetcher, FetchError

LIMIT_BYTES = 500 * 1024
DAY_S = 86_400.0
HOUR_S = 3_600.0
UNREACHABLE_S = 600.0
ANSWER_S = 10.0
CRAWL_DELAY_S = 10.0
ORIGINS_KEPT = 10_000
_AGENT_LINE = re.compile(r"^[ \t]*user[ \t-]?agent[ \t]*:?[ \t]*(\*|[a-z_-]+)?[^\n]*", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z_-]+")


class Rules(msgspec.Struct, frozen=True):
    """Hold what one robots.txt says to one program."""

    parsed: Protego
    token: str

    def allow(self, url: str) -> bool:
        """Tell whether the rule with the longest match, or none, lets the program fetch an address."""
        return self.parsed.can_fetch(url, self.token)

    @property
    def crawl_delay_s(self) -> float:
        """Return the pause between fetches that is asked for, within reason."""
        return min(self.parsed.crawl_delay(self.token) or 0.0, CRAWL_DELAY_S)


class Robots:
    """Ask each site's robots.txt and remember the answer for a day at most; never for longer than it allows."""

    def __init__(self, fetcher: Fetcher, user_agent: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = fetcher
        self._token = product_token(user_agent)
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def check(self, url: str, proxy: str | None = None) -> None:
        """Raise ``FetchError`` if a page is not to be fetched: of kind ``robots``, or ``unreachable`` for now."""
        known = await self._ask(url, proxy)
        if known.rules is None:
            raise FetchError("unreachable", f"{_origin(url)}/robots.txt does not answer, so no page there is fetched.")
        if not known.rules.allow(url):
            raise FetchError(
                "robots", f"{_origin(url)}/robots.txt asks {self._token} not to fetch {urlsplit(url).path}."
            )

    async def crawl_delay_s(self, url: str, proxy: str | None = None) -> float:
        """Return how long the site asks to wait between pages; 0.0 when it does not say."""
        known = await self._ask(url, proxy)
        return known.rules.crawl_delay_s if known.rules else 0.0

    async def _ask(self, url: str, proxy: str | None) -> _Known:
        origin = _origin(url)
        known = self._known.get(origin)
        if known is not None and known.until > self._monotonic():
            return known
        async with self._asking.setdefault(origin, asyncio.Lock()):
            known = self._known.get(origin)
            if known is not None and known.until > self._monotonic():
                return known
            fresh = await self._fetch(origin, known, proxy)
            if len(self._known) >= ORIGINS_KEPT:
                self._known.pop(next(iter(self._known)))
            self._known.pop(origin, None)
            self._known[origin] = fresh
        self._asking.pop(origin, None)
        return fresh

    async def _fetch(self, origin: str, before: _Known | None, proxy: str | None) -> _Known:
        try:
            async with asyncio.timeout(ANSWER_S):
                fetched = await self._fetcher.fetch(f"{origin}/robots.txt", keep_bytes=LIMIT_BYTES, proxy=proxy)
        except (FetchError, TimeoutError) as exc:
            if isinstance(exc, FetchError) and _means_no_rules(exc):
                return _Known(parse(b"", self._token), self._monotonic() + DAY_S, self._monotonic())
            if before is not None and before.rules is not None and self._monotonic() - before.asked < DAY_S:
                # What was known stays in force while the site cannot be asked, but not beyond its day.
                return _Known(before.rules, self._monotonic() + UNREACHABLE_S, before.asked)
            return _Known(None, self._monotonic() + UNREACHABLE_S, self._monotonic())
        rules = await asyncio.to_thread(parse, fetched.body or b"", self._token)
        return _Known(rules, self._monotonic() + _lasts_s(fetched.headers), self._monotonic())


class _Known(msgspec.Struct, frozen=True):
    """Keep the rules of an origin, ``None`` while it cannot be asked, until when, and when they were given."""

    rules: Rules | None
    until: float
    asked: float


def parse(body: bytes, token: str) -> Rules:
    """Read the beginning of a robots.txt for the program that goes by ``token``; whatever is no rule is passed over.

    Groups are matched by their whole product token, as the RFC has it: Protego would also take ``news`` for ours. The
    groups of others become one, so that many names over many rules cost nothing.
    """
    text = body[:LIMIT_BYTES].decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")

    def renamed(match: re.Match[str]) -> str:
        name = (match.group(1) or "").lower()
        return f"User-agent: {name if name in ('*', token.lower()) else '-'}"

    return Rules(Protego.parse(_AGENT_LINE.sub(renamed, text)), token)


def product_token(user_agent: str) -> str:
    """Return the name by which rules address us: letters, ``-`` and ``_`` at the beginning of the User-Agent."""
    match = _TOKEN.match(user_agent)
    return match.group() if match and match.group().lower() != "mozilla" else "Newswire"


def _means_no_rules(error: FetchError) -> bool:
    """Tell whether the answer says that there is no robots.txt: any 4xx, or redirects that lead nowhere."""
    return error.kind == "redirect" or (error.status is not None and error.status < 500)


def _lasts_s(headers: Mapping[str, str]) -> float:
    match = re.search(r"max-age=(\d{1,8})", headers.get("cache-control", ""))
    return min(max(float(match.group(1)), HOUR_S), DAY_S) if match else DAY_S


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
