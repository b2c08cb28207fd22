"""Operation: whether all works, what was given up on, and the way to save a copy of everything."""

from __future__ import annotations

from itertools import islice
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.responses import FileResponse, Response

from pipeline.errors import UsageError
from pipeline.services.hub import Subscriber
from pipeline.services.status import troubles
from pipeline.views.status import status_parts
from pipeline.web.asking import Ask, NotFoundError, redirect
from pipeline.web.outgoing import reader_of
from pipeline.web.rendering import Rendering, address

LETTERS = 50
FOLLOWERS = 100


def shown(ask: Ask, rendering: Rendering) -> Response:
    """Show how everything fares."""
    desk = ask.desk
    now = desk.statuses.now()
    return rendering.page(
        ask,
        "operation.html",
        checks=desk.checks(),
        parts=list(status_parts(now)),
        troubles=list(troubles(now)),
        letters=desk.letters(LETTERS),
        channels=desk.channels,
        tallies=desk.alerts.tallies(),
        tokens=desk.access.tokens(),
        can_back_up=desk.back_up is not None,
        followers=_followers(ask),
        can_change=ask.scope == "admin",
        done=ask.one("done"),
    )


def act(ask: Ask, rendering: Rendering) -> Response:
    """Send dead letters back, or make all secret addresses anew."""
    form = ask.form()
    if form.has("anew"):
        ask.desk.access.forget_addresses()
        ask.desk.audit(ask.who, "make secret addresses anew", "")
        return redirect(address("/operation", done="All secret addresses and logins of before are worth nothing now."))
    if not form.has("replay"):
        raise UsageError("There is nothing of that name to do.")
    count = ask.desk.send_back()
    ask.desk.audit(ask.who, "replay dead letters", str(count))
    return redirect(f"/operation?done={count}+sent+back")


def backup(ask: Ask, rendering: Rendering) -> Response:
    """Give a copy of the store to keep elsewhere."""
    if ask.desk.back_up is None:
        raise NotFoundError("The servers of the distributed runtime are backed up by their own means.")
    path = ask.desk.back_up()
    ask.desk.audit(ask.who, "download backup", path.name)
    from starlette.background import BackgroundTask

    return FileResponse(path, filename=path.name, background=BackgroundTask(path.unlink))


def _followers(ask: Ask) -> list[dict[str, Any]]:
    """Return who is told of news in feeds of the reader who asks: what others follow is theirs."""
    theirs = (each for each in ask.desk.hub.all() if reader_of(each.topic) == ask.reader)
    return [_follower(each) for each in islice(theirs, FOLLOWERS)]


def _follower(subscriber: Subscriber) -> dict[str, Any]:
    """Return what may be shown of who is told of news: neither the key of the feed nor the path of the callback."""
    return {
        "feed": unquote(urlsplit(subscriber.topic).path).removeprefix("/feeds/"),
        "host": urlsplit(subscriber.callback).netloc,
        "until": subscriber.until,
        "failing": subscriber.failing,
    }
