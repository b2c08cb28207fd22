"""`newswire up`: the embedded runtime, from the feeds to the alerts, in one process."""

from __future__ import annotations

import asyncio
import signal
import threading
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.commands.context import current_settings
from pipeline.commands.feeds import find, new_subscription, subscribe, subscriptions
from pipeline.commands.lines import article_line
from pipeline.commands.roles import tell
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.runners.embedded import Embedded, Outcome
    from pipeline.wiring.stores import Store


@click.command()
@click.argument("sources", nargs=-1, metavar="[URL|FILE]...")
@click.option("--once", is_flag=True, help="Stop after one round.")
@click.option("--demo", is_flag=True, help="Start with a few dozen made-up articles; needs no network.")
@click.option(
    "--published",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    metavar="DATE",
    help="Date of plain text files.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per article.")
def up(sources: tuple[str, ...], once: bool, demo: bool, published: datetime | None, as_json: bool) -> None:
    """Follow feeds and files, and print what arrives.

    Addresses of feeds and pages are subscribed to; files and directories are read once. Without any, the feeds already
    followed are polled. Stop with Ctrl-C.
    """
    from connectors.files.files import is_archive, read_files
    from pipeline.runners.polling.publishing import publish
    from pipeline.wiring import stores

    settings = current_settings()
    if settings.runtime != "embedded":
        raise UsageError('With runtime = "distributed" there is no `up`: start connect, worker, index and notify.')
    if demo and settings.data is None:
        settings = msgspec.structs.replace(settings, data=str(settings.directory / "demo"))
    files = [Path(source) for source in sources if "://" not in source]
    for file in files:
        if not file.exists():
            raise UsageError(f"There is no file {file}; an address begins with http:// or https://.")
    dated = published.replace(tzinfo=UTC) if published else None
    # What may be wrong in a line is told before anything is written; an archive may be too large for that.
    whole = [a for file in files if not is_archive(file) for a in read_files(file, stores.clock(), dated)]
    streams = [read_files(file, stores.clock(), dated) for file in files if is_archive(file)]
    articles = chain(whole, *streams)
    asked = [new_subscription(source) for source in sources if "://" in source]
    feeds = [find(subscription)[0] for subscription in asked]
    with stores.run_lock(settings), stores.store(settings) as store:
        for feed, subscription in zip(feeds, asked, strict=True):
            subscribe(store, feed.url, {}, feed.title, subscription)
        if demo:
            _add_demo(store)
        _check_work(store, bool(files or demo))
        publish(articles, store.log)
        _Session(store, once=once, as_json=as_json).run()


def _check_work(store: Store, has_input: bool) -> None:
    if not has_input and not subscriptions(store):
        raise UsageError("There is nothing to follow yet: give an address or a file, or try `newswire up --demo`.")


def _add_demo(store: Store) -> None:
    from pipeline import demo
    from pipeline.model import AlertRule, derive_id
    from pipeline.runners.polling.publishing import publish
    from pipeline.wiring import stores

    now = stores.clock()
    for name, query in demo.ALERTS:
        rule = AlertRule(id=derive_id("rule", name), name=name, query=query, created=now, channels=("terminal",))
        store.rules.put(rule.id, msgspec.json.encode(rule))
    publish(demo.articles(now), store.log)
    hint = f"newswire search ceasefire --data {store.settings.directory}"
    click.echo(f"These articles are made up. In another shell: {hint}", err=True)


class _Session:
    """Run the pipeline and the notifier in threads beside the polling loop, and end them together."""

    def __init__(self, store: Store, *, once: bool, as_json: bool) -> None:
        self._store = store
        self._once = once
        self._as_json = as_json
        self._stopping = threading.Event()
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Poll; return when one round is over and all is done, or when told to stop."""
        from pipeline.wiring import runners

        embedded = runners.embedded(self._store)
        notifying = runners.notifying(self._store, partial(click.echo, err=True) if self._as_json else None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stopping.set())
        with notifying:
            worker = threading.Thread(target=self._work, args=(embedded,), name="pipeline")
            worker.start()
            try:
                asyncio.run(self._poll())
            finally:
                self._stopping.set()
                worker.join()
        if self._failure is not None:
            raise self._failure
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(embedded.counts.items()))
        if counts:
            click.echo(counts, err=True)

    def _work(self, embedded: Embedded) -> None:
        """Run batches until told to stop, then until nothing is left."""
        try:
            embedded.run(self._stopping, self._print, finish=self._once)
        except BaseException as exc:  # noqa: BLE001 - it is raised again in the main thread
            self._failure = exc
            self._stopping.set()

    async def _poll(self) -> None:
        from pipeline.wiring import connectors

        async with connectors.polling(self._store, tell) as ingest:
            await connectors.poll_until(self._stopping, ingest, once=self._once)

    def _print(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            click.echo(click.style(f"dead letter: {outcome.error}", fg="red"), err=True)
        elif outcome.document is not None:
            document = outcome.document
            click.echo(msgspec.json.encode(document) if self._as_json else article_line(document))
