"""How the settings have Kafka and Elasticsearch reached: by TLS or not, and as whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.config import Settings
from pipeline.errors import UsageError
from pipeline.topics import ARTICLES, DEAD, HISTORY, TOPICS

if TYPE_CHECKING:
    from pipeline.adapters.elasticsearch import client as elasticsearch
    from pipeline.adapters.kafka import access as kafka


def kafka_access(settings: Settings) -> kafka.Access:
    """Return how Kafka is reached. Raises ``UsageError`` for settings that do not fit together."""
    from pipeline.adapters.kafka.access import Access

    if settings.kafka_user is not None and settings.kafka_password is None:
        raise UsageError("kafka_user is set and kafka_password is not; set both or neither.")
    asked = [name for name in ("kafka_ca", "kafka_certificate", "kafka_key") if getattr(settings, name) is not None]
    if asked and not settings.kafka_tls:
        raise UsageError(f"{asked[0]} is set and kafka_tls is not; without kafka_tls = true nothing is encrypted.")
    return Access(
        tls=settings.kafka_tls,
        ca=settings.kafka_ca,
        certificate=settings.kafka_certificate,
        key=settings.kafka_key,
        user=settings.kafka_user,
        password=settings.kafka_password,
        mechanism=settings.kafka_mechanism,
    )


def elasticsearch_access(settings: Settings) -> elasticsearch.Access:
    """Return how Elasticsearch is reached."""
    from pipeline.adapters.elasticsearch.client import Access

    return Access(api_key=settings.elasticsearch_api_key, ca=settings.elasticsearch_ca)


def topics_kept(settings: Settings) -> dict[str, timedelta]:
    """Return how long the topics keep their records, as the settings say: none longer than the log of articles."""
    days = timedelta(days=settings.keep.articles_days)
    between = {topic.name: min(topic.keep, days) for topic in TOPICS if topic.keep is not None}
    return between | {topic.name: days for topic in (ARTICLES, HISTORY, DEAD)}
