"""A worker writes its log as it was told to, and Faust's libraries write nothing of each record."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.integration.distributed import Cluster, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(120)]
COMMAND = [sys.executable, "-c", "from pipeline.cli import main; main()", "worker", "--log-format", "json"]


def test_worker_writes_its_log_in_the_form_that_was_asked_for(
    servers: dict[str, str], prefix: str, tmp_path: Path
) -> None:
    cluster = Cluster(servers, prefix, tmp_path)
    log = tmp_path / "worker-0.log"
    try:
        cluster._start("worker", COMMAND, {})
        assert wait_until(lambda: log.read_text().count("remembered stage=") >= 2, 90), cluster.logs()
    finally:
        cluster.stop()
    records = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    levels = {(record["level"], record["logger"].partition(".")[0]) for record in records}
    assert ("info", "pipeline") in levels
    assert {logger for level, logger in levels if level in ("debug", "info")} == {"pipeline"}
