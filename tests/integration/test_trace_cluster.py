"""`newswire trace` over Kafka and Elasticsearch tells where an article came from and how it was revised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pipeline.model import Document, derive_id
from pipeline.wiring import stores
from tests.integration.distributed import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(180)]


def test_revisions_and_the_feed_are_told_in_the_cluster_too(
    servers: dict[str, str], elasticsearch_prefix: str, tmp_path: Path
) -> None:
    cluster = Cluster(servers, elasticsearch_prefix, tmp_path, partitions=1)
    first = Document(
        id=derive_id("quay"), source="wire", feed="https://wire.example/feed", url="https://wire.example/quay",
        seen=datetime.now(UTC) - timedelta(hours=1), title="Two hurt on the quay", text="Two people were hurt.",
        revision=1,
    )  # fmt: skip
    second = msgspec.structs.replace(first, title="Five hurt on the quay", text="Five people were hurt.", revision=2)
    third = msgspec.structs.replace(second, withdrawn=True, revision=3)
    with stores.store(cluster.settings) as store:
        for document in (first, second, third):
            store.index.upsert([document])
            store.index.refresh()
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "trace", first.url or "", "--json"]
    told = subprocess.run(command, env=os.environ | cluster.environment, check=True, capture_output=True, text=True)
    steps = [(step["stage"], step["words"]) for step in json.loads(told.stdout)["steps"]]
    assert ("fetch", "came from https://wire.example/feed, with the text of the feed") in steps
    identified = [words for stage, words in steps if stage == "identify"]
    assert identified[:3] == [
        "is new: nothing with its identity was known",
        "revision 2: says something else than before",
        "revision 3: was withdrawn",
    ]
