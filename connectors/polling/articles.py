"""From the entries of a parsed feed to articles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from connectors.addresses import shown_url
from connectors.formats.parsed import ParsedEntry, ParsedFeed
from connectors.polling.identity import candidate_of, identify_entries
from pipeline.model import Article, derive_id


def articles_of(
    parsed: ParsedFeed,
    feed_url: str,
    seen: datetime,
    identities: Sequence[str] | None = None,
    *,
    source: str | None = None,
    language: str | None = None,
    tags: tuple[str, ...] = (),
) -> list[Article]:
    """Return each entry as an article; without ``identities`` they are judged by this document alone.

    ``source`` is what the feed is called: what it took over from others is known by theirs.
    """
    if identities is None:
        entries = [candidate_of(entry) for entry in parsed.entries]
        identities = [identity for identity, _ in identify_entries(entries, (), feed_url, parsed.home)]
    name = source or _plain(parsed.title) or _host(feed_url)
    return [
        _article(entry, derive_id(feed_url, identity), parsed, feed_url, seen, entry.source or name, language, tags)
        for entry, identity in zip(parsed.entries, identities, strict=True)
    ]


def _article(
    entry: ParsedEntry,
    article_id: str,
    parsed: ParsedFeed,
    feed_url: str,
    seen: datetime,
    source: str,
    language: str | None,
    tags: tuple[str, ...],
) -> Article:
    return Article(
        id=article_id,
        source=source,
        seen=seen,
        url=shown_url(entry.url) if entry.url else None,
        title=entry.title,
        authors=entry.authors,
        published=entry.published,
        updated=entry.updated,
        text=entry.text,
        html=entry.html,
        language=language or entry.language or parsed.language,
        tags=tuple(dict.fromkeys((*entry.tags, *tags))),
        feed=feed_url,
        withdrawn=entry.withdrawn,
        title_is_text=True,
        image=entry.image,
        enclosures=entry.enclosures,
    )


def _plain(text: str | None) -> str | None:
    return " ".join(text.split())[:200] or None if text else None


def _host(url: str) -> str:
    match = re.match(r"\w+://(?:www\.)?([^/?#]+)", url)
    return match.group(1) if match else url
