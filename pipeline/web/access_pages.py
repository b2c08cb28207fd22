"""The way in, and feeds of ours that other programs follow at an address nobody can guess."""

from __future__ import annotations

from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.services.access import is_same
from pipeline.views.outgoing import json_feed
from pipeline.views.results import atom_feed
from pipeline.web.asking import Ask, NotFoundError, json_response
from pipeline.web.desk import Desk
from pipeline.web.rendering import Rendering, quoted_part

ENTRIES = 50
KINDS = ("search", "alert", "tag", "story")


def login_page(ask: Ask, rendering: Rendering) -> Response:
    """Ask for the password."""
    return login(ask, rendering, "", 200)


def login(ask: Ask, rendering: Rendering, error: str, status: int) -> Response:
    """Ask for the password, again where it was wrong."""
    to = ask.form().one("to") if ask.method == "POST" else ask.one("to", "/")
    return rendering.plain(ask, "login.html", status, error=error, to=to)


def session_for(desk: Desk, secret: str) -> str | None:
    """Return the session of who shows the password or a token, ``None`` for anything else."""
    password = desk.door.password
    if password and is_same(secret, password):
        return desk.access.session("password", password)
    token = desk.access.known(secret)
    return desk.access.session(token.id, token.id) if token is not None else None


def outgoing_address(desk: Desk, kind: str, name: str, form: str = "atom") -> str:
    """Return the address at which a search, alert, tag or story can be followed by other programs."""
    return f"/feeds/{kind}/{quoted_part(name)}.{form}?key={desk.access.signature('outgoing', kind, name)}"


def outgoing_addresses(desk: Desk, kind: str, name: str) -> dict[str, str]:
    """Return the addresses of both kinds of feed."""
    return {form: outgoing_address(desk, kind, name, form) for form in ("atom", "json")}


def outgoing(ask: Ask, rendering: Rendering) -> Response:
    """Give what a saved search, alert, tag or story finds as an Atom or JSON feed, to whoever knows the address."""
    kind, (name, _, form) = ask.places["kind"], ask.places["name"].rpartition(".")
    if kind not in KINDS or form not in ("atom", "json"):
        raise NotFoundError("There is no such feed.")
    if not ask.desk.access.is_signed(ask.one("key"), "outgoing", kind, name):
        raise NotFoundError("There is no such feed; its address may have been changed since.")
    request = ask.desk.articles.request(_query(ask.desk, kind, name), limit=ENTRIES)
    page = ask.desk.articles.search(request)
    if form == "json":
        return json_response(json_feed(page.documents, f"Newswire: {name}", f"{ask.base}{ask.path}"))
    return Response(atom_feed(page.documents, request.query, request.now), media_type="application/atom+xml")


def _query(desk: Desk, kind: str, name: str) -> str:
    if kind == "search":
        return f"search:{name}"
    if kind == "alert":
        return desk.alerts.get(name).query
    if kind == "story":
        return f"story:{name}"
    if '"' in name:
        raise UsageError("A tag holds no quotation marks.")
    return f'tag:"{name}"'
