"""Fresh before old: how long after it is seen a new article is told of while 20,000 old ones are worked off.

The old ones wait in news.history and match the rule, too: none of them may be told. What sends and receives is that of
``latency``; the distributed figures need NEWSWIRE_KAFKA and NEWSWIRE_ELASTICSEARCH.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta

from pipeline.model import Article
from pipeline.ports.log import CountingLog
from pipeline.runners.feeder import GROUP
from pipeline.runners.polling import publishing
from pipeline.topics import HISTORY
from tests.bench.corpus import Corpus
from tests.bench.latency import Measure, distributed, embedded, publish, wait

OLD = 20_000
FRESH = 26
EVERY_S = 2.0
DAYS_OLD = 10


def run() -> dict[str, float]:
    """Return how many of the fresh were told, within how many seconds, and how many old ones waited meanwhile."""
    figures = {f"embedded_{name}": value for name, value in embedded(measure(OLD)).items()}
    if os.environ.get("NEWSWIRE_KAFKA") and os.environ.get("NEWSWIRE_ELASTICSEARCH"):
        figures |= {f"distributed_{name}": value for name, value in distributed(measure(OLD)).items()}
    else:
        print("distributed: set NEWSWIRE_KAFKA and NEWSWIRE_ELASTICSEARCH (deploy/servers)", file=sys.stderr)
    return figures


def measure(old: int) -> Measure:
    """Return a measurement with so many old articles."""

    def measured(log: CountingLog, received: dict[str, float]) -> dict[str, float]:
        corpus = Corpus()
        publish(log, corpus.article(0))
        wait(lambda: bool(received))  # whatever starts has started
        told_first = set(received)
        publishing.publish((_old(corpus.article(number)) for number in range(1, old + 1)), log)
        waiting = [log.backlog(HISTORY.name, GROUP)]
        wait(lambda: log.backlog(HISTORY.name, GROUP) < waiting[0])
        seen: dict[str, float] = {}
        start = time.monotonic()
        for number in range(FRESH):
            time.sleep(max(0.0, start + number * EVERY_S - time.monotonic()))
            article = corpus.article(old + 1 + number)
            seen[article.id] = publish(log, article)
        waiting.append(log.backlog(HISTORY.name, GROUP))
        wait(lambda: seen.keys() <= received.keys(), seconds=60.0)
        delays = sorted(received[name] - at for name, at in seen.items() if name in received)
        return {
            "fresh_told": len(delays),
            "fresh": len(seen),
            "p50_s": round(delays[len(delays) // 2], 2) if delays else float("nan"),
            "max_s": round(delays[-1], 2) if delays else float("nan"),
            "within_5_s": sum(delay <= 5 for delay in delays),
            "old_told": len(received.keys() - seen.keys() - told_first),
            "old_waiting_first": waiting[0],
            "old_waiting_last": waiting[-1],
        }

    return measured


def _old(article: Article) -> Article:
    now = datetime.now(UTC)
    return Article(
        id=article.id,
        source=article.source,
        seen=now,
        published=now - timedelta(days=DAYS_OLD),
        title=article.title,
        text=f"{article.text} Benchmarkword.",
        language=article.language,
        history=True,
    )
