"""One article with all that is known about it."""

from __future__ import annotations

from itertools import pairwise

from markupsafe import Markup
from starlette.responses import Response

from pipeline.errors import NewswireError
from pipeline.model import Document
from pipeline.views.clean_html import clean_html
from pipeline.views.marked_text import paragraphs
from pipeline.views.word_changes import word_changes
from pipeline.web import river as rivers
from pipeline.web.access_pages import share_address
from pipeline.web.asking import Ask, NotFoundError
from pipeline.web.rendering import Rendering, address
from pipeline.web_addresses import web_address

ALIKE = 5
NAMED = 12


def article(ask: Ask, rendering: Rendering) -> Response:
    """Show an article, beside the river it was opened from where there is room."""
    document = _found(ask)
    desk = ask.desk
    matches = desk.articles.matches(document)
    listed = [span for match in matches for span in match.spans] if ask.one("alert") else []
    marks = desk.marks(ask.reader).of([document.id])[document.id]
    as_published = ask.one("as") == "published" and document.html is not None
    beside = _beside(ask)
    number = desk.arrivals.numbers_of([document.id]).get(document.id)
    return rendering.page(
        ask,
        "article.html",
        document=document,
        state=marks,
        number=number,
        paragraphs=[] if as_published else paragraphs(document, listed),
        html=Markup(clean_html(document.html or "")) if as_published else None,
        copies=desk.articles.copies(document),
        original=desk.articles.find(document.duplicate_of) if document.duplicate_of else None,
        matches=matches,
        names=_names(document),
        beside=beside,
        steps=_steps(beside, document.id),
        shows_picture=desk.pictures is not None and bool(web_address(document.image)),
        view=beside.place if beside is not None else {},
        share={"Address": ask.base + share_address(desk, document.id)},
    )


def _steps(beside: rivers.River | None, article: str) -> dict[str, dict[str, str]]:
    """Return what comes before and after an article in the river it was opened from: words and address of each."""
    if beside is None:
        return {}
    ids = [row.document.id for row in beside.rows]
    # What is read is no longer among the unread: its place is before the first of them.
    n = ids.index(article) if article in ids else -1
    found = {"prev": ids[n - 1 : n] if n > 0 else [], "next": ids[n + 1 : n + 2]}
    titles = {row.document.id: row.document.title or row.document.source for row in beside.rows}
    steps = {
        name: {"words": titles[each], "to": address(f"/article/{each}", **{"in": "1"}, **beside.place)}
        for name, (each,) in ((name, some) for name, some in found.items() if some)
    }
    if "next" not in steps and beside.older:
        steps["next"] = {"words": "Older articles", "to": beside.older}
    return steps


def _names(document: Document) -> list[str]:
    """Return who and what is named in an article, as search finds it: the way to a search without typing."""
    named = (" ".join(each.name.replace('"', " ").split()) for each in document.entities)
    return list(dict.fromkeys(name for name in named if any(map(str.isalnum, name))))[:NAMED]


def similar(ask: Ask, rendering: Rendering) -> Response:
    """Show articles about the same; the script puts them below the article, since they take longer to find."""
    document = _found(ask)
    if ask.one("part"):
        return rendering.part(ask, "alike.html", alike=_alike(ask, document))
    return rendering.page(ask, "similar.html", document=document, alike=_alike(ask, document))


def revisions(ask: Ask, rendering: Rendering) -> Response:
    """Show what each revision changed, word by word."""
    document = _found(ask)
    kept = sorted(ask.desk.revisions.of(document.id), key=lambda each: each.revision)
    steps = [
        {
            "before": earlier,
            "after": later,
            "title": word_changes(earlier.title or "", later.title or ""),
            "text": word_changes(earlier.text or "", later.text or ""),
        }
        for earlier, later in pairwise(kept)
    ]
    return rendering.page(ask, "revisions.html", document=document, steps=steps[::-1], missing=document.revision > 1)


def trace(ask: Ask, rendering: Rendering) -> Response:
    """Show what happened to an article, stage by stage."""
    document = _found(ask)
    found = ask.desk.traces.of(document.id)
    return rendering.page(ask, "trace.html", document=document, steps=found.steps if found is not None else ())


def picture(ask: Ask, rendering: Rendering) -> Response:
    """Give the picture of an article, fetched by us, where the settings allow it."""
    if ask.desk.pictures is None:
        raise NotFoundError("Pictures are off; `pictures = true` under [web] of the settings shows them.")
    found = ask.desk.pictures.of(_found(ask))
    headers = {"cache-control": "private, max-age=86400", "content-security-policy": "default-src 'none'; sandbox"}
    return Response(found.body, headers=headers, media_type=found.type)


def _found(ask: Ask) -> Document:
    document = ask.desk.articles.find(ask.places["id"])
    if document is None:
        raise NotFoundError("There is no such article; it may have been pruned. Search for its title.")
    return document


def _alike(ask: Ask, document: Document) -> tuple[Document, ...]:
    try:
        return ask.desk.articles.similar(document.id, ask.desk.articles.request(None, limit=ALIKE)).documents
    except NewswireError:
        return ()


def _beside(ask: Ask) -> rivers.River | None:
    """Return the river that the article was opened from, where its address says which."""
    if not ask.one("in"):
        return None
    try:
        return rivers.read(ask)
    except NewswireError:
        return None
