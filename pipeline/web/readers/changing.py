"""Feeds and folders changed by the Google Reader API."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import unquote

from starlette.responses import Response

from connectors.files.opml import read_whole_list, write_opml
from pipeline.errors import NotFoundError, UsageError
from pipeline.services.feed_settings import FeedOptions
from pipeline.services.feeds import Followed
from pipeline.services.labels import ALERTS, SEARCHES
from pipeline.web.asking import json_response
from pipeline.web.readers.asked import Request, label_named

FEED = "feed/"


def quick_add(asked: Request) -> Response:
    """Follow the best feed at an address; one that is followed already is named."""
    given = asked.one("quickadd").strip()
    url = given.removeprefix(FEED)
    if not url:
        raise UsageError("Give the address of a feed: quickadd=…")
    answer = {"numResults": 0, "query": given}
    if (known := _followed_address(asked, url)) is not None:
        return json_response(answer | _named(asked, known) | {"error": f"Already subscribed! {url}"})
    try:
        followed = _follow(asked, url, FeedOptions())
    except UsageError as exc:
        return json_response(answer | {"error": str(exc)})
    address = followed.elsewhere or followed.feed.url
    return json_response(answer | {"numResults": 1} | _named(asked, address))


def edit(asked: Request) -> Response:
    """Follow, change or leave feeds; a label without a feed is a folder to be made."""
    action, streams = asked.one("ac", "edit"), [text for text in asked.several("s") if text]
    added = [name for tag in asked.several("a") if (name := label_named(tag)) is not None]
    removed = [name for tag in asked.several("r") if (name := label_named(tag)) is not None]
    labels = asked.desk.labels(asked.program.reader)
    _check_folders(added)
    if not streams:
        if not added:
            raise UsageError("Name the feed to be changed: s=feed/…")
        for name in added:
            labels.keep(name, is_folder=True)
        return _ok()
    if action not in ("subscribe", "edit", "unsubscribe"):
        raise UsageError(f"ac={action[:20]} is neither subscribe nor edit nor unsubscribe.")
    titles = asked.several("t")
    for at, stream in enumerate(streams):
        title = titles[at].strip() if at < len(titles) else ""
        _edit_one(asked, action, stream, title, added, removed)
    for name in added:
        labels.keep(name, is_folder=True)
    return _ok()


def rename_tag(asked: Request) -> Response:
    """Call a folder and tag otherwise."""
    name, new = _label(asked), label_named(asked.one("dest"))
    if new is None and asked.one("dest") and not asked.one("dest").startswith("user/"):
        new = " ".join(asked.one("dest").split())
    if name is None or not new:
        raise UsageError("Name the label and what it is to be called: s=user/-/label/…, dest=user/-/label/…")
    _check_folders([name, new])
    labels = asked.desk.labels(asked.program.reader)
    if not labels.is_known(name):
        raise NotFoundError(f"There is no label {name!r}.")
    if labels.named(name).is_folder:
        asked.check_may_edit()
        _refolder(asked, name, new)
        labels.forget_folder(name)
        labels.keep(new, is_folder=True)
    asked.desk.marks(asked.program.reader).rename_tag(name, new)
    labels.forget(name)
    labels.keep(new, is_folder=False)
    _note(asked, "rename folder", f"{name} to {new}")
    return _ok()


def disable_tag(asked: Request) -> Response:
    """Drop a folder and tag: its feeds stay, in no folder; articles lose the tag."""
    name = _label(asked)
    if name is None:
        raise UsageError("Name the label to be dropped: s=user/-/label/…")
    _check_folders([name])
    labels = asked.desk.labels(asked.program.reader)
    if labels.named(name).is_folder:
        asked.check_may_edit()
        _refolder(asked, name, None)
        labels.forget_folder(name)
    asked.desk.marks(asked.program.reader).rename_tag(name, None)
    labels.forget(name)
    _note(asked, "drop folder", name)
    return _ok()


def export(asked: Request) -> Response:
    """Give what is followed as OPML."""
    return Response(write_opml(asked.desk.feeds.outlines()), media_type="text/xml; charset=utf-8")


def import_list(asked: Request) -> Response:
    """Follow the feeds of a list."""
    if not asked.body.strip():
        raise UsageError("Send the list as the body: OPML, or one address a line.")
    count = asked.desk.feeds.take_over(read_whole_list(asked.body, "the list").outlines)
    _note(asked, "import feeds", str(count))
    return _ok()


def _edit_one(asked: Request, action: str, stream: str, title: str, added: list[str], removed: list[str]) -> None:
    feeds, address = asked.desk.feeds, _address(asked, stream)
    if action == "unsubscribe":
        if address is not None:
            feeds.remove(address)
            _note(asked, "remove feed", address)
        return
    if address is None:
        if action == "edit" or not (url := unquote_once(stream.removeprefix(FEED))) or url.isdecimal():
            raise NotFoundError(f"{stream[:200]} is not followed.")
        followed = _follow(asked, url, FeedOptions(title=title or None))
        address = followed.elsewhere or followed.feed.url
    gone = {name.casefold() for name in removed}
    coming = {name.casefold() for name in added}

    def changed(tags: tuple[str, ...]) -> tuple[str, ...]:
        # Programs that know one folder a feed show the first: that is the one it was put into last.
        return (*added, *(tag for tag in tags if tag.casefold() not in gone | coming))

    if feeds.retag(address, changed, title or None):
        _note(asked, "change feed", address)


def _follow(asked: Request, url: str, options: FeedOptions) -> Followed:
    feeds = asked.desk.feeds
    wanted = feeds.asked(url, options)
    found = asked.desk.find_feeds(wanted)
    if not found:
        raise UsageError(f"There is no feed at {url}.")
    followed = feeds.follow(found[0], options, wanted)
    asked.desk.feed_numbers.of([each.url for each in feeds.all()])
    _note(asked, "follow feed", followed.feed.url)
    return followed


def _refolder(asked: Request, name: str, new: str | None) -> None:
    """Put the feeds of a folder into another, or into none."""

    def changed(tags: tuple[str, ...]) -> tuple[str, ...]:
        renamed = [new if tag.casefold() == name.casefold() else tag for tag in tags]
        kept = {tag.casefold(): tag for tag in reversed(renamed) if tag is not None}
        return tuple(reversed(kept.values()))

    for feed in asked.desk.feeds.all():
        if changed(feed.tags) != feed.tags:
            with suppress(NotFoundError):  # removed meanwhile
                asked.desk.feeds.retag(feed.url, changed)


def _address(asked: Request, stream: str) -> str | None:
    """Return the address of a feed that is followed, named by number or by address."""
    name = stream.removeprefix(FEED)
    numbers = asked.desk.feed_numbers.of([feed.url for feed in asked.desk.feeds.all()])
    by_number = {str(number): address for address, number in numbers.items()}
    return by_number.get(name) or _followed_address(asked, name)


def _followed_address(asked: Request, url: str) -> str | None:
    known = {feed.url for feed in asked.desk.feeds.all()}
    for each in (url, unquote_once(url)):
        if "." in each or ":" in each:
            address = asked.desk.feeds.asked(each).url
            if address in known:
                return address
    return None


def unquote_once(text: str) -> str:
    """Return an address that was encoded once too often as it is."""
    return unquote(text) if "://" not in text and "%3A" in text.upper() else text


def _named(asked: Request, address: str) -> dict[str, str]:
    number = asked.desk.feed_numbers.of([address])[address]
    feed = asked.desk.feeds.known(address)
    return {"streamId": f"{FEED}{number}", "streamName": feed.title or address}


def _label(asked: Request) -> str | None:
    known = [label.name for label in asked.desk.labels(asked.program.reader).all()]
    name = asked.label("s", known)
    if name is None and (text := " ".join(asked.one("t").split())):
        name = label_named(text) or text
    return name


def _check_folders(names: list[str]) -> None:
    for name in names:
        if name.startswith((ALERTS, SEARCHES)):
            raise UsageError(f"{name!r} is an alert or a saved search; change it on the page.")


def _note(asked: Request, what: str, subject: str) -> None:
    asked.desk.audit(asked.program.name, what, subject)


def _ok() -> Response:
    return Response("OK", media_type="text/plain")
