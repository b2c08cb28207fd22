"""`newswire up`: the embedded runtime, from the feeds to the alerts, in one process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.commands.articles_out import writer
from pipeline.commands.context import current_settings
from pipeline.commands.log_options import log_options
from pipeline.commands.progress import bottom_line, drawn, summary
from pipeline.commands.screen import long_option, width
from pipeline.errors import UsageError
from pipeline.model import Document

if TYPE_CHECKING:
    from pipeline.wiring.stores import Store


@click.command()
@click.argument("sources", nargs=-1, metavar="[URL|FILE]...")
@click.option("--once", is_flag=True, help="Stop after one round.")
@click.option("--wait", is_flag=True, help="Wait for a first feed where none is followed yet, as a service should.")
@click.option("--demo", is_flag=True, help="Start with a few dozen made-up articles; needs no network.")
@click.option(
    "--published",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    metavar="DATE",
    help="Date of plain text files.",
)
@click.option("--alert-history", is_flag=True, help="Alert also about what is old or was there before.")
@click.option("--no-web", is_flag=True, help="Do not serve the page.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per article.")
@long_option
@log_options
def up(
    sources: tuple[str, ...],
    once: bool,
    wait: bool,
    demo: bool,
    published: datetime | None,
    alert_history: bool,
    no_web: bool,
    as_json: bool,
    long_form: bool,
) -> None:
    """Follow feeds and files, and print what arrives.

    Addresses of feeds and pages, and those of an OPML file, are subscribed to; other files and directories are read
    once. Without any, the feeds already followed are polled. Stop with Ctrl-C.
    """
    from connectors.files.files import is_archive, list_in, read_files
    from pipeline.services.feeds import new_subscription
    from pipeline.views.feeds import list_lines
    from pipeline.views.outcomes import backlog_report, counts_line, dead_line, queued_line
    from pipeline.views.words import counted
    from pipeline.wiring import connectors, services, session, stores, upkeep

    bottom = None if once or as_json else bottom_line()
    complain: Callable[[str], None] = partial(click.echo, err=True)
    if bottom is not None:
        complain = bottom.over(complain)
    settings = current_settings()
    if settings.runtime != "embedded":
        raise UsageError('With runtime = "distributed" there is no `up`: start connect, worker, index and notify.')
    if alert_history or demo:
        told = msgspec.structs.replace(settings.alerts, history=True)
        settings = msgspec.structs.replace(settings, alerts=told)
    if demo and settings.data is None:
        settings = msgspec.structs.replace(settings, data=str(settings.directory / "demo"))
    addresses = [source for source in sources if connectors.is_address(settings, source)]
    files = [Path(source) for source in sources if source not in addresses]
    for file in files:
        if not file.exists():
            raise UsageError(f"There is no file {file}; an address begins with http:// or https://.")
    lists = {file: listed for file in files if (listed := list_in(file))}
    files = [file for file in files if file not in lists]
    dated = published.replace(tzinfo=UTC) if published else None
    # What may be wrong in a line is told before anything is written; an archive may be too large for that.
    whole = [a for file in files if not is_archive(file) for a in read_files(file, stores.clock(), dated)]
    streams = [read_files(file, stores.clock(), dated) for file in files if is_archive(file)]
    asked = [new_subscription(source, stores.clock()) for source in addresses]
    found = [connectors.find_feeds(settings, subscription)[0] for subscription in asked]
    with stores.run_lock(settings):
        upkeep.make_shrinkable(settings, complain)
    with stores.run_lock(settings), stores.store(settings) as store:
        feeds = services.feeds(store)
        for feed, subscription in zip(found, asked, strict=True):
            feeds.subscribe(feed.url, title=feed.title, asked=subscription, connector=feed.connector)
        for file, listed in lists.items():
            count = feeds.take_over(listed.outlines)
            complain(f"Following {counted(count, 'feed')} of {file}.")
            for line in list_lines(listed, count):
                complain(line)
        if demo:
            is_new = session.add_demo(store)
            hint = f"newswire search ceasefire --data {settings.directory}"
            complain(f"These articles are made up. In another shell: {hint}")
            if not is_new:
                session.tell_tour(store, complain)
        if outdated := store.renewal.outdated():
            complain(f"Texts are read in a new way: {outdated:,} articles are indexed anew in the background.")
        served = settings.web.enabled and not (once or no_web)
        has_work = files or demo or feeds.all() or session.has_work(store, once=once)
        if not (has_work or served or wait):
            raise UsageError("There is nothing to follow yet: give an address or a file, or try `newswire up --demo`.")
        if wait and not has_work:
            complain(f"No feed is followed yet; waiting for `newswire add URL --data {settings.directory}`.")
        session.publish(store, chain(whole, *streams), once=once)
        show: Callable[[Document], None] = writer(width(long_form), as_json=as_json)
        if demo:
            show = session.with_tour(store, show, complain)
        elif not settings.alerts.history:
            show = session.with_history_hint(store, show, complain)
        if bottom is not None:
            show = bottom.over(show)
        running = session.Session(
            store,
            once=once,
            show=show,
            bury=lambda error: complain(dead_line(error)),
            report=connectors.poll_report(complain, is_terminal=sys.stderr.isatty()),
            write=complain if as_json else bottom.over(click.echo) if bottom is not None else None,
            progress=backlog_report(complain),
            draw=drawn(bottom),
            sum_up=summary(complain),
        )
        with _page_beside(store, complain) if served else nullcontext():
            counts = running.run()
        if bottom is not None:
            bottom.end()
        left = session.queued(store) if once else ()
    if counts:
        complain(counts_line(counts))
    if left:
        complain(queued_line(left))


def _page_beside(store: Store, complain: Callable[[str], None]) -> AbstractContextManager[object]:
    from pipeline.wiring import web  # a round that serves nothing ends sooner without

    return web.beside(store, complain)
