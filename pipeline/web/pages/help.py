"""Help: all keys and the query language on one screen; and the way out."""

from __future__ import annotations

from starlette.responses import Response

from pipeline.web.asking import Ask, redirect
from pipeline.web.display import CHOICES, COOKIE, chosen
from pipeline.web.rendering import Rendering

YEAR_S = 31_536_000
KEYS = (
    ("j k", "next, previous article"), ("o Enter", "open it"), ("v", "open the original"), ("m", "read or unread"),
    ("s", "star"), ("t", "tag"), ("n", "show what is new"), ("Space", "a page on, then the next article"),
    ("u", "back to the list"),
    ("A", "mark all as read"), ("a", "make an alert of this search"), ("e", "hide or show marks in the text"),
    ("/", "search"), ("g g", "all articles"), ("g u", "unread"), ("g s", "starred"), ("g a", "alerts"),
    ("g f", "feeds"), ("g t", "stories"), ("g o", "operation"), ("g d", "display"), ("?", "this sheet"),
    ("swipe", "an article: next, before; a row: to the right read, to the left star"),
)  # fmt: skip
LANGUAGE = (
    ("flood", "the word in any of its inflections"), ('"flood warning"', "exactly these words in order"),
    ("flood OR drought", "either"), ("flood -sport", "without the other"), ("(a OR b) c", "grouping"),
    ("flood*", "words that begin so"), ("*quake", "words that end so"), ("flod~", "a letter may differ"),
    ('"oil price"~5', "near each other"), ("=US", "written exactly so"), ("/colou?r/", "a regular expression"),
    ("title:flood", "in the title only"), ("source:bbc", "of a source"), ("site:example.org", "of a site"),
    ("feed:https://…", "of a feed"), ("tag:europe", "with a tag of its feed"), ("lang:de", "in a language"),
    ("last:7d", "of the last 7 days"), ("after:yesterday", "since a day"),
    ("published:2022-02-01..2022-02-28", "between days"), ("event:CONSULT", "with a coded event"),
    ("actor:russia target:nato", "who did it, to whom"), ("said:macron", "quoting somebody"),
    ("origins>=2", "independent publishers of the story"), ("is:copy", "copies only"),
    ("is:unread is:starred", "what you did with it"), ("mark:later", "your own tag"),
    ("list:NAME search:NAME", "a list of names, a saved search"),
)  # fmt: skip


def shown(ask: Ask, rendering: Rendering) -> Response:
    """Show the sheet; the script shows it over the page."""
    template = "help_sheet.html" if ask.one("part") else "help.html"
    if ask.one("part"):
        return rendering.part(ask, template, keys=KEYS, language=LANGUAGE)
    return rendering.page(ask, template, keys=KEYS, language=LANGUAGE)


def display(ask: Ask, rendering: Rendering) -> Response:
    """Offer the choices of how this browser shows the page."""
    return rendering.page(ask, "display.html", choices=CHOICES)


def keep_display(ask: Ask, rendering: Rendering) -> Response:
    """Keep what was chosen, in this browser."""
    form = ask.form()
    response = redirect("/display?done=1")
    response.set_cookie(COOKIE, chosen({name: form.one(name) for name in CHOICES}).written(), max_age=YEAR_S,
                        httponly=True, samesite="lax", secure=ask.base.startswith("https:"), path="/")  # fmt: skip
    return response


def log_out(ask: Ask, rendering: Rendering) -> Response:
    """End the session of this browser."""
    response = redirect("/login")
    response.delete_cookie("newswire_session", path="/")
    return response
