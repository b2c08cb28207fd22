"""The demonstration tells the truth whenever it is shown: its days are those they are called."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline import demo

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
