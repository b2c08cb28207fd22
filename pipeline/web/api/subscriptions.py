"""Feeds, saved searches and lists: read and changed; and whether everything works."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.responses import Response

from connectors.files.opml import read_whole_list, write_opml
from pipeline.errors import UsageError
from pipeline.services.feed_settings import FeedOptions
from pipeline.views.feeds import feed_fields, list_lines
from pipeline.web.access_pages import FORMS, outgoing_address, share_address
from pipeline.web.api.answers import answer, body_of, check_expected, check_unchanged, nothing
from pipeline.web.api.articles import found
from pipeline.web.api.shapes import (
    CheckEntry,
    Counted,
    FeedDay,
    FollowedFeed,
    Imported,
    NewFeed,
    OfferedFeed,
    SavedQuery,
    Shared,
)
from pipeline.web.asking import Ask, NotFoundError
from pipeline.web.rendering import Rendering

T = TypeVar("T")

MOST_DAYS = 90


def feeds(ask: Ask, rendering: Rendering) -> Response:
    """Return what is followed."""
    return answer(ask, [feed_fields(status, ask.desk.clock()) for status in ask.desk.feeds.statuses()])


def feed(ask: Ask, rendering: Rendering) -> Response:
    """Return a feed."""
    return answer(ask, feed_fields(ask.desk.feeds.status(_known(ask)), ask.desk.clock()))


def follow(ask: Ask, rendering: Rendering) -> Response:
    """Follow the feed at an address."""
    asked = body_of(ask, NewFeed)
    options = FeedOptions(
        title=asked.title, tags=asked.tags, language=asked.language, interval=asked.interval, mute=asked.mute
    )
    subscription = ask.desk.feeds.asked(asked.url, options)
    offered = ask.desk.find_feeds(subscription)
    followed = [ask.desk.feeds.follow(each, options, subscription) for each in offered[: None if asked.all else 1]]
    for each in followed:
        ask.desk.audit(ask.who, "follow feed", each.feed.url)
    entries = [FollowedFeed(url=each.feed.url, title=each.feed.title, elsewhere=each.elsewhere) for each in followed]
    return answer(ask, entries, 201)


def unfollow(ask: Ask, rendering: Rendering) -> Response:
    """Follow a feed no longer."""
    removed = ask.desk.feeds.remove(_known(ask))
    ask.desk.audit(ask.who, "remove feed", removed.url)
    return nothing()


def refresh(ask: Ask, rendering: Rendering) -> Response:
    """Poll a feed, or all, at the next opportunity."""
    return answer(ask, Counted(count=ask.desk.feeds.refresh(_known(ask) if ask.one("url") else None)))


def days(ask: Ask, rendering: Rendering) -> Response:
    """Count each feed's articles by day."""
    urls = [each.url for each in ask.desk.feeds.all()]
    counted = ask.desk.feed_counts.days(urls, ask.number("days", 30, MOST_DAYS))
    return answer(ask, {url: [FeedDay(day=day, articles=n) for day, n in days] for url, days in counted.items()})


def unread(ask: Ask, rendering: Rendering) -> Response:
    """Count what is unread."""
    return answer(ask, ask.desk.feed_counts.unread(ask.reader, [each.url for each in ask.desk.feeds.all()]))


def discover(ask: Ask, rendering: Rendering) -> Response:
    """Return the feeds at an address."""
    if not ask.one("url"):
        raise UsageError("Give an address: ?url=https://…")
    offered = ask.desk.find_feeds(ask.desk.feeds.asked(ask.one("url")))
    return answer(ask, [OfferedFeed(url=each.url, title=each.title, entries=each.entries) for each in offered])


def export(ask: Ask, rendering: Rendering) -> Response:
    """Return what is followed as OPML."""
    return Response(write_opml(ask.desk.feeds.outlines()), media_type="text/x-opml; charset=utf-8")


def take_over(ask: Ask, rendering: Rendering) -> Response:
    """Follow the feeds of a list."""
    read = read_whole_list(ask.body, "the list")
    count = ask.desk.feeds.take_over(read.outlines)
    ask.desk.audit(ask.who, "import feeds", str(count))
    return answer(ask, Imported(followed=count, left_out=tuple(list_lines(read, count))))


def searches(ask: Ask, rendering: Rendering) -> Response:
    """Return the saved searches."""
    return answer(ask, ask.desk.searches.all())


def search(ask: Ask, rendering: Rendering) -> Response:
    """Return a saved search; its ETag serves If-Match."""
    return answer(ask, _there(_search(ask), "saved search"))


def one_list(ask: Ask, rendering: Rendering) -> Response:
    """Return a list of names; its ETag serves If-Match."""
    return answer(ask, _there(ask.desk.lists.all().get(ask.places["name"]), "list"))


def _search(ask: Ask) -> SavedQuery | None:
    query = ask.desk.searches.all().get(ask.places["name"])
    return SavedQuery(query=query) if query is not None else None


def _there(value: T | None, kind: str) -> T:
    if value is None:
        raise NotFoundError(f"There is no {kind} of that name.")
    return value


def keep_search(ask: Ask, rendering: Rendering) -> Response:
    """Keep a search, unless somebody else changed it since (If-Match)."""
    asked = body_of(ask, SavedQuery)
    check_expected(ask, _search(ask))
    ask.desk.searches.keep(ask.places["name"], asked.query)
    ask.desk.audit(ask.who, "save search", ask.places["name"])
    return answer(ask, asked)


def forget_search(ask: Ask, rendering: Rendering) -> Response:
    """Forget a search."""
    check_unchanged(ask, _there(_search(ask), "saved search"))
    ask.desk.searches.forget(ask.places["name"])
    ask.desk.audit(ask.who, "forget search", ask.places["name"])
    return nothing()


def addresses(ask: Ask, rendering: Rendering) -> Response:
    """Return the secret addresses at which programs follow what a query finds."""
    query = ask.one("q").strip()
    ask.desk.articles.request(query)  # what cannot be read cannot be followed
    found = {form: ask.base + outgoing_address(ask.desk, "query", query, form) for form in FORMS}
    return answer(ask, found)


def share(ask: Ask, rendering: Rendering) -> Response:
    """Return the secret address of one article."""
    return answer(ask, Shared(address=ask.base + share_address(ask.desk, found(ask).id)))


def lists(ask: Ask, rendering: Rendering) -> Response:
    """Return the lists of names."""
    return answer(ask, ask.desk.lists.all())


def keep_list(ask: Ask, rendering: Rendering) -> Response:
    """Keep a list of names, unless somebody else changed it since (If-Match)."""
    check_expected(ask, ask.desk.lists.all().get(ask.places["name"]))
    count = ask.desk.lists.add(ask.places["name"], body_of(ask, list[str]), replace=True)
    ask.desk.audit(ask.who, "keep list", ask.places["name"])
    return answer(ask, Counted(count=count))


def drop_list(ask: Ask, rendering: Rendering) -> Response:
    """Drop a list."""
    check_unchanged(ask, _there(ask.desk.lists.all().get(ask.places["name"]), "list"))
    ask.desk.lists.remove(ask.places["name"])
    ask.desk.audit(ask.who, "drop list", ask.places["name"])
    return nothing()


def status(ask: Ask, rendering: Rendering) -> Response:
    """Tell how everything is."""
    return answer(ask, ask.desk.statuses.now())


def health(ask: Ask, rendering: Rendering) -> Response:
    """Tell whether everything works."""
    return answer(ask, [CheckEntry(**msgspec.structs.asdict(check)) for check in ask.desk.checks()])


def _known(ask: Ask) -> str:
    try:
        return ask.desk.feeds.known(ask.one("url")).url
    except UsageError as exc:
        raise NotFoundError(str(exc)) from exc
