"""Near-duplicates: speed and memory beside datasketch and rensa in one run, and how many copies are found.

Speed: the same made-up articles, one core, each tokenised, sketched, looked up and remembered; ours through the stage
as the pipeline calls it, but for the stories, which the peers do not have. Each side runs in a process of its own, a
chunk of articles in turn, so that other load touches all alike and no one's garbage is another's work. datasketch, by
far the slowest, takes one chunk in four: what it costs hardly grows. Quality: ``copies``, the held half, through the
same stage; the peers with the candidates they find, verified by their own estimates. ``on_open_texts`` is 0 where the
open texts are not there and the copies are of made-up articles.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from pipeline.language.tokens import tokens_of
from pipeline.model import Article
from pipeline.stages.deduplicate.sketch import Sketch
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.stages.deduplicate.stories import Stories
from pipeline.stages.deduplicate.story_facts import COUNT_BYTES, ID_BYTES, StoryDecision
from tests.bench.copies import Text, has_open_texts, texts
from tests.bench.corpus import Corpus

COUNT = int(os.environ.get("NEWSWIRE_BENCH_ARTICLES", "100000"))
WORDS = 300
CHUNK = 5_000
# As many at a time as the embedded runtime takes.
BATCH = 256
PERMUTATIONS = 128
BANDS = 32
# The share of word pairs two texts have in common when 20 % of the words were replaced, less what an estimate may err.
PEERS_JACCARD = 0.35
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SETTINGS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
ENDINGS = ("", "", "", "s", "ed", "ing")
SENTENCE_WORDS = 20
NAMES_SHARE = 0.03
# Every so many chunks a side takes one.
EVERY = {"ours": 1, "rensa": 1, "datasketch": 4}
Take = Callable[[str, Text], str | None]
Follow = Callable[[Sequence[Article]], None]


class NoStories(Stories):
    """Leave every article in a story of its own: what the peers are compared with groups nothing."""

    def join(
        self,
        article: Article,
        original: bytes | None,
        made: Sketch | None = None,
        occasion: str = "",
        but: frozenset[bytes] = frozenset(),
    ) -> StoryDecision:
        """Answer the same for every article."""
        return StoryDecision(bytes(ID_BYTES + COUNT_BYTES))


class Unclustered(Remembered):
    """Remember articles without their stories."""

    none = NoStories("en")

    def stories(self, language: str) -> Stories:
        """Return what leaves articles ungrouped."""
        return self.none


def run() -> dict[str, float]:
    """Return documents/s as ratios to the peers', bytes per remembered article, recall by kind of edit, precision."""
    figures = _speed()
    held = texts("held")
    figures["on_open_texts"] = float(has_open_texts())
    figures |= scores(held, _ours(Unclustered()))
    for name, take in (("datasketch", _datasketch()), ("rensa", _rensa())):
        theirs = scores(held, take)
        figures |= {f"{name}_{key}": theirs[key] for key in ("precision", "recall_5", "recall_10", "recall_20")}
    for setting in SETTINGS:
        at = scores(held, _ours(Unclustered(similarity=setting)))
        figures |= {f"{key}_at_{setting}": at[key] for key in ("precision", "recall", "recall_20")}
    return figures


def scores(stream: Sequence[Text], take: Take) -> dict[str, float]:
    """Return precision of the links and recall by kind of edit; copies of one text may be linked to any of them."""
    groups: dict[str, str] = {}
    seen: set[str] = set()
    found: dict[str, list[float]] = defaultdict(list)
    wrong = 0
    for number, text in enumerate(stream):
        key = str(number)
        groups[key] = text.group
        original = take(key, text)
        right = original is not None and groups[original] == text.group
        wrong += original is not None and not right
        if text.group in seen:
            found[text.kind].append(right)
        seen.add(text.group)
    linked = sum(sum(hits) for hits in found.values())
    figures = {"precision": linked / (linked + wrong), "recall": linked / sum(map(len, found.values()))}
    for percent in (5, 10, 20):
        edited = found[f"replaced_{percent}"] + found[f"reworked_{percent}"]
        figures[f"recall_{percent}"] = sum(edited) / len(edited)
    return figures | {f"recall_{kind}": sum(hits) / len(hits) for kind, hits in sorted(found.items())}


def _ours(remembered: Remembered) -> Take:
    def take(key: str, text: Text) -> str | None:
        return _take(remembered, _article(key, text.title, text.text))

    return take


def _take(remembered: Remembered, article: Article) -> str | None:
    decision = deduplicate(article, remembered, NOW)
    for fact in decision.facts:
        remembered.learn(fact.key, fact.value)
    original: str | None = decision.emit[0].duplicate_of  # type: ignore[attr-defined]
    return original and str(int(original, 16))


def _article(key: str, title: str | None, text: str | None) -> Article:
    return Article(id=f"{int(key):032x}", source="s", seen=NOW, title=title, text=text, language="en", revision=1)


def _datasketch() -> Take:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=PEERS_JACCARD, num_perm=PERMUTATIONS)
    sketches: dict[str, MinHash] = {}

    def take(key: str, text: Text) -> str | None:
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([pair.encode() for pair in _pairs(text.text)])
        likely = ((sketches[other].jaccard(sketch), other) for other in index.query(sketch))
        best = max(likely, default=(0.0, None))
        index.insert(key, sketch)
        sketches[key] = sketch
        return best[1] if best[0] >= PEERS_JACCARD else None

    return take


def _rensa() -> Take:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=PEERS_JACCARD, num_perm=PERMUTATIONS, num_bands=BANDS)
    sketches: dict[int, RMinHash] = {}

    def take(key: str, text: Text) -> str | None:
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
        sketch.update(_pairs(text.text))
        likely = ((sketches[other].jaccard(sketch), other) for other in index.query(sketch))
        best = max(likely, default=(0.0, 0))
        index.insert(int(key), sketch)
        sketches[int(key)] = sketch
        return str(best[1]) if best[0] >= PEERS_JACCARD else None

    return take


def _pairs(text: str) -> list[str]:
    return list({f"{a} {b}" for a, b in pairwise(tokens_of(text))})


def _speed() -> dict[str, float]:
    """Time all three on the same articles, a chunk of them each in turn."""
    write = _Writer()
    started = multiprocessing.get_context("spawn")
    sides, children = {}, []
    for name in FOLLOWERS:
        ours, theirs = started.Pipe()
        sides[name] = ours
        children.append(started.Process(target=serve, args=(name, theirs), daemon=True))
        children[-1].start()
        theirs.close()
    seconds: dict[str, list[float]] = defaultdict(list)
    resident: dict[str, list[int]] = defaultdict(list)
    for number in range(-(-COUNT // CHUNK)):
        chunk = [write.article() for _ in range(CHUNK)]
        for name, pipe in sides.items():
            if number % EVERY[name] == 0:
                pipe.send((number * CHUNK, chunk))
                spent, held = pipe.recv()
                seconds[name].append(spent)
                resident[name].append(held)
        print(f"dedupe: {(number + 1) * CHUNK:,} of {COUNT:,} articles", file=sys.stderr, flush=True)
    for pipe in sides.values():
        pipe.send(None)
    for child in children:
        child.join()
    each_us = {name: sum(spent) / len(spent) / CHUNK * 1e6 for name, spent in seconds.items()}
    pace = seconds["ours"]
    tenth = max(len(pace) // 10, 1)
    figures = {
        "docs_per_s": 1e6 / each_us["ours"],
        "ratio_vs_datasketch": each_us["datasketch"] / each_us["ours"],
        "ratio_vs_rensa": each_us["rensa"] / each_us["ours"],
        "last_tenth_vs_second": sum(pace[-tenth:]) / sum(pace[tenth : 2 * tenth] or pace[-tenth:]),
        "load": os.getloadavg()[0],
    }
    figures |= {f"{name}_us_per_article": value for name, value in each_us.items()}
    for name, held in resident.items():
        if len(held) > 1:
            figures[f"{name}_bytes_per_article"] = (held[-1] - held[0]) / ((len(held) - 1) * CHUNK)
    return figures


def serve(name: str, pipe: Connection) -> None:
    """Follow the chunks that come, and answer each with the processor time it took and the bytes in use then."""
    follow = FOLLOWERS[name]()
    while (given := pipe.recv()) is not None:
        first, chunk = given
        articles = [_article(str(number), None, text) for number, text in enumerate(chunk, first)]
        began = time.process_time()
        follow(articles)
        spent = time.process_time() - began
        del given, chunk, articles
        pipe.send((spent, _resident()))


class _Writer:
    """Write articles of words and names as common as in ``Corpus``, a great many at a time."""

    def __init__(self) -> None:
        corpus = Corpus()
        self._random = np.random.default_rng(1)
        self._lexicon = [f"{word}{ending}" if len(word) > 3 else word for word in corpus.words for ending in ENDINGS]
        self._first_name = len(self._lexicon)
        self._lexicon += [" ".join(map(str.capitalize, name)) for name in corpus.names]
        self._words = np.array(list(accumulate(1 / (rank + 2) ** 1.1 for rank in range(len(corpus.words)))))
        self._names = np.array(list(accumulate(1 / (rank + 10) for rank in range(len(corpus.names)))))

    def article(self) -> str:
        """Write the text of one article."""
        draw = self._random
        places = np.searchsorted(self._words, draw.random(WORDS) * self._words[-1]) * len(ENDINGS)
        places += draw.integers(0, len(ENDINGS), WORDS)
        is_name = np.flatnonzero(draw.random(WORDS) < NAMES_SHARE)
        places[is_name] = self._first_name + np.searchsorted(self._names, draw.random(len(is_name)) * self._names[-1])
        words = list(map(self._lexicon.__getitem__, places.tolist()))
        sentences = (" ".join(words[at : at + SENTENCE_WORDS]) for at in range(0, WORDS, SENTENCE_WORDS))
        return " ".join(f"{each[0].upper()}{each[1:]}." for each in sentences)


def _follow_ours() -> Follow:
    remembered = Unclustered()

    def follow(chunk: Sequence[Article]) -> None:
        for start in range(0, len(chunk), BATCH):
            remembered.expect(chunk[start : start + BATCH])
            for article in chunk[start : start + BATCH]:
                for fact in deduplicate(article, remembered, NOW).facts:
                    remembered.learn(fact.key, fact.value)

    return follow


def _follow_datasketch() -> Follow:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.5, num_perm=PERMUTATIONS)

    def follow(chunk: Sequence[Article]) -> None:
        for article in chunk:
            sketch = MinHash(num_perm=PERMUTATIONS)
            sketch.update_batch([pair.encode() for pair in _pairs(article.text or "")])
            index.query(sketch)
            index.insert(article.id, sketch)

    return follow


def _follow_rensa() -> Follow:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(0.5, PERMUTATIONS, BANDS)

    def follow(chunk: Sequence[Article]) -> None:
        for article in chunk:
            sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
            sketch.update(_pairs(article.text or ""))
            index.query(sketch)
            index.insert(int(article.id, 16), sketch)

    return follow


FOLLOWERS: dict[str, Callable[[], Follow]] = {
    "ours": _follow_ours,
    "datasketch": _follow_datasketch,
    "rensa": _follow_rensa,
}


def _resident() -> int:
    """Return the bytes of memory in use now."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
