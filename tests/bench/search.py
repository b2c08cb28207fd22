"""Measure the embedded index on 200,000 made-up articles of about 300 words: time per query, and bulk indexing.

Words follow Zipf's law over a vocabulary of 200,000, so common and rare words cost what they cost in real news. A
query's time is that of its first page of 20, documents read and matches counted as for a person: above 2,000 about.
NEWSWIRE_BENCH_ARTICLES sets another number of articles, NEWSWIRE_BENCH_STORE a directory that keeps the store: one that
is there already is searched as it is.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.language.tokens import analyze
from pipeline.model import Document, derive_id
from pipeline.moments import from_microseconds
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.services.articles import COUNTED

ARTICLES = int(os.environ.get("NEWSWIRE_BENCH_ARTICLES", "200000"))
WORDS = 300
TITLE_WORDS = 9
VOCABULARY = 200_000
BATCH = 200  # what the analysis remembers between the stages that ask for it
BULK = 2_000  # what is committed at once
ROUNDS = 3
START = datetime(2026, 1, 1, tzinfo=UTC)
SPACING_S = 120
LANGUAGES = ("en",) * 17 + ("de", "fr", "ja")
SYLLABLES = (
    "ba ce di fo gu ha je ki lo mu na pe qi ro su ta ve wi xo yu zar bel con den for gar hol int jun kar lin mor nor "
    "ost per ran sel tor und ver wal"
).split()


def run() -> dict[str, float]:
    """Fill an index in a temporary directory and search it; times are in milliseconds."""
    words = vocabulary()
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(os.environ.get("NEWSWIRE_BENCH_STORE", temporary))
        with Database(directory / "newswire.db") as database:
            index = SqliteIndex(database)
            figures = {} if _count(database) else _filled(index, database, words)
            figures |= _asked(index, words, _newest(database))
            articles_there = _count(database)
            size = sum(path.stat().st_size for path in directory.iterdir())
    return figures | {
        "bytes_per_article": size / articles_there,
        "articles": articles_there,
        "load": os.getloadavg()[0],
    }


def _filled(index: SqliteIndex, database: Database, words: list[str]) -> dict[str, float]:
    analysing, indexing = fill(index, database, words)
    return {
        "index_docs_per_s": ARTICLES / indexing,
        "index_docs_per_s_with_analysis": ARTICLES / (indexing + analysing),
    }


def _asked(index: SqliteIndex, words: list[str], now: datetime) -> dict[str, float]:
    """Ask queries of each kind; wall time is what a person waits, processor time what a quiet machine takes."""
    figures: dict[str, float] = {}
    asked: list[tuple[float, float]] = []
    for kind, queries in _queries(words, now).items():
        sort = "best" if kind.startswith("best") else "newest"
        times = [_time(index, text, sort, now) for text in queries * ROUNDS]
        walls, used = zip(*times, strict=True)
        figures |= {f"{kind}_p50_ms": statistics.median(walls), f"{kind}_max_ms": max(walls)}
        figures |= {f"{kind}_cpu_p50_ms": statistics.median(used), f"{kind}_cpu_max_ms": max(used)}
        if kind in ("word", "phrase", "boolean", "dates"):
            asked += times
    waited, taken = sorted(wall for wall, _ in asked), sorted(used for _, used in asked)
    last = int(len(asked) * 0.99)
    return {
        "p50_ms": statistics.median(waited),
        "p99_ms": waited[last],
        "cpu_p50_ms": statistics.median(taken),
        "cpu_p99_ms": taken[last],
        **figures,
    }


def _count(database: Database) -> int:
    (count,) = database.connection.execute("SELECT count(*) FROM documents").fetchone()
    return int(count)


def _newest(database: Database) -> datetime:
    (seen,) = database.connection.execute("SELECT max(first_seen) FROM documents").fetchone()
    return from_microseconds(seen)


def _queries(words: list[str], now: datetime) -> dict[str, list[str]]:
    """Return queries by kind, over words from the commonest to the rare."""
    ranks = [1, 5, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000]
    some = [words[rank] for rank in ranks]
    pairs = list(zip(some, some[1:] + some[:1], strict=True))
    return {
        "word": some,
        "phrase": [f'"{a} {b}"' for a, b in pairs],
        "boolean": [f"{a} AND {b}" for a, b in pairs]
        + [f"({a} OR {b}) -{c}" for (a, b), c in zip(pairs, reversed(some), strict=True)],
        "filtered": [f"{a} lang:de published:{now - timedelta(days=30):%Y-%m}" for a in some[:6]],
        "dates": [f"last:{days}d" for days in (1, 7, 30)] + [f"{a} last:{days}d" for a in some[:6] for days in (1, 30)],
        "prefix": [f"{a[:4]}*" for a in some[4:]],
        "fuzzy": [f"{a}~" for a in some[6:]],
        "near": [f'"{a} {b}"~5' for a, b in pairs[4:]],
        "best_common": some[2:5],
        "best_rare": some[6:],
    }


def _time(index: SqliteIndex, text: str, sort: str, now: datetime) -> tuple[float, float]:
    """Return the milliseconds that a search took, and those of processor time."""
    request = SearchRequest(query=parse(text), now=now, sort=sort, counted=COUNTED)
    started, used = time.perf_counter(), time.thread_time()
    index.search(request)
    return (time.perf_counter() - started) * 1000, (time.thread_time() - used) * 1000


def fill(
    index: SqliteIndex, database: Database, words: list[str], since: datetime = START, in_stories: bool = False
) -> tuple[float, float]:
    """Index all articles; return the seconds spent on reading their words, and on all else.

    The first is of ``since``; with ``in_stories``, every fourth is one of five reports of a story.
    """
    analysing = indexing = 0.0
    made = articles(words, since, in_stories)
    while bulk := list(islice(made, BULK)):
        began = time.perf_counter()
        analyzed = 0.0
        with database.transaction():
            for start in range(0, len(bulk), BATCH):
                batch = bulk[start : start + BATCH]
                started = time.perf_counter()
                for article in batch:
                    _ = analyze(article.title, article.language).stems, analyze(article.text, article.language).stems
                analyzed += time.perf_counter() - started
                index.upsert(batch)
        analysing += analyzed
        indexing += time.perf_counter() - began - analyzed
    return analysing, indexing


def vocabulary() -> list[str]:
    """Return the made-up words, the commonest first."""
    chance = random.Random(1)
    made: dict[str, None] = {}
    while len(made) < VOCABULARY:
        made["".join(chance.choices(SYLLABLES, k=chance.choice((2, 2, 3, 3, 4))))] = None
    return list(made)


def articles(words: list[str], since: datetime, in_stories: bool) -> Iterator[Document]:
    """Yield the made-up articles, the oldest first."""
    chance, numbers = random.Random(2), np.random.default_rng(3)
    weights = 1 / (np.arange(VOCABULARY) + 2.7)
    cumulative = np.cumsum(weights / weights.sum())
    earlier = ""
    for n in range(ARTICLES):
        length = WORDS + chance.randint(-100, 100)
        picked = np.searchsorted(cumulative, numbers.random(length + TITLE_WORDS))
        text = [words[min(rank, VOCABULARY - 1)] for rank in picked]
        published = since + timedelta(seconds=n * SPACING_S)
        article_id = derive_id("bench", str(n))
        yield Document(
            id=article_id,
            source=f"Source {int(chance.paretovariate(1)) % 500}",
            url=f"https://example.com/{n}",
            seen=published + timedelta(seconds=300),
            published=published,
            title=" ".join(text[:TITLE_WORDS]).capitalize(),
            text=". ".join(" ".join(text[at : at + 18]).capitalize() for at in range(TITLE_WORDS, len(text), 18)) + ".",
            language=chance.choice(LANGUAGES),
            tags=(chance.choice(("world", "politics", "sport", "markets")),),
            revision=1,
            duplicate_of=earlier if n % 10 == 9 else None,
            story_id=derive_id("story", str(n // 20)) if in_stories and n % 4 == 0 else None,
        )
        earlier = article_id if n % 10 != 9 else earlier
