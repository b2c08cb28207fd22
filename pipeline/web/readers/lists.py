"""What there is, by the Google Reader API: the user, feeds, tags and what is unread."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from connectors.polling.subscription import Subscription
from pipeline.services.feed_numbers import NO_FEED
from pipeline.services.streams import Stream
from pipeline.web.asking import json_response
from pipeline.web.readers.asked import LABEL, READING_LIST, STATE, Request
from pipeline.web.readers.items import NO_FEED_TITLE, Origin, clean, site_of

FAVICON = "favicon.ico"


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a feed as programs see it; ``address`` is ``None`` for what came from no feed."""

    address: str | None
    number: int
    title: str
    url: str
    site: str
    folders: tuple[str, ...] = ()


def user_info(asked: Request) -> Response:
    """Say who is logged in."""
    name = asked.program.name
    return json_response({"userId": asked.program.reader or "1", "userName": name, "userProfileId": name,
                          "userEmail": ""})  # fmt: skip


def tags(asked: Request) -> Response:
    """List the state that is kept, folders, and labels of articles."""
    labels = asked.desk.labels(asked.program.reader).all()
    found = [{"id": LABEL + clean(each.name), "type": "folder" if each.is_folder else "tag"} for each in labels]
    return json_response({"tags": [{"id": f"{STATE}starred"}, *found]})


def subscriptions(asked: Request) -> Response:
    """List the feeds, and what came from none where there is such."""
    return json_response({"subscriptions": [_subscription(each) for each in subscribed(asked)]})


def unread_count(asked: Request) -> Response:
    """Count what is unread, of all, by feed and by label."""
    counts = asked.desk.streams(asked.program.reader).unread()
    found = [
        {"id": _stream_id(each.stream), "count": each.count, "newestItemTimestampUsec": str(each.newest)}
        for each in counts
    ]
    return json_response({"max": counts[0].count, "unreadcounts": found})


def preferences(asked: Request) -> Response:
    """Say that no preferences are kept."""
    return json_response({"prefs": []})


def stream_preferences(asked: Request) -> Response:
    """Say that no preferences of streams are kept."""
    return json_response({"streamprefs": {}})


def friends(asked: Request) -> Response:
    """Say that nobody else is followed."""
    return json_response({"friends": []})


def subscribed(asked: Request) -> list[Subscribed]:
    """Return the feeds as programs see them, and in the end what came from none, where there is such."""
    found = _followed(asked)
    if asked.desk.streams(asked.program.reader).has_loose_articles():
        found.append(_loose(asked))
    return found


def origins(asked: Request) -> dict[str | None, Origin]:
    """Return what items say of their feeds, by address; that of ``None`` is of what came from no feed."""
    return {
        each.address: Origin(stream=f"feed/{each.number}", title=each.title, site=each.site, labels=each.folders)
        for each in (*_followed(asked), _loose(asked))
    }


def _followed(asked: Request) -> list[Subscribed]:
    feeds = asked.desk.feeds.all()
    numbers = asked.desk.feed_numbers.of([feed.url for feed in feeds])
    names = {label.name.casefold(): clean(label.name) for label in asked.desk.labels(asked.program.reader).folders()}
    return [
        Subscribed(
            address=feed.url,
            number=numbers[feed.url],
            title=title_of(feed),
            url=feed.url,
            site=clean(site_of(feed.url)),
            # The folder that a feed was put into last comes first.
            folders=tuple(dict.fromkeys(names[tag.casefold()] for tag in feed.tags)),
        )
        for feed in feeds
    ]


def _loose(asked: Request) -> Subscribed:
    page = f"{program_page(asked)}/"
    return Subscribed(address=None, number=NO_FEED, title=NO_FEED_TITLE, url=page, site=page)


def title_of(feed: Subscription) -> str:
    """Return what a feed is called: its address where it has no title."""
    return clean(feed.title or "").strip() or feed.url


def program_page(asked: Request) -> str:
    """Return the address of our own page, without a slash at its end."""
    return asked.base


def _subscription(each: Subscribed) -> dict[str, Any]:
    return {
        "id": f"feed/{each.number}",
        "title": each.title,
        "categories": [{"id": LABEL + name, "label": name} for name in each.folders],
        "url": each.url,
        "htmlUrl": each.site,
        "iconUrl": each.site + FAVICON if each.address is not None and each.site.startswith("http") else "",
    }


def _stream_id(stream: Stream) -> str:
    if stream.kind == "feed":
        return f"feed/{stream.name}"
    return LABEL + clean(stream.name) if stream.kind == "label" else READING_LIST
