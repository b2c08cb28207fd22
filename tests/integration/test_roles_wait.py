"""A role that is started before its topics or its servers are there waits for them, says so once, and goes on."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pipeline.wiring import services, stores
from tests.integration.distributed import Cluster, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(180)]
ROLES = ("connect", "worker", "index", "notify")
START_S = 60.0


@pytest.fixture
def unready(servers: dict[str, str], prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    with monkeypatch.context() as patched:
        patched.setattr(stores, "set_up_servers", lambda settings: None)
        return Cluster(servers, prefix, tmp_path)


def says(log: Path, words: str) -> bool:
    return wait_until(lambda: words in log.read_text(), START_S)


def test_each_role_waits_for_its_topics_says_so_and_goes_on(unready: Cluster, tmp_path: Path) -> None:
    try:
        started = {role: unready.start(role) for role in ROLES}
        logs = {role: tmp_path / f"{role}-{number}.log" for number, role in enumerate(ROLES)}
        for role, log in logs.items():
            assert says(log, "admin setup"), (role, unready.logs())
        assert {role: process.poll() for role, process in started.items()} == dict.fromkeys(ROLES)
        stores.set_up_servers(unready.settings)
        for role, log in logs.items():
            assert says(log, " goes on after "), (role, unready.logs())
            assert log.read_text().count("admin setup") <= 3, (role, unready.logs())  # one line a thread that waits
        with stores.store(unready.settings) as opened:
            statuses = services.statuses(opened)
            assert wait_until(lambda: statuses.now().missing == (), START_S), statuses.now().missing
            started["index"].send_signal(signal.SIGTERM)
            assert started["index"].wait(30) == 0
            assert wait_until(lambda: statuses.now().missing == ("index",), START_S), statuses.now().missing
    finally:
        unready.stop()


@pytest.mark.parametrize("role", ["worker", "notify"])
def test_a_role_whose_servers_are_away_from_the_start_waits_and_ends_when_it_is_told_to(
    role: str, unready: Cluster, tmp_path: Path
) -> None:
    try:
        process = unready.start(role, NEWSWIRE_KAFKA="127.0.0.1:1")
        log = tmp_path / f"{role}-0.log"
        assert says(log, "does not answer"), unready.logs()
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        unready.stop()
