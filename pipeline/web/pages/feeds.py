"""Feeds: how each fares, adding by any address, lists in and out, and the options of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from connectors.files.opml import read_whole_list, write_opml
from connectors.polling.subscription import Subscription
from pipeline.errors import NewswireError, UsageError
from pipeline.references import has_reference
from pipeline.services.feed_health import TROUBLED
from pipeline.services.feed_settings import FeedOptions
from pipeline.services.feed_test import Step
from pipeline.services.feeds import FeedStatus
from pipeline.views.charts import sparkline
from pipeline.views.feeds import feed_fields, feed_name, list_lines
from pipeline.views.letter_icon import letter_icon
from pipeline.web.access_pages import outgoing_address
from pipeline.web.asking import Ask, NotFoundError, redirect
from pipeline.web.rendering import Rendering, address

KIND = "feed"
DAYS = 30
SHOWN = 100
# What a form shows again where it could not be kept; what is secret is given anew.
SHOWN_FIELDS = ("title", "tags", "interval", "language", "mute", "user_agent")


def listed(ask: Ask, rendering: Rendering) -> Response:
    """List the feeds, those in trouble first."""
    statuses = sorted(
        ask.desk.feeds.statuses(), key=lambda each: (each.health.state not in TROUBLED, feed_name(each.subscription))
    )
    shown = [
        each
        for each in statuses
        if ask.one("q").casefold() in f"{feed_name(each.subscription)} {each.subscription.url}".casefold()
    ]
    days = ask.desk.feed_counts.days([each.subscription.url for each in shown[:SHOWN]], DAYS)
    tags = sorted({tag for each in statuses for tag in each.subscription.tags})
    return rendering.page(
        ask,
        "feeds.html",
        statuses=shown[:SHOWN],
        count=len(statuses),
        shown=len(shown),
        sparks={url: _spark(counted) for url, counted in days.items()},
        done=ask.one("done"),
        added=ask.one("added"),
        error="",
        address_given="",
        undo=ask.one("undo") if ask.desk.removed.is_there(ask, KIND, ask.one("undo")) else "",
        tags=[(tag, outgoing_address(ask.desk, "tag", tag)) for tag in tags],
    )


def add(ask: Ask, rendering: Rendering) -> Response:
    """Follow the best feed at an address, or the ones that were chosen."""
    form, feeds = ask.form(), ask.desk.feeds
    if form.has("put_back"):
        ask.desk.removed.put_back(ask, KIND, form.one("put_back"), Subscription, feeds.restore)
        ask.desk.audit(ask.who, "put back feed", form.one("put_back"))
        return redirect(address("/feeds", done="It is followed again as it was."))
    url = form.one("url")
    if not url:
        return _failed(ask, rendering, "Give an address: of a site, a page or a feed.", url)
    options = FeedOptions(tags=form.several("tags"))
    try:
        asked = feeds.asked(url, options)
        found = ask.desk.find_feeds(asked)
        chosen = [feed for feed in found if feed.url in form.several("chosen")] or list(found[:1])
        followed = [feeds.follow(feed, options, asked) for feed in chosen]
    except NewswireError as exc:
        return _failed(ask, rendering, str(exc), url)
    for each in followed:
        ask.desk.audit(ask.who, "follow feed", each.feed.url)
    names = ", ".join(each.feed.title or each.feed.url for each in followed)
    return redirect(address("/feeds", done=f"Following {names}.", added=followed[0].feed.url))


def export(ask: Ask, rendering: Rendering) -> Response:
    """Give what is followed as OPML."""
    headers = {"content-disposition": 'attachment; filename="newswire.opml"'}
    return Response(write_opml(ask.desk.feeds.outlines()), headers=headers, media_type="text/x-opml; charset=utf-8")


def import_list(ask: Ask, rendering: Rendering) -> Response:
    """Follow the feeds of a list, and tell what was left out, line by line."""
    if ask.headers.get("content-type", "").startswith(("multipart/", "application/x-www-form")):
        form = ask.form()
        upload = form.file("list")
        body, name = (upload.body, upload.name) if upload is not None else (form.one("text").encode(), "the list")
    else:
        body, name = ask.body, "the list"
    if not body.strip():
        return _failed(ask, rendering, "Choose a file: OPML, or one address a line.", "")
    try:
        read = read_whole_list(body, name)
        count = ask.desk.feeds.take_over(read.outlines)
    except NewswireError as exc:
        return _failed(ask, rendering, str(exc), "")
    ask.desk.audit(ask.who, "import feeds", str(count))
    lines = list_lines(read, count)
    return rendering.page(ask, "imported.html", count=count, lines=lines, name=name)


def one(ask: Ask, rendering: Rendering) -> Response:
    """Show a feed: how it fares, what it publishes, its options; tested step by step where that is asked for."""
    status = _status(ask)
    steps = ask.desk.explain_feed(status.subscription) if ask.one("test") else ()
    return _page(ask, rendering, status, steps=steps, done=ask.one("done"))


def icon(ask: Ask, rendering: Rendering) -> Response:
    """Give the icon of a feed's site, fetched by us, or else a letter; where the settings allow pictures."""
    if ask.desk.pictures is None:
        raise NotFoundError("Icons are off; `pictures = true` under [web] of the settings shows them.")
    feed = _status(ask).subscription
    found = ask.desk.pictures.icon_of(feed.url)
    if found is not None:
        body, kind, seconds = found.body, found.type, 86_400
    else:
        body = letter_icon(feed_name(feed)).encode()
        kind, seconds = "image/svg+xml", 600
    headers = {"cache-control": f"private, max-age={seconds}", "content-security-policy": "default-src 'none'; sandbox"}
    return Response(body, headers=headers, media_type=kind)


def act(ask: Ask, rendering: Rendering) -> Response:
    """Change, refresh, pause or remove a feed; a removed one can be put back as it was."""
    form, feeds = ask.form(), ask.desk.feeds
    url = feeds.known(form.one("url")).url
    if form.has("remove"):
        removed = feeds.remove(url)
        ask.desk.audit(ask.who, "remove feed", url)
        undo = ask.desk.removed.keep(ask, KIND, removed)
        return redirect(address("/feeds", done=f"{removed.title or url} is no longer followed.", undo=undo))
    if form.has("refresh"):
        feeds.refresh(url)
        done = "It is polled at the next opportunity."
    elif form.has("pause") or form.has("resume"):
        feeds.pause(url, paused=form.has("pause"))
        done = "It is paused." if form.has("pause") else "It is polled again."
    else:
        try:
            done = _edited(ask, url)
        except UsageError as exc:
            given = {name: form.one(name) for name in SHOWN_FIELDS} | {"fulltext": form.has("fulltext")}
            return _page(ask, rendering, feeds.status(url), error=str(exc), given=given)
    ask.desk.audit(ask.who, "change feed", f"{url}: {done}")
    return redirect(address("/feed", url=url, done=done))


def _page(ask: Ask, rendering: Rendering, status: FeedStatus, *, steps: Sequence[Step] = (), done: str = "",
          error: str = "", given: dict[str, Any] | None = None) -> Response:  # fmt: skip
    """Show a feed with its options as they are kept, or as they were ``given`` and could not be."""
    feed = status.subscription
    days = ask.desk.feed_counts.days([feed.url], DAYS)[feed.url]
    kept = {
        "title": feed.title or "", "tags": ", ".join(feed.tags), "interval": feed.interval_s or "",
        "language": feed.language or "", "mute": "\n".join(feed.mute), "user_agent": feed.user_agent or "",
        "fulltext": feed.fulltext,
    }  # fmt: skip
    return rendering.page(
        ask,
        "feed.html",
        status=400 if error else 200,
        followed=status,
        given=kept if given is None else given,
        fields=feed_fields(status, ask.desk.clock()),
        spark=_spark(days),
        days=days,
        steps=steps,
        done=done,
        error=error,
    )


def demo(ask: Ask, rendering: Rendering) -> Response:
    """Fill the page with made-up articles."""
    ask.desk.demo()
    ask.desk.audit(ask.who, "add the demonstration", "")
    return redirect("/")


def _edited(ask: Ask, url: str) -> str:
    form = ask.form()
    interval = form.one("interval")
    if interval and not (interval.isascii() and interval.isdecimal() and 0 < int(interval) < 10**8):
        raise UsageError(f"The interval {interval[:20]!r} is no number of seconds.")
    mute = tuple(line.strip() for line in form.one("mute").splitlines() if line.strip())
    given: dict[str, Any] = {
        "title": form.one("title"), "tags": form.several("tags"), "interval": int(interval) if interval else None,
        "language": form.one("language"), "mute": mute, "user_agent": form.one("user_agent"),
    }  # fmt: skip
    clear = [name.replace("_", "-") for name, value in given.items() if not value]
    clear += ["headers", "proxy"] if form.has("bare") else []
    # What is secret is never shown, so that nothing means that it stays.
    lines = (line.strip() for line in form.one("header").splitlines())
    cookies = (pair.strip() for pair in form.one("cookies").replace(";", "\n").splitlines())
    given |= {"headers": tuple(line for line in lines if line), "cookies": tuple(pair for pair in cookies if pair)}
    given |= {name: form.one(name) for name in ("proxy", "auth", "bearer")}
    secrets = [
        given["proxy"],
        given["auth"],
        given["bearer"],
        *(line.partition(":")[2].strip() for line in given["headers"]),
        *(pair.partition("=")[2].strip() for pair in given["cookies"]),
    ]
    if ask.scope != "admin" and any(has_reference(each) for each in secrets if each):
        raise UsageError("What stands in a file or variable of this machine is given on the command line.")
    options = FeedOptions(**{name: value for name, value in given.items() if value}, fulltext=form.has("fulltext"))
    ask.desk.feeds.edit(url, options, clear)
    return "Its options are kept."


def _status(ask: Ask) -> FeedStatus:
    try:
        return ask.desk.feeds.status(ask.one("url"))
    except UsageError as exc:
        raise NotFoundError(str(exc)) from exc


def _failed(ask: Ask, rendering: Rendering, error: str, given: str) -> Response:
    statuses = list(ask.desk.feeds.statuses())
    return rendering.page(
        ask, "feeds.html", status=400, statuses=statuses[:SHOWN], count=len(statuses), shown=len(statuses), sparks={},
        done="", added="", error=error, address_given=given, undo="", tags=(),
    )  # fmt: skip


def _spark(days: list[tuple[str, int]]) -> Markup:
    count = sum(n for _, n in days)
    return Markup(sparkline([n for _, n in days], f"{count} articles in {DAYS} days") if count else "")
