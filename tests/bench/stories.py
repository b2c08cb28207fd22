"""Stories: how well different reports of one happening are put together, beside two baselines in the same run.

The texts were written for this (``tests/data/stories``): reports of one happening in several wordings, from news to
follow-up, among happenings that are easily confused (another quake, next month's strike by the same drivers). On
``dev`` and on ``wide``, which is in fifteen languages, thresholds were chosen; ``test`` was for comparing. B-cubed:
Bagga and Baldwin 1998.

The sets of ``TEMPLATES`` were written before the code that tells apart what one newsroom reports in the same
sentences; only ``templates_dev`` is for choosing. ``HARD`` is scored in the stream of its templates: stubs and what is
sent daily under one title. The figures ``linked`` are those of the whole stage, where a copy has its original's story.
"""

from __future__ import annotations

import math
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline.language.tokens import analyze
from pipeline.model import Article, Document, derive_id
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.stages.deduplicate.stories import Stories
from pipeline.stages.deduplicate.story_facts import story_fields
from tests.bench.corpus import Corpus

DATA = Path(__file__).parent.parent / "data" / "stories"
SETS = ("dev", "test", "wide")
TEMPLATES = {
    "templates_dev": ("templates_dev",),
    "templates_locked": ("templates_locked",),
    "templates": ("templates_dev", "templates_locked"),
}
HARD = {"hard_dev": ("templates_dev", "hard_dev"), "hard_locked": ("templates_locked", "hard_locked")}
KINDS = ("p", "r", "f1")
# The baseline's threshold is the best there is for it on the development set.
PLAIN_THRESHOLDS = [step / 100 for step in range(4, 60, 2)]
SMALL, LARGE = 10_000, 100_000
PROBES = 2_000


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one labelled report."""

    happening: str
    article: Article


def read(*names: str) -> list[Report]:
    """Read sets as one stream in order of time."""
    reports = [report for name in names for report in _reports(name)]
    return sorted(reports, key=lambda report: (report.article.seen, report.article.id))


def _reports(name: str) -> Iterator[Report]:
    happening = ""
    for line in (DATA / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith("= "):
            happening = line[2:]
        elif line.startswith("@ "):
            moment, source, language, title = line[2:].split(" | ", 3)
        elif line and not line.startswith("#"):
            seen = datetime.fromisoformat(moment).replace(tzinfo=UTC)
            # Some newsrooms use one title every day. The older sets keep their ids, which order what is seen together.
            identity = (source, title) if name in SETS else (source, title, moment)
            article = Article(
                id=derive_id(*identity), source=source, seen=seen, published=seen, title=title, text=line,
                language=language, revision=1,
            )  # fmt: skip
            yield Report(happening=happening, article=article)


def clustered(articles: Sequence[Article]) -> list[str]:
    """Return the story of each article, as the pipeline decides when they come one after the other."""
    shelves: dict[str | None, Stories] = {}
    merged: dict[str, str] = {}
    found = []
    for article in articles:
        stories = shelves.setdefault(article.language, Stories(article.language or "und"))
        joined = stories.join(article, None)
        for fact in joined.facts:
            stories.learn(fact.key, fact.value)
        said = story_fields(joined.story)
        merged |= dict.fromkeys(said["merged"], said["story_id"])
        found.append(said["story_id"])
    return [merged.get(story, story) for story in found]


def linked(articles: Sequence[Article]) -> list[str]:
    """Return the story of each article as the whole stage decides, which looks for copies first."""
    remembered = Remembered()
    merged: dict[str, str] = {}
    found: list[str] = []
    for article in articles:
        decision = deduplicate(article, remembered, article.seen)
        for fact in decision.facts:
            remembered.learn(fact.key, fact.value)
        documents = [document for document in decision.emit if isinstance(document, Document)]
        for document in documents:
            story = document.story_id or document.id
            merged |= dict.fromkeys(document.merged, story)
            if document.id == article.id:
                found.append(story)
    return [merged.get(story, story) for story in found]


def plain(articles: Sequence[Article], threshold: float) -> list[str]:
    """Cluster by the textbook: one pass, TF-IDF cosine of all words against the average of each story's articles."""
    counts: Counter[str] = Counter()
    stories: list[Counter[str]] = []
    found = []
    for number, article in enumerate(articles, 1):
        words = Counter(analyze(f"{article.title} {article.text}", article.language).stems)
        counts.update(words.keys())
        weights = {word: count * math.log((1 + number) / counts[word]) for word, count in words.items()}
        likeness = [_cosine(weights, story) for story in stories]
        best = max(range(len(stories)), key=likeness.__getitem__, default=-1)
        if best < 0 or likeness[best] < threshold:
            best = len(stories)
            stories.append(Counter())
        for word, weight in weights.items():
            stories[best][word] += weight  # type: ignore[assignment]
        found.append(str(best))
    return found


def b_cubed(labels: Sequence[str], found: Sequence[str], counted: Set[str] | None = None) -> tuple[float, float, float]:
    """Return precision, recall and F1, each article counting alike, or only those whose label is ``counted``."""
    true, made = defaultdict(set), defaultdict(set)
    for number, (label, story) in enumerate(zip(labels, found, strict=True)):
        true[label].add(number)
        made[story].add(number)
    rows = zip(labels, found, strict=True)
    pairs = [(true[label], made[story]) for label, story in rows if counted is None or label in counted]
    precision = sum(len(label & story) / len(story) for label, story in pairs) / len(pairs)
    recall = sum(len(label & story) / len(label) for label, story in pairs) / len(pairs)
    return precision, recall, 2 * precision * recall / (precision + recall)


def run() -> dict[str, float]:
    """Return B-cubed figures of each set for the pipeline and the baselines, time and memory per article."""
    figures: dict[str, float] = {}
    sets = {name: [report.article for report in read(name)] for name in SETS}
    labels = {name: [report.happening for report in read(name)] for name in SETS}
    threshold = max(PLAIN_THRESHOLDS, key=lambda value: b_cubed(labels["dev"], plain(sets["dev"], value))[2])
    ways: dict[str, Callable[[list[Article]], list[str]]] = {
        "newswire": clustered,
        "plain_tfidf": lambda articles: plain(articles, threshold),
        "each_its_own": lambda articles: [article.id for article in articles],
    }
    for each, articles in sets.items():
        for name, way in ways.items():
            scores = b_cubed(labels[each], way(articles))
            figures |= {f"{each}_{name}_{kind}": score for kind, score in zip(KINDS, scores, strict=True)}
    return figures | told_by_template(threshold) | _cost()


def told_by_template(threshold: float) -> dict[str, float]:
    """Return B-cubed figures of the sets told by template and of the hard cases beside them."""
    figures: dict[str, float] = {}
    ways: dict[str, Callable[[list[Article]], list[str]]] = {
        "": clustered,
        "linked_": linked,
        "plain_tfidf_": lambda articles: plain(articles, threshold),
    }
    for each, names in (TEMPLATES | HARD).items():
        reports = read(*names)
        labels = [report.happening for report in reports]
        counted = {report.happening for report in read(names[-1])} if each in HARD else None
        for name, way in ways.items():
            scores = b_cubed(labels, way([report.article for report in reports]), counted)
            figures |= {f"stories_{each}_{name}{kind}": score for kind, score in zip(KINDS, scores, strict=True)}
    return figures


def _cost() -> dict[str, float]:
    """Measure with made-up articles, each a story of its own: the most that there can be to remember."""
    figures = {}
    corpus = Corpus()
    stories = Stories("en")
    remembered = resident = 0
    for count in (SMALL, LARGE):
        for article in _articles(corpus, remembered, count):
            for fact in stories.join(article, None).facts:
                stories.learn(fact.key, fact.value)
        figures["bytes_per_story"] = (_resident() - resident) / (count - remembered)
        remembered, resident = count, _resident()
        probes = list(_articles(corpus, LARGE + count, LARGE + count + PROBES))
        seconds = 0.0
        for article in probes:
            analyze(article.text, article.language).stems  # noqa: B018 - deduplication has read them before
            started = time.process_time()
            stories.join(article, None)
            seconds += time.process_time() - started
        figures[f"cpu_us_at_{count}"] = seconds / PROBES * 1e6
    figures["stories"] = len(stories)
    return figures


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _articles(corpus: Corpus, first: int, last: int) -> Iterator[Article]:
    for number in range(first, last):
        document = corpus.article(number)
        yield Article(**{name: getattr(document, name) for name in Article.__struct_fields__})


def _cosine(one: dict[str, float], other: Counter[str]) -> float:
    dot = sum(weight * other[word] for word, weight in one.items() if word in other)
    lengths = math.sqrt(sum(w * w for w in one.values()) * sum(w * w for w in other.values()))
    return dot / lengths if lengths else 0.0
