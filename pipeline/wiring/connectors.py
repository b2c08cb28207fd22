"""Wire what fetches and polls."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import (
    ExitStack,
    asynccontextmanager,
    closing,
    suppress,
)
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.config import Settings
from pipeline.errors import UnavailableError, UsageError
from pipeline.wiring.stores import Store, clock

if TYPE_CHECKING:
    from connectors.door import Connectors
    from connectors.fetch.child import Child
    from connectors.fetch.host_limits import HostLimits
    from connectors.fetch.http import Fetcher
    from connectors.pages.pages import Pages
    from connectors.pages.site_rules import SiteRules
    from connectors.polling.parser import Parser
    from connectors.polling.sources import Sources
    from connectors.polling.subscription import Subscription
    from pipeline.model import Article
    from pipeline.runners.polling.fulltext import FullText
    from pipeline.runners.polling.ingest import Ingest, Polled
    from pipeline.runners.polling.pushes import Pushes
    from pipeline.services.feed_test import Tell
    from pipeline.services.find_feeds import FoundFeed

T = TypeVar("T")


def fetcher(settings: Settings) -> Fetcher:
    """Make the fetcher that every kind of fetch goes through."""
    from connectors.fetch.http import Fetcher

    fetch = settings.fetch
    return Fetcher(
        user_agent=fetch.user_agent,
        allow=fetch.allow,
        timeout_s=fetch.timeout_s,
        max_bytes=fetch.max_bytes,
        concurrency=fetch.concurrency,
    )


def with_fetcher(settings: Settings, work: Callable[[Fetcher, Parser], Coroutine[Any, Any, T]]) -> T:
    """Run an asynchronous piece of work with a fetcher and a parser; what cannot be fetched is said in one sentence.

    Raises ``UnavailableError`` where nobody answers and ``UsageError`` for any other answer than was asked for.
    """
    import asyncio

    from connectors.fetch.http import FetchError
    from connectors.polling.parser import Parser

    async def run() -> T:
        parser = Parser()
        try:
            async with fetcher(settings) as fetching:
                return await work(fetching, parser)
        finally:
            parser.close()

    try:
        return asyncio.run(run())
    except FetchError as exc:
        raise UnavailableError(str(exc)) if exc.kind in ("connect", "timeout") else UsageError(str(exc)) from exc


def fetch_part(settings: Settings, url: str, most_bytes: int) -> bytes:
    """Return up to so many bytes of an address. Raises as ``with_fetcher`` does."""
    import asyncio

    from connectors.fetch.http import FetchError

    async def run() -> bytes:
        async with fetcher(settings) as fetching:
            return (await fetching.fetch(url, keep_bytes=most_bytes)).body or b""

    try:
        return asyncio.run(run())
    except FetchError as exc:
        raise UnavailableError(str(exc)) if exc.kind in ("connect", "timeout") else UsageError(str(exc)) from exc


def found_connectors(settings: Settings) -> Connectors:
    """Load the connectors that are installed."""
    from connectors.door import find_connectors

    return find_connectors(settings.directory)


def sources(settings: Settings, fetching: Fetcher, limits: HostLimits | None = None) -> Sources:
    """Wire the connectors to the fetcher."""
    from connectors.fetch.host_limits import HostLimits
    from connectors.polling.network import robots_of
    from connectors.polling.sources import Sources

    fetch = settings.fetch
    return Sources(
        connectors=found_connectors(settings),
        fetcher=fetching,
        limits=limits or HostLimits(fetch.per_host, fetch.spacing_s),
        robots=robots_of(fetching, fetch.user_agent),
        spacing_s=fetch.page_spacing_s,
    )


def address_of(settings: Settings, text: str) -> str:
    """Return the address that an argument means: a directory of letters has one too."""
    from connectors.files.maildir import has_letters, mail_address

    return text if "://" in text or not has_letters(Path(text)) else mail_address(Path(text))


def is_address(settings: Settings, text: str) -> bool:
    """Tell addresses, also those that only an installed connector knows, from files."""
    if "://" in text:
        return True
    return ":" in text and not Path(text).exists() and found_connectors(settings).claiming(text) is not None


def unchecked(settings: Settings, asked: Subscription) -> FoundFeed | None:
    """Return an address as it is where another connector than that of feeds claims it."""
    from connectors.door import FEED
    from pipeline.services.find_feeds import FoundFeed

    claiming = found_connectors(settings).claiming(asked.url)
    if claiming is None or claiming.name == FEED:
        return None
    return FoundFeed(url=asked.url, title=None, entries=0, connector=claiming.name)


def find_feeds(settings: Settings, asked: Subscription) -> list[FoundFeed]:
    """Return the feeds at an address, best first. Raises ``UsageError`` or ``UnavailableError`` in one sentence."""
    from pipeline.services import find_feeds

    return with_fetcher(
        settings,
        lambda fetching, parser: find_feeds.find_feeds(fetching, parser, asked, sources(settings, fetching)),
    )


def fetch_list(settings: Settings, url: str) -> bytes:
    """Return a subscription list from an address. Raises ``UsageError`` or ``UnavailableError`` in one sentence."""
    from connectors.files.opml import MAX_BYTES

    async def work(fetching: Fetcher, _: Parser) -> bytes:
        return (await fetching.fetch(url, keep_bytes=MAX_BYTES + 1)).body or b""

    return with_fetcher(settings, work)


def read_address(settings: Settings, url: str) -> list[Article]:
    """Return the articles of a feed. Raises ``UsageError`` or ``UnavailableError`` in one sentence."""
    from pipeline.services import read_articles

    return with_fetcher(
        settings,
        lambda fetching, parser: read_articles.read_address(sources(settings, fetching), parser, url, clock()),
    )


def explain_feed(
    settings: Settings, asked: Subscription, tell: Tell, warn: Callable[[str], None], *, fulltext: bool
) -> bool:
    """Tell step by step how an address is fetched and read; return whether it can be followed.

    ``warn`` gets what is wrong with the user's own rules for pages.
    """
    from connectors.fetch.host_limits import HostLimits
    from connectors.polling.outcome import Pace
    from pipeline.services.feed_test import explain

    async def work(fetching: Fetcher, parser: Parser) -> bool:
        reading = None
        if fulltext:
            limits, rules = HostLimits(settings.fetch.per_host), site_rules(settings)
            for error in rules.errors:
                warn(f"{rules.user_file}: {error}")
            reading = pages(settings, fetching, limits, parser.child, rules)
        pace = Pace(settings.fetch.min_interval_s, settings.fetch.max_interval_s)
        return await explain(fetching, parser, asked, tell, clock(), pace, reading, sources(settings, fetching))

    return with_fetcher(settings, work)


@asynccontextmanager
async def polling(
    opened: Store, report: Callable[[Polled], None], mine: Callable[[str], bool] = lambda url: True
) -> AsyncIterator[Ingest]:
    """Wire the polling loop to an open store; ``mine`` tells which feeds this process polls."""
    from connectors.fetch.child import Child
    from connectors.fetch.host_limits import HostLimits
    from connectors.polling.outcome import Pace
    from connectors.polling.parser import Parser
    from pipeline.runners.polling.gathering import Gathering
    from pipeline.runners.polling.ingest import Ingest, Polled

    fetch = opened.settings.fetch
    limits = HostLimits(fetch.per_host, fetch.spacing_s)
    with ExitStack() as stack:
        parser = stack.enter_context(closing(Parser(finish=opened.finish)))
        reader = stack.enter_context(closing(Child(fetch.page_deadline_s)))
        async with fetcher(opened.settings) as fetching:
            asked = sources(opened.settings, fetching, limits)
            for found in asked.connectors.found:
                if found.error is not None:
                    report(Polled(url=f"connector {found.name}", error=f"The connector {found.name}: {found.error}"))
            yield Ingest(
                feeds=opened.feeds,
                polls=opened.polls,
                recent=opened.recent,
                log=opened.log,
                transaction=opened.transaction,
                repeatable=opened.repeatable,
                sources=asked,
                gathering=Gathering(
                    sources=asked,
                    parser=parser,
                    recent=opened.recent,
                    clock=clock,
                    pages=fetch.older_pages,
                ),
                limits=limits,
                clock=clock,
                full_text=full_text(opened.settings, fetching, limits, reader, report),
                pushes=pushes(opened, fetching, limits, report),
                pace=Pace(fetch.min_interval_s, fetch.max_interval_s),
                concurrency=fetch.concurrency,
                report=report,
                mine=mine,
                prepared=opened.prepared,
            )


def poll_report(write: Callable[[str], None], *, is_terminal: bool) -> Callable[[Polled], None]:
    """Return what writes how each poll went: failures always, the rest on a terminal."""
    from pipeline.views.outcomes import poll_line

    def report(polled: Polled) -> None:
        line = poll_line(polled, is_terminal=is_terminal)
        if line is not None:
            write(line)

    return report


async def poll_until(stop: threading.Event, ingest: Ingest, *, once: bool) -> None:
    """Poll for one round, or on and on, until it is done or ``stop`` is set."""
    import asyncio

    stopping = asyncio.Event()
    running = asyncio.create_task(ingest.once() if once else ingest.run(stopping))
    while not stop.is_set() and not running.done():
        await asyncio.sleep(0.1)
    stopping.set()
    if once:
        running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def pushes(opened: Store, fetching: Fetcher, limits: HostLimits, report: Callable[[Polled], None]) -> Pushes | None:
    """Wire what subscribes at hubs; ``None`` where the settings give hubs no address to call.

    Raises ``UsageError`` for an address that cannot be one.
    """
    websub = opened.settings.websub
    if not websub.callback_url:
        return None
    from connectors.fetch.http import FetchError, check_scheme
    from pipeline.runners.polling.callbacks import address, listening
    from pipeline.runners.polling.ingest import Polled
    from pipeline.runners.polling.pushes import Pushes

    try:
        check_scheme(websub.callback_url)
    except FetchError as exc:
        raise UsageError(f"callback_url under [websub]: {exc}") from exc
    host, port = address(websub.listen)
    return Pushes(
        table=opened.pushes,
        transaction=opened.transaction,
        fetcher=fetching,
        limits=limits,
        clock=clock,
        base=websub.callback_url,
        listen=partial(listening, host=host, port=port),
        fewer_polls=websub.fewer_polls,
        report=lambda url, error: report(Polled(url=url, error=error)),
    )


def full_text(
    settings: Settings, fetching: Fetcher, limits: HostLimits, reader: Child, report: Callable[[Polled], None]
) -> FullText | None:
    """Wire what fills articles from their pages; ``None`` where the extra ``fulltext`` is not installed."""
    if not has_full_text():
        return None
    from pipeline.runners.polling.fulltext import FullText
    from pipeline.runners.polling.ingest import Polled

    rules = site_rules(settings)
    for error in rules.errors:
        report(Polled(url=str(rules.user_file), error=error))
    return FullText(pages(settings, fetching, limits, reader, rules))


def pages(settings: Settings, fetching: Fetcher, limits: HostLimits, reader: Child, rules: SiteRules) -> Pages:
    """Wire what reads the pages of articles; ``reader`` is the child process that finds the text in them."""
    from connectors.fetch.robots import Robots
    from connectors.pages.pages import Pages

    robots = Robots(fetching, settings.fetch.user_agent)
    spacing_s = settings.fetch.page_spacing_s
    return Pages(fetcher=fetching, robots=robots, limits=limits, rules=rules, child=reader, spacing_s=spacing_s)


def site_rules(settings: Settings) -> SiteRules:
    """Read the rules for pages of particular sites: ours, and the user's in the data directory."""
    from connectors.pages.site_rules import USER_FILE, load

    return load(settings.directory / USER_FILE)


def has_full_text() -> bool:
    """Tell whether the extra ``fulltext`` is installed."""
    return all(importlib.util.find_spec(name) for name in ("trafilatura", "protego"))


def check_full_text() -> None:
    """Raise ``UsageError`` with the fix where the extra ``fulltext`` is not installed."""
    from pipeline.runners.polling.fulltext import EXTRA_MISSING

    if not has_full_text():
        raise UsageError(EXTRA_MISSING)
