"""The river: which articles a page's address asks for, in rows with what the reader did with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.ports.search import SearchPage, SearchRequest
from pipeline.query.highlight import Snippet, highlight
from pipeline.query.tree import Query
from pipeline.services.articles import COUNTED
from pipeline.services.marks import State
from pipeline.web.asking import Ask
from pipeline.web.rendering import address

PAGE = 40
# What is found is shown with passages, which take longer.
FOUND = 25
VIEWS = ("all", "unread", "starred")
SORTS = ("newest", "best")
# Conditions that an address may name beside the query: how each is called there and in the query language.
NARROWED = (("feed", "feed"), ("tag", "tag"), ("source", "source"), ("lang", "lang"), ("saved", "search"),
            ("mark", "mark"), ("story", "story"))  # fmt: skip
KEPT = ("view", "q", "sort", *(name for name, _ in NARROWED))


class Row(msgspec.Struct, frozen=True):
    """Hold one row: an article, others of its story on this page, and what the reader did with it."""

    document: Document
    state: State
    snippet: Snippet
    others: tuple[str, ...] = ()


class River(msgspec.Struct, frozen=True):
    """Hold a page of rows, the query they answer, where more are, and the parameters that lead to this page again."""

    rows: tuple[Row, ...]
    page: SearchPage
    request: SearchRequest
    text: str
    title: str
    older: str | None
    place: Mapping[str, str]


def query_text(ask: Ask) -> str:
    """Return the query that an address asks, in the query language."""
    parts = [f"({q})"] if (q := ask.one("q").strip()) else []
    if not any(ask.one(name) for name, _ in NARROWED) and ask.one("view", "all") == "all":
        return q
    view = ask.one("view", "all")
    if view not in VIEWS:
        raise UsageError(f"view={view[:20]} is not one of {', '.join(VIEWS)}.")
    if view != "all":
        parts.append(f"is:{view}")
    for name, field in NARROWED:
        if value := ask.one(name).replace('"', " ").strip():
            parts.append(f'{field}:"{value}"' if field != "search" else f"search:{value}")
    return " ".join(parts)


def state_of(ask: Ask) -> dict[str, str]:
    """Return the parameters that make up a view, for links that keep it."""
    return {name: value for name in KEPT if (value := ask.one(name))}


def read(ask: Ask) -> River:
    """Find the rows that an address asks for. Raises ``UsageError``."""
    sort = ask.one("sort", "newest")
    if sort not in SORTS:
        raise UsageError(f"sort={sort[:20]} is not one of {', '.join(SORTS)}.")
    text = query_text(ask)
    request = ask.desk.articles.request(
        text,
        limit=FOUND if ask.one("q") else PAGE,
        sort=sort,
        cursor=ask.one("cursor") or None,
        copies=bool(ask.one("copies")),
        counted=COUNTED,
    )
    page = ask.desk.articles.search(request)
    cursor = page.cursor
    state = state_of(ask)
    where = "/search" if ask.one("q") else "/"
    older = address(where, **state, cursor=cursor) if cursor else None
    place = state | ({"cursor": ask.one("cursor")} if ask.one("cursor") else {})
    return River(rows_of(ask, page.documents, request), page, request, text, title_of(ask), older, place)


def rows_of(ask: Ask, documents: Sequence[Document], request: SearchRequest) -> tuple[Row, ...]:
    """Return rows; reports of a story that come together are one row, the newest of them."""
    states = ask.desk.marks(ask.reader).of([document.id for document in documents])
    together: dict[str, list[Document]] = {}
    for document in documents:
        together.setdefault(document.story_id or document.id, []).append(document)
    # The words of the query are marked; a list that was asked for without words shows none.
    query = request.query if ask.one("q") else None
    return tuple(_row(members, states, query, request) for members in together.values())


def title_of(ask: Ask) -> str:
    """Say what a river shows."""
    if q := ask.one("q").strip():
        return q
    for name in ("feed", "tag", "source", "lang", "saved", "mark"):
        if value := ask.one(name):
            return value
    return {"unread": "Unread", "starred": "Starred"}.get(ask.one("view"), "All articles")


def _row(members: Sequence[Document], states: Any, query: Query | None, request: SearchRequest) -> Row:
    first = members[0]
    others = tuple(dict.fromkeys(each.source for each in members[1:] if each.source != first.source))
    snippet = highlight(first, query, request.now, 200) if query is not None else Snippet(text="")
    return Row(first, states[first.id], snippet, others)
