"""`newswire match`: which articles of a file match which rules, without any store."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import msgspec

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.model import Alert, Document
    from pipeline.query.tree import Query
    from pipeline.stages.match.stage import Rules


@click.command
@click.option("--rules", "path", required=True, type=click.Path(path_type=Path), help="TOML: [[alert]] name, query.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per match.")
@click.argument("articles", type=click.File("rb"))
def match(path: Path, as_json: bool, articles: IO[bytes]) -> None:
    """Print which articles match which rules.

    ARTICLES holds one JSON object per line: url, title, text, published, language, source; only a title or a text is
    needed, and - is standard input. Exits with 1 when nothing matches.
    """
    from connectors.files.jsonl import read_lines
    from pipeline.model import Alert, as_document
    from pipeline.stages.identify.normalize import normalize
    from pipeline.stages.match.stage import match as decide

    now = datetime.now(UTC)
    rules, prepare = _load(path, now)
    found = False
    for line in read_lines(articles, articles.name, now):
        document = prepare(as_document(normalize(line.article), revision=1))
        for alert in decide(document, rules, now).emit:
            if isinstance(alert, Alert):
                found = True
                _print(alert, line.label, line.number, as_json)
    if not found:
        click.echo("No article matches any rule.", err=True)
        sys.exit(1)


def _load(path: Path, now: datetime) -> tuple[Rules, Callable[[Document], Document]]:
    """Load the rules that can be read, name the others, and tell what must be found out about an article for them."""
    from pipeline.model import AlertRule
    from pipeline.query.parser import parse
    from pipeline.query.tree import EventFilter, walk
    from pipeline.stages.match.stage import Rules

    rules = Rules()
    queries: list[Query] = []
    for number, entry in enumerate(_read_rules(path), 1):
        name, text = entry.get("name"), entry.get("query")
        if not isinstance(name, str) or not isinstance(text, str):
            click.echo(f"{path}: rule {number} is left out: it needs a name and a query, both text.", err=True)
            continue
        try:
            queries.append(parse(text))
        except UsageError as exc:
            click.echo(f"{path}: rule {name!r} is left out: {exc}", err=True)
            continue
        rule = AlertRule(id=f"{number:09}", name=name, query=text, created=now)
        rules.learn(rule.id, msgspec.json.encode(rule))
    if not queries:
        raise UsageError(f"{path} has no rule that can be used.")
    # Events are costly to find and few rules ask for them.
    if any(isinstance(node, EventFilter) for query in queries for node in walk(query.root)):
        return rules, lambda document: _extracted(document, now)
    return rules, lambda document: document


def _read_rules(path: Path) -> list[dict[str, Any]]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} is not a rules file in TOML: {exc}.") from exc
    entries = content.get("alert")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{path} has no [[alert]] tables with name and query.")
    return entries


def _extracted(document: Document, now: datetime) -> Document:
    from pipeline.model import Document
    from pipeline.stages.decision import NoMemory
    from pipeline.stages.extract.stage import extract

    (enriched,) = extract(document, NoMemory(), now).emit
    return msgspec.convert(enriched, Document, from_attributes=True)


def _print(alert: Alert, article: str, line: int, as_json: bool) -> None:
    if as_json:
        spans = [msgspec.to_builtins(span) for span in alert.spans]
        answer = {"rule": alert.rule, "article": article, "spans": spans, "line": line}
        click.echo(msgspec.json.encode(answer))
        return
    words = ", ".join(dict.fromkeys(span.text for span in alert.spans))
    click.echo(f"{alert.rule}\t{article}\t{words}")
