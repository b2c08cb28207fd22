"""Feeds and calendars of ours that other programs follow at secret addresses, and the hub that tells them of news."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import msgspec
from starlette.responses import Response

from pipeline import errors
from pipeline.errors import UsageError
from pipeline.model import Document, ReportedEvent
from pipeline.services.events import Asked
from pipeline.services.hub import LONGEST_ADDRESS, Published, key_of
from pipeline.services.hub_rounds import HUB_PATH
from pipeline.views.calendar import calendar_of
from pipeline.views.outgoing import json_feed
from pipeline.views.results import atom_feed
from pipeline.web.access_pages import FORMS, KINDS, conditions_of, outgoing_address, signed_parts
from pipeline.web.asking import Ask, NotFoundError, fields_of
from pipeline.web.desk import Desk
from pipeline.web.rendering import Rendering
from pipeline.web.security import is_our_name

ENTRIES = 50
EVENTS = 500
MOST_HUB_BYTES = 16_384
BEGINNING = "/feeds/"
# Of the address of a feed.
MOST_FIELDS = 20


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Name a feed or calendar of a reader; the desk is theirs."""

    desk: Desk
    kind: str
    name: str
    form: str


def shown(ask: Ask, rendering: Rendering) -> Response:
    """Give what a search, alert, tag, story or query finds as an Atom or JSON feed, or what it announces as a calendar,
    to whoever knows the address.
    """
    named = _named(ask.desk, f"{ask.places['kind']}/{ask.places['name']}", ask.one("key"), ask.one("reader"))
    address = f"{ask.base}{outgoing_address(named.desk, named.kind, named.name, named.form)}"
    hub = f"{ask.base}{HUB_PATH}"
    published = _published(named, address, hub)
    links = f'<{hub}>; rel="hub", <{address}>; rel="self"'
    return Response(published.body, headers={"link": links, "content-type": published.content_type})


def published(desk: Desk, topic: str) -> Published | None:
    """Return what is at an address of a feed of ours now; ``None`` where there is nothing, or no longer.

    Raises the errors of a store that is away: whether there is something is not known then.
    """
    try:
        named = _topic(desk, topic)
        parts = urlsplit(topic)
        return _published(named, topic, f"{parts.scheme}://{parts.netloc}{HUB_PATH}")
    except (UsageError, errors.NotFoundError):
        return None


def reader_of(topic: str) -> str:
    """Return whose feed is at an address of ours; nothing for the single reader's."""
    return dict(fields_of(urlsplit(topic).query, MOST_FIELDS)).get("reader", "")


def subscribe(ask: Ask) -> Response:
    """Note that a program wants to be told of news in a feed of ours, or no longer: its callback is asked back soon."""
    form = ask.form()
    try:
        topic = form.one("hub.topic")
        _topic(ask.desk, topic)
        ask.desk.hub.ask(
            form.one("hub.mode"),
            topic,
            form.one("hub.callback"),
            form.one("hub.lease_seconds"),
            form.one("hub.secret"),
        )
    except errors.UnavailableError as exc:
        return _plain(str(exc), 503, {"retry-after": "600"})
    except UsageError as exc:
        return _plain(str(exc), 400, {})
    return _plain("Your callback is asked back in a moment.", 202, {})


def _plain(words: str, status: int, headers: dict[str, str]) -> Response:
    return Response(f"{words}\n", status, headers, "text/plain")


def _topic(desk: Desk, topic: str) -> Named:
    """Read the address of a feed of ours. Raises ``UsageError``."""
    try:
        parts = urlsplit(topic)
        is_ours = parts.scheme in ("http", "https") and is_our_name(parts.netloc, desk.door.hosts)
    except ValueError:
        is_ours = False
    if not is_ours or len(topic) > LONGEST_ADDRESS or not parts.path.startswith(BEGINNING) or parts.fragment:
        raise UsageError(
            "hub.topic is no address of a feed of this Newswire; take the one that the feed links as self."
        )
    if not topic.isascii() or any(c <= " " or c in '<>"\\' for c in topic):
        raise UsageError("hub.topic must be written as the feed links it: in ASCII, what is not escaped.")
    given = dict(fields_of(parts.query, MOST_FIELDS))
    name = unquote(parts.path.removeprefix(BEGINNING))
    return _named(desk, name, given.get("key", ""), given.get("reader", ""))


def _named(desk: Desk, path: str, key: str, reader_name: str) -> Named:
    """Return what a path names, if the key is that of it. Raises ``NotFoundError``."""
    kind, _, rest = path.partition("/")
    name, _, form = rest.rpartition(".")
    if kind not in KINDS or form not in FORMS:
        raise NotFoundError("There is no such feed.")
    # Whose search or alert it is says the address, whoever asks.
    reader = desk.readers.get(reader_name)
    desk = desk.of(reader.name if reader is not None else "")
    if not desk.access.is_signed(key, *signed_parts(desk, kind, name)):
        raise NotFoundError("There is no such feed; its address may have been changed since.")
    if kind == "events" and form != "ics":
        raise NotFoundError("Events are followed as a calendar only; articles as a feed, too.")
    return Named(desk=desk, kind=kind, name=name, form=form)


def _published(named: Named, address: str, hub: str) -> Published:
    """Return a feed as it is now, with its own address and that of its hub in it."""
    desk, name = named.desk, named.name
    if named.form == "ics":
        is_asked = named.kind == "events"
        asked = conditions_of(name) if is_asked else Asked(query=_query(named), scheduled=True, everything=True)
        events = desk.events.find(asked, EVENTS)
        return Published(
            content_type="text/calendar; charset=utf-8",
            body=calendar_of(events, f"Newswire: {name}", desk.clock()),
            entries=tuple(map(_event_key, events)),
        )
    request = desk.articles.request(_query(named), limit=ENTRIES)
    documents = desk.articles.search(request).documents
    entries = tuple(map(_article_key, documents))
    if named.form == "json":
        body = msgspec.json.encode(json_feed(documents, f"Newswire: {name}", address, hub))
        return Published(content_type="application/json", body=body, entries=entries)
    links = (("self", address), ("hub", hub))
    text = atom_feed(documents, request.query, request.now, links)
    return Published(content_type="application/atom+xml", body=text.encode(), entries=entries)


def _article_key(document: Document) -> str:
    return key_of(document.id, document.revision)


def _event_key(reported: ReportedEvent) -> str:
    schedule = reported.event.schedule
    when = schedule.when.value if schedule is not None and schedule.when is not None else ""
    status, what = (schedule.status, schedule.what) if schedule is not None else ("", "")
    return key_of(reported.event.id, when, status, what)


def _query(named: Named) -> str:
    kind, name = named.kind, named.name
    if kind == "search":
        return f"search:{name}"
    if kind == "alert":
        return named.desk.alerts.get(name).query
    if kind == "query":
        return name
    if kind == "story":
        return f"story:{name}"
    if '"' in name:
        raise UsageError("A tag holds no quotation marks.")
    return f'tag:"{name}"'
