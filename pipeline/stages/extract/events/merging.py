"""Merge reports of the same event: within an article, and across the articles of a story."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from pipeline.model import Actor, Document, Event, Figure, Report, ReportedEvent, origins
from pipeline.stages.extract.events.clauses import MUTUAL
from pipeline.stages.extract.events.lemmas import lemma

# So many independent publishers confirm an event.
CONFIRMED_BY = 2
# What stands in the title and the first characters of a text is its news; what comes far down is background.
LEAD_CHARS = 500
# Verbs of one sentence that put the same parties to these tell of one act.
_ONE_ACT = frozenset("ASSAULT PROTEST CONSULT".split())
# Two reports that give no day are of one happening only if they were published this close to each other.
NEAR = timedelta(days=2)
_NUMBERS = "two three four five six seven eight nine ten eleven twelve".split()
_VALUES = {word: number for number, word in enumerate(_NUMBERS, 2)}
_TIMES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
# Words that may stand between a figure and what it counts.
_BETWEEN = r"(?:(?:other|more|its|his|her|their|the|of|new|armed|local|foreign|[a-z]+(?:an|ish|ese|ed))\s+){0,2}"
_COUNTED = re.compile(
    rf"(?<![\w.,$€£-])(\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})(?:\s+({'|'.join(_TIMES)}))?\s+{_BETWEEN}([a-z]{{3,}})\b",
    re.IGNORECASE,
)
_NOT_COUNTED = frozenset(
    "a.m p.m percent per cent year month week day hour minute second time january february march april may june july "
    "august september october november december and or the for from than but with who which that were was".split()
)


def merge(events: Sequence[Event]) -> tuple[Event, ...]:
    """Merge the reports of one article: same type, parties that agree, and no two dates."""
    kept: list[Event] = []
    for event in events:
        index = next((index for index, other in enumerate(kept) if _same(event, other)), None)
        if index is None:
            kept.append(event)
        else:
            kept[index] = _merged(kept[index], event)
    return tuple(kept)


def merge_reports(found: Iterable[tuple[Document, Event]]) -> tuple[ReportedEvent, ...]:
    """Merge the reports that the articles of one story give of the same event, in the order of the first of each.

    ``reports`` then counts articles, ``origins`` their independent publishers. Articles without a story
    merge with none.
    """
    pairs = list(found)
    turned_out = {old: document.story_id for document, _ in pairs for old in document.merged}
    groups: list[list[tuple[Document, Event]]] = []
    alike: defaultdict[tuple[str, str], list[list[tuple[Document, Event]]]] = defaultdict(list)
    for document, event in pairs:
        story = document.story_id or document.id
        key = turned_out.get(story) or story, event.type
        group = next((g for g in alike[key] if all(_same_happening(each, (document, event)) for each in g)), None)
        if group is None:
            group = []
            groups.append(group)
            alike[key].append(group)
        group.append((document, event))
    return tuple(_reported(group) for group in groups)


def figures_in(sentence: str) -> dict[str, str]:
    """Return what a sentence counts: the noun's base form, and how many; the first figure of each."""
    found: dict[str, str] = {}
    for match in _COUNTED.finditer(sentence):
        number, times, noun = match.groups()
        counted = lemma(noun)
        if counted in _NOT_COUNTED or (number.isdigit() and len(number) == 4 and not times):
            continue
        value = float(_VALUES.get(number.lower(), number.replace(",", ""))) * _TIMES.get((times or "").lower(), 1)
        found.setdefault(counted, f"{value:,.10g}" if value % 1 else f"{value:,.0f}")
    return found


def _reported(group: Sequence[tuple[Document, Event]]) -> ReportedEvent:
    """Tell of several reports as one: the words of the fullest, the days and figures of all."""
    best = group[0][1]
    for _, event in group[1:]:
        best = _merged(best, event)
    told_by = tuple(
        Report(article=document.id, source=document.source, event=event.id, sentence=event.sentence.text)
        for document, event in group
    )
    publishers = origins(document for document, _ in group)
    values: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for document, event in sorted(group, key=lambda pair: (pair[0].seen, pair[0].id)):
        for counted, value in figures_in(event.sentence.text).items():
            if document.source not in values[counted][value]:
                values[counted][value].append(document.source)
    figures = tuple(
        Figure(counted=counted, value=value, sources=tuple(sources))
        for counted, given in sorted(values.items())
        if len(given) > 1
        for value, sources in given.items()
    )
    articles = {report.article for report in told_by}
    event = msgspec.structs.replace(best, reports=len(articles), origins=max(len(publishers), 1))
    return ReportedEvent(
        event=event,
        told_by=told_by,
        figures=figures,
        confirmed=len(publishers) >= CONFIRMED_BY and not event.hypothetical,
    )


def _merged(other: Event, event: Event) -> Event:
    # Of two verbs of one sentence the first is what happened, the second what came of it.
    best = other if other.sentence == event.sentence else max((other, event), key=_weight)
    return msgspec.structs.replace(
        best,
        reports=other.reports + event.reports,
        confidence=max(other.confidence, event.confidence),
        date=best.date or other.date or event.date,
        attributed_to=best.attributed_to or other.attributed_to,
    )


def _weight(event: Event) -> tuple[bool, int, bool, float]:
    """Rank reports: what has a date ahead, the fullest, what is told in the lead, the surest."""
    parties = len(event.actors) + len(event.recipients)
    return bool(event.schedule), parties, event.sentence.start < LEAD_CHARS, event.confidence


def _same_happening(one: tuple[Document, Event], other: tuple[Document, Event]) -> bool:
    days = [(document.published or document.seen) for document, _ in (one, other)]
    if not (one[1].date and other[1].date) and abs(days[0] - days[1]) > NEAR:
        return False
    return _same(one[1], other[1])


def _same(one: Event, other: Event) -> bool:
    if (one.type, one.negated, one.hypothetical) != (other.type, other.negated, other.hypothetical):
        return False
    if one.date and other.date and one.date.value != other.date.value:
        return False
    if one.cameo != other.cameo and one.type == "AGREE":
        return False
    one_act = one.type in _ONE_ACT and one.sentence == other.sentence  # "attacked the army and killed 12 soldiers"
    if one.cameo != other.cameo and not one_act and lemma(one.trigger.text) != lemma(other.trigger.text):
        return False
    ours, theirs = (_codes(one.actors), _codes(one.recipients)), (_codes(other.actors), _codes(other.recipients))
    if one.type in MUTUAL and ours[0] | ours[1] == theirs[0] | theirs[1]:
        return True
    if one_act and not (ours[0] and theirs[0]):  # "attacked the army, and 15 soldiers were killed"
        return ours[1] == theirs[1]
    return ours[0] == theirs[0] and (ours[1] == theirs[1] or not ours[1] or not theirs[1])


def _codes(actors: Sequence[Actor]) -> frozenset[str]:
    """Return whom parties are known by; "12 people" and "15 people" by what is counted."""
    return frozenset(actor.code or actor.name or lemma(actor.text.rpartition(" ")[2]) for actor in actors)
