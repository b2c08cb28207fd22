"""Read the articles of an address or a file as the pipeline would, keeping nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.files.files import read_files
from connectors.formats.parsed import NotAFeedError
from connectors.polling.articles import articles_of
from connectors.polling.subscription import Subscription
from pipeline.errors import UsageError
from pipeline.model import Article
from pipeline.stages.identify.normalize import normalize

if TYPE_CHECKING:
    from connectors.polling.parser import Parser
    from connectors.polling.sources import Sources


def read_path(path: Path, now: datetime) -> list[Article]:
    """Return the normalized articles of a file or directory. Raises ``UsageError`` naming it."""
    if not path.exists():
        raise UsageError(f"There is no file {path}; give a file, a directory or an address with http:// or https://.")
    return [normalize(article) for article in read_files(path, now)]


async def read_address(sources: Sources, parser: Parser, url: str, now: datetime) -> list[Article]:
    """Return the normalized articles of an address. Raises ``FetchError``, and ``UsageError`` for what is no feed."""
    asked = Subscription(url=url, added=now)
    try:
        fetched = await sources.fetch(asked)
        body, kind, parse = fetched.body or b"", fetched.content_type, sources.parse_of(asked)
        parsed = await asyncio.to_thread(parser.parse, body, kind, fetched.url, parse)
    except NotAFeedError as exc:
        raise UsageError(str(exc)) from exc
    return [normalize(article) for article in articles_of(parsed, url, now)]
