"""What of a feed's first poll is history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.polling.history import marked
from pipeline.model import Article

FOLLOWED = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_what_is_older_than_the_subscription_or_undated_is_history() -> None:
    dates = {"older": FOLLOWED - HOUR, "undated": None, "same": FOLLOWED, "newer": FOLLOWED + HOUR}
    articles = [Article(id=name, source="s", seen=FOLLOWED, published=date) for name, date in dates.items()]
    assert ["older", "undated"] == [article.id for article in marked(articles, FOLLOWED) if article.history]
    assert list(dates) == [article.id for article in marked(articles, FOLLOWED)]
