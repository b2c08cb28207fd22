"""What a feed had before it was followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from pipeline.model import Article


def marked(articles: Sequence[Article], followed: datetime) -> tuple[Article, ...]:
    """Return the articles of a feed's first poll, with those as history that are older than its being followed.

    What has no date is taken for old: a feed's first poll brings whatever it has kept.
    """
    return tuple(
        msgspec.structs.replace(article, history=True)
        if not article.history and (article.published is None or article.published < followed)
        else article
        for article in articles
    )
