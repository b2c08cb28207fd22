"""What it costs to remember many articles: to compare one more, and to begin with them.

10,000 made-up articles (``corpus``), one in ten a copy and one in four of an earlier one's story, are compared by the
stage as the pipeline does it. The facts of the others, up to 100,000 or NEWSWIRE_BENCH_ARTICLES, are those of the
10,000 over again under other ids, with other hashes of their word pairs and rare words of their own in their stories.
The same new articles are then compared with both memories in turn, by processor time. Then the embedded runtime is made
over a store of all these facts: first fact by fact, then from the memory that the first one saved.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.flow import DEDUPLICATE, IDENTIFY
from pipeline.model import Article, derive_id
from pipeline.runners.embedded import Embedded
from pipeline.settings import Settings
from pipeline.stages.deduplicate.near_duplicates import SketchFact
from pipeline.stages.deduplicate.sketch import Sketch
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.stages.deduplicate.story_facts import ID_BYTES, STORY_KEY, StoryFact
from pipeline.stages.identify.stage import Known, identify
from pipeline.wiring import runners, stores
from tests.bench.corpus import Corpus

FEW = 10_000
MANY = int(os.environ.get("NEWSWIRE_BENCH_ARTICLES", "100000"))
BATCH = 256
PROBES = 1_024
ROUNDS = 4
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# A million articles lie within the three days after which a story is closed.
SPACING_S = 0.2
RECENT = 400
EDITED_WORDS = 9
# A word of so few of the stories is taken to be a name, which other happenings do not have.
RARE = 8
LIMITS = {"cost_ratio": 1.1, "open_s": 10.0}
Facts = dict[str, bytes]


def run() -> dict[str, float]:
    """Return processor time an article with few and with many remembered, and the seconds to begin with many."""
    few, many = Remembered(), Remembered()
    facts: Facts = {}
    known: Facts = {}
    corpus = Corpus()
    for article in _articles(corpus, 0, FEW):
        for fact in identify(article, Known(), NOW).facts:
            known[fact.key] = fact.value or b""
        for fact in deduplicate(article, few, NOW).facts:
            few.learn(fact.key, fact.value)
            if fact.value is None:
                facts.pop(fact.key, None)
            else:
                facts[fact.key] = fact.value
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data=directory)
        with stores.store(settings) as opened:
            for copied in _over_again(facts, few, MANY // FEW):
                for key, value in copied.items():
                    many.learn(key, value)
                opened.table(DEDUPLICATE.facts).update(copied)
            for n in range(MANY // FEW):
                opened.table(IDENTIFY.facts).update({f"{key}{n}": value for key, value in known.items()})
        figures = _compared(corpus, few, many)
        del few, many
        figures |= _opened(settings)
        held = sum(path.stat().st_size for path in Path(directory).glob("*.memory"))
        figures["saved_bytes_per_article"] = held / MANY
    return figures | {"articles": MANY, "load": os.getloadavg()[0]}


def _articles(corpus: Corpus, first: int, last: int) -> Iterator[Article]:
    draw = random.Random(first)
    recent: list[tuple[str, str]] = []
    for number in range(first, last):
        made = corpus.article(number)
        title, text = made.title or "", made.text or ""
        if number % 10 == 9 and recent:
            title, earlier = draw.choice(recent)
            words = earlier.split()
            for _ in range(EDITED_WORDS):
                words[draw.randrange(len(words))] = draw.choice(corpus.words)
            text = " ".join(words)
        elif number % 4 == 1 and recent:
            of, earlier = draw.choice(recent)
            told = [" ".join(draw.sample(each.split(), len(each.split()))) for each in earlier.split(". ")[:3]]
            title, text = f"{of} {title}", ". ".join([*told, *text.split(". ")[3:]])
        else:
            recent = [*recent[-RECENT:], (title, text)]
        moment = NOW + timedelta(seconds=number * SPACING_S)
        yield Article(
            id=made.id,
            source=made.source,
            seen=moment,
            published=moment,
            title=title,
            text=text,
            language="en",
            revision=1,
        )


def _over_again(facts: Facts, few: Remembered, times: int) -> Iterator[Facts]:
    """Yield the facts, then as often as asked less once those of as many articles and stories that are like none."""
    yield dict(facts)
    counts = vars(few.stories("en"))["_centroids"].vocabulary.counts
    articles = {key: msgspec.msgpack.decode(value, type=SketchFact) for key, value in facts.items() if " " in key[:4]}
    stories = {
        key: msgspec.msgpack.decode(value, type=StoryFact) for key, value in facts.items() if key.startswith(STORY_KEY)
    }
    articles = {key: fact for key, fact in articles.items() if key.startswith("en ")}
    for n in range(1, times):
        made: Facts = {}
        for key, fact in articles.items():
            made[f"en {_id(key.partition(' ')[2], n)}"] = msgspec.msgpack.encode(_article_fact(fact, n))
        for key, story in stories.items():
            gone = _story(bytes.fromhex(key.rpartition(" ")[2]), n).hex()
            terms = np.frombuffer(story.terms, np.uint32)
            terms = np.where(counts(terms) <= RARE, terms * np.uint32(2 * n + 1) + np.uint32(n), terms)
            story = msgspec.structs.replace(
                story,
                order=story.order + n * FEW * 2,
                opened=story.opened + n * FEW * 2,
                merged=b"",
                terms=terms.astype(np.uint32).tobytes(),
                touched=story.touched + int(n * FEW * SPACING_S // 3_600),
                latest=story.latest + n * FEW * SPACING_S,
            )
            made[f"{STORY_KEY}en {gone}"] = msgspec.msgpack.encode(story)
        yield made


def _article_fact(fact: SketchFact, n: int) -> SketchFact:
    made = fact.sketch
    if made is not None:
        made = Sketch(
            ((int.from_bytes(made.content, "little") + n) % (1 << 64)).to_bytes(8, "little"),
            _moved(made.keys, n),
            _moved(made.minima, n),
            made.facts,
        )
    return msgspec.structs.replace(
        fact,
        order=fact.order + n * FEW * 2,
        seen=fact.seen + n * FEW * SPACING_S,
        duplicate_of=_id(fact.duplicate_of, n) if fact.duplicate_of else None,
        story=_story(fact.story[:ID_BYTES], n) + fact.story[ID_BYTES:],
        sketch=made,
    )


def _moved(hashes: bytes, n: int) -> bytes:
    """Return hashes as small as these that no other text has."""
    moved: NDArray[np.uint32] = np.frombuffer(hashes, np.uint32) + np.uint32(n * 40_503 + 1)
    return np.sort(moved).tobytes()


def _id(article_id: str, n: int) -> str:
    return derive_id(article_id, str(n))


def _story(story: bytes, n: int) -> bytes:
    return bytes.fromhex(derive_id(story.hex(), str(n)))


def _compared(corpus: Corpus, few: Remembered, many: Remembered) -> dict[str, float]:
    """Compare the same new articles with both memories, a few of them in turn."""
    seconds = {"few": 0.0, "many": 0.0}
    last = NOW + timedelta(seconds=MANY * SPACING_S)
    probes = [
        msgspec.structs.replace(each, seen=last, published=last) for each in _articles(corpus, MANY, MANY + PROBES)
    ]
    for _ in range(ROUNDS):
        for start in range(0, PROBES, BATCH):
            batch = probes[start : start + BATCH]
            for name, remembered in (("few", few), ("many", many)):
                began = time.process_time()
                remembered.expect(batch)
                for article in batch:
                    deduplicate(article, remembered, NOW)
                seconds[name] += time.process_time() - began
    return {
        f"us_an_article_at_{FEW}": seconds["few"] / PROBES / ROUNDS * 1e6,
        f"us_an_article_at_{MANY}": seconds["many"] / PROBES / ROUNDS * 1e6,
        "cost_ratio": seconds["many"] / seconds["few"],
    }


def _opened(settings: Settings) -> dict[str, float]:
    """Make the embedded runtime twice: of the facts, then of what was saved of the first one's memory."""
    figures = {}
    for name in ("learned", "open"):
        began, used = time.perf_counter(), time.process_time()
        with stores.store(settings) as opened:
            made = runners.embedded(opened)
            figures[f"{name}_s"] = time.perf_counter() - began
            figures[f"{name}_cpu_s"] = time.process_time() - used
            began = time.perf_counter()
            _end(made)
            figures[f"{name}_end_s"] = time.perf_counter() - began
    return figures


def _end(runtime: Embedded) -> None:
    """End a runtime as `up` does: what was remembered is saved, if much of it is new."""

    stopping = threading.Event()
    stopping.set()
    runtime.run(stopping, lambda outcome: None, finish=True)
