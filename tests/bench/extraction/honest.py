"""How right the events of whole articles are, counted as ``tests/data/extract/honest/RULES.md`` says.

Precision and recall are by type; ``codes`` and ``countries`` are the shares of right events
whose parties are right too, with and without their sectors. Titles are not
given to the reader. The locked half gives totals alone: nothing here names an event of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipeline.model import Actor, Document, Event
from pipeline.stages.extract.events.rank import THRESHOLD
from pipeline.stages.extract.stage import read

HONEST = next(folder for folder in Path(__file__).parents if folder.name == "tests") / "data" / "extract" / "honest"
EVENTLESS = frozenset("sport markets weather culture".split())
GROUPS = 5

Outcome = Literal["right", "false", "neither"]


class Judged(NamedTuple):
    """Hold an event that was given, what it counts as, and whether its parties are right."""

    event: Event
    outcome: Outcome
    codes: bool
    countries: bool


class Article(NamedTuple):
    """Hold what was given for one article, judged, and how many of its wanted events were found."""

    kind: str
    judged: tuple[Judged, ...]
    wanted: int
    found: int


def load(name: str) -> list[dict[str, Any]]:
    """Return the articles of the ``open`` or ``locked`` half."""
    articles: list[dict[str, Any]] = json.loads((HONEST / f"{name}.json").read_text("utf-8"))
    return articles


def document_of(article: dict[str, Any]) -> Document:
    """Read an article's text."""
    day = datetime.fromisoformat(article["published"])
    return read(
        Document(id=article["id"], source="bench", seen=day, published=day, text=article["text"], language="en")
    )


def judge(article: dict[str, Any], given: Sequence[Event]) -> Article:
    """Compare the events given for an article with its gold, one to one within each sentence."""
    gold = article["events"]
    pairs = sorted(
        (
            (not _asserted(theirs), -_fit(mine, theirs), at, number)
            for at, mine in enumerate(given)
            for number, theirs in enumerate(gold)
            if _may_match(mine, theirs)
        ),
        key=lambda pair: (pair[0], pair[1]),
    )
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, at, number in pairs:
        if at not in matched and number not in taken:
            matched[at] = number
            taken.add(number)
    found: set[int] = set()
    repeats: list[int] = []
    outcomes: dict[int, Outcome] = {}
    for at, number in matched.items():
        if _wanted(gold[number]):
            found.add(number)
            outcomes[at] = "right"
        elif gold[number].get("negated") and not given[at].negated:
            outcomes[at] = "false"
        else:
            outcomes[at] = "neither"
            if gold[number].get("same_as") is not None:
                repeats.append(at)
    for at in repeats:  # the only mention found counts for the event it repeats
        first = gold[matched[at]]["same_as"]
        if first not in found and _wanted(gold[first]):
            found.add(first)
            outcomes[at] = "right"
    near = {at: [number for _, _, a, number in pairs if a == at] for at in range(len(given))}
    judged: list[Judged] = []
    for at, event in enumerate(given):
        outcome = outcomes.get(at)
        if outcome is None:
            outcome = "neither" if any(number in taken for number in near[at]) else "false"
        theirs = gold[matched[at]] if at in matched else None
        codes, countries = (theirs is not None and codes_right(event, theirs, sectors) for sectors in (True, False))
        judged.append(Judged(event, outcome, codes, countries))
    return Article(article["kind"], tuple(judged), sum(map(_wanted, gold)), len(found))


def codes_of(actor: Actor) -> tuple[str, ...]:
    """Return a party's country or body, then its sector."""
    return tuple(code for code in (actor.code, actor.sector) if code)


def codes_right(event: Event, gold: dict[str, Any], sectors: bool = True) -> bool:
    """Say whether every party that is not implied has its codes, and no party is given that is not in the gold."""
    if gold.get("mutual"):  # which side is written as actor does not matter
        sides = [((*event.actors, *event.recipients), [*gold["actors"], *gold["recipients"]])]
    else:
        sides = [(event.actors, gold["actors"]), (event.recipients, gold["recipients"])]
    return all(_side_right(given, wanted, sectors) for given, wanted in sides)


def _side_right(given: Sequence[Actor], wanted: Sequence[dict[str, Any]], sectors: bool) -> bool:
    def agrees(actor: Actor, party: dict[str, Any]) -> bool:
        codes = codes_of(actor)
        for accepted in (party["codes"], *party.get("also", ())):
            # We give the main sector alone.
            whole = codes == tuple(accepted[:2]) or (len(accepted) > 2 and codes == (accepted[0], accepted[2]))
            if whole or (not sectors and codes[:1] == tuple(accepted[:1])):
                return True
        return False

    told = all(any(agrees(actor, party) for party in wanted) for actor in given)
    return told and all(party.get("implied") or any(agrees(actor, party) for actor in given) for party in wanted)


def _fit(event: Event, gold: dict[str, Any]) -> float:
    """Return how well parties fit: codes first, then whether the words overlap, then how near the triggers stand."""
    score = 2.0 * codes_right(event, gold)
    for given, wanted in ((event.actors, gold["actors"]), (event.recipients, gold["recipients"])):
        score += sum(any(a.start < p["end"] and p["start"] < a.end for a in given) for p in wanted)
    return score - float(abs(event.trigger.start - gold["trigger"]["start"])) / 1000


def _may_match(event: Event, gold: dict[str, Any]) -> bool:
    inside = gold["sentence"]["start"] <= event.trigger.start < gold["sentence"]["end"]
    return inside and event.type in (gold["type"], *gold.get("also_types", ()))


def _asserted(gold: dict[str, Any]) -> bool:
    return not (gold.get("negated") or gold.get("optional"))


def _wanted(gold: dict[str, Any]) -> bool:
    return _asserted(gold) and gold.get("same_as") is None


class Counts(NamedTuple):
    """Hold the totals over articles."""

    right: int
    false: int
    found: int
    wanted: int
    whole: int
    countries: int


def counts(articles: Sequence[Article]) -> Counts:
    """Add up what was judged."""
    judged = [each for article in articles for each in article.judged]
    return Counts(
        right=sum(each.outcome == "right" for each in judged),
        false=sum(each.outcome == "false" for each in judged),
        found=sum(article.found for article in articles),
        wanted=sum(article.wanted for article in articles),
        whole=sum(each.outcome == "right" and each.codes for each in judged),
        countries=sum(each.outcome == "right" and each.countries for each in judged),
    )


def reliability(pairs: Sequence[tuple[float, bool]], groups: int = GROUPS) -> list[tuple[int, float, float]]:
    """Return how many, mean confidence and share of right ones in groups of equal size, from the least sure."""
    ordered = sorted(pairs)
    table: list[tuple[int, float, float]] = []
    for group in range(groups):
        part = ordered[len(ordered) * group // groups : len(ordered) * (group + 1) // groups]
        if part:
            table.append((len(part), sum(c for c, _ in part) / len(part), sum(r for _, r in part) / len(part)))
    return table


def calibration_error(table: Sequence[tuple[int, float, float]]) -> float:
    """Return the mean distance of confidence and share of right ones, weighted by group."""
    total = sum(size for size, _, _ in table)
    return sum(size * abs(sure - right) for size, sure, right in table) / total if total else 0.0


def honest(name: str) -> dict[str, float]:
    """Return the figures of one half: articles with events, articles without, and calibration over both."""
    articles = [judge(article, given(document_of(article))) for article in load(name)]
    eventful = [article for article in articles if article.kind not in EVENTLESS]
    plain = [article for article in articles if article.kind in EVENTLESS]
    total = counts(eventful)
    table = reliability(list(_sureness(articles)))
    figures = {
        "precision": total.right / max(1, total.right + total.false),
        "recall": total.found / total.wanted,
        "codes": total.whole / max(1, total.right),
        "countries": total.countries / max(1, total.right),
        "false_per_plain_article": sum(len(article.judged) for article in plain) / len(plain),
        "calibration_error": calibration_error(table),
    }
    for number, (_, sure, right) in enumerate(table, 1):
        figures |= {f"sure_{number}": sure, f"right_{number}": right}
    return {f"{name}_{key}": value for key, value in figures.items()}


def given(document: Document) -> tuple[Event, ...]:
    """Return what is shown of a document's events by default."""
    return tuple(event for event in document.events if event.confidence >= THRESHOLD or event.schedule)


def _sureness(articles: Sequence[Article]) -> Iterator[tuple[float, bool]]:
    for article in articles:
        for each in article.judged:
            if each.outcome != "neither":
                yield each.event.confidence, each.outcome == "right"
