"""Near-duplicates: speed and memory beside datasketch and rensa in one run, and how many copies are found.

The texts are made up (``corpus``). Copies are made by replacing words; hard negatives are texts of one template with
other figures and names.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

from pipeline.language.analysis import tokens_of
from pipeline.model import Article
from pipeline.stages.deduplicate import Remembered, deduplicate
from tests.bench.corpus import Corpus

COUNT = 10_000
PROBES = 500
WORDS = 300
THRESHOLD = 0.35
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run() -> dict[str, float]:
    """Return documents/s as ratios to the peers', bytes per remembered article, recall by share of edits, precision."""
    corpus = Corpus()
    texts = [corpus.article(number, WORDS).text or "" for number in range(COUNT)]
    remembered = Remembered()
    before = _resident()
    seconds = _timed(lambda: _remember(remembered, texts))
    per_article = (_resident() - before) / COUNT
    figures = {
        "docs_per_s": COUNT / seconds,
        "ratio_vs_datasketch": _timed(lambda: _datasketch(texts)) / seconds,
        "ratio_vs_rensa": _timed(lambda: _rensa(texts)) / seconds,
        "bytes_per_article": per_article,
    }
    found = wrong = 0
    for share in (5, 10, 20):
        draw = random.Random(share)
        hits = 0
        for number in range(PROBES):
            original = _original(remembered, f"edit{share}-{number}", _edited(texts[number], share / 100, corpus, draw))
            hits += original == str(number)
            wrong += original not in (str(number), None)
        found += hits
        figures[f"recall_{share}"] = hits / PROBES
    wrong += sum(_original(remembered, f"template{n}", text) is not None for n, text in enumerate(_templates()))
    figures["precision"] = found / (found + wrong)
    return figures


def _remember(remembered: Remembered, texts: list[str]) -> None:
    for number, text in enumerate(texts):
        for fact in deduplicate(_article(str(number), text), remembered, NOW).facts:
            remembered.learn(fact.key, fact.value)


def _original(remembered: Remembered, key: str, text: str) -> str | None:
    decision = deduplicate(_article(key, text), remembered, NOW)
    original: str | None = decision.emit[0].duplicate_of  # type: ignore[attr-defined]
    if key.startswith("template"):
        for fact in decision.facts:
            remembered.learn(fact.key, fact.value)
    return original


def _article(key: str, text: str) -> Article:
    return Article(id=key, source="s", seen=NOW, title=text[:60], text=text, language="en", revision=1)


def _edited(text: str, share: float, corpus: Corpus, draw: random.Random) -> str:
    return " ".join(draw.choice(corpus.words) if draw.random() < share else word for word in text.split())


def _templates() -> list[str]:
    draw = random.Random(7)
    return [
        f"Winds of up to {draw.randint(20, 140)} kilometres an hour are forecast for Region{draw.randint(1, 9999)} on "
        f"Friday. Ferries to Port{draw.randint(1, 9999)} may be cancelled. Temperatures reach {draw.randint(-9, 39)} "
        f"degrees by day and {draw.randint(-19, 19)} at night. Rain of {draw.randint(1, 90)} millimetres is expected."
        for _ in range(PROBES)
    ]


def _datasketch(texts: list[str]) -> None:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    for number, text in enumerate(texts):
        sketch = MinHash(num_perm=128)
        sketch.update_batch([pair.encode() for pair in _pairs(text)])
        index.query(sketch)
        index.insert(str(number), sketch)


def _rensa(texts: list[str]) -> None:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=32)
    for number, text in enumerate(texts):
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(_pairs(text))
        index.query(sketch)
        index.insert(number, sketch)


def _pairs(text: str) -> list[str]:
    tokens = tokens_of(text)
    return list({f"{a} {b}" for a, b in pairwise(tokens)})


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
