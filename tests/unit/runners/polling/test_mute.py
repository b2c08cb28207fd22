"""Muting is by the queries that search and alerts have."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.model import Article
from pipeline.runners.polling.mute import is_muted

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ARTICLE = Article(
    id="a",
    source="Harbour news",
    seen=NOW,
    title="<b>Lottery</b> numbers of the week",
    authors=("Ida Holm",),
    html="<p>The winning numbers were drawn on Saturday.</p>",
    language="en",
    tags=("Games",),
    published=NOW,
)


@pytest.mark.parametrize(
    ("queries", "muted"),
    [
        ((), False),
        (("volcano",), False),
        (("lottery",), True),
        (("volcano", "title:lottery"), True),
        (("lottery -numbers",), False),
        (('"winning numbers"',), True),
        (("win*",), True),
        (('author:"ida holm"',), True),
        (("tag:games",), True),
        (("lang:de",), False),
        (("title:(",), False),
        (("title:(", "wins"), True),
    ],
)
def test_article_is_muted_when_any_query_finds_it(queries: tuple[str, ...], muted: bool) -> None:
    assert is_muted(ARTICLE, queries, NOW) == muted
