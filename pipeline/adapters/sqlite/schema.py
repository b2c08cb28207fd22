"""What the store file holds, version by version. A released entry is never edited: append the next one."""

from __future__ import annotations

VERSION_1: tuple[str, ...] = (
    "CREATE TABLE log (position INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL, "
    "value BLOB NOT NULL, headers BLOB, written INTEGER NOT NULL DEFAULT (strftime('%s', 'now')))",
    "CREATE INDEX log_topic ON log (topic, position)",
    "CREATE TABLE offsets (topic TEXT NOT NULL, reader TEXT NOT NULL, position INTEGER NOT NULL, "
    "PRIMARY KEY (topic, reader)) WITHOUT ROWID",
    # AUTOINCREMENT: a version is never given twice, even after the newest row was replaced.
    "CREATE TABLE entries (version INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, key TEXT NOT NULL, "
    "value BLOB, UNIQUE (name, key))",
    "CREATE INDEX entries_version ON entries (name, version)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (VERSION_1,)
