"""`newswire show`: one article with all that is known about it."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pipeline.commands.context import open_store
from pipeline.errors import UsageError
from pipeline.language.shorten import shorten

if TYPE_CHECKING:
    from pipeline.model import Document, Event, Mark, Quotation
    from pipeline.wiring.stores import Store

WIDTH = 96
INDENT = "  "


@click.command()
@click.argument("article", metavar="ID|URL")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def show(ctx: click.Context, article: str, as_json: bool) -> None:
    """Show one article with all that is known about it.

    ID may be the first letters of an id, as lists print it.
    """
    from pipeline.wiring.stores import clock

    with open_store() as store:
        document = find_article(store, article, clock())
        if document is None:
            click.echo(f"There is no article {article}.", err=True)
            ctx.exit(1)
        why = _why(store, document, clock())
        copies = [copy for copy in map(store.index.get, document.copies) if copy is not None]
    if as_json:
        entry: dict[str, Any] = msgspec.to_builtins(document)
        entry["alerts"] = [{"rule": rule, "spans": msgspec.to_builtins(spans)} for rule, spans in why]
        click.echo(msgspec.json.encode(entry))
        return
    for line in _lines(document, copies, why):
        click.echo(line)


def find_article(store: Store, article: str, now: datetime) -> Document | None:
    """Find an article by id, by the beginning of its id, or by address. Raises ``UsageError`` when several fit."""
    from pipeline.ports.search import SearchRequest
    from pipeline.query.tree import Keyword, Query

    exact = store.index.get(article)
    if exact is not None:
        return exact
    is_url = "://" in article
    if not is_url and len(article) < 4:
        raise UsageError(f"{article!r} is too short to tell articles apart; give four letters of the id or more.")
    node = (
        Keyword(name="url", value=article.casefold())
        if is_url
        else Keyword(name="id", value=article.casefold(), prefix=True)
    )
    request = SearchRequest(query=Query(text=article, root=node), now=now, limit=2, copies=True)
    found = store.index.search(request).documents
    if len(found) > 1 and not is_url:
        raise UsageError(f"More than one article's id begins with {article}; give more of it.")
    return found[0] if found else None


def _why(store: Store, document: Document, now: datetime) -> list[tuple[str, tuple[Mark, ...]]]:
    """Return the alert rules whose query the article matches, each with the words that match."""
    from pipeline.model import AlertRule
    from pipeline.query.evaluate import Reading, find, marks
    from pipeline.query.parser import parse

    reading = Reading(document)
    searches = {name: value.decode() for name, value in store.searches.items()}
    why = []
    for _, stored in store.rules.items():  # noqa: PERF102 - a Table is no dict
        rule = msgspec.json.decode(stored, type=AlertRule)
        try:
            hits = find(parse(rule.query, searches).root, reading, now)
        except UsageError:
            continue  # a rule that names a search dropped since; `alert list` tells of it
        if hits is not None:
            why.append((rule.name, marks(hits, reading)))
    return why


def _lines(document: Document, copies: list[Document], why: list[tuple[str, tuple[Mark, ...]]]) -> list[str]:
    lines = [click.style(document.title or "(no title)", bold=True), *_about(document), ""]
    for paragraph in (document.text or "(no text)").splitlines():
        lines += textwrap.wrap(paragraph, WIDTH) or [""]
    lines += _section("Events", [line for event in document.events for line in _event(event)])
    lines += _section("Quotations", [line for quotation in document.quotations for line in _quotation(quotation)])
    lines += _section("Dates", [f"{date.value}  “{date.text}”" for date in document.dates])
    lines += _section(
        "Copies",
        [f"{copy.id[:8]}  {copy.source}  {shorten(copy.title or '', 60)}  {copy.url or ''}" for copy in copies],
    )
    lines += _section("Changes", [_change(change.part, change.before, change.after) for change in document.changes])
    lines += _section("Matches alerts", [_match(rule, spans) for rule, spans in why])
    return lines


def _about(document: Document) -> list[str]:
    moment = document.published or document.seen
    facts = [
        document.source,
        ", ".join(document.authors),
        f"{moment.astimezone():%Y-%m-%d %H:%M %Z}",
        document.language,
        f"revision {document.revision}" if document.revision > 1 else None,
        "full text" if document.full_text else None,
        "withdrawn" if document.withdrawn else None,
    ]
    about = [click.style("  ".join(fact for fact in facts if fact), fg="green")]
    links = [
        document.url,
        f"id {document.id}",
        f"story {document.story_id}" if document.story_id else None,
        *(f"which story {story} turned out to be" for story in document.merged),
        f"copy of {document.duplicate_of}" if document.duplicate_of else None,
        f"tags {', '.join(document.tags)}" if document.tags else None,
    ]
    return about + [click.style(link, fg="bright_black") for link in links if link]


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", click.style(title, bold=True), *(INDENT + line for line in lines)] if lines else []


def _event(event: Event) -> list[str]:
    actors = ", ".join(actor.name or actor.text for actor in event.actors) or "?"
    recipients = ", ".join(actor.name or actor.text for actor in event.recipients)
    notes = [
        word
        for word, holds in (
            ("negated", event.negated),
            ("future", event.future),
            ("hypothetical", event.hypothetical),
            ("historical", event.historical),
            ("scheduled", event.schedule is not None),
        )
        if holds
    ]
    line = f"{click.style(event.type, fg='yellow')}  {actors}" + (f" → {recipients}" if recipients else "")
    if event.date:
        line += f"  {event.date.value}"
    if event.location:
        line += f"  {event.location.name or event.location.text}"
    if notes:
        line += f"  [{', '.join(notes)}]"
    return [line, click.style(f"{INDENT}{shorten(event.sentence.text, WIDTH)}", fg="bright_black")]


def _quotation(quotation: Quotation) -> list[str]:
    speaker = quotation.speaker
    who = (speaker.name or speaker.text) if speaker else "?"
    role = f" ({speaker.role})" if speaker and speaker.role else ""
    return [f"{click.style(who, fg='yellow')}{role}: {shorten(quotation.text, WIDTH)}"]


def _change(part: str, before: str | None, after: str | None) -> str:
    return f"{part}: “{shorten(before or '', 40)}” → “{shorten(after or '', 40)}”"


def _match(rule: str, spans: tuple[Mark, ...]) -> str:
    words = dict.fromkeys(span.text for span in spans)
    return f"{click.style(rule, fg='yellow')}: {', '.join(words)}" if words else rule
