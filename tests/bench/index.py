"""Bulk indexing beside plain FTS5 on the same texts: articles a second of both, in turn, in the same run.

Plain is what one writes by hand: a table of FTS5 with title and text, filled by ``executemany`` in transactions as
large as ours, in a file with our pragmas. Ours keeps the whole article as well, what words and their stems stand for,
names, keywords and facets. Texts are made, of 300 words each; ``distinct_words`` says how many different ones are in
them, for a new word costs more than one that is known. NEWSWIRE_BENCH_ARTICLES sets another number of articles.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.language import tokens
from pipeline.model import Document
from tests.bench.corpus import Corpus

ARTICLES = int(os.environ.get("NEWSWIRE_BENCH_ARTICLES", "8000"))
BULK = 2_000  # what is committed at once
ROUNDS = 3
_PLAIN = "CREATE VIRTUAL TABLE plain USING fts5 (id UNINDEXED, title, text)"
_INSERT = "INSERT INTO plain (id, title, text) VALUES (?, ?, ?)"


def run() -> dict[str, float]:
    """Return the medians of some rounds, each of plain FTS5 and then ours, and the ratio of their speeds."""
    corpus = Corpus()
    documents = [corpus.article(number) for number in range(ARTICLES)]
    figures: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        plain, ours = _measured(documents, _fill_plain), _measured(documents, _fill_ours)
        for kind in ("docs_per_s", "docs_per_cpu_s", "bytes_per_article"):
            figures[f"index_{kind}"].append(ours[kind])
            figures[f"plain_{kind}"].append(plain[kind])
        figures["ratio_vs_plain_fts5"].append(ours["docs_per_s"] / plain["docs_per_s"])
        figures["cpu_ratio_vs_plain_fts5"].append(ours["docs_per_cpu_s"] / plain["docs_per_cpu_s"])
    words = {word.strip(".,").lower() for document in documents for word in (document.text or "").split()}
    return {name: round(statistics.median(values), 3) for name, values in figures.items()} | {
        "articles": ARTICLES,
        "distinct_words": len(words),
        "load": round(os.getloadavg()[0], 1),
    }


def _measured(documents: Sequence[Document], fill: Callable[[Database, Sequence[Document]], None]) -> dict[str, float]:
    """Fill a new store; what is remembered of texts and stems from the round before is forgotten."""
    tokens.forget()
    with tempfile.TemporaryDirectory() as directory, Database(Path(directory) / "newswire.db") as database:
        started, used = time.perf_counter(), time.process_time()
        fill(database, documents)
        wall, cpu = time.perf_counter() - started, time.process_time() - used
        size = sum(path.stat().st_size for path in Path(directory).iterdir() if path.suffix == ".db")
    count = len(documents)
    return {"docs_per_s": count / wall, "docs_per_cpu_s": count / cpu, "bytes_per_article": size / count}


def _fill_plain(database: Database, documents: Sequence[Document]) -> None:
    database.connection.execute(_PLAIN)
    for start in range(0, len(documents), BULK):
        with database.transaction():
            rows = ((each.id, each.title, each.text) for each in documents[start : start + BULK])
            database.connection.executemany(_INSERT, rows)


def _fill_ours(database: Database, documents: Sequence[Document]) -> None:
    index = SqliteIndex(database)
    for start in range(0, len(documents), BULK):
        index.upsert(documents[start : start + BULK])
