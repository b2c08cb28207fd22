"""`newswire event`: list and show coded events, and count them by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.commands.context import open_store, saved_searches
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Actor, Document, Event, ReportedEvent

    Filtered = Callable[..., None]

PAGE = 200
MOST_ARTICLES = 5_000
MOST_REPORTS = 20
BAR_WIDTH = 40


@click.group()
def event() -> None:
    """List and show events: who did what to whom."""


def _filters(command: Filtered) -> Filtered:
    for option in reversed(
        (
            click.option("--type", "type_", metavar="TYPE", help="PLOVER type, such as CONSULT or ASSAULT."),
            click.option("--actor", help="Who acts: name, country code or sector."),
            click.option("--target", help="On whom: name, country code or sector."),
            click.option("--place", help="Where: name or country code."),
            click.option("--when", metavar="DATE", help="On a day, month or year: 2022-02-24, 2022-02, 2022."),
            click.option("--scheduled", is_flag=True, help="Only what is announced for a date."),
            click.option("--query", help="Only in the articles that a search finds."),
            click.option("--sure", type=click.FloatRange(0, 1), default=0.0, help="Leave out what is less certain."),
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line."),
        )
    ):
        command = option(command)
    return command


@event.command("list")
@_filters
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Print at most this many."
)
@click.pass_context
def list_events(
    ctx: click.Context, /, limit: int, as_json: bool, sure: float, query: str | None, **asked: str | bool
) -> None:
    """List events, newest article first; what several articles of a story report is one event."""
    found = _merged(_found(query, sure, asked))
    for reported in found[:limit]:
        if as_json:
            click.echo(_as_json(reported))
        else:
            click.echo(f"{reported.event.id[:12]}  {_line(reported.event)}{_told_by(reported)}")
    if not found:
        ctx.exit(1)


@event.command()
@click.argument("event_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(event_id: str, as_json: bool) -> None:
    """Show one event with the sentence that proves it.

    EVENT_ID is an id or its beginning, as `newswire event list` prints it.
    """
    for reported in _merged(_found(None, 0.0, {})):
        if not any(report.event.startswith(event_id) for report in reported.told_by):
            continue
        if as_json:
            click.echo(_as_json(reported))
            return
        item = reported.event
        click.echo(_line(item) + _told_by(reported))
        said = item.attributed_to
        facts = {
            "says": (said.name or said.text) if said else None,
            "trigger": f"{item.trigger.text} at {item.trigger.start}-{item.trigger.end}",
            "about": ", ".join(item.context),
            "cameo": item.cameo,
            "planned": f"{item.schedule.what}, {item.schedule.status}" if item.schedule else None,
            "confidence": f"{item.confidence:.2f} by rule {item.rule}",
        }
        for name, value in facts.items():
            if value:
                click.echo(f"  {name}: {value}")
        for figure in reported.figures:
            click.echo(f"  {figure.counted}: {figure.value} according to {', '.join(figure.sources)}")
        for report in reported.told_by[:MOST_REPORTS]:
            click.echo(f"  “{report.sentence.strip()}”  {report.source}, {report.article}")
        return
    raise UsageError(f"There is no event {event_id}; `newswire event list` shows the ids.")


@event.command()
@_filters
@click.pass_context
def timeline(ctx: click.Context, /, as_json: bool, sure: float, query: str | None, **asked: str | bool) -> None:
    """Count events by the day they happen on, or else by the day they were first reported."""
    pairs = list(_found(query, sure, asked))
    published = {document.id: document.published or document.seen for document, _ in pairs}
    days: Counter[str] = Counter()
    for reported in _merged(pairs):
        told = min(published[report.article] for report in reported.told_by)
        when = reported.event.date
        days[when.value[:10] if when else told.date().isoformat()] += 1
    most = max(days.values(), default=1)
    for day, count in sorted(days.items()):
        if as_json:
            click.echo(msgspec.json.encode({"day": day, "events": count}))
        else:
            click.echo(f"{day}  {count:5}  {'#' * max(1, count * BAR_WIDTH // most)}")
    if not days:
        ctx.exit(1)


def _found(query: str | None, sure: float, asked: dict[str, str | bool]) -> Iterator[tuple[Document, Event]]:
    """Yield the events asked for with their articles; the index narrows the articles, each event is checked itself."""
    from pipeline.ports.search import SearchRequest
    from pipeline.query.evaluate import event_values
    from pipeline.query.parser import parse
    from pipeline.wiring.stores import clock

    words = {"event" if name == "type_" else name: value for name, value in asked.items() if isinstance(value, str)}
    conditions = {name: value.strip().upper() if name == "event" else value.strip() for name, value in words.items()}
    if asked.get("scheduled"):
        conditions["scheduled"] = "yes"
    terms = [f'{name}:"{value}"' for name, value in conditions.items()]
    text = " ".join([*([f"({query})"] if query else []), *terms])
    with open_store() as store:
        parsed = parse(text, saved_searches(store, text)) if text else None
        request = SearchRequest(query=parsed, now=clock(), limit=PAGE, copies=True)
        seen = 0
        while True:
            page = store.index.search(request)
            for document in page.documents:
                for item in document.events:
                    if item.confidence >= sure and _fits(event_values(item), conditions):
                        yield document, item
            seen += len(page.documents)
            if page.cursor is None or seen >= MOST_ARTICLES:
                return
            request = msgspec.structs.replace(request, cursor=page.cursor)


def _fits(values: dict[str, tuple[str, ...]], conditions: dict[str, str]) -> bool:
    """Say whether one event meets every condition, as the query language does."""
    from pipeline.language.tokens import tokens_of

    for name, wanted in conditions.items():
        if name in ("event", "scheduled"):
            fits = wanted in values[name]
        elif name == "when":
            fits = any(value.startswith(wanted) for value in values[name])
        else:
            words = " ".join(tokens_of(wanted))
            fits = any(f" {words} " in f" {value} " for value in values[name])
        if not fits:
            return False
    return True


def _merged(pairs: Iterable[tuple[Document, Event]]) -> tuple[ReportedEvent, ...]:
    from pipeline.stages.extract.events.merging import merge_reports

    return merge_reports(pairs)


def _as_json(reported: ReportedEvent) -> bytes:
    """Write an event with who tells of it: the first report's article, then all."""
    told = {"told_by": reported.told_by, "figures": reported.figures}
    return msgspec.json.encode(
        {"article": reported.told_by[0].article, **msgspec.to_builtins(reported.event), **msgspec.to_builtins(told)}
    )


def _told_by(reported: ReportedEvent) -> str:
    item = reported.event
    if item.reports == 1:
        return ""
    return f"  ({item.reports} reports, {item.origins} independent)"


def _line(item: Event) -> str:
    marks = [
        word
        for word, holds in (
            ("not", item.negated),
            ("planned", item.future),
            ("hypothetical", item.hypothetical),
            ("past", item.historical),
        )
        if holds
    ]
    where = f" in {item.location.name or item.location.text}" if item.location else ""
    when = f" on {item.date.value}" if item.date else ""
    flags = f" ({', '.join(marks)})" if marks else ""
    kind = item.type if item.mode is None else f"{item.type}/{item.mode}"
    return f"{kind}  {_parties(item.actors)} → {_parties(item.recipients)}{where}{when}{flags}"


def _parties(actors: tuple[Actor, ...]) -> str:
    return ", ".join(f"{a.name or a.text} [{'/'.join(filter(None, (a.code, a.sector)))}]" for a in actors) or "–"
