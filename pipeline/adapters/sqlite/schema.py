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
    # The index. `position` is the order key (indexing.order_key), shared by all of its tables: newest-first is then
    # the order FTS5 keeps its rows in, which costs nothing however many match. Instants are microseconds since 1970.
    "CREATE TABLE documents (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, "
    "first_seen INTEGER NOT NULL, seen INTEGER NOT NULL, published INTEGER, updated INTEGER, original TEXT, "
    "language TEXT, source TEXT NOT NULL)",
    "CREATE INDEX documents_original ON documents (original) WHERE original IS NOT NULL",
    # The JSON, compressed, apart from the columns that conditions read.
    "CREATE TABLE bodies (position INTEGER PRIMARY KEY, value BLOB NOT NULL)",
    "CREATE TABLE facets (position INTEGER NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, "
    "PRIMARY KEY (position, field, value)) WITHOUT ROWID",
    # The tokens that wildcards and fuzzy words stand for, and those that a word's stem stands for beside itself.
    "CREATE TABLE vocabulary (token TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE stems (language TEXT NOT NULL, stem TEXT NOT NULL, token TEXT NOT NULL, "
    "PRIMARY KEY (language, stem, token)) WITHOUT ROWID",
    "CREATE TABLE languages (language TEXT PRIMARY KEY, documents INTEGER NOT NULL) WITHOUT ROWID",
    # Contentless: the text is not stored twice. The tokenizer splits at spaces and leaves tokens as they are. Tokens of
    # title and body are as the analysis made them, those of names begin with "=", keywords with "|": what is asked of
    # title and body needs no column filter, which would make FTS5 read positions.
    "CREATE VIRTUAL TABLE terms USING fts5 (title, body, author, source, actor, target, place, said, quote, keys, "
    "content='', tokenize=\"ascii tokenchars '!\"\"''#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\")",
    # Fewer, larger merges: half the work of indexing, for a few more look-ups per word.
    "INSERT INTO terms (terms, rank) VALUES ('automerge', 16)",
    "CREATE TABLE deliveries (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, "
    "rule_id TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL, alert BLOB NOT NULL, state TEXT NOT NULL, "
    "due INTEGER NOT NULL, changed INTEGER NOT NULL, attempts INTEGER NOT NULL, error TEXT, digest INTEGER NOT NULL, "
    "priority TEXT NOT NULL, receipt TEXT, claimed INTEGER NOT NULL DEFAULT 0)",
    "CREATE INDEX deliveries_queued ON deliveries (channel, due) WHERE state = 'queued'",
    "CREATE INDEX deliveries_subject ON deliveries (subject)",
    "CREATE INDEX deliveries_rule ON deliveries (rule)",
    "CREATE INDEX deliveries_paged ON deliveries (rule_id, channel, due)",
)

VERSION_2: tuple[str, ...] = (
    "ALTER TABLE documents ADD COLUMN origins INTEGER NOT NULL DEFAULT 1",
    # What a large transaction adds is written at once, not a megabyte at a time to be merged later.
    "INSERT INTO terms (terms, rank) VALUES ('hashsize', 16777216)",
)

VERSION_3: tuple[str, ...] = (
    # `number` is an article's item number and stays, `written` that of its last write; both are taken from one counter.
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "ALTER TABLE documents ADD COLUMN number INTEGER",
    "ALTER TABLE documents ADD COLUMN written INTEGER",
    "ALTER TABLE documents ADD COLUMN story TEXT",
    # Earlier articles are numbered by first sight: the largest of those before plus one, or the time if that is later.
    "UPDATE documents SET number = n, written = n FROM (SELECT place, "
    "rank + max(moment - rank) OVER (ORDER BY rank) AS n FROM "
    "(SELECT position AS place, max(first_seen, 1000000000000000) AS moment, "
    "row_number() OVER (ORDER BY first_seen, position) AS rank FROM documents)) WHERE position = place",
    "INSERT INTO counters (name, value) SELECT 'written', ifnull(max(number), 0) FROM documents",
    "UPDATE documents SET story = value FROM facets WHERE facets.position = documents.position AND field = 'story'",
    "CREATE UNIQUE INDEX documents_number ON documents (number)",
    "CREATE INDEX documents_written ON documents (written)",
    "CREATE INDEX documents_story ON documents (story) WHERE story IS NOT NULL",
    # `kept` is the story that goes on, never one that was merged in its turn.
    "CREATE TABLE merges (gone TEXT PRIMARY KEY, kept TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX merges_kept ON merges (kept)",
    # `day` is that of the event, where it has one.
    "CREATE TABLE events (position INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, day TEXT, "
    "confidence REAL NOT NULL, PRIMARY KEY (position, id)) WITHOUT ROWID",
    "CREATE INDEX events_id ON events (id)",
    # Merges and events of earlier articles are in their text only: they are read in slices, down from this position.
    "INSERT INTO counters (name, value) SELECT 'unread', max(position) + 1 FROM documents WHERE position IS NOT NULL "
    "HAVING count(*) > 0",
    "ALTER TABLE deliveries ADD COLUMN source TEXT",
    "UPDATE deliveries SET source = json_extract(CAST(alert AS TEXT), '$.article.source')",
    "CREATE INDEX deliveries_about ON deliveries (rule_id, subject, channel, source, state)",
    "CREATE INDEX deliveries_state ON deliveries (state, number)",
)

VERSION_4: tuple[str, ...] = (
    # The version of the text analysis that made a document's terms; `analysis` among the counters is that of the table.
    "ALTER TABLE documents ADD COLUMN analysis INTEGER NOT NULL DEFAULT 1",
    "CREATE INDEX documents_analysis ON documents (analysis)",
    "INSERT INTO counters (name, value) SELECT 'analysis', 1 WHERE EXISTS (SELECT 1 FROM documents)",
)

VERSION_5: tuple[str, ...] = (
    # How the value is stored: as it is, or compressed (see ``packing``).
    "ALTER TABLE log ADD COLUMN packed INTEGER NOT NULL DEFAULT 0",
    # What is removed first.
    "CREATE INDEX documents_first_seen ON documents (first_seen)",
    # Earlier revisions of articles, each as what it takes to make it from the next one that is kept.
    "CREATE TABLE revisions (article TEXT NOT NULL, revision INTEGER NOT NULL, written INTEGER NOT NULL, "
    "value BLOB NOT NULL, PRIMARY KEY (article, revision)) WITHOUT ROWID",
    # Levels of the index are merged in the background as soon as there are four of a kind.
    "INSERT INTO terms (terms, rank) VALUES ('usermerge', 4)",
)

VERSION_6: tuple[str, ...] = (
    "CREATE TABLE marks (reader TEXT NOT NULL, mark TEXT NOT NULL, article TEXT NOT NULL, number INTEGER NOT NULL, "
    "UNIQUE (reader, article, mark))",
    "CREATE INDEX marks_number ON marks (reader, mark, number, article)",
)

VERSION_7: tuple[str, ...] = (
    # Articles dated later than they were first seen do not stand where their date would have them in newest-first.
    "CREATE INDEX documents_ahead ON documents (ifnull(published, seen)) WHERE ifnull(published, seen) > first_seen",
)

VERSION_8: tuple[str, ...] = (
    # The file beside the store that a stage's memory was saved to, and the last write of facts that went into it.
    "CREATE TABLE memories (name TEXT PRIMARY KEY, token TEXT NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    VERSION_1,
    VERSION_2,
    VERSION_3,
    VERSION_4,
    VERSION_5,
    VERSION_6,
    VERSION_7,
    VERSION_8,
)
