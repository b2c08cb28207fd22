"""`newswire add|feed|import|export`: what is followed, and how it fares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click
import msgspec

from connectors.fetch.origin import same_origin
from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription, merged, whole_address, without_credentials
from pipeline.commands.context import current_settings, open_store
from pipeline.commands.feed_health import TROUBLED, coloured, health, judged
from pipeline.commands.feed_options import CLEARED, changed, check_full_text, cleared, feed_options
from pipeline.commands.lines import shorten
from pipeline.commands.push_lines import push_health, push_words, pushes_by_feed
from pipeline.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from connectors.fetch.http import Fetcher
    from connectors.polling.parser import Parser
    from pipeline.services.find_feeds import FoundFeed
    from pipeline.wiring.stores import Store

T = TypeVar("T")
MARKS = {"ok": click.style("ok  ", fg="green"), "warn": click.style("warn", fg="yellow"),
         "fail": click.style("FAIL", fg="red"), "more": "    "}  # fmt: skip


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@feed_options
@click.option("--all", "every", is_flag=True, help="Subscribe to every feed that a page offers, not only the best.")
@click.option("--no-check", is_flag=True, help="Subscribe without fetching first.")
def add(urls: tuple[str, ...], every: bool, no_check: bool, **options: Any) -> None:
    """Subscribe to feeds; pages are searched for theirs. Given again, options change what was."""
    failures: list[UnavailableError | UsageError] = []
    with open_store() as store:
        for url in urls:
            asked = changed(_asked(store, url), options)
            try:
                found = [_unchecked(asked)] if no_check else find(asked)
            except (UnavailableError, UsageError) as exc:
                failures.append(exc)
                continue
            for feed in found if every else found[:1]:
                _follow(store, feed, options, asked)
            for feed in [] if every else found[1:]:
                click.echo(f"  also offered: {feed.title or ''}  {feed.url}")
    for failure in failures[:-1]:
        click.echo(f"Error: {failure}", err=True)
    if failures:
        raise failures[-1]


@click.group()
def feed() -> None:
    """List, show, test and change subscriptions."""


feed.add_command(add)


@feed.command("find")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def find_command(url: str, as_json: bool) -> None:
    """List the feeds of a page, best first, without subscribing."""
    with open_store() as store:
        asked = _asked(store, url)
    for found in find(asked):
        if as_json:
            click.echo(msgspec.json.encode(found))
        else:
            click.echo(f"{found.url}  {shorten(found.title or 'without a title', 60)}, {found.entries} entries")


@feed.command("list")
@click.option("--broken", is_flag=True, help="Only feeds that fail, are gone, have moved or gone quiet.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_feeds(broken: bool, as_json: bool) -> None:
    """List subscriptions with their health: how much they publish, how soon it is seen, and what is wrong.

    A feed is quiet when it has had nothing new for 60 days.
    """
    from pipeline.wiring.stores import clock

    now, well = clock(), 0
    with open_store() as store:
        pushes = pushes_by_feed(store.pushes)
        for subscription in subscriptions(store):
            poll, push = _poll_of(store, subscription.url), pushes.get(subscription.url)
            found = judged(subscription, poll, now)
            if broken and found.state not in TROUBLED:
                well += 1
                continue
            if as_json:
                click.echo(msgspec.json.encode(health(subscription, poll, now) | push_health(poll, push)))
                continue
            name = shorten(subscription.title or urlsplit(subscription.url).netloc, 40)
            line = f"{coloured(found.state)}{name:<40}  {subscription.url}  {found.words}"
            click.echo("  ".join((line, *push_words(poll, push))))
    if broken and well:
        click.echo(f"The other {well} are well, paused or new.", err=True)


@feed.command()
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(url: str, as_json: bool) -> None:
    """Show one subscription and how its polls went."""
    from pipeline.wiring.stores import clock

    with open_store() as store:
        subscription = _known(store, url)
        poll, push = _poll_of(store, subscription.url), pushes_by_feed(store.pushes).get(subscription.url)
        told = health(subscription, poll, clock()) | push_health(poll, push)
    if as_json:
        click.echo(msgspec.json.encode(told))
        return
    for name, value in told.items():
        click.echo(f"{name:<16}{_written(value)}")


@feed.command()
@click.argument("url")
@feed_options
@click.option(
    "--clear", "clear", multiple=True, type=click.Choice(tuple(CLEARED)), help="Forget an option; may be repeated."
)
def edit(url: str, clear: tuple[str, ...], **options: Any) -> None:
    """Change a subscription; tags and mute queries that are given replace those there were."""
    with open_store() as store:
        before = _known(store, url)
        after = changed(cleared(before, clear), options)
        store.feeds.put(after.url, msgspec.json.encode(after))
    click.echo(f"{after.url} is {'as it was' if after == before else 'changed'}.")


@feed.command()
@click.argument("url")
@click.option("--resume", is_flag=True, help="Poll it again.")
def pause(url: str, resume: bool) -> None:
    """Stop polling a feed, or resume."""
    with open_store() as store:
        subscription = msgspec.structs.replace(_known(store, url), paused=not resume)
        store.feeds.put(subscription.url, msgspec.json.encode(subscription))
    click.echo(f"{subscription.url} is {'polled again' if resume else 'paused'}.")


@feed.command()
@click.argument("url")
def remove(url: str) -> None:
    """Unsubscribe; its articles stay."""
    from pipeline.runners.polling.gathering import forget

    with open_store() as store:
        subscription = _known(store, url)
        with store.transaction():
            store.feeds.put(subscription.url, None)
            store.polls.put(subscription.url, None)
            forget(store.recent, subscription.url)
    click.echo(f"{subscription.url} is no longer followed.")


@feed.command()
@click.argument("url", required=False)
def refresh(url: str | None) -> None:
    """Poll a feed, or all, at the next opportunity."""
    from pipeline.wiring.stores import clock

    with open_store() as store:
        chosen = [_known(store, url)] if url else subscriptions(store)
        for subscription in chosen:
            poll = _poll_of(store, subscription.url)
            if poll is not None:
                due = msgspec.structs.replace(poll, next_check=clock(), retired=False, body_hash=None, etag=None)
                store.polls.put(subscription.url, msgspec.json.encode(due))
            # Putting the subscription again is what makes a running `up` look at it.
            store.feeds.put(subscription.url, msgspec.json.encode(subscription))
    click.echo(f"{len(chosen)} feeds are due now.")


@feed.command()
@click.argument("url")
@click.option("--fulltext", is_flag=True, help="Show also what full text would give for the first entries.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per step.")
def test(url: str, fulltext: bool, as_json: bool) -> None:
    """Explain step by step how an address is fetched and read.

    Exits with 1 where there is no feed that can be followed.
    """
    from connectors.fetch.host_limits import HostLimits
    from connectors.polling.outcome import Pace
    from pipeline.commands.feed_test import Step, explain
    from pipeline.wiring import connectors, stores

    settings = current_settings()
    if fulltext:
        check_full_text()
    with open_store() as store:
        asked = _asked(store, url) if "." in url or ":" in url else _known(store, url)

    def tell(step: Step) -> None:
        if as_json:
            click.echo(msgspec.json.encode(step))
            return
        mark = MARKS[step.result]
        click.echo(f"{mark}  {step.name}: {step.detail}" if step.name else f"{mark}  {step.detail}")

    async def work(fetcher: Fetcher, parser: Parser) -> bool:
        pages = None
        if fulltext:
            limits, rules = HostLimits(settings.fetch.per_host), connectors.site_rules(settings)
            for error in rules.errors:
                click.echo(f"{rules.user_file}: {error}", err=True)
            pages = connectors.pages(settings, fetcher, limits, parser.child, rules)
        pace = Pace(settings.fetch.min_interval_s, settings.fetch.max_interval_s)
        return await explain(fetcher, parser, asked, tell, stores.clock(), pace, pages)

    fine = with_fetcher(work)
    if settings.websub.callback_url:
        with open_store() as store:
            for words in push_words(_poll_of(store, url), pushes_by_feed(store.pushes).get(url)):
                tell(Step("", "more", words))
    if not fine:
        raise click.exceptions.Exit(1)


def subscriptions(store: Store) -> list[Subscription]:
    """Return all subscriptions, by address."""
    return [msgspec.json.decode(value, type=Subscription) for _, value in store.feeds.items()]


def subscribe(
    store: Store, url: str, options: dict[str, Any], title: str | None, asked: Subscription | None = None
) -> Subscription:
    """Add or change a subscription; options that are not given keep what they were.

    ``asked`` is the address the user gave, with what is sent to it; that is kept for a feed of the same origin only.
    """
    before = _asked(store, url)
    after = changed(before, options)
    if asked is not None:
        kept = asked.headers if same_origin(asked.url, before.url) else {}
        after = msgspec.structs.replace(after, headers=merged(before.headers, kept))
    after = msgspec.structs.replace(after, title=after.title or title)
    store.feeds.put(after.url, msgspec.json.encode(after))
    return after


def find(asked: Subscription) -> list[FoundFeed]:
    """Return the feeds at an address, best first. Raises ``UsageError`` or ``UnavailableError`` in one sentence."""
    from pipeline.services.find_feeds import find_feeds

    return with_fetcher(lambda fetcher, parser: find_feeds(fetcher, parser, asked))


def with_fetcher(work: Callable[[Fetcher, Parser], Coroutine[Any, Any, T]]) -> T:
    """Run an asynchronous piece of work with a fetcher and a parser of the current settings."""
    from connectors.fetch.http import FetchError
    from connectors.polling.parser import Parser
    from pipeline.wiring import connectors

    settings = current_settings()

    async def run() -> T:
        parser = Parser()
        try:
            async with connectors.fetcher(settings) as fetcher:
                return await work(fetcher, parser)
        finally:
            parser.close()

    try:
        return asyncio.run(run())
    except FetchError as exc:
        raise UnavailableError(str(exc)) if exc.kind in ("connect", "timeout") else UsageError(str(exc)) from exc


def new_subscription(url: str) -> Subscription:
    """Return a subscription without options; a user and password that stand in the address become a header."""
    from pipeline.wiring.stores import clock

    address, headers = without_credentials(whole_address(url))
    return Subscription(url=address, added=clock(), headers=headers)


def _asked(store: Store, url: str) -> Subscription:
    """Return the subscription to an address, with the credentials that it is given with, or a new one."""
    new = new_subscription(url)
    value = store.feeds.get(new.url)
    if not value:
        return new
    known = msgspec.json.decode(value, type=Subscription)
    return msgspec.structs.replace(known, headers=merged(known.headers, new.headers))


def _unchecked(asked: Subscription) -> FoundFeed:
    from connectors.fetch.http import FetchError, check_scheme
    from pipeline.services.find_feeds import FoundFeed

    try:
        check_scheme(asked.url)
    except FetchError as exc:
        raise UsageError(str(exc)) from exc
    return FoundFeed(url=asked.url, title=None, entries=0)


def _follow(store: Store, feed: FoundFeed, options: dict[str, Any], asked: Subscription) -> None:
    if feed.moved_to is not None and store.feeds.get(feed.moved_to) and not store.feeds.get(feed.url):
        click.echo(f"{feed.url} has moved to {feed.moved_to}, which is followed already.")
        return
    subscription = subscribe(store, feed.url, options, feed.title, asked)
    click.echo(f"Following {subscription.title or feed.url}  {feed.url}")
    if asked.headers and not same_origin(asked.url, feed.url):
        click.echo(f"  That is another site than {asked.url}: no header is sent there.", err=True)


def _known(store: Store, url: str) -> Subscription:
    value = store.feeds.get(url) or store.feeds.get(new_subscription(url).url)
    if value:
        return msgspec.json.decode(value, type=Subscription)
    near = [s for s in subscriptions(store) if (url and url in s.url) or url.casefold() == (s.title or "").casefold()]
    if len(near) == 1:
        return near[0]
    raise UsageError(
        f"{url} is {'not followed' if not near else 'more than one feed'}; `newswire feed list` shows all addresses."
    )


def _poll_of(store: Store, url: str) -> Poll | None:
    value = store.polls.get(url)
    return msgspec.json.decode(value, type=Poll) if value else None


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M}"
    if isinstance(value, list | dict):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
