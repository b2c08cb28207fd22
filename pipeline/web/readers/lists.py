"""What there is, by the Google Reader API: the user, feeds, tags and what is unread."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from connectors.polling.subscription import Subscription
from pipeline.services.feed_numbers import NO_FEED
from pipeline.services.labels import Labels
from pipeline.services.streams import Stream
from pipeline.web.asking import json_response
from pipeline.web.readers.asked import LABEL, READING_LIST, STATE, Request
from pipeline.web.readers.items import NO_FEED_TITLE, Origin, clean, site_of

FAVICON = "favicon.ico"


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
    feeds = asked.desk.feeds.all()
    numbers, folders = asked.desk.feed_numbers.of([feed.url for feed in feeds]), folders_of(asked)
    found = [_subscription(feed, numbers[feed.url], folders.get(feed.url, ())) for feed in feeds]
    if asked.desk.streams(asked.program.reader).has_loose_articles():
        page = program_page(asked)
        found.append({"id": f"feed/{NO_FEED}", "title": NO_FEED_TITLE, "categories": [], "url": f"{page}/",
                      "htmlUrl": f"{page}/", "iconUrl": ""})  # fmt: skip
    return json_response({"subscriptions": found})


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


def origins(asked: Request) -> dict[str | None, Origin]:
    """Return what items say of their feeds, by address; that of ``None`` is of what came from no feed."""
    feeds = asked.desk.feeds.all()
    numbers, folders = asked.desk.feed_numbers.of([feed.url for feed in feeds]), folders_of(asked)
    page = program_page(asked)
    found: dict[str | None, Origin] = {
        None: Origin(stream=f"feed/{NO_FEED}", title=NO_FEED_TITLE, site=f"{page}/", labels=())
    }
    for feed in feeds:
        found[feed.url] = Origin(
            stream=f"feed/{numbers[feed.url]}",
            title=title_of(feed),
            site=clean(site_of(feed.url)),
            labels=folders.get(feed.url, ()),
        )
    return found


def folders_of(asked: Request) -> dict[str, tuple[str, ...]]:
    """Return the folders of each feed by its address: the one that was given last comes first."""
    labels: Labels = asked.desk.labels(asked.program.reader)
    names = {label.name.casefold(): label.name for label in labels.folders()}
    return {
        feed.url: tuple(dict.fromkeys(names[tag.casefold()] for tag in feed.tags)) for feed in asked.desk.feeds.all()
    }


def title_of(feed: Subscription) -> str:
    """Return what a feed is called: its address where it has no title."""
    return clean(feed.title or "").strip() or feed.url


def program_page(asked: Request) -> str:
    """Return the address of our own page, without a slash at its end."""
    return asked.base


def _subscription(feed: Subscription, number: int, folders: tuple[str, ...]) -> dict[str, Any]:
    site = clean(site_of(feed.url))
    return {
        "id": f"feed/{number}",
        "title": title_of(feed),
        "categories": [{"id": LABEL + clean(name), "label": clean(name)} for name in folders],
        "url": feed.url,
        "htmlUrl": site,
        "iconUrl": site + FAVICON if site.startswith("http") else "",
    }


def _stream_id(stream: Stream) -> str:
    if stream.kind == "feed":
        return f"feed/{stream.name}"
    return LABEL + clean(stream.name) if stream.kind == "label" else READING_LIST
