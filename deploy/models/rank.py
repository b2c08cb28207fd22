"""Train the re-ranker of coded events: a logistic regression that tells how likely a reading is right.

``python -m deploy.models.rank --data ../shared/data`` takes every event that the rules read in four kinds of text: our
own articles (``tests/data/extract/honest/open.json``, right or wrong by their gold as RULES.md counts), our own news
whose gold is older than any reading of it, our own reports written after the rules, and running text of all open genres
of GUM and EWT (both right or wrong by hand: ``tests/data/extract/negatives``). PLOVER's gold sentences, which the rules
saw, are added at half weight. It prints, cross-validated over articles, precision and recall by threshold and the
reliability table; news with gold also with a scale that was fitted on its other sources alone. It writes
``lexicon/rank.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deploy.models.running_text import texts
from pipeline.model import Actor
from pipeline.stages.extract.dates.dates import find_dates
from pipeline.stages.extract.events.cast import Cast
from pipeline.stages.extract.events.coder import Coded, Coder
from pipeline.stages.extract.events.events import ArticleText, Told, readings
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.events.participants import Sentence
from pipeline.stages.extract.events.rank import NEWS_SHIFT, NEWS_SLOPE, THRESHOLD, is_report
from pipeline.stages.extract.events.sentences import parser
from pipeline.stages.extract.names.gazetteer import find
from pipeline.stages.extract.names.located import locate
from pipeline.stages.extract.quotations.quotations import find_quotations
from tests.bench.extraction.honest import calibration_error, judge, load, reliability

TARGET = Path("pipeline/stages/extract/events/lexicon/rank.json")
LABELS = Path("tests/data/extract/negatives/treebanks.json")
EVENTLESS = Path("tests/data/extract/negatives/own.json")
REPORTS = Path("tests/data/extract/negatives/reports.json")
# Their gold is older than any reading of them, so the scale of news is fitted on them alone: articles that rules were
# written on, as later those of ``wire.json``, or labelled on sight of what was read, are read right more often.
GOLD_NEWS = {f"gold {name}": Path(f"tests/data/extract/negatives/{name}.json") for name in ("news", "briefs", "unread")}
TODAY = {"DEMAND": "REQUEST", "DISAPPROVE": "ACCUSE", "INVESTIGATE": "ACCUSE", "FIGHT": "ASSAULT"}
# Two codes of the gold file are not ISO 3166.
ISO = {"JAP": "JPN", "ITL": "ITA"}
OLD_BODIES = {"UNO": "IGO", "EUR": "IGO"}
# Relative dates of the treebanks count from no day that matters.
SOME_DAY = datetime(2010, 6, 15, tzinfo=UTC)
FOLDS, PENALTY, SEED = 10, 2.0, 20220221
# A sentence that stands alone is a copy of one that is counted already.
ALONE_WEIGHT = 0.5
# A feature that fewer articles have says nothing.
ARTICLES_MIN = 3
SHOWN = (0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)


class Sample(NamedTuple):
    """Hold one reading: the article it stands in, where that is from, what describes it, and whether it is right.

    ``alone`` describes it with nothing around its sentence: the model must know both.
    """

    article: str
    source: str
    values: dict[str, float]
    right: bool
    alone: dict[str, float] | None


def gold_codes(parties: Any) -> frozenset[str]:
    """Return the codes of a gold source or target, which may be missing or empty text."""
    if not isinstance(parties, list):
        return frozenset()
    return frozenset(ISO.get(party["code"], party["code"]) for party in parties if party.get("code"))


def codes(actors: Sequence[Actor]) -> frozenset[str]:
    """Return the codes we gave, in those of the gold: bodies of states had one code before the manual of 2021."""
    return frozenset(OLD_BODIES.get(actor.code, actor.code) for actor in actors if actor.code)


def code_sentence(text: str) -> list[Coded]:
    """Code one sentence with every candidate kept."""
    mentions = locate(text, find(text))
    return Coder(lexicon(), Sentence(0, mentions, Cast(text, mentions))).code(parser().parse([text])[0])


def alone(told: Told, day: datetime) -> dict[str, float] | None:
    """Return what describes the same reading when its sentence is all the text there is."""
    sentence = told.event.sentence
    at = told.event.trigger.start - sentence.start
    for other in told_in(sentence.text, day):
        if (other.event.type, other.event.trigger.start) == (told.event.type, at):
            return other.features
    return None


def told_in(text: str, day: datetime) -> list[Told]:
    """Read an English text with every candidate kept."""
    known = ArticleText(text, day, locate(text, find(text)), find_dates(text, day, "en"), find_quotations(text, "en"))
    return list(readings(known, "en"))


def own_samples() -> Iterator[Sample]:
    """Yield what is read in the open half of the honest set, judged by its gold."""
    for article in load("open"):
        told = told_in(article["text"], datetime.fromisoformat(article["published"]))
        judged = judge(article, [each.event for each in told]).judged
        for each, verdict in zip(told, judged, strict=True):
            if verdict.outcome != "neither":
                yield Sample(article["id"], "own", each.features, verdict.outcome == "right", alone(each, SOME_DAY))


def eventless_samples() -> Iterator[Sample]:
    """Yield what is read in our own articles without events, written with fighting words: all of it is wrong."""
    for article in json.loads(EVENTLESS.read_text("utf-8")):
        for each in told_in(article["text"], SOME_DAY):
            yield Sample(article["id"], "eventless", each.features, False, alone(each, SOME_DAY))


def report_samples() -> Iterator[Sample]:
    """Yield what is read and labelled in our own reports, which were written after the rules."""
    for article in json.loads(REPORTS.read_text("utf-8")):
        labels = {(row["start"], row["type"]): row["label"] for row in article["events"]}
        for told in told_in(article["text"], datetime.fromisoformat(article["published"])):
            label = labels.get((told.event.trigger.start, told.event.type), "open")
            if label != "open":
                yield Sample(article["id"], "reports", told.features, label == "right", alone(told, SOME_DAY))


def gold_news_samples() -> Iterator[Sample]:
    """Yield what is read in our own news whose gold was written before anything had read it, judged by that gold."""
    for source, path in GOLD_NEWS.items():
        for article in json.loads(path.read_text("utf-8")):
            events = [{"actors": [], "recipients": [], **event} for event in article["events"]]
            told = told_in(article["text"], datetime.fromisoformat(article["published"]))
            judged = judge({**article, "events": events}, [each.event for each in told]).judged
            for each, verdict in zip(told, judged, strict=True):
                if verdict.outcome != "neither":
                    yield Sample(article["id"], source, each.features, verdict.outcome == "right", None)


def sentence_samples(path: Path) -> Iterator[Sample]:
    """Yield what is read in PLOVER's gold sentences, each of which names one event.

    What has its type is right. The rest may be right as well and is left out, unless nothing has its type.
    """
    accepted: dict[str, set[str]] = {}
    for item in json.loads(path.read_text("utf-8")):
        accepted.setdefault(item["text"], set()).add(TODAY.get(item["event"], item["event"]))
    for number, (text, types) in enumerate(accepted.items()):
        told = told_in(text, SOME_DAY)
        matched = any(each.event.type in types for each in told)
        for each in told:
            if not matched or each.event.type in types:
                yield Sample(f"gsr-{number}", "gsr", each.features, each.event.type in types, None)


def treebank_samples(folder: Path) -> Iterator[Sample]:
    """Yield what is read in the treebanks and was labelled; a label whose sentence has changed is an error."""
    labels: dict[tuple[str, str, int, str], dict[str, Any]] = {}
    for row in json.loads(LABELS.read_text("utf-8")):
        labels[row["document"], row["sentence"], row["start"], row["type"]] = row
    wanted = {key[0] for key in labels}
    seen: set[str] = set()
    for text in texts(folder):
        if text.id not in wanted or text.id in seen:
            continue
        seen.add(text.id)
        for told in told_in(text.text, SOME_DAY):
            at = told.event.trigger.start
            name, start, end = next(s for s in text.sentences if s[1] <= at < s[2])
            row = labels.get((text.id, name, at - start, told.event.type))
            if row is None or row["label"] == "open":
                continue
            if hashlib.sha256(text.text[start:end].encode()).hexdigest()[:16] != row["sha256"]:
                raise ValueError(f"sentence {name} is not the one that was labelled")
            yield Sample(text.id, text.genre, told.features, row["label"] == "right", alone(told, SOME_DAY))


def fit(rows: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Fit a logistic regression with an L2 penalty by Newton's method; ``counts`` says how much each row weighs."""
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (counts * (chance - labels)) + PENALTY * weights
        curve = (rows * (counts * chance * (1 - chance))[:, None]).T @ rows + PENALTY * np.eye(rows.shape[1])
        weights -= np.linalg.solve(curve, slope)
    return weights


class Table(NamedTuple):
    """Hold samples as numbers: each once as it stands, and once more as it would stand alone."""

    rows: np.ndarray
    labels: np.ndarray
    counts: np.ndarray
    articles: list[str]


def table_of(found: Sequence[Sample], names: Sequence[str]) -> Table:
    """Return the samples as they stand, in order, and after them those that can stand alone."""
    single = [sample for sample in found if sample.alone is not None]
    described = [sample.values for sample in found] + [sample.alone or {} for sample in single]
    both = [*found, *single]
    return Table(
        np.array([[values.get(name, 0.0) for name in names] for values in described]),
        np.array([float(sample.right) for sample in both]),
        np.array([ALONE_WEIGHT if sample.source == "gsr" else 1.0 for sample in found] + [ALONE_WEIGHT] * len(single)),
        [sample.article for sample in both],
    )


def cross_validated(table: Table) -> np.ndarray:
    """Return the chance of each reading by a model that has not seen its article."""
    names = sorted(set(table.articles))
    fold_of = dict(zip(names, np.random.default_rng(SEED).integers(0, FOLDS, len(names)), strict=True))
    folds = np.array([fold_of[article] for article in table.articles])
    chance = np.zeros(len(table.labels))
    for fold in range(FOLDS):
        seen, held = folds != fold, folds == fold
        weights = fit(table.rows[seen], table.labels[seen], table.counts[seen])
        chance[held] = 1 / (1 + np.exp(-table.rows[held] @ weights))
    return chance


def news_scale(chance: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return slope and shift of the log odds of readings in news, given chances by models that had not seen them."""
    rows = np.column_stack([_log_odds(chance), np.ones(len(chance))])
    scale: np.ndarray = np.array([1.0, 0.0])
    for _ in range(40):
        fitted = 1 / (1 + np.exp(-rows @ scale))
        curve = (rows * (fitted * (1 - fitted))[:, None]).T @ rows
        scale = scale - np.linalg.solve(curve, rows.T @ (fitted - labels))
    return scale


def scaled(chance: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return chances with their log odds stretched and shifted."""
    slope, shift = scale
    result: np.ndarray = 1 / (1 + np.exp(-(slope * _log_odds(chance) + shift)))
    return result


def without_source(chance: np.ndarray, labels: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Return the chances of readings in news, each by a scale that has not seen its source."""
    result = np.zeros(len(chance))
    for source in GOLD_NEWS:
        held = sources == source
        result[held] = scaled(chance[held], news_scale(chance[~held], labels[~held]))
    return result


def _log_odds(chance: np.ndarray) -> np.ndarray:
    inner: np.ndarray = np.clip(chance, 1e-4, 1 - 1e-4)
    odds: np.ndarray = np.log(inner / (1 - inner))
    return odds


def report(title: str, chance: np.ndarray, labels: np.ndarray, groups: int = 10) -> None:
    """Print precision, recall among what was read, and the reliability table."""
    print(f"{title}: {len(labels)} readings, {int(labels.sum())} right")
    for threshold in SHOWN:
        kept = chance >= threshold
        if kept.any():
            precision, recall = labels[kept].mean(), labels[kept].sum() / labels.sum()
            print(f"  from {threshold}: precision {precision:.3f}, kept {recall:.3f} ({int(kept.sum())})")
    table = reliability(list(zip(chance.tolist(), (labels > 0).tolist(), strict=True)), groups)
    print("  sure/right", " ".join(f"{sure:.2f}/{right:.2f}" for _, sure, right in table))
    print(f"  calibration error {calibration_error(table):.3f}")


def main() -> None:
    """Train, cross-validate, print and write the weights."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"))
    folder: Path = arguments.parse_args().data
    found = [*own_samples(), *eventless_samples(), *report_samples(), *gold_news_samples()]
    found += treebank_samples(folder / "language")
    found += sentence_samples(folder / "events" / "plover-gsr-dev.json")
    having = Counter(name for name, _ in {(name, sample.article) for sample in found for name in sample.values})
    names = sorted(name for name, count in having.items() if count >= ARTICLES_MIN)
    table = table_of(found, names)
    chance = cross_validated(table)
    size = len(found)
    whole, single, right = chance[:size], chance[size:], table.labels[:size]
    sources = np.array([sample.source for sample in found])
    told = np.array([is_report(sample.values) for sample in found])
    unseen = np.isin(sources, list(GOLD_NEWS))
    news = told & unseen
    fitted = fit(table.rows, table.labels, table.counts)
    slope, shift = scale = news_scale(whole[news], right[news])
    print(f"scale of news ({int(news.sum())} readings): slope {slope:.3f}, shift {shift:.3f}")
    apart = np.copy(whole)
    apart[news] = without_source(whole[news], right[news], sources[news])
    print("cross-validated over articles, the scale of news fitted on the other sources:")
    for source in GOLD_NEWS:
        shown = (sources == source) & (apart >= THRESHOLD)
        report(f"shown events of {source}", apart[shown], right[shown], 5)
    whole = np.where(told, scaled(whole, scale), whole)
    print("cross-validated over articles:")
    ours, gold = np.isin(sources, ("own", "eventless", "reports")), sources == "gsr"
    report("all articles", whole[~gold], right[~gold])
    report("news with gold, shown", whole[unseen & (whole >= THRESHOLD)], right[unseen & (whole >= THRESHOLD)], 5)
    report("own articles", whole[ours], right[ours])
    running = ~ours & ~gold & ~unseen
    report("GUM and EWT", whole[running], right[running])
    report("GUM and EWT, where they sound like news", whole[told & running], right[told & running], 5)
    report("PLOVER's sentences (the rules saw them)", whole[gold], right[gold])
    report("their sentences alone", single, table.labels[size:])
    print("by source", dict(Counter(sample.source for sample in found)))
    weights = dict(zip(names, (round(float(w), 4) for w in fitted), strict=True))
    weights |= {NEWS_SLOPE: round(float(slope), 4), NEWS_SHIFT: round(float(shift), 4)}
    TARGET.write_text(json.dumps(weights, indent=1) + "\n", "utf-8")
    print(f"written: {len(weights)} weights")


if __name__ == "__main__":
    main()
