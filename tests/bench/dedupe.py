"""Near-duplicates: speed and memory beside datasketch and rensa in one run, and how many copies are found.

Speed: the same made-up articles (``corpus``), one core, each tokenised, sketched, looked up and remembered; ours
through the stage as the pipeline calls it, but for the stories, which the peers do not have. Quality: ``copies``, the
held half, through the same stage; the peers with the candidates they find, verified by their own estimates.
"""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from pipeline.language.tokens import tokens_of
from pipeline.model import Article
from pipeline.stages.deduplicate.sketch import Sketch
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.stages.deduplicate.stories import Stories
from pipeline.stages.deduplicate.story_facts import COUNT_BYTES, ID_BYTES, StoryDecision
from tests.bench.copies import Text, texts
from tests.bench.corpus import Corpus

COUNT = 100_000
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
        but: bytes | None = None,
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
    held = texts("held")  # first, for what it is made of may be missing
    figures = _speed()
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
    """Time all three on the same articles, a chunk of them each in turn, so that other load touches all alike."""
    corpus, followers = Corpus(), {name: make() for name, make in FOLLOWERS.items()}
    seconds: dict[str, float] = defaultdict(float)
    pace: list[float] = []
    for start in range(0, COUNT, CHUNK):
        chunk = _chunk(corpus, start)
        for name, follow in followers.items():
            started = time.process_time()
            follow(chunk)
            spent = time.process_time() - started
            seconds[name] += spent
            if name == "ours":
                pace.append(spent)
    return {
        "docs_per_s": COUNT / seconds["ours"],
        "ratio_vs_datasketch": seconds["datasketch"] / seconds["ours"],
        "ratio_vs_rensa": seconds["rensa"] / seconds["ours"],
        "bytes_per_article": _bytes_per_article("ours"),
        "datasketch_bytes_per_article": _bytes_per_article("datasketch"),
        "rensa_bytes_per_article": _bytes_per_article("rensa"),
        "last_tenth_vs_second": sum(pace[-2:]) / sum(pace[2:4]),
    }


def _chunk(corpus: Corpus, start: int) -> list[Article]:
    return [_article(str(n), None, corpus.article(n, WORDS).text) for n in range(start, start + CHUNK)]


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


def _bytes_per_article(name: str) -> float:
    """Return by how much a process of its own grows with each article, once it has given back what it does not use."""
    program = f"from tests.bench.dedupe import growth; print(growth({name!r}))"
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def growth(name: str) -> float:
    """Return the bytes of this process per article, from the first chunk on. Linux with glibc only."""
    corpus, follow = Corpus(), FOLLOWERS[name]()
    follow(_chunk(corpus, 0))
    before = _resident()
    for start in range(CHUNK, COUNT, CHUNK):
        follow(_chunk(corpus, start))
    return (_resident() - before) / (COUNT - CHUNK)


def _resident() -> int:
    """Return the bytes of memory in use now."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
