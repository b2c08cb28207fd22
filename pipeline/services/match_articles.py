"""Which articles match which rules, without any store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from connectors.files.jsonl import read_lines
from pipeline.errors import UsageError
from pipeline.model import Alert, AlertRule, Document, as_document
from pipeline.plain_words import TomlError, read_toml
from pipeline.query.parser import parse
from pipeline.query.requirements import asks_what_is_read
from pipeline.query.tree import Query
from pipeline.stages.decision import NoMemory
from pipeline.stages.identify.normalize import normalize
from pipeline.stages.match.stage import Rules
from pipeline.stages.match.stage import match as decide


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """Tell that the article of a line matches a rule; ``article`` is what the line calls it."""

    alert: Alert
    article: str
    line: int


class RuleFile:
    """Hold the rules of a file; ``refused`` says of each that cannot be read why. Raises ``UsageError`` for none."""

    def __init__(self, content: bytes, name: str, now: datetime) -> None:
        self._now = now
        self._rules = Rules()
        self.refused: list[str] = []
        queries: list[Query] = []
        for number, entry in enumerate(_entries(content, name), 1):
            called, text = entry.get("name"), entry.get("query")
            if not isinstance(called, str) or not isinstance(text, str):
                self.refused.append(f"{name}: rule {number} is left out: it needs a name and a query, both text.")
                continue
            try:
                queries.append(parse(text))
            except UsageError as exc:
                self.refused.append(f"{name}: rule {called!r} is left out: {exc}")
                continue
            rule = AlertRule(id=f"{number:09}", name=called, query=text, created=now)
            self._rules.learn(rule.id, msgspec.json.encode(rule))
        self.is_usable = bool(queries)
        # Events are costly to find and few rules ask for them.
        asks_events = any(asks_what_is_read(query.root) for query in queries)
        self._prepare: Callable[[Document], Document] = self._extracted if asks_events else lambda document: document

    def matches(self, lines: Iterable[bytes], name: str) -> Iterator[Matched]:
        """Yield which article of which line matches which rule. Raises ``UsageError`` naming the line."""
        for line in read_lines(lines, name, self._now):
            document = self._prepare(as_document(normalize(line.article), revision=1))
            for alert in decide(document, self._rules, self._now).emit:
                if isinstance(alert, Alert):
                    yield Matched(alert=alert, article=line.label, line=line.number)

    def _extracted(self, document: Document) -> Document:
        from pipeline.stages.extract.stage import extract

        (enriched,) = extract(document, NoMemory(), self._now).emit
        return msgspec.convert(enriched, Document, from_attributes=True)


def _entries(content: bytes, name: str) -> list[dict[str, Any]]:
    try:
        tables = read_toml(content)
    except TomlError as exc:
        raise UsageError(f"{name} is not a rules file in TOML: {exc}.") from exc
    entries = tables.get("alert")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{name} has no [[alert]] tables with name and query.")
    return entries
