"""Lists of names of people, firms or places, for which ``list:NAME`` stands in queries.

A rule holds the names of the lists it uses, so that neither matcher nor index looks anything up: a list that changes is
written into every rule that uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from pipeline.errors import NotFoundError, UsageError
from pipeline.language.clean import cleaned
from pipeline.language.tokens import tokens_of
from pipeline.model import AlertRule
from pipeline.plain_words import unreadable
from pipeline.ports.table import Table, Transaction
from pipeline.query.vocabulary import nearest
from pipeline.records import read_records, read_texts

MAX_NAMES = 10_000
MAX_CHARS = 200
_NAME = re.compile(r"[^\W\d_][\w-]{0,59}")
_names = msgspec.json.Decoder(tuple[str, ...])


class Lists:
    """Keep lists by name; case makes no difference. Every method raises ``UsageError`` for what is wrong."""

    def __init__(self, *, lists: Table, rules: Table, searches: Table, transaction: Transaction) -> None:
        self._lists = lists
        self._rules = rules
        self._searches = searches
        self._transaction = transaction

    def all(self) -> dict[str, tuple[str, ...]]:
        """Return every list."""
        return dict(read_texts(self._lists, _names.decode, "list"))

    def get(self, name: str) -> tuple[str, ...]:
        """Return the names of a list."""
        value = self._lists.get(_key(name))
        if value is None:
            raise NotFoundError(
                f"There is no list {name!r}{nearest(_key(name), self.all())}; `newswire list show` has all."
            )
        try:
            return _names.decode(value)
        except msgspec.DecodeError as exc:
            words = (
                f"The list {name!r} cannot be read: {unreadable(exc)}; `newswire list add --replace` writes it anew."
            )
            raise UsageError(words) from exc

    def add(self, name: str, entries: Iterable[str], *, replace: bool = False) -> int:
        """Keep a new list, or in place of the one of its name; return how many names it has."""
        key, names = checked_list(name, entries)
        with self._transaction():
            if not replace and self._lists.get(key) is not None:
                raise UsageError(f"There is a list {name!r} already; add --replace, or `newswire list edit` it.")
            return self._keep(key, names)

    def edit(self, name: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
        """Add names to a list and take others out; return how many it has then."""
        with self._transaction():
            names = {_folded(entry): entry for entry in self.get(name)}
            for entry in remove:
                if names.pop(_folded(entry), None) is None:
                    raise UsageError(f"The list {name!r} does not hold {entry!r}{nearest(entry, names.values())}.")
            return self._keep(_key(name), _checked([*names.values(), *add]))

    def remove(self, name: str) -> None:
        """Drop a list that nothing uses."""
        with self._transaction():
            self._remove(name)

    def _remove(self, name: str) -> None:
        key = _key(name)
        self.get(name)
        # What readers with names keep is theirs alone: that it is there must be told, what it is must not.
        users = [f"the alert {rule.name!r}" if not rule.owner else "a reader's alert" for rule in self._using(key)]
        asked = re.compile(rf'\blist:"?{re.escape(key)}(?![\w-])', re.IGNORECASE)
        users += [
            f"the saved search {n!r}" if "/" not in n else "a reader's saved search"
            for n, query in read_texts(self._searches, bytes.decode, "search")
            if asked.search(query)
        ]
        if users:
            raise UsageError(f"The list {name!r} is used by {', '.join(users)}; change or remove that first.")
        self._lists.put(key, None)

    def _keep(self, key: str, names: tuple[str, ...]) -> int:
        self._lists.put(key, msgspec.json.encode(names))
        changed = {rule.id: _rewritten(rule, key, names) for rule in self._using(key)}
        if changed:
            self._rules.update(changed)
        return len(names)

    def _using(self, key: str) -> Iterator[AlertRule]:
        # One of a newer version is left out: that version knows its lists.
        yield from (rule for _, rule in read_records(self._rules, AlertRule) if key in rule.lists)


def checked_list(name: str, entries: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Return a list's name and names as they are kept. Raises ``UsageError``."""
    key = _key(name)
    if not _NAME.fullmatch(key):
        raise UsageError(f"{name!r} cannot name a list; use letters, digits, - and _, beginning with a letter.")
    return key, _checked(entries)


def read_names(text: str) -> list[str]:
    """Return the names of a file: one a line; lines that begin with # are left out."""
    lines = (cleaned(line).strip() for line in text.removeprefix("\ufeff").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _rewritten(rule: AlertRule, key: str, names: tuple[str, ...]) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(rule, lists=rule.lists | {key: names}))


def _key(name: str) -> str:
    return cleaned(name).strip().casefold()


def _folded(entry: str) -> tuple[str, ...]:
    return tokens_of(cleaned(entry))


def _checked(entries: Iterable[str]) -> tuple[str, ...]:
    """Return names without repetition, each with a word in it."""
    names: dict[tuple[str, ...], str] = {}
    for entry in entries:
        name = " ".join(cleaned(entry).split())
        tokens = _folded(name)
        if not tokens or len(name) > MAX_CHARS:
            raise UsageError(
                f"{entry[:50]!r} cannot be a name in a list; it has no word, or over {MAX_CHARS} characters."
            )
        names.setdefault(tokens, name)
    if not names:
        raise UsageError("A list holds one name at least; give some, or a file with one a line.")
    if len(names) > MAX_NAMES:
        raise UsageError(f"A list holds up to {MAX_NAMES:,} names, not {len(names):,}; make two of it.")
    return tuple(names.values())
