"""Search: the query in plain words, errors at their column, a timeline, facets, and the same for programs."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.ports.search import Count, SearchRequest
from pipeline.query.lexer import QueryError
from pipeline.query.printer import restate
from pipeline.views.charts import Bar, bars_of, timeline
from pipeline.views.results import atom_feed, csv_table, found_parts
from pipeline.web import river as rivers
from pipeline.web.access_pages import to_follow
from pipeline.web.asking import Ask, NotFoundError, json_response, redirect
from pipeline.web.rendering import Rendering, address

KIND = "search"
FACETS = ("source", "language", "tag", "place", "actor", "event")
FIELDS = {"source": "source", "language": "lang", "tag": "tag", "place": "place", "actor": "actor", "event": "event"}
SHOWN = 8
EXPORTED = 1_000
TYPES = {"json": "application/jsonl", "csv": "text/csv; charset=utf-8", "atom": "application/atom+xml"}


def search(ask: Ask, rendering: Rendering) -> Response:
    """Show what a query finds. A query that cannot be read is shown with its error, and nothing else."""
    text = ask.one("q").strip()
    if not text:
        undo = ask.one("undo")
        return rendering.page(
            ask, "search.html", text="", river=None, error=None, saved=ask.desk.searches.all(), done=ask.one("done"),
            undo=undo if ask.desk.removed.is_there(ask, KIND, undo) else "",
        )  # fmt: skip
    try:
        words = restate(ask.desk.searches.as_asked(text))
        found = rivers.read(ask)
    except UsageError as exc:
        return rendering.page(
            ask, "search.html", status=400, text=text, river=None, error=error_of(exc), saved=ask.desk.searches.all()
        )
    counted = _counted(ask, text, found.request) if ask.one("counts") else None
    return rendering.page(
        ask,
        "search.html",
        text=text,
        river=found,
        error=None,
        words=words,
        stories=len({row.document.story_id or row.document.id for row in found.rows}),
        counted=counted is not None,
        **(counted or {}),
        state=rivers.state_of(ask),
        saved=ask.desk.searches.all(),
        position="",
        follow=to_follow(ask, "query", text),
    )


def counts(ask: Ask, rendering: Rendering) -> Response:
    """Return timeline and facets alone: the script asks for them, since they take longer than the articles."""
    text = ask.one("q").strip()
    return rendering.part(ask, "counts.html", **_counted(ask, text, ask.desk.articles.request(text)))


def restated(ask: Ask, rendering: Rendering) -> Response:
    """Say what a query means, or at which column it cannot be read: asked while it is typed."""
    text = ask.one("q").strip()
    try:
        return json_response({"words": restate(ask.desk.searches.as_asked(text)) if text else ""})
    except UsageError as exc:
        return json_response(error_of(exc))


def exported(ask: Ask, rendering: Rendering) -> Response:
    """Give the same articles as JSON lines, a table or an Atom feed."""
    form = ask.places["form"]
    if form not in TYPES:
        raise NotFoundError("Search results are to be had as search.json, search.csv and search.atom.")
    limit = ask.number("limit", 100, EXPORTED)
    request = ask.desk.articles.request(rivers.query_text(ask), limit=limit, cursor=ask.one("cursor") or None)
    page = ask.desk.articles.search(request)
    if form == "atom":
        body: str | bytes = atom_feed(page.documents, request.query, request.now)
    elif form == "csv":
        body = csv_table(page.documents, request.query, request.now)
    else:
        body = b"".join(
            part if isinstance(part, bytes) else part.encode()
            for part in found_parts(page, request.query, request.now, "json")
        )
    return Response(body, media_type=TYPES[form])


def save(ask: Ask, rendering: Rendering) -> Response:
    """Keep a query by a name, or forget one."""
    form, searches = ask.form(), ask.desk.searches
    # A name stands in queries, where words end at spaces.
    name = re.sub(r"[\s-]+", "_", form.one("name"))
    if form.has("put_back"):
        ask.desk.removed.put_back(
            ask, KIND, form.one("put_back"), tuple[str, str], lambda kept: searches.restore(*kept)
        )
        ask.desk.audit(ask.who, "put back search", form.one("put_back"))
        return redirect(address("/search", done="It is back as it was."))
    if form.has("forget"):
        query = searches.all().get(name, "")
        searches.forget(name)
        ask.desk.audit(ask.who, "forget search", name)
        undo = ask.desk.removed.keep(ask, KIND, (name, query))
        return redirect(address("/search", done=f"{name} is forgotten.", undo=undo))
    searches.keep(name, form.one("q"))
    ask.desk.audit(ask.who, "save search", name)
    return redirect(address("/", saved=name))


def error_of(error: UsageError) -> dict[str, object]:
    """Return what is wrong with a query, and where."""
    if isinstance(error, QueryError):
        return {"message": error.message, "column": error.column}
    return {"message": str(error), "column": None}


def narrowed(text: str, bar: Bar) -> str:
    """Return a query that asks for the days of a bar only."""
    return f"{_in_brackets(text)} published:{bar.first}..{bar.last}"


def with_value(text: str, facet: str, value: str, include: bool) -> str:
    """Return a query that a value of a facet is added to, or taken out of."""
    value = value.replace('"', " ").strip()
    sign = "" if include else "-"
    return f'{_in_brackets(text)} {sign}{FIELDS[facet]}:"{value}"'


def _in_brackets(text: str) -> str:
    return f"({text})" if " OR " in text or "|" in text else text


def _counted(ask: Ask, text: str, request: SearchRequest) -> dict[str, Any]:
    everything = msgspec.structs.replace(request, limit=SHOWN, cursor=None)
    bars = bars_of(ask.desk.articles.timeline(everything))
    return {
        "bars": bars,
        "timeline": Markup(timeline(bars, lambda bar: address("/search", q=narrowed(text, bar)), "Articles by day")),
        "facets": _facets(ask, everything),
    }


def _facets(ask: Ask, request: SearchRequest) -> dict[str, list[dict[str, object]]]:
    text = ask.one("q").strip()

    def pill(facet: str, count: Count) -> dict[str, object]:
        return {
            "value": count.value,
            "documents": count.documents,
            "include": address("/search", q=with_value(text, facet, count.value, True)),
            "exclude": address("/search", q=with_value(text, facet, count.value, False)),
        }

    found = {facet: [pill(facet, count) for count in ask.desk.articles.facets(request, facet)] for facet in FACETS}
    return {facet: pills for facet, pills in found.items() if pills}
