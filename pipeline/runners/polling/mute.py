"""Tell articles that the reader of a feed does not want, by queries such as search and alerts have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from pipeline.errors import UsageError
from pipeline.model import Article, as_document
from pipeline.query.evaluate import MatchView
from pipeline.query.parser import parse
from pipeline.query.requirements import holds
from pipeline.query.tree import AnyNode
from pipeline.stages.identify.normalize import normalize


def is_muted(article: Article, queries: Iterable[str], now: datetime) -> bool:
    """Decide whether any query finds an article as its feed gave it; a query that is not understood finds nothing."""
    roots = [root for query in queries if (root := _root(query)) is not None]
    if not roots:
        return False
    article = normalize(article)
    reading = MatchView(as_document(article))
    return any(holds(root, reading, now) for root in roots)


@lru_cache(maxsize=10_000)
def _root(query: str) -> AnyNode | None:
    try:
        return parse(query).root
    except UsageError:
        return None
