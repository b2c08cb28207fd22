"""Articles on their way into the log."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connectors.polling.reading import FeedReading
from pipeline.model import Article
from pipeline.ports.log import Log, Message
from pipeline.topics import ARTICLES, HISTORY, PARSE, dead_letter


def publish(articles: Iterable[Article], log: Log, batch: int = 500) -> int:
    """Append articles from files or archives to the log; return how many."""
    count, messages = 0, []
    for article in articles:
        messages.append(message_of(article))
        if len(messages) >= batch:
            log.append(messages)
            count += len(messages)
            messages = []
    log.append(messages)
    return count + len(messages)


def messages_of(url: str, reading: FeedReading) -> list[Message]:
    """Return what to publish of a reading: its articles, and a dead letter for each entry that could not be read."""
    unread = [_unread(url, f"entry {place + 1}: {reason}") for place, reason in reading.parsed.errors.items()]
    return [*map(message_of, reading.articles), *unread]


def message_of(article: Article) -> Message:
    """Return an article as a record of its topic: history waits until nothing newer does."""
    return Message(
        topic=(HISTORY if article.history else ARTICLES).name, key=article.id, value=msgspec.json.encode(article)
    )


def _unread(url: str, error: str) -> Message:
    """Tell of an entry that could not be read. It cannot be sent back: polling the feed again is what helps."""
    message = Message(topic=ARTICLES.name, key=url, value=error.encode())
    return dead_letter(message, stage=PARSE, reason=error, returns_to=None)
