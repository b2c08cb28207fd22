"""What a user asked to follow, with the options of each feed; what of them is secret, and to whom it may be sent."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from connectors.fetch.origin import same_origin
from pipeline.errors import UsageError
from pipeline.references import followed, has_reference

_BARE = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE)
_LOCAL = re.compile(r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE)
_FEED_BEFORE = re.compile(r"^feed:(?=https?://)", re.IGNORECASE)
_FEED_SCHEME = re.compile(r"^feed:(?://)?", re.IGNORECASE)


# Begins the value of an Authorization header that is made of the user and password a reference leads to.
ACCOUNT = "account "


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one feed to follow. ``headers`` may be secret: they go to the feed's own origin only.

    With ``fulltext`` each new entry's page is read too, where that gives more than the feed does. Articles that a query
    of ``mute`` finds are not published. ``proxy`` is an address that may hold a user and password. ``connector`` is the
    name of who reads it, without which that is who claims the address.
    """

    url: str
    added: datetime
    title: str | None = None
    tags: tuple[str, ...] = ()
    paused: bool = False
    interval_s: int | None = None
    language: str | None = None
    user_agent: str | None = None
    headers: dict[str, str] = {}
    proxy: str | None = None
    mute: tuple[str, ...] = ()
    fulltext: bool = False
    connector: str | None = None
    schema_version: int = 1


def headers_for(subscription: Subscription, url: str) -> dict[str, str]:
    """Return what to send with a fetch for a feed: to another origin nothing but the name we go by.

    Raises ``FetchError`` where a reference leads to nothing that can be sent.
    """
    headers = {}
    if same_origin(subscription.url, url):
        headers = {name: _header(value, subscription.url) for name, value in subscription.headers.items()}
    if subscription.user_agent:
        headers["User-Agent"] = subscription.user_agent
    return headers


def proxy_for(subscription: Subscription) -> str | None:
    """Return the proxy that a feed is fetched through, if any. Raises ``FetchError`` as ``headers_for`` does."""
    return _followed(subscription.proxy, subscription.url) if subscription.proxy else None


def _header(value: str, url: str) -> str:
    if not has_reference(value):
        return value
    if value.startswith(ACCOUNT):
        user, _, password = _followed(value.removeprefix(ACCOUNT), url).partition(":")
        return basic(user, password)["Authorization"]
    return _followed(value, url)


def _followed(text: str, url: str) -> str:
    from connectors.fetch.http import FetchError  # brings the HTTP client, which listing needs not

    try:
        found = followed(text, url)
    except UsageError as exc:
        raise FetchError("address", str(exc)) from exc
    if not found.isprintable():
        raise FetchError("address", f"{url}: what {text} leads to has characters that cannot be sent; it is one line.")
    return found


def merged(headers: Mapping[str, str], newer: Mapping[str, str]) -> dict[str, str]:
    """Return headers with newer ones in place of those of the same name, however either is written."""
    replaced = {name.lower() for name in newer}
    return {name: value for name, value in headers.items() if name.lower() not in replaced} | dict(newer)


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header that gives a user name and password (RFC 7617)."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def whole_address(text: str) -> str:
    """Return an address in the one way it is followed by: with a scheme, the host in lower case, no usual port, no
    fragment. What cannot be one stays as it is.
    """
    text = _FEED_SCHEME.sub("http://", _FEED_BEFORE.sub("", text.strip()))
    text = f"https://{text}" if _BARE.fullmatch(text) else f"http://{text}" if _LOCAL.fullmatch(text) else text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return text
    if parts.scheme not in ("http", "https") or not host:
        return text
    given, at, _ = parts.netloc.rpartition("@")
    host = f"[{host}]" if ":" in host else host
    usual = port is None or port == {"http": 80, "https": 443}[parts.scheme]
    netloc = f"{given}{at}{host}" + ("" if usual else f":{port}")
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))


def without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """Return an address without the user and password that stand in it, and the header that gives them instead."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, {}
    given, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    user, _, password = given.partition(":")
    return urlunsplit(parts._replace(netloc=host)), basic(unquote(user), unquote(password))
