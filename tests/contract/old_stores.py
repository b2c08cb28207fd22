"""Undo, in a store of today, what versions after the first release keep beside the documents."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from pipeline.adapters.elasticsearch.template import template
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.packing import unpack

NEWER_FIELDS = ("number", "origin", "reported", "dated", "merged", "event_ids", "analysis")


def make_old(database: Database) -> None:
    """Leave of a store what schema 2 had."""
    connection = database.connection
    indices = "documents_number documents_written documents_story documents_analysis documents_first_seen".split()
    indices += ["documents_ahead", "deliveries_about", "deliveries_state"]
    for name in indices:
        connection.execute(f"DROP INDEX {name}")
    for table in ("counters", "merges", "events", "marks", "revisions", "memories"):
        connection.execute(f"DROP TABLE {table}")
    for column in ("number", "written", "story", "analysis"):
        connection.execute(f"ALTER TABLE documents DROP COLUMN {column}")
    connection.execute("ALTER TABLE deliveries DROP COLUMN source")
    for position, value in connection.execute("SELECT position, value FROM log WHERE packed").fetchall():
        connection.execute("UPDATE log SET value = ? WHERE position = ?", (unpack(value), position))
    connection.execute("ALTER TABLE log DROP COLUMN packed")
    connection.execute("PRAGMA user_version = 2")


def make_old_indices(url: str, prefix: str) -> None:
    """Make the indices of all months anew, as they were before item numbers, with their documents."""
    alias = f"{prefix}newswire"
    with Elasticsearch(url) as client:
        client.indices.refresh(index=alias)
        hits = client.search(index=alias, size=10_000, version=True)["hits"]["hits"]
        mappings: dict[str, Any] = template(prefix)["template"]["mappings"]
        ours = {k: v for k, v in mappings["properties"]["nw"]["properties"].items() if k not in NEWER_FIELDS}
        events = {k: v for k, v in ours["events"]["properties"].items() if k not in ("day", "same", "confidence")}
        ours["events"] = ours["events"] | {"properties": events}
        properties = mappings["properties"] | {"nw": {"properties": ours}}
        for name in client.indices.get_alias(name=alias).body:
            client.indices.delete(index=name)
            client.indices.create(index=name, mappings=mappings | {"properties": properties}, aliases={alias: {}})
        for hit in hits:
            kept = {k: v for k, v in hit["_source"]["nw"].items() if k not in NEWER_FIELDS}
            client.index(
                index=hit["_index"],
                id=hit["_id"],
                document=hit["_source"] | {"nw": kept},
                version=hit["_version"],
                version_type="external_gte",
            )
        client.indices.refresh(index=alias)
