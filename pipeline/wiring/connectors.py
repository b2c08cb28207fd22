"""Wire what fetches and polls."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import (
    ExitStack,
    asynccontextmanager,
    closing,
    suppress,
)
from functools import partial
from typing import TYPE_CHECKING

from pipeline.config import Settings
from pipeline.errors import UsageError
from pipeline.wiring.stores import Store, clock

if TYPE_CHECKING:
    from connectors.fetch.child import Child
    from connectors.fetch.host_limits import HostLimits
    from connectors.fetch.http import Fetcher
    from connectors.pages.pages import Pages
    from connectors.pages.site_rules import SiteRules
    from pipeline.runners.polling.fulltext import FullText
    from pipeline.runners.polling.ingest import Ingest, Polled
    from pipeline.runners.polling.pushes import Pushes


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
    from pipeline.runners.polling.ingest import Ingest

    fetch = opened.settings.fetch
    limits = HostLimits(fetch.per_host)
    with ExitStack() as stack:
        parser = stack.enter_context(closing(Parser()))
        reader = stack.enter_context(closing(Child(fetch.page_deadline_s)))
        async with fetcher(opened.settings) as fetching:
            yield Ingest(
                feeds=opened.feeds,
                polls=opened.polls,
                recent=opened.recent,
                log=opened.log,
                transaction=opened.transaction,
                fetcher=fetching,
                gathering=Gathering(
                    fetcher=fetching,
                    parser=parser,
                    limits=limits,
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
            )


async def poll_until(stop: threading.Event, ingest: Ingest, *, once: bool) -> None:
    """Poll for one round, or on and on, until it is done or ``stop`` is set."""
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
