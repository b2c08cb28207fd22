"""Three hundred and sixty-six reports of one event are one story and one alert, not 366."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path

import msgspec
import pytest

from pipeline.alerts.policy import Paged, noted, plan
from pipeline.model import Alert, AlertRule, Article, Document, derive_id
from pipeline.ports.alerts import Delivery, Earlier
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.stages.match.stage import Rules, match
from tests.bench.stories import read

DATA = Path(__file__).parents[3] / "data" / "stories" / "one_event.txt"
START = datetime(2026, 3, 3, 4, tzinfo=UTC)
REPORTS = 366
HOURS = 120
DATELINES = ("PORTOLAN —", "Portolan, Dravena.", "From our correspondent in Portolan.", "DRAVENA —")
SOURCES = [f"Paper {n}" for n in range(60)]


def known() -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return headlines, and each fact with the hour from which it was known."""
    rows = [line.split(" | ") for line in DATA.read_text("utf-8").splitlines() if not line.startswith("#")]
    return rows[0][1:], [(int(hour), wordings) for hour, *wordings in rows[1:]]


def reports() -> list[Article]:
    """Write the reports: a third are an agency's text, sent out again under other headlines and with words changed."""
    draw = random.Random(366)
    headlines, facts = known()
    made: list[Article] = []
    for number in range(REPORTS):
        hour = HOURS * (number / REPORTS) ** 2
        moment = START + timedelta(hours=hour)
        told = [fact for fact in facts if fact[0] <= hour]
        newest = told[-1]
        chosen = [newest, *draw.sample(told[:-1], min(len(told) - 1, draw.randint(2, 6)))]
        told_in = " ".join(draw.choice(wordings) for _, wordings in draw.sample(chosen, len(chosen)))
        text = f"{draw.choice(DATELINES)} {told_in}"
        if number % 3 == 2:
            text = f"{made[-1].text} {draw.choice(SOURCES)} reports."
        title = draw.choice([*headlines, draw.choice(newest[1])])
        source = draw.choice(SOURCES)
        made.append(
            Article(
                id=derive_id(str(number)),
                source=source,
                seen=moment,
                published=moment,
                title=title,
                text=text,
                language="en",
                revision=1,
            )
        )
    return made


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """Return the reports among those of other happenings of the same days, as the pipeline sees them."""
    remembered = Remembered()
    others = [report.article for report in read("dev")]
    made = []
    for article in sorted([*reports(), *others], key=lambda article: article.seen):
        decision = deduplicate(article, remembered, article.seen)
        for fact in decision.facts:
            remembered.learn(fact.key, fact.value)
        made += [value for value in decision.emit if isinstance(value, Document)]
    return made


def of_the_event(documents: list[Document]) -> list[Document]:
    ids = {report.id for report in reports()}
    return [document for document in documents if document.id in ids]


def test_reports_of_one_event_are_one_story(documents: list[Document]) -> None:
    stories = Counter(document.story_id for document in of_the_event(documents))
    assert (REPORTS, 1) == (stories.total(), len(stories))


def test_reports_of_other_happenings_are_not_in_it(documents: list[Document]) -> None:
    (story,) = {document.story_id for document in of_the_event(documents)}
    assert REPORTS == sum(document.story_id == story for document in documents)


def test_agency_texts_are_copies_of_it(documents: list[Document]) -> None:
    assert sum(document.duplicate_of is not None for document in of_the_event(documents)) >= REPORTS // 3 * 0.8


def test_one_story_alerts_once_and_then_by_the_number_of_its_sources(documents: list[Document]) -> None:
    rule = AlertRule(id="r", name="dravena", query="dravena OR portolan", created=START, channels=("hook",))
    rules = Rules()
    rules.learn(rule.id, msgspec.json.encode(rule))
    deliveries: list[Delivery] = []
    for document in of_the_event(documents):
        for alert in match(document, rules, document.seen).emit:
            assert isinstance(alert, Alert)
            earlier = [d for d in deliveries if d.alert.subject == alert.subject]
            delivery = plan(alert, rule, "hook", reduce(noted, earlier, Earlier()), Paged(), document.seen)
            if delivery is not None and delivery.id not in {d.id for d in deliveries}:
                deliveries.append(msgspec.structs.replace(delivery, changed=document.seen))
    sent = [delivery for delivery in deliveries if delivery.state == "queued"]
    assert (1, {"update"}) == (
        sum(delivery.alert.reason == "match" for delivery in sent),
        {delivery.alert.reason for delivery in sent[1:]},
    )
    assert len(sent) <= 7
