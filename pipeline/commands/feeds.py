"""`newswire add|feed`: what is followed, and how it fares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from pipeline.commands.context import current_settings, open_kept_store, open_store, tell_of_nothing
from pipeline.commands.durations import Interval
from pipeline.commands.groups import Group
from pipeline.commands.names import feed_addresses, tags
from pipeline.commands.screen import long_option, page, tell, width
from pipeline.commands.secrets import one_of, secret_file
from pipeline.errors import UnavailableError, UsageError
from pipeline.services.feed_settings import CLEARED, FeedOptions

if TYPE_CHECKING:
    from pipeline.services.feed_test import Step

Command = TypeVar("Command", bound=Callable[..., Any])


def feed_options(command: Command) -> Command:
    """Give a command the options of a subscription."""
    options = (
        click.option("--title", help="Name it; otherwise the feed's own title is used."),
        click.option(
            "--tag", "tags", multiple=True, shell_complete=tags, help="Put a tag on its articles; may be repeated."
        ),
        click.option(
            "--interval", type=Interval(), metavar="SECONDS|DURATION", help="Poll it at this pace: 900, 15m or 6h."
        ),
        click.option("--language", help="The language of its articles, such as en."),
        click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Send a header to this site."),
        click.option("--cookie", "cookies", multiple=True, metavar="NAME=VALUE", help="Send a cookie to this site."),
        secret_file("--header-file", "Headers, one a line,"),
        secret_file("--cookie-file", "Cookies, one a line,"),
        click.option("--auth", metavar="USER:PASSWORD", help="Send a user name and password to this site."),
        click.option("--bearer", metavar="TOKEN", help="Send a token as Authorization: Bearer to this site."),
        secret_file("--auth-file", "USER:PASSWORD"),
        secret_file("--bearer-file", "The token"),
        click.option("--user-agent", help="Introduce the fetcher by another name."),
        click.option("--proxy", metavar="URL", help="Fetch it and its pages through http://[USER:PASSWORD@]HOST:PORT."),
        secret_file("--proxy-file", "The proxy's address"),
        click.option("--mute", multiple=True, metavar="QUERY", help="Leave out its articles that a query finds."),
        click.option(
            "--fulltext/--no-fulltext",
            default=None,
            help="Read each new entry's page, for feeds that have only teasers; robots.txt is respected.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _options(given: dict[str, Any]) -> FeedOptions:
    """Return the options that were given, those from files among them."""
    for name in ("auth", "bearer", "proxy"):
        given[name] = one_of(given[name], given.pop(f"{name}_file"), name)
    for name in ("header", "cookie"):
        lines = (given.pop(f"{name}_file") or "").splitlines()
        given[f"{name}s"] += tuple(line.strip() for line in lines if line.strip())
    return FeedOptions(**given)


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@feed_options
@click.option("--all", "every", is_flag=True, help="Subscribe to every feed that a page offers, not only the best.")
@click.option("--no-check", is_flag=True, help="Subscribe without fetching first.")
def add(urls: tuple[str, ...], every: bool, no_check: bool, **given: Any) -> None:
    """Subscribe to feeds; pages are searched for theirs. Given again, options change what was."""
    from pipeline.views.feeds import followed_line
    from pipeline.wiring import connectors, services

    options = _options(given)
    failures: list[UnavailableError | UsageError] = []
    with open_store() as store:
        feeds = services.feeds(store)
        for url in urls:
            asked = feeds.asked(connectors.address_of(store.settings, url), options)
            try:
                claimed = connectors.unchecked(store.settings, asked) if no_check else None
                found = (
                    [claimed or feeds.unchecked(asked)] if no_check else connectors.find_feeds(store.settings, asked)
                )
            except (UnavailableError, UsageError) as exc:
                failures.append(exc)
                continue
            for feed in found if every else found[:1]:
                followed = feeds.follow(feed, options, asked)
                click.echo(followed_line(followed))
                if followed.headers_kept_back:
                    click.echo(f"  That is another site than {asked.url}: no header is sent there.", err=True)
            for feed in [] if every else found[1:]:
                click.echo(f"  also offered: {feed.title or ''}  {feed.url}")
    for failure in failures[:-1]:
        click.echo(f"Error: {failure}", err=True)
    if failures:
        raise failures[-1]


@click.group(cls=Group)
def feed() -> None:
    """List, show, test and change subscriptions."""


feed.add_command(add)


@feed.command("find")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def find_command(url: str, as_json: bool) -> None:
    """List the feeds of a page, best first, without subscribing."""
    from pipeline.views.feeds import found_line
    from pipeline.wiring import connectors, services, stores

    settings = current_settings()
    with stores.store(settings, reading=True) as store:
        asked = services.feeds(store).asked(url)
    for found in connectors.find_feeds(settings, asked):
        tell(msgspec.json.encode(found) if as_json else found_line(found))


@feed.command("connectors")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_connectors(as_json: bool) -> None:
    """List what is installed to read addresses, in the order in which each is asked for one; others' come first."""
    from pipeline.views.feeds import connector_fields, connector_line
    from pipeline.wiring import connectors

    for found in connectors.found_connectors(current_settings()).found:
        tell(msgspec.json.encode(connector_fields(found)) if as_json else connector_line(found))


@feed.command("list")
@click.option("--broken", is_flag=True, help="Only feeds that fail, are gone, have moved or gone quiet.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@long_option
def list_feeds(broken: bool, as_json: bool, long_form: bool) -> None:
    """List subscriptions with their health: how much they publish, how soon it is seen, and what is wrong.

    A feed is quiet when it has had nothing new for 60 days.
    """
    from pipeline.services.feed_health import TROUBLED
    from pipeline.views.feeds import feed_fields, feed_line
    from pipeline.wiring import services
    from pipeline.wiring.stores import clock

    columns = width(long_form or as_json)
    with open_store(reading=True) as store:
        statuses = list(services.feeds(store).statuses())
    chosen = [status for status in statuses if not broken or status.health.state in TROUBLED]
    well = len(statuses) - len(chosen)
    if columns is not None:
        from pipeline.views.feed_table import feed_table

        page(feed_table(chosen, clock(), columns))
    else:
        for status in chosen:
            click.echo(msgspec.json.encode(feed_fields(status, clock())) if as_json else feed_line(status, clock()))
    if broken and well:
        others = "The other is" if well == 1 else f"The other {well:,} are"
        click.echo(f"{others} well, paused or new.", err=True)
    if not statuses:
        tell_of_nothing("No feed is followed.", as_json=as_json)


@feed.command()
@click.argument("url", shell_complete=feed_addresses)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(url: str, as_json: bool) -> None:
    """Show one subscription and how its polls went."""
    from pipeline.views.feeds import feed_fields, field_lines
    from pipeline.wiring import services
    from pipeline.wiring.stores import clock

    with open_store(reading=True) as store:
        fields = feed_fields(services.feeds(store).status(url), clock())
    if as_json:
        click.echo(msgspec.json.encode(fields))
        return
    for line in field_lines(fields):
        tell(line)


@feed.command()
@click.argument("url", shell_complete=feed_addresses)
@feed_options
@click.option(
    "--clear", "clear", multiple=True, type=click.Choice(tuple(CLEARED)), help="Forget an option; may be repeated."
)
def edit(url: str, clear: tuple[str, ...], **given: Any) -> None:
    """Change a subscription; tags and mute queries that are given replace those there were."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        feeds = services.feeds(store)
        subscription, different = feeds.edit(url, _options(given), clear)
        pace = feeds.pace_words(subscription) if given.get("interval") else ""
    click.echo(f"{subscription.url} is {'changed' if different else 'as it was'}.")
    if pace:
        click.echo(pace)


@feed.command()
@click.argument("url", shell_complete=feed_addresses)
@click.option("--resume", "--off", "resume", is_flag=True, help="Poll it again.")
def pause(url: str, resume: bool) -> None:
    """Stop polling a feed, or resume."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        subscription = services.feeds(store).pause(url, paused=not resume)
    click.echo(f"{subscription.url} is {'polled again' if resume else 'paused'}.")


@feed.command()
@click.argument("url", shell_complete=feed_addresses)
def remove(url: str) -> None:
    """Unsubscribe; its articles stay."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        subscription = services.feeds(store).remove(url)
    click.echo(f"{subscription.url} is no longer followed.")


@feed.command()
@click.argument("url", required=False)
def refresh(url: str | None) -> None:
    """Poll a feed, or all, at the next opportunity."""
    from pipeline.views.words import counted
    from pipeline.wiring import services

    with open_kept_store() as store:
        count = services.feeds(store).refresh(url)
    click.echo(f"{counted(count, 'feed')} {'is' if count == 1 else 'are'} due now.")


@feed.command()
@click.argument("url", shell_complete=feed_addresses)
@click.option("--fulltext", is_flag=True, help="Show also what full text would give for the first entries.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per step.")
def test(url: str, fulltext: bool, as_json: bool) -> None:
    """Explain step by step how an address is fetched and read.

    Exits with 1 where there is no feed that can be followed.
    """
    from pipeline.views.feeds import step_line
    from pipeline.wiring import connectors, services, stores

    def tell_step(step: Step) -> None:
        tell(msgspec.json.encode(step) if as_json else step_line(step), indent=4)

    def warn(line: str) -> None:
        click.echo(line, err=True)

    settings = current_settings()
    if fulltext:
        connectors.check_full_text()
    with stores.store(settings, reading=True) as store:
        asked = services.feeds(store).to_test(url)
    fine = connectors.explain_feed(settings, asked, tell_step, warn, fulltext=fulltext)
    if settings.websub.callback_url:
        with stores.store(settings, reading=True) as store:
            for step in services.feeds(store).push_steps(url):
                tell_step(step)
    if not fine:
        raise click.exceptions.Exit(1)
