"""Read article lines: one JSON object a line. The only reader of them, for files, rules and extraction alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from connectors.formats.dates import parse_date
from connectors.formats.markup import sanitized
from pipeline.errors import UsageError
from pipeline.model import Article, derive_id
from pipeline.plain_words import invalid, not_json


class ArticleLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the article of one line; ``number`` counts from 1, ``label`` is what the line calls it: id or address."""

    number: int
    label: str
    article: Article


def read_jsonl(lines: Iterable[bytes], name: str, seen: datetime) -> Iterator[Article]:
    """Yield the articles of the lines of ``name``, as ``read_lines`` does."""
    return (line.article for line in read_lines(lines, name, seen))


def read_lines(lines: Iterable[bytes], name: str, seen: datetime) -> Iterator[ArticleLine]:
    """Yield each line of ``name`` as an article that was ``seen`` then; blank lines are passed over.

    All fields of ``Article`` are taken, and none is needed but a title, text or html; ``null`` is as if absent. A date
    is ISO 8601 or as feeds write it, in UTC where it has no zone; a day alone begins at midnight. The id is derived
    from source and url, else from source, title and text. Raises ``UsageError`` naming the line.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise UsageError(f"{name}, line {number}: {not_json(exc)}.") from exc
        if not isinstance(record, dict) or not (record.get("title") or record.get("text") or record.get("html")):
            raise UsageError(f"{name}, line {number}: an article is an object with a title or a text.")
        try:
            article = _article({key: value for key, value in record.items() if value is not None}, name, seen)
        except (msgspec.ValidationError, ValueError, RecursionError) as exc:
            raise UsageError(f"{name}, line {number}: {invalid(exc)}.") from exc
        yield ArticleLine(number=number, label=str(record.get("id") or article.url or article.id), article=article)


def _article(record: dict[str, object], name: str, seen: datetime) -> Article:
    for field in ("published", "updated", "seen"):
        value = record.get(field)
        if isinstance(value, str):
            record[field] = _date(field, value)
    source = str(record.get("source") or name)
    identity = str(record.get("url") or json.dumps([record.get("title"), record.get("text")]))
    allowed = {field: record[field] for field in Article.__struct_fields__ if field in record}
    allowed |= {"id": str(record.get("id") or derive_id(source, identity)), "source": source}
    allowed.setdefault("seen", seen)
    allowed["revision"] = 0
    if isinstance(html := allowed.get("html"), str):
        # Whoever pushes articles passes on what others wrote.
        allowed["html"] = sanitized(html, str(record.get("url") or "") or None)
    return msgspec.convert(allowed, Article)


def _date(field: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        if (read := parse_date(text)) is None:
            raise ValueError(f"{field} {text[:100]!r} is not a date such as 2022-02-24 or 2022-02-24T12:00Z") from None
        return read
    return found if found.tzinfo else found.replace(tzinfo=UTC)
