"""Topics are made as the table says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.adapters.kafka.topics import topic_configs
from pipeline.topics import ARTICLES, TOPICS, TableTopic, Topic


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_tables_are_compacted_and_everything_else_expires(topic: Topic) -> None:
    configs = topic_configs(topic, {})
    assert (configs.get("cleanup.policy") == "compact") == isinstance(topic, TableTopic)
    assert ("retention.ms" in configs) != isinstance(topic, TableTopic)


def test_retention_that_is_asked_for_replaces_the_one_of_the_table() -> None:
    keep = {ARTICLES.name: timedelta(days=2)}
    assert topic_configs(ARTICLES, keep)["retention.ms"] == str(2 * 86_400_000)
    assert topic_configs(ARTICLES, {})["retention.ms"] == str(90 * 86_400_000)


def test_names_are_given_once() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
