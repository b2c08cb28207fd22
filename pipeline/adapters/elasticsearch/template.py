"""What Elasticsearch is told about our indices, and what it is given of a document.

Everything newswire searches by lies under ``nw``: our own tokens in fields that are split at white space, keywords,
numbers and nested events, none of it kept in ``_source``. ``title``, ``text``, ``published`` and the rest are mapped
in the ordinary way for other users of the index, such as Kibana. Only core features: any distribution will do.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.language.tokens import ANALYSIS_VERSION
from pipeline.model import Document
from pipeline.moments import microseconds
from pipeline.query.indexing import clip_keyword, events_of, facets_of, order_day, order_key, quotations_of, terms_of
from pipeline.query.values import keyword_values

_TOKENS = {"type": "text", "analyzer": "whitespace"}
_KEYWORD = {"type": "keyword"}
_LONG = {"type": "long"}
_PARTS = ("title", "body", "title_stems", "body_stems", "author", "source")
EVENT_CODES = ("event", "when", "scheduled")
_MAPPINGS: dict[str, Any] = {
    "dynamic": False,
    "_source": {"excludes": ["nw.terms", "nw.keys", "nw.events", "nw.quotations", "nw.facets", "nw.event_ids"]},
    "properties": {
        "title": {"type": "text"},
        "text": {"type": "text"},
        "url": {"type": "keyword", "ignore_above": 4096},
        "source": {"type": "keyword", "ignore_above": 1024},
        "feed": {"type": "keyword", "ignore_above": 4096},
        "language": _KEYWORD | {"ignore_above": 64},
        "authors": {"type": "keyword", "ignore_above": 1024},
        "tags": {"type": "keyword", "ignore_above": 1024},
        "story_id": {"type": "keyword", "ignore_above": 1024},
        "published": {"type": "date", "ignore_malformed": True},
        "updated": {"type": "date", "ignore_malformed": True},
        "seen": {"type": "date", "ignore_malformed": True},
        "nw": {
            "properties": {
                "id": _KEYWORD,
                "order": _LONG,
                "day": _KEYWORD,
                "first_seen": _LONG,
                "indexed": _LONG,
                "original": _KEYWORD,
                "revision": _LONG,
                "origins": _LONG,
                "published": _LONG,
                "updated": _LONG,
                "seen": _LONG,
                "number": _LONG,
                "analysis": _LONG,
                # What stories are summed up by: the id that all copies share, when it reported, what it is ordered by.
                "origin": _KEYWORD,
                "reported": _LONG,
                "dated": _LONG,
                "merged": _KEYWORD,
                "event_ids": _KEYWORD,
                "terms": {"properties": dict.fromkeys(_PARTS, _TOKENS)},
                "keys": {"properties": dict.fromkeys(("lang", "tag", "feed", "story", "id", "url", "site"), _KEYWORD)},
                "events": {
                    "type": "nested",
                    "properties": dict.fromkeys(EVENT_CODES, _KEYWORD)
                    | dict.fromkeys(("actor", "target", "place"), _TOKENS)
                    # Events of one type that one story reports of one day are counted once.
                    | {"day": _KEYWORD, "same": _KEYWORD, "confidence": {"type": "float"}},
                },
                "quotations": {"type": "nested", "properties": {"said": _TOKENS, "quote": _TOKENS}},
                "facets": {
                    "properties": dict.fromkeys(
                        ("source", "language", "tag", "story", "actor", "place", "event"), _KEYWORD
                    )
                },
            }
        },
    },
}


def template(prefix: str) -> dict[str, Any]:
    """Return the composable template for the indices under a prefix. Only we create them, with their alias."""
    return {
        "index_patterns": [f"{prefix}newswire-*"],
        # A longer prefix may begin with a shorter one: the closer template wins.
        "priority": 500 + len(prefix),
        "allow_auto_create": False,
        "template": {
            "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "1s"},
            "mappings": _MAPPINGS,
        },
        "_meta": {
            "description": "newswire articles, one index per month of first sight",
            "analysis": ANALYSIS_VERSION,
        },
    }


def mapped() -> dict[str, Any]:
    """Return all fields, to be made known to indices that an earlier version made."""
    properties: dict[str, Any] = _MAPPINGS["properties"]
    return properties


def month_of(first_seen: datetime) -> str:
    """Return the month that names an index, such as ``2022.02``."""
    return f"{first_seen:%Y.%m}"


def entry_of(document: Document, first_seen: datetime, indexed: datetime, number: int) -> bytes:
    """Return the JSON to index. Raises ``UnicodeEncodeError`` for text with lone surrogates."""
    entry: dict[str, Any] = msgspec.structs.asdict(document)
    order = order_key(document, first_seen)
    facets: dict[str, list[str]] = {"source": [clip_keyword(document.source)]}
    if document.language:
        facets["language"] = [clip_keyword(document.language)]
    for name, value in sorted(facets_of(document)):
        facets.setdefault(name, []).append(clip_keyword(value))
    dated = document.published or document.seen
    entry["nw"] = {
        "id": document.id,
        "order": order,
        "day": order_day(order),
        "first_seen": microseconds(first_seen),
        "indexed": microseconds(indexed),
        "original": document.duplicate_of,
        "revision": document.revision,
        "origins": document.origins,
        "published": microseconds(document.published) if document.published else None,
        "updated": microseconds(document.updated) if document.updated else None,
        "seen": microseconds(document.seen),
        "number": number,
        "analysis": ANALYSIS_VERSION,
        "origin": clip_keyword(document.source) if document.duplicate_of is None else None,
        "reported": microseconds(min(dated, document.seen)),
        "dated": microseconds(dated),
        "merged": list(document.merged),
        "event_ids": [event.id for event in document.events],
        "terms": terms_of(document),
        "keys": {name: [clip_keyword(value) for value in values] for name, values in keyword_values(document).items()},
        "events": [
            values
            | {
                "day": event.date.value[:10] if event.date else f"{dated.astimezone(UTC):%Y-%m-%d}",
                "same": f"{event.type} {document.story_id or document.id}",
                "confidence": event.confidence,
            }
            for event, values in zip(document.events, events_of(document), strict=True)
        ],
        "quotations": quotations_of(document),
        "facets": facets,
    }
    return msgspec.json.encode(entry)
