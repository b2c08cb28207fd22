"""Saved searches: queries by name, for which ``search:NAME`` stands in others; and how every query is read."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import UsageError
from pipeline.ports.table import Table
from pipeline.query.parser import Lists, parse, parse_part
from pipeline.query.tree import And, Last, Listed, Query, walk


class SavedSearches:
    """Keep queries by name, and read queries: ``lists`` returns the names of ``list:``, ``zone`` is that of days."""

    def __init__(self, table: Table, lists: Callable[[], Lists] = dict, zone: str = "UTC") -> None:
        self._table = table
        self._lists = lists
        self._zone = zone

    def all(self) -> dict[str, str]:
        """Return the saved searches by name."""
        return {name: value.decode() for name, value in self._table.items()}

    def parse(self, text: str) -> Query:
        """Read a query in which saved searches and lists may stand. Raises ``UsageError``.

        Both lie in Kafka in the distributed runtime: what uses none of them needs the index alone.
        """
        searches, lists = self._named(text)
        return parse(text, searches, lists, self._zone)

    def lists_in(self, text: str) -> dict[str, tuple[str, ...]]:
        """Return the lists that a query uses, itself or by a saved search. Raises ``UsageError``."""
        searches, lists = self._named(text)
        if not lists:
            return {}
        used = {node.name for node in walk(parse(text, searches, lists).root) if isinstance(node, Listed)}
        return {name: tuple(lists[name]) for name in sorted(used)}

    def of_last_days(self, text: str | None, days: int) -> Query:
        """Read a query that is asked of the articles of so many days; it may say only what must be absent."""
        recent = Last(seconds=days * 86_400, column=1)
        if not text:
            return Query(text=f"last:{days}d", root=recent)
        part = parse_part(text, *self._named(text), self._zone)
        return Query(text=f"last:{days}d ({text})", root=And(nodes=(recent, part), column=1))

    def keep(self, name: str, query: str | None) -> None:
        """Keep a query. Raises ``UsageError`` for a name that cannot stand in a query."""
        if not query:
            raise UsageError("Give the query that --save is to keep.")
        if not name.isidentifier():
            raise UsageError(
                f"{name!r} cannot name a saved search; use letters, digits and _, beginning with a letter."
            )
        self._table.put(name, query.encode())

    def forget(self, name: str) -> None:
        """Drop a saved search. Raises ``UsageError`` where there is none of that name."""
        if name not in self.all():
            raise UsageError(f"There is no saved search {name!r}; `newswire search --saved` lists them.")
        self._table.put(name, None)

    def _named(self, text: str) -> tuple[dict[str, str], Lists]:
        """Return the saved searches and lists, as far as a query may use some."""
        searches = self.all() if "search:" in text.casefold() else {}
        uses_lists = any("list:" in query.casefold() for query in (text, *searches.values()))
        return searches, self._lists() if uses_lists else {}
