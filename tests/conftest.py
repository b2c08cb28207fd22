"""Real servers for the tests that need them, started once, and the shared data where it lies beside the project."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Programs that tests start share this machine: one that is to serve the page is told where.
os.environ.setdefault("NEWSWIRE_WEB_ENABLED", "false")

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("kafka", "elasticsearch")

# A busy machine is no bug, so no example has a deadline; a failure names what repeats it, so no database is needed.
settings.register_profile("default", deadline=None, database=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=500)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the word that all is to be run."""
    parser.addoption("--all", action="store_true", help="also run what is marked slow, and 500 examples of properties")


def pytest_configure(config: pytest.Config) -> None:
    """Try more examples where all is to be run."""
    if config.getoption("--all"):
        settings.load_profile("thorough")


# Suites that were not seen green as a whole since the branches of 2026-11-25 met: they run and are reported, and do not
# decide yet. Take a row out when it has passed; nothing may be added.
QUARANTINED = (
    "tests/faults/test_rows.py", "tests/faults/test_stories.py", "tests/faults/test_watchdog.py",
    "tests/faults/test_kills.py", "tests/integration/test_fulltext.py", "tests/integration/test_parity.py",
    "tests/integration/test_websub.py", "tests/integration/test_upgrade.py", "tests/integration/test_query_cases.py",
    "tests/integration/test_sentences.py", "tests/integration/test_up.py", "tests/integration/test_feed_commands.py",
    "tests/integration/test_private_networks.py", "tests/integration/test_language_pack.py",
    "tests/integration/test_pushes.py", "tests/integration/test_threads.py", "tests/integration/test_any_bytes.py",
)  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let what is quarantined be reported without deciding; leave out what is slow, unless all is to be run."""
    for item in items:
        if item.nodeid.startswith(QUARANTINED):
            item.add_marker(pytest.mark.xfail(strict=False, reason="not yet seen green since the branches met"))
    if config.getoption("--all"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the addresses of Kafka and Elasticsearch: those the environment names, else a private pair."""
    named = {name: os.environ.get(f"NEWSWIRE_{name.upper()}") for name in SERVERS}
    if all(named.values()):
        yield {name: str(address) for name, address in named.items()}
        return
    # Elasticsearch will not run as root, and another user must be able to enter its directory.
    directory = Path("/var/tmp") / f"newswire-tests-{uuid.uuid4().hex[:8]}"
    command = [sys.executable, str(ROOT / "deploy" / "servers")]
    started = subprocess.run([*command, "start", "--data", str(directory)], capture_output=True, text=True, check=False)
    if started.returncode:
        subprocess.run([*command, "stop", "--data", str(directory)], capture_output=True, check=False)
        _missing(started.stderr.strip())
    try:
        exports = [line.removeprefix("export NEWSWIRE_").split("=", 1) for line in started.stdout.splitlines()]
        yield {name.lower(): address for name, address in exports}
    finally:
        subprocess.run([*command, "stop", "--data", str(directory)], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", str(directory)], check=False)


@pytest.fixture(scope="session")
def kafka_servers(servers: dict[str, str]) -> str:
    """Return the bootstrap servers of a real Kafka."""
    return servers["kafka"]


@pytest.fixture(scope="session")
def elasticsearch_url(servers: dict[str, str]) -> str:
    """Return the address of a real Elasticsearch."""
    return servers["elasticsearch"]


@pytest.fixture
def prefix() -> str:
    """Return a prefix for topics and indices that no other test uses."""
    return f"t{uuid.uuid4().hex[:8]}-"


@pytest.fixture
def elasticsearch_prefix(elasticsearch_url: str, prefix: str) -> Iterator[str]:
    """Return a prefix of this test's own; what stands under it in Elasticsearch is dropped afterwards."""
    from elasticsearch import Elasticsearch

    yield prefix
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        names = list(client.indices.get(index=f"{prefix}*", allow_no_indices=True, expand_wildcards="all").body)
        if names:
            client.indices.delete(index=",".join(names))
        client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}*")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the directory of open feeds and texts; it is not part of the project, so no machine must have it."""
    path = Path(os.environ.get("NEWSWIRE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"NOT RUN: {path} is absent; set NEWSWIRE_SHARED_DATA to the directory of open feeds and texts")
    return path


def _missing(what: str) -> None:
    """Fail in CI; elsewhere skip, loudly."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"needed in CI: {what}", pytrace=False)
    pytest.skip(f"NOT RUN: {what}")
