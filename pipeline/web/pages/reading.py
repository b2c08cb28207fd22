"""The river, and what a reader does with its articles."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.moments import microseconds
from pipeline.services.marks import Change
from pipeline.web import river as rivers
from pipeline.web.access_pages import to_follow
from pipeline.web.asking import Ask, json_response, own_address, redirect
from pipeline.web.rendering import Rendering, address

MOST_MARKED = 1_000


def river(ask: Ask, rendering: Rendering) -> Response:
    """Show the newest articles, or those that the address asks for."""
    until = microseconds(ask.desk.clock())
    found = rivers.read(ask)
    is_new = not found.rows and not ask.desk.feeds.all() and not rivers.state_of(ask)
    return rendering.page(
        ask,
        "first_run.html" if is_new else "river.html",
        river=found,
        state=rivers.state_of(ask),
        position=ask.desk.arrivals.end(),
        until=until,
        follow=_to_follow(ask),
    )


def _to_follow(ask: Ask) -> dict[str, str]:
    """Return the addresses at which other programs follow what a view shows; none for what changes by reading it."""
    if saved := ask.one("saved"):
        return to_follow(ask, "search", saved)
    if (tag := ask.one("tag")) and '"' not in tag:
        return to_follow(ask, "tag", tag)
    text = rivers.query_text(ask)
    return to_follow(ask, "query", text) if text and ask.one("view") != "unread" else {}


def unread(ask: Ask, rendering: Rendering) -> Response:
    """Count what is unread, for the views beside every page: asked by the script, as it changes all the time."""
    return json_response(rendering.counted(ask))


def change_marks(ask: Ask, rendering: Rendering) -> Response:
    """Set or take marks of articles, and go back where the reader was."""
    form = ask.form()
    articles = form.several("article")
    if not articles or len(articles) > MOST_MARKED:
        raise UsageError(f"Name 1 to {MOST_MARKED:,} articles.")
    change = Change(
        read=_yes_or_no(form.one("read")),
        starred=_yes_or_no(form.one("starred")),
        add=form.several("add"),
        remove=form.several("remove"),
    )
    states = ask.desk.marks(ask.reader).change(articles, change)
    if ask.headers.get("accept", "").startswith("application/json"):
        return json_response({article: msgspec.to_builtins(state) for article, state in states.items()})
    return redirect(form.one("back", "/"))


def read_all(ask: Ask, rendering: Rendering) -> Response:
    """Mark as read all that a view shows, up to what had arrived when it was shown."""
    form = ask.form()
    marks = ask.desk.marks(ask.reader)
    request = ask.desk.articles.request(form.one("query"))
    until = form.one("until")
    done = marks.read_all(request.query, int(until) if until.isascii() and until.isdecimal() else None)
    if ask.headers.get("accept", "").startswith("application/json"):
        return json_response({"marked": [str(number) for number in done]})
    return rendering.page(ask, "marked_all.html", count=len(done), numbers=done, back=own_address(form.one("back")))


def undo(ask: Ask, rendering: Rendering) -> Response:
    """Take back what was marked as read at once."""
    form = ask.form()
    numbers = [int(each) for each in form.several("number") if each.isascii() and each.isdecimal() and len(each) < 17]
    ask.desk.marks(ask.reader).unread_again(numbers)
    return redirect(form.one("back") or address("/"))


def _yes_or_no(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)
