"""The options of a subscription: as they are given, changed and shown. Secrets go in and never come out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
import msgspec

from connectors.polling.subscription import Subscription, basic, merged
from pipeline.errors import UsageError
from pipeline.networks import masked

Command = TypeVar("Command", bound=Callable[..., Any])

# What an option is called, the field it fills, and what that is when it is cleared.
CLEARED: dict[str, tuple[str, object]] = {
    "title": ("title", None), "tags": ("tags", ()), "interval": ("interval_s", None), "language": ("language", None),
    "headers": ("headers", {}), "user-agent": ("user_agent", None), "proxy": ("proxy", None), "mute": ("mute", ()),
}  # fmt: skip
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset(("host", "connection", "content-length", "transfer-encoding", "accept-encoding", "te", "upgrade"))


def feed_options(command: Command) -> Command:
    """Give a command the options of a subscription."""
    options = (
        click.option("--title", help="Name it; otherwise the feed's own title is used."),
        click.option("--tag", "tags", multiple=True, help="Put a tag on its articles; may be repeated."),
        click.option("--interval", type=click.IntRange(30), metavar="SECONDS", help="Poll it at this pace."),
        click.option("--language", help="The language of its articles, such as en."),
        click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Send a header to this site."),
        click.option("--cookie", "cookies", multiple=True, metavar="NAME=VALUE", help="Send a cookie to this site."),
        click.option("--auth", metavar="USER:PASSWORD", help="Send a user name and password to this site."),
        click.option("--bearer", metavar="TOKEN", help="Send a token as Authorization: Bearer to this site."),
        click.option("--user-agent", help="Introduce the fetcher by another name."),
        click.option("--proxy", metavar="URL", help="Fetch it and its pages through http://[USER:PASSWORD@]HOST:PORT."),
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


def changed(before: Subscription, options: Mapping[str, Any]) -> Subscription:
    """Return a subscription with the options that were given; the others keep what they were.

    Raises ``UsageError`` for one that is not usable.
    """
    given = {name: options[name] for name in ("title", "tags", "language", "user_agent") if options.get(name)}
    if options.get("interval"):
        given["interval_s"] = options["interval"]
    if options.get("proxy"):
        given["proxy"] = _proxy(options["proxy"])
    if options.get("mute"):
        given["mute"] = _queries(options["mute"])
    if options.get("fulltext") is not None:
        _check_full_text(options["fulltext"])
        given["fulltext"] = options["fulltext"]
    return msgspec.structs.replace(before, **given, headers=merged(before.headers, _headers(options)))


def cleared(before: Subscription, names: tuple[str, ...]) -> Subscription:
    """Return a subscription without some of its options."""
    return msgspec.structs.replace(before, **dict(CLEARED[name] for name in names))


def shown(subscription: Subscription) -> dict[str, object]:
    """Return the options of a subscription, with every secret hidden."""
    return {
        "interval": subscription.interval_s,
        "language": subscription.language,
        "headers": dict.fromkeys(subscription.headers, "***"),
        "user_agent": subscription.user_agent,
        "proxy": masked(subscription.proxy) if subscription.proxy else None,
        "mute": list(subscription.mute),
        "fulltext": subscription.fulltext,
    }


def check_full_text() -> None:
    """Raise ``UsageError`` with the fix where the extra ``fulltext`` is not installed."""
    from pipeline.runners.polling.fulltext import EXTRA_MISSING
    from pipeline.wiring.connectors import has_full_text

    if not has_full_text():
        raise UsageError(EXTRA_MISSING)


def _check_full_text(wanted: bool) -> None:
    if wanted:
        check_full_text()


def _headers(options: Mapping[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in options.get("headers") or ():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not _NAME.fullmatch(name) or not value.isprintable():
            raise UsageError(f"--header {name!r} is no header; write 'Name: value'.")
        if name.lower() in _OURS:
            raise UsageError(f"--header {name}: this one is the program's own to send.")
        headers = merged(headers, {name: value})
    cookies = options.get("cookies") or ()
    if wrong := [cookie.partition("=")[0] for cookie in cookies if not re.fullmatch(r"[^\s=;,]+=[ -:<-~]*", cookie)]:
        raise UsageError(f"--cookie {wrong[0]!r} is no cookie; write NAME=VALUE, once for each.")
    if cookies:
        headers = merged(headers, {"Cookie": "; ".join(cookies)})
    if options.get("auth") and options.get("bearer"):
        raise UsageError("--auth and --bearer exclude each other: both say who you are.")
    if options.get("auth"):
        user, _, password = options["auth"].partition(":")
        headers = merged(headers, basic(user, password))
    if options.get("bearer"):
        if not re.fullmatch(r"[!-~]+", options["bearer"]):
            raise UsageError("--bearer takes a token without spaces.")
        headers = merged(headers, {"Authorization": f"Bearer {options['bearer']}"})
    return headers


def _proxy(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "http" and parts.hostname and (parts.port or 1) > 0 and parts.path in ("", "/")
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"--proxy {masked(url)!r} is no proxy; write http://[USER:PASSWORD@]HOST:PORT.")
    return url


def _queries(texts: tuple[str, ...]) -> tuple[str, ...]:
    from pipeline.query.parser import parse

    for text in texts:
        parse(text)
    return texts
