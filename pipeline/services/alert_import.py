"""Alert rules from files: our own TOML, filter rules of Miniflux and FreshRSS, addresses of Google Alerts feeds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from pipeline.errors import UsageError
from pipeline.model import AlertRule, derive_id
from pipeline.plain_words import TomlError, invalid, read_toml
from pipeline.references import anchored, is_reference, reference
from pipeline.services.alert_export import OWN

# Miniflux writes Field=RegEx; these fields have one of ours.
_MINIFLUX = re.compile(r"(EntryTitle|EntryContent|EntryAuthor|EntryTag)=(.+)")
_MINIFLUX_FIELDS = {"EntryTitle": "title", "EntryContent": "body", "EntryAuthor": "author", "EntryTag": "tag"}
_FRESHRSS_FIELDS = {"intitle": "title", "intext": "body", "author": "author"}
_FRESHRSS = re.compile(r'(?P<not>[-!]?)(?:(?P<field>[a-z]+):|(?P<tag>#))?(?P<value>"[^"]*"|\'[^\']*\'|/[^/]*/i?m?|\S+)')
# What of a regular expression has a meaning in the query language: words, and alternatives of words.
_FLAGS = re.compile(r"^\(\?[a-z]+\)")
_PLAIN = re.compile(r"[\w\s'’&.,-]+")


class SavedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a saved search of a file."""

    name: str
    query: str


class NameList(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a list of a file."""

    name: str
    names: tuple[str, ...]


Named = TypeVar("Named", SavedSearch, NameList)
Entry: TypeAlias = AlertRule | SavedSearch | NameList | str


def read_rules(content: bytes, name: str, now: datetime) -> Iterator[Entry]:
    """Yield a list, saved search or rule, or the sentence about why there is none, per entry of a file called ``name``.

    Raises ``UsageError`` for a file that is none.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{name} is not text in UTF-8 (byte {exc.start}).") from exc
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith(("<", "{")):
        raise UsageError(f"{name} is no file of alerts: neither TOML with [[alert]] tables nor one rule a line.")
    if name.endswith(".toml") or start.startswith(("[[alert]", "[[search]", "[[list]")):
        yield from _from_toml(name, text, now)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("# "):
            continue
        try:
            query, called = translate(line.strip())
        except UsageError as exc:
            yield f"{name}, line {number}: {exc}"
            continue
        yield AlertRule(id=derive_id("rule", called, now.isoformat()), name=called, query=query, created=now)


def _from_toml(file: str, text: str, now: datetime) -> Iterator[Entry]:
    try:
        tables = read_toml(text)
    except TomlError as exc:
        raise UsageError(f"{file} is not TOML: {exc}.") from exc
    entries, searches, lists = (tables.get(kind, []) for kind in ("alert", "search", "list"))
    if not all(isinstance(part, list) for part in (entries, searches, lists)) or not (entries or searches or lists):
        raise UsageError(f"{file} has no [[alert]] tables with name and query.")
    yield from _converted(file, "list", lists, NameList)
    yield from in_order(_converted(file, "saved search", searches, SavedSearch))
    known = {field.name for field in msgspec.structs.fields(AlertRule)} - OWN
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            yield f"{file}: alert {number} is no table."
            continue
        name = entry.get("name", f"number {number}")
        if unknown := sorted(entry.keys() - known):
            yield f"{file}: alert {name!r} is left out: unknown {', '.join(unknown)}."
            continue
        try:
            # What is not said is as in `alert add`.
            entry = _with_references(entry, Path(file).absolute().parent)
            identity = {"id": derive_id("rule", str(name), now.isoformat()), "created": now}
            yield msgspec.convert(entry | identity, AlertRule)
        except msgspec.ValidationError as exc:
            yield f"{file}: alert {name!r} is left out: {invalid(exc)}."


def _with_references(entry: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Return an entry with each ``{env = …}`` and ``{file = …}`` of its channels as text, files from ``directory``."""
    channels = entry.get("channels")
    if not isinstance(channels, list):
        return entry
    return entry | {"channels": [_channel(channel, directory) for channel in channels]}


def _channel(channel: object, directory: Path) -> object:
    if isinstance(channel, str):
        return anchored(channel, directory) if is_reference(channel) else channel
    if isinstance(channel, dict) and len(channel) == 1:
        ((source, place),) = channel.items()
        if source in ("env", "file") and isinstance(place, str):
            return anchored(reference(source, place), directory)
    return channel


def _converted(file: str, kind: str, entries: list[object], of: type[Named]) -> Iterator[Named | str]:
    for number, entry in enumerate(entries, 1):
        try:
            yield msgspec.convert(entry, of)
        except msgspec.ValidationError as exc:
            yield f"{file}: {kind} number {number} is left out: {invalid(exc)}."


def in_order(entries: Iterable[SavedSearch | str]) -> Iterator[SavedSearch | str]:
    """Yield saved searches, those that others name before them."""
    waiting: dict[str, SavedSearch] = {}
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            waiting[entry.name] = entry
    while waiting:
        ready = [each for each in waiting.values() if not any(f"search:{other}" in each.query for other in waiting)]
        for search in ready or list(waiting.values()):
            yield waiting.pop(search.name)


def translate(line: str) -> tuple[str, str]:
    """Return query and name of one line. Raises ``UsageError`` for what has no counterpart."""
    if line.startswith(("http://", "https://")):
        return _from_google(line)
    if found := _MINIFLUX.fullmatch(line):
        field, pattern = _MINIFLUX_FIELDS[found[1]], found[2]
        return _field(field, _from_pattern(pattern)), line
    if re.match(r"[A-Z]\w+=", line):
        raise UsageError(f"{line.partition('=')[0]} has no counterpart in a query.")
    return _from_freshrss(line), line


def _from_google(address: str) -> tuple[str, str]:
    """Take the query out of an address of Google Alerts or of Google News search; theirs is ours with few changes."""
    parts = urlsplit(address)
    asked = parse_qs(parts.query).get("q", [""])[0].strip()
    if not (parts.hostname or "").endswith((".google.com", "google.com")):
        raise UsageError("this is no address of Google's.")
    if not asked:
        raise UsageError(
            "a Google Alerts feed does not tell its query; follow it with `newswire add`, where its links are "
            "unwrapped, and use its title as the query."
        )
    query = re.sub(r"\bsite:(\S+)", r"source:\1", asked)
    query = re.sub(r"\bintitle:", "title:", query)
    return re.sub(r"\bwhen:(\d+[hd])\b", r"last:\1", query), asked


def _from_pattern(pattern: str) -> str:
    """Write alternatives of plain words as a query; other regular expressions mean something no query says."""
    inner = _FLAGS.sub("", pattern.strip()).replace(r"\b", "").replace(r"\s", " ").replace(r"\.", ".")
    inner = inner.removeprefix(".*").removesuffix(".*")
    while inner.startswith("(") and inner.endswith(")") and inner.count("(") == 1:
        inner = inner[1:-1].removeprefix("?:")
    parts = [part.strip() for part in inner.split("|")]
    if not all(part and _PLAIN.fullmatch(part) and re.search(r"\w", part) for part in parts):
        raise UsageError(f"the regular expression {pattern!r} is more than words and alternatives of words.")
    terms = [f'"{part}"' for part in parts]
    return terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"


def _field(field: str, query: str) -> str:
    if field != "tag" or not query.startswith("("):
        return f"{field}:{query}"
    return "(" + " OR ".join(f"tag:{term}" for term in query[1:-1].split(" OR ")) + ")"


def _from_freshrss(line: str) -> str:
    """Translate a FreshRSS search; its AND is implied and its OR is ours."""
    parts = []
    for found in _FRESHRSS.finditer(line):
        value = found["value"]
        if value in ("OR", "AND", "NOT", "(", ")"):
            parts.append(value)
            continue
        if found["field"] is not None and found["field"] not in _FRESHRSS_FIELDS:
            raise UsageError(f"{found['field']}: has no counterpart in a query.")
        query = _from_pattern(value.strip("/im")) if value.startswith("/") else _worded(value)
        field = _FRESHRSS_FIELDS[found["field"]] if found["field"] else "tag" if found["tag"] else None
        parts.append(("-" if found["not"] else "") + (_field(field, query) if field else query))
    return " ".join(parts)


def _worded(value: str) -> str:
    return f'"{value[1:-1]}"' if value[0] in "\"'" else value
