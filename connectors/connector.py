"""The protocol of a source: what a connector is, and all that one needs to be written.

A connector turns one kind of address into entries, in two steps. ``fetch`` asks for what stands there, through the
network it is given and no other; ``parse`` reads the answer, in a child process that is killed when it takes too long.
When an address is asked, what has changed, what is muted, published, told as history or tried again is decided for all
connectors alike, and none of them has to care. CONTRIBUTING.md shows one in twenty lines; ``connectors.contract`` holds
any to what is promised here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from connectors.fetch.http import Fetched, FetchError
from connectors.formats.dates import parse_date
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed
from connectors.formats.titles import plain_line

__all__ = ["Connector", "FetchError", "Fetched", "Network", "NotAFeedError", "ParsedFeed", "Request", "entry"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is asked for, and what the last answer said to tell by whether anything has changed since."""

    address: str
    etag: str | None = None
    modified: str | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """Return the headers that ask for an answer only if it is a new one."""
        given = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in given.items() if value}


class Network(Protocol):
    """The one way to the network: guarded, bounded, and within the limits of each host."""

    async def get(self, url: str, headers: Mapping[str, str] | None = None, *, robots: bool = False) -> Fetched:
        """Get a document when its host may be asked, following redirects. Raises ``FetchError``.

        What the user gave for the subscription is sent along to its own origin. With ``robots`` the site's robots.txt
        is asked first: for what is made for people rather than for programs.
        """


class Connector(Protocol):
    """Read one kind of source. It is sent to another process for ``parse``, so it can be pickled.

    ``name`` is a plain word in lower case, by which subscriptions remember who reads them.
    """

    @property
    def name(self) -> str:
        """Return what the connector is called."""

    def claims(self, address: str) -> bool:
        """Tell by an address alone whether it is one of this connector's; cheap, and right for any text."""

    async def fetch(self, request: Request, network: Network) -> Fetched:
        """Return what stands at an address now, or an answer with status 304 where nothing has changed.

        ``etag`` and ``last-modified`` among its headers are given back with the next request. Raises ``FetchError``.
        """

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        """Read a body that ``fetch`` returned: pure, the same again for the same bytes. Raises ``NotAFeedError``."""


def entry(
    *,
    id: str | None = None,
    url: str | None = None,
    title: str | None = None,
    published: datetime | str | None = None,
    updated: datetime | str | None = None,
    text: str | None = None,
    html: str | None = None,
    authors: Iterable[str] = (),
    tags: Iterable[str] = (),
    language: str | None = None,
    image: str | None = None,
    source: str | None = None,
) -> ParsedEntry:
    """Return an entry as it is published: ``id`` is what stays the same when all else is edited, else ``url`` does.

    The title is plain words. ``html`` is made harmless later on. A date may be written in any way that feeds have.
    """
    written = published.isoformat() if isinstance(published, datetime) else published
    title = plain_line(title)
    return ParsedEntry(
        identity=Entry(id or None, url or None, title, written or None),
        url=url or None,
        title=title,
        published=_moment(published),
        updated=_moment(updated),
        text=text or None,
        html=html or None,
        authors=tuple(authors),
        tags=tuple(tags),
        language=language,
        image=image or None,
        source=source or None,
        unread_date=written if written and _moment(published) is None else None,
    )


def _moment(value: datetime | str | None) -> datetime | None:
    return parse_date(value.isoformat() if isinstance(value, datetime) else value)
