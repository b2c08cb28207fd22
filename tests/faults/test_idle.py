"""A system that has nothing to do for five minutes goes on: nothing ends, nothing grows, and news is told as ever."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.outages import Footprint
from tests.faults.rows import SETTLE_S, running

IDLE_S = 300.0
# Less than the rows of outages allow: nothing has happened.
MORE_MB = 32
pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(700)]


def test_five_idle_minutes_end_no_process_and_lose_nothing(
    tmp_path: Path, servers: dict[str, str], elasticsearch_prefix: str
) -> None:
    with running(tmp_path, servers, elasticsearch_prefix, 12) as bench:
        bench.flow(5)
        bench.oracle.wait(bench.site.count(), SETTLE_S)
        before = {role: Footprint.of(process.pid) for role, process in bench.system.processes.items()}
        time.sleep(IDLE_S)
        assert not bench.system.ended(), bench.system.logs()
        assert "stalled" not in bench.system.logs()
        after = {role: Footprint.of(process.pid) for role, process in bench.system.processes.items()}
        assert [] == [role for role in after if after[role].megabytes - before[role].megabytes > MORE_MB]
        assert [] == [role for role in after if after[role].files - before[role].files > 8]
        bench.flow(3)
        judgement = bench.oracle.judge(0, bench.oracle.wait(bench.site.count(), SETTLE_S))
        assert judgement.holds, judgement
