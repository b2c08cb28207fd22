"""The way in, and feeds of ours that other programs follow at an address nobody can guess."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

from starlette.responses import Response

from pipeline.language.shorten import shorten
from pipeline.services.access import is_same
from pipeline.services.events import Asked
from pipeline.web.asking import MOST_FIELDS, Ask, NotFoundError, fields_of
from pipeline.web.desk import Desk
from pipeline.web.rendering import Rendering, quoted_part

# So many letters of an article are shown to strangers; the rest is at its own address.
QUOTED = 600
# What can be followed, and in which form; ``events`` are asked for by what they must satisfy (see ``conditions_text``).
KINDS = ("search", "alert", "tag", "story", "query", "events")
CONDITIONS = ("event", "actor", "target", "place", "when", "query")
FORMS = {"atom": "Atom", "json": "JSON Feed", "ics": "Calendar"}
_READER = "reader-"


def login_page(ask: Ask, rendering: Rendering) -> Response:
    """Ask for the password."""
    return login(ask, rendering, "", 200)


def login(ask: Ask, rendering: Rendering, error: str, status: int) -> Response:
    """Ask for the password, again where it was wrong."""
    to = ask.form().one("to") if ask.method == "POST" else ask.one("to", "/")
    return rendering.plain(
        ask, "login.html", status, error=error, to=to, named=ask.desk.readers.are_any(), ended=bool(ask.one("ended"))
    )


def session_for(desk: Desk, name: str, secret: str) -> str | None:
    """Return the session of who shows a name and password, the page's password or a token; ``None`` for others."""
    password = desk.door.password
    reader = desk.readers.with_password(name, secret) if name else None
    if reader is not None:
        return desk.access.session(_READER + _encoded(reader.name), reader.password)
    if password and is_same(secret, password):
        return desk.access.session("password", password)
    token = desk.access.known(secret)
    return desk.access.session(token.id, token.id) if token is not None else None


def reader_named(subject: str) -> str | None:
    """Return the reader whose session it is; ``None`` where it is one of a password or token."""
    if not subject.startswith(_READER):
        return None
    try:
        return base64.urlsafe_b64decode(subject.removeprefix(_READER) + "==").decode()
    except ValueError:
        return ""


def outgoing_address(desk: Desk, kind: str, name: str, form: str = "atom") -> str:
    """Return the address at which a search, alert, tag or story can be followed by other programs."""
    reader = f"&reader={quoted_part(desk.reader)}" if desk.reader else ""
    return (
        f"/feeds/{kind}/{quoted_part(name)}.{form}?key={desk.access.signature(*signed_parts(desk, kind, name))}{reader}"
    )


def signed_parts(desk: Desk, kind: str, name: str) -> tuple[str, ...]:
    """Return what the key of an address signs."""
    return ("outgoing", kind, name, *([desk.reader] if desk.reader else ()))


def _encoded(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def share_address(desk: Desk, article: str) -> str:
    """Return the address at which anybody who knows it can read of an article."""
    return f"/share/{article}?key={desk.access.signature('share', article)}"


def shared(ask: Ask, rendering: Rendering) -> Response:
    """Show one article, as far as one may quote it, to whoever knows the address."""
    article = ask.places["id"]
    document = ask.desk.articles.find(article) if ask.desk.access.is_signed(ask.one("key"), "share", article) else None
    if document is None:
        raise NotFoundError("There is no such article; its address may have been changed since.")
    return rendering.plain(ask, "shared.html", 200, document=document, excerpt=shorten(document.text or "", QUOTED))


def to_follow(ask: Ask, kind: str, name: str) -> dict[str, str]:
    """Return the whole addresses of both kinds of feed, and of the calendar, by what people call them."""
    return {words: ask.base + outgoing_address(ask.desk, kind, name, form) for form, words in FORMS.items()}


def conditions_text(asked: Asked) -> str:
    """Write what events must satisfy as the name of a calendar to follow."""
    return urlencode([(name, value) for name in CONDITIONS if (value := getattr(asked, name))])


def conditions_of(text: str) -> Asked:
    """Read what ``conditions_text`` wrote."""
    given = {name: value for name, value in fields_of(text, MOST_FIELDS) if name in CONDITIONS and value}
    return Asked(**given, scheduled=True, everything=True)  # type: ignore[arg-type]
