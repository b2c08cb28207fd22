"""Topics are made as the table says."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    KafkaError,
    NotCoordinatorError,
)

from pipeline.adapters.kafka import topics
from pipeline.adapters.kafka.topics import groups_without_readers, topic_configs
from pipeline.config import Keep, Settings
from pipeline.flow import FLOW, changelogs
from pipeline.topics import ALERTS, ARTICLES, ENRICHED, RULES, TOPICS, TableTopic, Topic
from pipeline.wiring.server_access import topics_kept


class Admin:
    """A client of brokers that answer the question about groups with an error, or that they are of nobody."""

    config: ClassVar[dict[str, object]] = {}
    error: KafkaError | None = None

    def __init__(self, **_: object) -> None:
        pass

    def describe_groups(self, names: list[str]) -> dict[str, dict[str, str]]:
        if self.error is not None:
            raise self.error
        return {name: {"group_state": "Stable" if name.endswith("index") else "Empty"} for name in names}

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "error",
    [
        CoordinatorNotAvailableError(),
        CoordinatorLoadInProgressError(),
        NotCoordinatorError(),
        GroupAuthorizationFailedError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_role_is_said_to_be_missing_where_brokers_do_not_tell(
    error: KafkaError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "KafkaAdminClient", Admin)
    assert groups_without_readers("broker:9092", ["worker", "index"]) == ("worker",)
    monkeypatch.setattr(Admin, "error", error)
    assert groups_without_readers("broker:9092", ["worker", "index"]) == ()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_tables_are_compacted_and_everything_else_expires(topic: Topic) -> None:
    configs = topic_configs(topic, {})
    assert (configs.get("cleanup.policy") == "compact") == isinstance(topic, TableTopic)
    assert ("retention.ms" in configs) != isinstance(topic, TableTopic)


def test_retention_that_is_asked_for_replaces_the_one_of_the_table() -> None:
    keep = {ARTICLES.name: timedelta(days=2)}
    assert topic_configs(ARTICLES, keep)["retention.ms"] == str(2 * 86_400_000)
    assert topic_configs(ARTICLES, {})["retention.ms"] == str(90 * 86_400_000)


@pytest.mark.parametrize("days", [1, 2, 7, 90])
def test_a_topic_keeps_little_more_than_it_is_to_keep(days: int) -> None:
    """Kafka removes whole segments once their newest record is too old, and never the one that is written to."""
    configs = topic_configs(ARTICLES, {ARTICLES.name: timedelta(days=days)})
    assert int(configs["segment.ms"]) <= int(configs["retention.ms"]) / 4


@pytest.mark.parametrize("topic", [*changelogs(), RULES], ids=lambda topic: topic.name)
def test_tables_and_facts_are_compacted_daily(topic: Topic) -> None:
    configs = topic_configs(topic, {})
    assert (configs["cleanup.policy"], configs["segment.ms"]) == ("compact", str(86_400_000))


def test_facts_of_every_stage_that_keeps_some_have_a_topic() -> None:
    assert len(changelogs()) == len([stage for stage in FLOW if stage.keeps_facts]) == 2


@pytest.mark.parametrize(("days", "kept"), [(1, 1), (7, 7), (30, 7)])
def test_nothing_between_the_stages_is_kept_longer_than_articles_are(days: int, kept: int) -> None:
    keep = topics_kept(Settings(keep=Keep(articles_days=days)))
    assert keep[ARTICLES.name] == timedelta(days=days)
    assert keep[ENRICHED.name] == keep[ALERTS.name] == timedelta(days=kept)


def test_names_are_given_once() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
