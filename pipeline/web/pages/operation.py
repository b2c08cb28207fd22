"""Operation: whether all works, what was given up on, and the way to save a copy of everything."""

from __future__ import annotations

from starlette.responses import FileResponse, Response

from pipeline.errors import UsageError
from pipeline.services.status import troubles
from pipeline.views.status import status_parts
from pipeline.web.asking import Ask, NotFoundError, redirect
from pipeline.web.rendering import Rendering

LETTERS = 50


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
        done=ask.one("done"),
    )


def act(ask: Ask, rendering: Rendering) -> Response:
    """Send dead letters back."""
    if not ask.form().has("replay"):
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
