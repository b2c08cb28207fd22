"""Open feeds against what was written from their sources by hand, field by field."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError
from connectors.polling.articles import articles_of
from pipeline.model import Article
from pipeline.stages.identify.normalize import normalize

URL = "http://feeds.example/d/feed"
SEEN = datetime(2026, 11, 20, tzinfo=UTC)
FIELDS = ("count", "title", "url", "published", "updated", "authors", "text", "tags")
GOLDEN = Path(__file__).resolve().parents[1] / "data" / "connectors" / "golden.toml"


def run() -> dict[str, float]:
    """Return for each field the share of values that came out right, and how many were judged."""
    feeds = Path(os.environ.get("NEWSWIRE_SHARED_DATA", "../shared/data")) / "feeds"
    if not feeds.is_dir():
        raise FileNotFoundError(f"{feeds} is missing: set NEWSWIRE_SHARED_DATA to the directory of open feeds")
    right, judged = Counter[str](), Counter[str]()
    for _, field, wanted, found in compared(feeds):
        judged[field] += 1
        right[field] += wanted == found
    return {field: right[field] / judged[field] for field in FIELDS} | {"judged": float(judged.total())}


def compared(feeds: Path) -> Iterator[tuple[str, str, object, object]]:
    """Yield every judged value: its place, its field, what is wanted and what was found."""
    for golden in tomllib.loads(GOLDEN.read_text())["golden"]:
        paths = sorted(path for pattern in golden["files"] for path in feeds.glob(pattern))
        if not paths:
            raise FileNotFoundError(f"no file below {feeds} matches {golden['files']}")
        for path in paths:
            articles = _articles(path)
            if "count" in golden:
                yield path.name, "count", golden["count"], len(articles)
            for number, entry in enumerate(golden["entries"]):
                article = articles[number] if number < len(articles) else None
                for field, wanted in entry.items():
                    yield (
                        f"{path.relative_to(feeds)}, entry {number + 1}",
                        field,
                        _wanted(field, wanted),
                        _found(article, field),
                    )


def _articles(path: Path) -> list[Article]:
    try:
        return [normalize(article) for article in articles_of(parse_document(path.read_bytes(), None, URL), URL, SEEN)]
    except NotAFeedError:
        return []


def _wanted(field: str, value: Any) -> object:
    if field in ("published", "updated"):
        return datetime.fromisoformat(value) if value else None
    return tuple(value) if isinstance(value, list) else value or None


def _found(article: Article | None, field: str) -> object:
    return "no such entry" if article is None else getattr(article, field)
