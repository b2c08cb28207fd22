"""Reading the pages that a feed's entries lead to: politely, safely, and only where that gives more than the feed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from connectors.fetch.child import Child
from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched, Fetcher, FetchError, check_scheme
from connectors.pages.fulltext import MAX_HTML, MAX_PAGE_BYTES, Page, PageError, Verdict, better, extract_page, plain
from connectors.pages.site_rules import SiteRule, SiteRules
from pipeline.model import Article

if TYPE_CHECKING:
    from connectors.fetch.robots import Robots  # needs the extra

SPACING_S = 1.0
MAX_PAGES = 10
ROOM = 16  # pages in memory at once
FAILURES_IN_A_ROW = 3
REST_S = 300.0
TEXTS_KEPT = 5_000
_PASSING = frozenset(("timeout", "connect", "unreachable", "protocol"))
_PASSING_STATUS = frozenset((408, 425, 429))
_DOCUMENT = re.compile(r"text/(?:html|plain|xml)|application/(?:xhtml\+xml|xml)|\s*(?:;|$)", re.IGNORECASE)
# Where sites send who has not agreed, paid or logged in.
_GATE = re.compile(
    r"(?:^|[./_-])(?:consent|privacy-?(?:gate|wall|center)|log-?in|sign-?in|sso|register|subscribe|subscription|paywall"
    r"|captcha|challenge|cookiewall)(?:[./_?-]|$)",
    re.IGNORECASE,
)


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an article with its page's text, or as it was, and why."""

    article: Article
    verdict: Verdict


class Pages:
    """Read pages through the one fetcher, as robots.txt allows, within the limits of each host."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        robots: Robots,
        limits: HostLimits,
        rules: SiteRules,
        child: Child,
        spacing_s: float = SPACING_S,
    ) -> None:
        self._fetcher = fetcher
        self._robots = robots
        self._limits = limits
        self._rules = rules
        self._child = child
        self._spacing_s = spacing_s
        self._room = asyncio.Semaphore(ROOM)
        # One at a time: threads that wait for the child would be missing where feeds are read.
        self._extracting = asyncio.Lock()
        self._troubles: dict[str, tuple[int, float]] = {}
        self._texts: dict[bytes, str] = {}

    async def fill(
        self, article: Article, headers: Mapping[str, str] | None = None, proxy: str | None = None
    ) -> Filled:
        """Return the article with its page's text where that is better; its identity and all else stay the feed's.

        Raises ``FetchError`` or ``PageError`` when the page cannot be had; ``is_passing`` tells whether to try again.
        """
        if article.url is None:
            raise PageError("The entry has no link.")
        page = await self.read(article.url, headers, proxy)
        title = plain(article.title)
        self._check_new(article.url, page.text, title)
        verdict = better(article.text or plain(article.html), page.text, title)
        if not verdict.better:
            return Filled(article=article, verdict=verdict)
        return Filled(
            article=msgspec.structs.replace(article, text=None, html=page.html, full_text=True), verdict=verdict
        )

    async def read(self, url: str, headers: Mapping[str, str] | None = None, proxy: str | None = None) -> Page:
        """Return what the article at an address says, over all its pages where the site's rule tells how."""
        check_scheme(url)
        rule = self._rules.of(url)
        first = await self._read_one(url, headers, proxy, rule)
        if first.single_page:
            try:
                return await self._read_one(first.single_page, headers, proxy, rule)
            except (FetchError, PageError):
                return first
        pages, seen, following = [first], {url}, first.next_page
        while following and following not in seen and len(pages) < MAX_PAGES and _room_left(pages):
            seen.add(following)
            try:
                pages.append(await self._read_one(following, headers, proxy, rule))
            except (FetchError, PageError):
                break
            following = pages[-1].next_page
        texts, markups = [page.text for page in pages], [page.html for page in pages]
        return Page(text="\n\n".join(texts), html="\n".join(markups))

    async def _read_one(self, url: str, headers: Mapping[str, str] | None, proxy: str | None, rule: SiteRule) -> Page:
        host = urlsplit(url).netloc
        async with AsyncExitStack() as held:
            delay_s = max(self._spacing_s, await self._robots.crawl_delay_s(url, proxy))
            async with self._limits.at(url, delay_s):
                await held.enter_async_context(self._room)
                fetched = await self._fetch(host, url, headers, proxy)
            _check_answer(url, fetched)
            page = await self._extract(host, fetched, rule)
        self._troubles.pop(host, None)
        return page

    async def _fetch(self, host: str, url: str, headers: Mapping[str, str] | None, proxy: str | None) -> Fetched:
        self._check_rest(host)
        try:
            permit = partial(self._robots.check, proxy=proxy)
            return await self._fetcher.fetch(url, headers, permit=permit, keep_bytes=MAX_PAGE_BYTES, proxy=proxy)
        except FetchError as exc:
            if is_passing(exc):
                self._trouble(host)
            raise

    async def _extract(self, host: str, fetched: Fetched, rule: SiteRule) -> Page:
        async with self._extracting:
            self._check_rest(host)
            try:
                return await asyncio.to_thread(
                    self._child.call, extract_page, fetched.body or b"", fetched.content_type, fetched.url, rule
                )
            except PageError:
                raise
            except (TimeoutError, EOFError, OSError) as exc:
                self._trouble(host)
                raise PageError(f"{fetched.url} could not be read within {self._child.deadline_s:g} s.") from exc
            except Exception as exc:
                raise PageError(f"{fetched.url} could not be read: {exc!r}.") from exc

    def _check_new(self, url: str, text: str, title: str) -> None:
        """Refuse a text that came under another title before: it belongs to the site, not to an article."""
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if self._texts.setdefault(digest, title) != title:
            raise PageError(f"{url} shows the same text as the page of {self._texts[digest][:80]!r}.")
        if len(self._texts) > TEXTS_KEPT:
            del self._texts[next(iter(self._texts))]

    def _trouble(self, host: str) -> None:
        count = self._troubles.get(host, (0, 0.0))[0] + 1
        self._troubles[host] = (count, time.monotonic() + REST_S)

    def _check_rest(self, host: str) -> None:
        count, until = self._troubles.get(host, (0, 0.0))
        if count < FAILURES_IN_A_ROW:
            return
        if until < time.monotonic():
            del self._troubles[host]
            return
        raise FetchError("unreachable", f"{host} failed {count} times in a row; its pages are left alone for a while.")


def is_passing(error: FetchError | PageError) -> bool:
    """Tell whether a page that could not be had may be had later."""
    if isinstance(error, PageError):
        return False
    return error.kind in _PASSING or (
        error.status is not None and (error.status >= 500 or error.status in _PASSING_STATUS)
    )


def _room_left(pages: Sequence[Page]) -> bool:
    return sum(len(page.html) for page in pages) < MAX_HTML


def _check_answer(url: str, fetched: Fetched) -> None:
    if fetched.cut:
        raise PageError(f"{url} sends more than {MAX_PAGE_BYTES / 1e6:g} MB; that is no article.")
    if not _DOCUMENT.match(fetched.content_type or ""):
        raise PageError(f"{url} is {fetched.content_type}, not a web page.")
    asked, got = urlsplit(url), urlsplit(fetched.url)
    if asked.path.strip("/") and not got.path.strip("/") and not got.query:
        raise PageError(f"{url} leads to the front page of {got.netloc}.")
    if (asked.netloc, asked.path) != (got.netloc, got.path) and _GATE.search(f"{got.netloc}{got.path}"):
        raise PageError(f"{url} leads to {got.netloc}{got.path}, which is no article.")
