"""Article lines: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Article, derive_id


def read_jsonl(lines: Iterable[bytes], name: str, seen: datetime) -> Iterator[Article]:
    """Read articles, one JSON object a line; all fields are optional but title or text. Raises ``UsageError``."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise UsageError(f"{name}, line {number}: no valid JSON ({exc}).") from exc
        if not isinstance(record, dict) or not (record.get("title") or record.get("text") or record.get("html")):
            raise UsageError(f"{name}, line {number}: an article is an object with a title or a text.")
        try:
            yield _json_article({key: value for key, value in record.items() if value is not None}, name, seen)
        except (msgspec.ValidationError, ValueError) as exc:
            raise UsageError(f"{name}, line {number}: {exc}.") from exc


def _json_article(record: dict[str, object], name: str, seen: datetime) -> Article:
    for field in ("published", "updated", "seen"):
        if isinstance(record.get(field), str):
            moment = datetime.fromisoformat(str(record[field]))
            record[field] = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    source = str(record.get("source") or name)
    identity = str(record.get("url") or json.dumps([record.get("title"), record.get("text")]))
    allowed = {field: record[field] for field in Article.__struct_fields__ if field in record}
    allowed |= {"id": str(record.get("id") or derive_id(source, identity)), "source": source}
    allowed.setdefault("seen", seen)
    allowed["revision"] = 0
    return msgspec.convert(allowed, Article)
