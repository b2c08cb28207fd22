"""The embedded store: one SQLite file in WAL mode that holds the log, the tables, the index and the ledger."""
