"""The demonstration tells the truth whenever it is shown: its days are those they are called."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline import demo
from pipeline.model import Document, Event, as_document
from pipeline.stages.extract.stage import read
from pipeline.views.tour import tour_lines

MOMENTS = st.integers(0, 20 * 365 * 24).map(lambda hours: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hours))
ENGLISH = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SAID = re.compile(rf"\bon ({'|'.join(ENGLISH)})\b")


@given(MOMENTS)
def test_days_that_are_told_of_are_near_the_day_of_publication(now: datetime) -> None:
    for article in demo.articles(now):
        assert article.published is not None
        assert "{" not in (article.text or "")
        if article.language == "en":
            first = SAID.search(article.text or "")
            recent = {ENGLISH[(article.published + timedelta(days=n)).weekday()] for n in (-1, 0, 1)}
            assert first is None or "forecast" in (article.title or "") or first[1] in recent, article.title


@given(MOMENTS)
def test_three_days_are_three_days(now: datetime) -> None:
    texts = {article.title: article.text or "" for article in demo.articles(now)}
    agreed = SAID.search(texts["Armenia and Azerbaijan extend border ceasefire by thirty days"])
    exchanged = SAID.search(texts["Ceasefire talks: prisoners exchanged at border crossing"])
    assert agreed is not None
    assert exchanged is not None
    assert (ENGLISH.index(exchanged[1]) - ENGLISH.index(agreed[1])) % 7 == 3


def test_weekdays_are_written_in_the_language_of_the_article() -> None:
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)
    written = [demo.dated("{day:0}", language, monday) for language in ("en", "de", "fr", "es", "ja")]
    assert written == ["Monday", "Montag", "lundi", "lunes", "月曜日"]
    assert demo.dated("{date:-24} {month:-240} {year:-17520}", "en", monday) == "24 November December 2028"


def test_one_article_is_revised() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    ids = Counter(article.id for article in [*demo.articles(now), *demo.revisions(now)])
    assert list(ids.values()).count(2) == 1
    assert sum(ids.values()) == demo.count()
    (revised,) = demo.revisions(now)
    (first,) = [article for article in demo.articles(now) if article.id == revised.id]
    assert (first.published, first.url) == (revised.published, revised.url)
    assert first.title != revised.title


# What the texts say, read by hand: the sentence's first words and the event. Nothing else may be found in them.
RIGHT = """
Armenia and Azerbaijan held talks     CONSULT ARM,AZE ->
Armenia and Azerbaijan held talks     AGREE ARM,AZE ->
Armenia and Azerbaijan will hold      AGREE ARM,AZE ->
Armenia accused Azerbaijan            ACCUSE ARM -> AZE
Azerbaijan rejected the charge        REJECT AZE ->
Armenia and Azerbaijan could agree    AGREE ARM,AZE ->
The Red Cross said                    AGREE NGO ->
However, a senior Azerbaijani         THREATEN AZE ->
The United Nations sent               AID UNO ->
France and Germany signed             SUPPORT FRA,DEU ->
France and Germany signed             AGREE FRA,DEU ->
Thousands of seamen                   PROTEST GRC ->
The government called on the union    REQUEST GRC -> GRC
Labour minister Eleni Kostas          REJECT ? ->
Labour minister Eleni Kostas          REJECT GRC ->
Japan and the Philippines began       COOPERATE JPN,PHL ->
China criticised                      ACCUSE CHN ->
The European Union imposed            SANCTION EUR -> RUS
Moscow condemned                      ACCUSE RUS ->
Moscow condemned                      THREATEN RUS ->
Kenyan energy minister                SUPPORT KEN -> ETH
Armed men had stopped                 COERCE ? ->
The army and the Rapid Support        ACCUSE SDN,SDN ->
The African Union's envoy             REQUEST IGO -> ?
The African Union's envoy             REQUEST IGO -> SDN
The African Union called              REQUEST IGO ->
The constitutional court              REQUEST SVK -> SVK
The opposition demanded               REQUEST ? ->
The opposition demanded               REQUEST SVK ->
Armenia and Azerbaijan exchanged      COOPERATE ARM,AZE ->
New Zealand's parliament voted        COERCE NZL ->
Trade unions welcomed the decision    SUPPORT ? ->
Police in Rotterdam arrested          COERCE NLD -> NLD
Police in Rotterdam arrested          PROTEST NLD ->
The activists demanded                REQUEST NLD ->
The activists demanded                REQUEST ? ->
Polish defence minister               AGREE POL,LTU ->
Poland and Lithuania said on Sunday    COOPERATE POL,LTU ->
"""
SUNDAY = datetime(2026, 11, 29, 10, tzinfo=UTC)


@cache
def coded() -> tuple[Document, ...]:
    """Return the demo's articles with what is found in them."""
    return tuple(read(as_document(article)) for article in (*demo.articles(SUNDAY), *demo.revisions(SUNDAY)))


def written(event: Event) -> str:
    """Write an event as `RIGHT` does."""
    actors, recipients = (
        ",".join((party.code or "?") for party in parties) for parties in (event.actors, event.recipients)
    )
    return f"{event.type} {actors} -> {recipients}".strip()


def test_nothing_is_found_but_what_the_texts_say() -> None:
    right = [(line[:38].strip(), line[38:].strip()) for line in RIGHT.strip().splitlines()]
    events = [event for document in coded() for event in document.events]
    wrong = [
        (event.sentence.text, written(event))
        for event in events
        if not any(event.sentence.text.startswith(begins) and written(event) == said for begins, said in right)
    ]
    assert not wrong
    assert len(events) >= 20


def test_tour_shows_one_of_each_kind() -> None:
    of_first = coded()[0].id
    documents = [
        msgspec.structs.replace(document, story_id=of_first, duplicate_of=of_first if number == 1 else None)
        for number, document in enumerate(coded())
    ]
    revised = msgspec.structs.replace(documents[-1], revision=2)
    lines = list(tour_lines([*documents[:-1], revised], [name for name, _ in demo.ALERTS], Path("d")))
    kinds = ("a copy:", "a story:", "a revision:", "a quotation:", "a schedule:", "an alert:")
    assert all(sum(kind in line for line in lines) == 1 for kind in kinds), lines


def test_plan_that_the_tour_shows_is_ahead() -> None:
    ahead = [event.date for document in coded() for event in document.events if event.future and event.schedule]
    assert any(date is not None and date.value > f"{SUNDAY:%Y-%m-%d}" for date in ahead)
