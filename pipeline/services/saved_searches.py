"""Saved searches: queries by name, for which ``search:NAME`` stands in others."""

from __future__ import annotations

from pipeline.errors import UsageError
from pipeline.ports.table import Table
from pipeline.query.parser import parse
from pipeline.query.tree import Query


class SavedSearches:
    """Keep queries by name."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> dict[str, str]:
        """Return the saved searches by name."""
        return {name: value.decode() for name, value in self._table.items()}

    def parse(self, text: str) -> Query:
        """Read a query in which saved searches may stand. Raises ``UsageError``.

        The table lies in Kafka in the distributed runtime: what uses none of them needs the index alone.
        """
        return parse(text, self.all() if "search:" in text else {})

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
