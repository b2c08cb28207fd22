"""The options of a subscription: as they are given, changed and shown. Secrets go in and never come out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connectors.polling.subscription import ACCOUNT, Subscription, basic, merged
from pipeline.errors import UsageError
from pipeline.language.codes import normalize_language
from pipeline.networks import masked
from pipeline.query.vocabulary import is_language, language_error
from pipeline.references import anchored, is_reference

# What an option is called, the field it fills, and what that is when it is cleared.
CLEARED: dict[str, tuple[str, object]] = {
    "title": ("title", None), "tags": ("tags", ()), "interval": ("interval_s", None), "language": ("language", None),
    "headers": ("headers", {}), "user-agent": ("user_agent", None), "proxy": ("proxy", None), "mute": ("mute", ()),
}  # fmt: skip
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset(("host", "connection", "content-length", "transfer-encoding", "accept-encoding", "te", "upgrade"))


class FeedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the options that a user gives for a feed; ``None`` or nothing leaves what there was.

    ``headers`` are lines (``Name: value``), ``cookies`` pairs (``name=value``), ``auth`` is ``user:password``.
    In each a reference may stand for what is secret (``pipeline.references``).
    """

    title: str | None = None
    tags: tuple[str, ...] = ()
    interval: int | None = None
    language: str | None = None
    headers: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    auth: str | None = None
    bearer: str | None = None
    user_agent: str | None = None
    proxy: str | None = None
    mute: tuple[str, ...] = ()
    fulltext: bool | None = None


def changed(before: Subscription, options: FeedOptions) -> Subscription:
    """Return a subscription with the options that were given; the others keep what they were.

    Raises ``UsageError`` for one that is not usable.
    """
    if not all(tag.strip() for tag in options.tags):
        raise UsageError("--tag was given nothing; leave it out, or name a tag.")
    if options.user_agent and not options.user_agent.isprintable():
        raise UsageError("--user-agent is one line that can be printed.")
    if options.language is not None:
        options = msgspec.structs.replace(options, language=_language(options.language))
    given: dict[str, Any] = {
        name: value for name in ("title", "tags", "language", "user_agent") if (value := getattr(options, name))
    }
    if options.interval:
        given["interval_s"] = options.interval
    if options.proxy:
        given["proxy"] = _proxy(anchored(options.proxy, Path.cwd()))
    if options.mute:
        given["mute"] = _queries(options.mute)
    if options.fulltext is not None:
        given["fulltext"] = options.fulltext
    return msgspec.structs.replace(before, **given, headers=merged(before.headers, _headers(options)))


def cleared(before: Subscription, names: Sequence[str]) -> Subscription:
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


def _headers(options: FeedOptions) -> dict[str, str]:
    headers: dict[str, str] = {}
    options = _anchored(options)
    for line in options.headers:
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not _NAME.fullmatch(name) or not value.isprintable():
            raise UsageError(f"--header {name!r} is no header; write 'Name: value'.")
        if name.lower() in _OURS:
            raise UsageError(f"--header {name}: this one is the program's own to send.")
        headers = merged(headers, {name: value})
    cookies = options.cookies
    if wrong := [cookie.partition("=")[0] for cookie in cookies if not re.fullmatch(r"[^\s=;,]+=[ -:<-~]*", cookie)]:
        raise UsageError(f"--cookie {wrong[0]!r} is no cookie; write NAME=VALUE, once for each.")
    if cookies:
        headers = merged(headers, {"Cookie": "; ".join(cookies)})
    if options.auth and options.bearer:
        raise UsageError("--auth and --bearer exclude each other: both say who you are.")
    if options.auth and is_reference(options.auth):
        headers = merged(headers, {"Authorization": ACCOUNT + options.auth})
    elif options.auth:
        user, colon, password = options.auth.partition(":")
        if not colon:
            raise UsageError("--auth takes USER:PASSWORD; after a user without a password stands a colon, too.")
        headers = merged(headers, basic(user, password))
    if options.bearer:
        if not is_reference(options.bearer) and not re.fullmatch(r"[!-~]+", options.bearer):
            raise UsageError("--bearer takes a token without spaces.")
        headers = merged(headers, {"Authorization": f"Bearer {options.bearer}"})
    return headers


def _language(text: str) -> str:
    code = normalize_language(text)
    if code is None or not is_language(code):
        raise UsageError(f"--language {language_error(text)}")
    return code


def _anchored(options: FeedOptions) -> FeedOptions:
    """Return the options with the files of references named from the root: who polls may stand in another directory."""
    here = Path.cwd()
    return msgspec.structs.replace(
        options,
        headers=tuple(anchored(line, here) for line in options.headers),
        cookies=tuple(anchored(pair, here) for pair in options.cookies),
        auth=anchored(options.auth, here) if options.auth else None,
        bearer=anchored(options.bearer, here) if options.bearer else None,
    )


def _proxy(url: str) -> str:
    if is_reference(url):
        return url
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
    from pipeline.query.tree import Keyword, walk

    for text in texts:
        if any(isinstance(node, Keyword) and node.is_mark for node in walk(parse(text).root)):
            raise UsageError("--mute: what you have read or marked comes later; is:read, is:starred and mark: are for "
                             "search only.")  # fmt: skip
    return texts
