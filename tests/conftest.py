"""Real servers for the tests that need them, started once, and the shared data where it lies beside the project."""

from __future__ import annotations

import fcntl
import os
import shutil
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
RUN = "PYTEST_NEWSWIRE_RUN"  # names this run to the workers it is spread over, which inherit it

# A busy machine is no bug, so no example has a deadline; a failure names what repeats it, so no database is needed.
settings.register_profile("default", deadline=None, database=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, max_examples=50)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=500)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the word that all is to be run."""
    parser.addoption("--all", action="store_true", help="also run what is marked slow, and 500 examples of properties")


def pytest_configure(config: pytest.Config) -> None:
    """Name the run; try more examples where all is to be run."""
    os.environ.setdefault(RUN, uuid.uuid4().hex[:8])
    if config.getoption("--all"):
        settings.load_profile("thorough")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is slow, unless all is to be run."""
    if config.getoption("--all"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(scope="session")
def servers() -> dict[str, str]:
    """Return the addresses of Kafka and Elasticsearch: those the environment names, else a pair for all workers."""
    named = {name: os.environ.get(f"NEWSWIRE_{name.upper()}") for name in SERVERS}
    if all(named.values()):
        return {name: str(address) for name, address in named.items()}
    directory = _servers_directory()
    directory.mkdir(exist_ok=True)
    # Elasticsearch will not run as root, and another user must be able to enter its directory.
    directory.chmod(0o755)
    with (directory / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = _serve("start", directory)
    if started.returncode:
        _missing(started.stderr.strip())
    exports = [line.removeprefix("export NEWSWIRE_").split("=", 1) for line in started.stdout.splitlines()]
    return {name.lower(): address for name, address in exports}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this run started, once all workers have ended."""
    directory = _servers_directory()
    if not hasattr(config, "workerinput") and directory.is_dir():
        _serve("stop", directory)
        shutil.rmtree(directory, ignore_errors=True)


def _servers_directory() -> Path:
    return Path("/var/tmp") / f"newswire-tests-{os.environ[RUN]}"


def _serve(word: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "deploy" / "servers"), word, "--data", str(directory)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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
