"""Saved searches: queries by name, for which ``search:NAME`` stands in others and in alerts; how every query is read.

An alert keeps its query as it was asked beside the one with every name written out, which is all that matching knows:
when a saved search changes, the alerts that name it are rewritten with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from contextlib import nullcontext

import msgspec

from pipeline.alerts.rules import admit
from pipeline.errors import NotFoundError, UsageError
from pipeline.model import AlertRule
from pipeline.ports.table import Table, Transaction
from pipeline.query.parser import Lists, parse, parse_part
from pipeline.query.printer import show
from pipeline.query.tree import And, Last, Listed, Query, walk
from pipeline.query.vocabulary import nearest
from pipeline.records import read_records, read_texts


class SavedSearches:
    """Keep queries by name, and read queries.

    ``lists`` returns the names of ``list:``, ``zone`` is that of days; ``rules`` are the alerts that may name searches;
    ``filled`` fills in what a query asks of the reader's marks.
    """

    def __init__(
        self,
        table: Table,
        lists: Callable[[], Lists] = dict,
        zone: str = "UTC",
        rules: Table | None = None,
        filled: Callable[[Query], Query] = lambda query: query,
        transaction: Transaction = nullcontext,
    ) -> None:
        self._transaction = transaction
        self._table = table
        self._lists = lists
        self.zone = zone
        self._rules = rules
        self._filled = filled

    def all(self) -> dict[str, str]:
        """Return the saved searches by name."""
        return dict(read_texts(self._table, bytes.decode, "search"))

    def parse(self, text: str) -> Query:
        """Read a query in which saved searches and lists may stand. Raises ``UsageError``.

        Both lie in Kafka in the distributed runtime: what uses none of them needs the index alone.
        """
        return self._filled(self.as_asked(text))

    def as_asked(self, text: str) -> Query:
        """Read a query, what it asks of marks left as it is: for restating it. Raises ``UsageError``."""
        searches, lists = self._named(text)
        return parse(text, searches, lists, self.zone)

    def lists_in(self, text: str) -> dict[str, tuple[str, ...]]:
        """Return the lists that a query uses, itself or by a saved search. Raises ``UsageError``."""
        return self.lists_among(text, self.all() if "search:" in text.casefold() else {})

    def lists_among(
        self, text: str, searches: Mapping[str, str], coming: Lists | None = None
    ) -> dict[str, tuple[str, ...]]:
        """Return the lists that a query uses, itself or by one of these saved searches. Raises ``UsageError``.

        ``coming`` are lists that are not kept yet and stand in place of those of their names.
        """
        if not any("list:" in query.casefold() for query in (text, *searches.values())):
            return {}
        lists = {**self._lists(), **(coming or {})}
        used = {node.name for node in walk(parse(text, searches, lists).root) if isinstance(node, Listed)}
        return {name: tuple(lists[name]) for name in sorted(used)}

    def of_last_days(self, text: str | None, days: int) -> Query:
        """Read a query that is asked of the articles of so many days; it may say only what must be absent."""
        recent = Last(seconds=days * 86_400, column=1)
        if not text:
            return Query(text=f"last:{days}d", root=recent)
        part = parse_part(text, *self._named(text), self.zone)
        return self._filled(Query(text=f"last:{days}d ({text})", root=And(nodes=(recent, part), column=1)))

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
        with self._transaction():
            searches = self.all() | {name: query}
            self.check(name, searches)
            rewritten = {rule.id: msgspec.json.encode(rule) for rule in self._rewritten(name, searches)}
            self._table.put(name, query.encode())
            if self._rules is not None and rewritten:
                self._rules.update(rewritten)
        return len(rewritten)

    def restore(self, name: str, query: str) -> None:
        """Put a forgotten search back as it was. Raises ``UsageError`` where another has its name by now."""
        with self._transaction():
            if name in self.all():
                raise UsageError(f"There is another saved search {name!r} by now; forget that first.")
            self.keep(name, query)

    def check(self, name: str, searches: Mapping[str, str], coming: Lists | None = None) -> None:
        """Raise ``UsageError`` where one of these saved searches cannot be read, or names itself by any way round."""
        parse_part(f"search:{name}", searches, {**self._lists_of(searches), **(coming or {})}, self.zone)

    def _lists_of(self, searches: Mapping[str, str]) -> Lists:
        return self._lists() if any("list:" in query.casefold() for query in searches.values()) else {}

    def forget(self, name: str) -> None:
        """Drop a saved search. Raises ``UsageError`` where there is none of that name, or something names it."""
        with self._transaction():
            self._forget(name)

    def _forget(self, name: str) -> None:
        searches = self.all()
        if name not in searches:
            near = nearest(name, searches)
            raise NotFoundError(f"There is no saved search {name!r}{near or '; `newswire search --saved` lists them.'}")
        users = [f"the saved search {other!r}" for other, text in searches.items() if name in used(text, searches)]
        users += [f"the alert {rule.name!r}" for rule in self._alerts() if name in used(rule.asked or "", searches)]
        if users:
            more = f" and {len(users) - 3} more" if len(users) > 3 else ""
            raise UsageError(f"{name!r} is in use by {', '.join(users[:3])}{more}; change or remove that first.")
        self._table.put(name, None)

    def _named(self, text: str) -> tuple[dict[str, str], Lists]:
        """Return the saved searches and lists, as far as a query may use some."""
        searches = self.all() if "search:" in text.casefold() else {}
        uses_lists = any("list:" in query.casefold() for query in (text, *searches.values()))
        return searches, self._lists() if uses_lists else {}

    def _alerts(self) -> list[AlertRule]:
        return [] if self._rules is None else [rule for _, rule in read_records(self._rules, AlertRule)]

    def _rewritten(self, name: str, searches: Mapping[str, str]) -> list[AlertRule]:
        found = []
        for rule in self._alerts():
            if rule.asked is None or name not in used(rule.asked, searches):
                continue
            try:
                lists = self.lists_among(rule.asked, searches)
                rule = written_out(msgspec.structs.replace(rule, query=rule.asked, lists=lists), searches)
                admit(rule)
            except UsageError as exc:
                raise UsageError(f"The alert {rule.name!r} names {name!r} and could not be kept so: {exc}") from exc
            found.append(rule)
        return found


def used(text: str, searches: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the saved searches that a query names, itself or by others."""
    asked = _Asked(searches)
    try:
        parse_part(text, asked, _AnyList())
    except UsageError:
        return frozenset(asked.names)  # as far as it can be read
    return frozenset(asked.names)


def written_out(rule: AlertRule, searches: Mapping[str, str]) -> AlertRule:
    """Return a rule with saved searches written out, and its query as it was asked. Raises ``UsageError``."""
    if not used(rule.query, searches):
        return msgspec.structs.replace(rule, asked=None)
    return msgspec.structs.replace(
        rule, query=show(parse(rule.query, searches, rule.lists, rule.time_zone)), asked=rule.query
    )


class _AnyList(dict[str, tuple[str, ...]]):
    """Know every list, each with one name."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> tuple[str, ...]:
        return ("x",)


class _Asked(dict[str, str]):
    """Note the names that a parser looks up."""

    def __init__(self, searches: Mapping[str, str]) -> None:
        super().__init__(searches)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)
