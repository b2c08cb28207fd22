"""Found articles as a JSON Feed (version 1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.language.shorten import shorten
from pipeline.model import Document
from pipeline.web_addresses import web_address

SUMMARY = 400


def json_feed(documents: Sequence[Document], title: str, address: str, hub: str) -> dict[str, Any]:
    """Return the documents as a JSON Feed that is at an address, with the hub that tells of its news."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "feed_url": address,
        "hubs": [{"type": "WebSub", "url": hub}],
        "items": [_item(document) for document in documents],
    }


def _item(document: Document) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": f"urn:newswire:article:{document.id}",
        "title": document.title or document.source,
        "content_text": shorten(document.text or document.title or "", SUMMARY),
        "date_published": (document.published or document.seen).isoformat(),
        "authors": [{"name": name} for name in document.authors or (document.source,)],
    }
    if url := web_address(document.url):
        item["url"] = url
    if document.updated:
        item["date_modified"] = document.updated.isoformat()
    if document.language:
        item["language"] = document.language
    if document.tags:
        item["tags"] = list(document.tags)
    return item
