"""Saved searches: queries by name, for which ``search:NAME`` stands in others and in alerts.

An alert keeps its query as it was asked beside the one with every name written out, which is all that matching knows:
when a saved search changes, the alerts that name it are rewritten with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import msgspec

from pipeline.alerts.rules import admit
from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.ports.table import Table
from pipeline.query.parser import parse
from pipeline.query.printer import show
from pipeline.query.tree import Query


class SavedSearches:
    """Keep queries by name; ``rules`` are the alerts that may name them."""

    def __init__(self, table: Table, rules: Table | None = None) -> None:
        self._table = table
        self._rules = rules

    def all(self) -> dict[str, str]:
        """Return the saved searches by name."""
        return {name: value.decode() for name, value in self._table.items()}

    def parse(self, text: str) -> Query:
        """Read a query in which saved searches may stand. Raises ``UsageError``.

        The table lies in Kafka in the distributed runtime: what uses none of them needs the index alone.
        """
        return parse(text, self.all() if "search:" in text.casefold() else {})

    def keep(self, name: str, query: str | None) -> int:
        """Keep a query and rewrite the alerts that name it; return how many.

        Raises ``UsageError``, with nothing kept, for a name that cannot stand in a query, for a query that names
        itself by any way round, and for one with which an alert would make no sense any more.
        """
        if not query:
            raise UsageError("Give the query that --save is to keep.")
        name = unicodedata.normalize("NFC", name).strip()
        if not name.isidentifier():
            raise UsageError(
                f"{name!r} cannot name a saved search; use letters, digits and _, beginning with a letter."
            )
        searches = self.all() | {name: query}
        parse(f"search:{name}", searches)
        rewritten = {rule.id: msgspec.json.encode(rule) for rule in self._rewritten(name, searches)}
        self._table.put(name, query.encode())
        if self._rules is not None and rewritten:
            self._rules.update(rewritten)
        return len(rewritten)

    def forget(self, name: str) -> None:
        """Drop a saved search. Raises ``UsageError`` where there is none of that name, or something names it."""
        searches = self.all()
        if name not in searches:
            raise UsageError(f"There is no saved search {name!r}; `newswire search --saved` lists them.")
        users = [f"the saved search {other!r}" for other, text in searches.items() if name in used(text, searches)]
        users += [f"the alert {rule.name!r}" for rule in self._alerts() if name in used(rule.asked or "", searches)]
        if users:
            more = f" and {len(users) - 3} more" if len(users) > 3 else ""
            raise UsageError(f"{name!r} is in use by {', '.join(users[:3])}{more}; change or remove that first.")
        self._table.put(name, None)

    def _alerts(self) -> list[AlertRule]:
        items = self._rules.items() if self._rules is not None else ()
        return [msgspec.json.decode(value, type=AlertRule) for _, value in items]

    def _rewritten(self, name: str, searches: Mapping[str, str]) -> list[AlertRule]:
        found = []
        for rule in self._alerts():
            if rule.asked is None or name not in used(rule.asked, searches):
                continue
            try:
                rule = written_out(msgspec.structs.replace(rule, query=rule.asked), searches)
                admit(rule)
            except UsageError as exc:
                raise UsageError(f"The alert {rule.name!r} names {name!r} and could not be kept so: {exc}") from exc
            found.append(rule)
        return found


def used(text: str, searches: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the saved searches that a query names, itself or by others."""
    asked = _Asked(searches)
    try:
        parse(text, asked)
    except UsageError:
        return frozenset(asked.names)
    return frozenset(asked.names)


def written_out(rule: AlertRule, searches: Mapping[str, str]) -> AlertRule:
    """Return a rule with saved searches written out, and its query as it was asked. Raises ``UsageError``."""
    if not used(rule.query, searches):
        return msgspec.structs.replace(rule, asked=None)
    return msgspec.structs.replace(rule, query=show(parse(rule.query, searches)), asked=rule.query)


class _Asked(dict[str, str]):
    """Note the names that a parser looks up."""

    def __init__(self, searches: Mapping[str, str]) -> None:
        super().__init__(searches)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)
