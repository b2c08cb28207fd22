"""Alert rules, saved searches and lists as TOML that ``alert import`` reads again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from pipeline.model import AlertRule

# What belongs to this store and not to what somebody wants to be told.
OWN = frozenset({"id", "created", "owner", "schema_version", "asked", "lists"})


def write_toml(
    rules: Iterable[AlertRule], searches: Mapping[str, str], lists: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Write lists, saved searches and rules, each rule with what differs from the defaults; channels as given."""
    tables = [_table("list", {"name": name, "names": names}) for name, names in sorted((lists or {}).items())]
    tables += [_table("search", {"name": name, "query": query}) for name, query in sorted(searches.items())]
    return "\n".join([*tables, *(_table("alert", dict(_said(rule))) for rule in rules)])


def _said(rule: AlertRule) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(AlertRule):
        value = getattr(rule, field.name)
        if field.name == "query":
            value = rule.asked or rule.query
        if field.name not in OWN and (field.required or value != field.default):
            yield field.name, value


def _table(kind: str, values: Mapping[str, object]) -> str:
    lines = [f"{name} = {_value(value)}" for name, value in values.items() if value is not None]
    return "\n".join([f"[[{kind}]]", *lines, ""])


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    # JSON strings, numbers, booleans and lists are those of TOML, but for DEL.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
