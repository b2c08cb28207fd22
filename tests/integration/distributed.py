"""Start the distributed runtime's real processes for a test, and wait for what they bring about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast

from pipeline import config
from pipeline.errors import TransientError
from pipeline.flow import FLOW
from pipeline.model import Article
from pipeline.runners.polling.publishing import publish
from pipeline.topics import EARLY_INDEX, INDEX, WORKER_GROUP
from pipeline.wiring import stores
from pipeline.wiring.stores import Store

STOP_S = 15.0


class Cluster:
    """Run roles of the distributed runtime as processes, on topics and indices of their own prefix."""

    def __init__(
        self,
        servers: dict[str, str],
        prefix: str,
        directory: Path,
        partitions: int = 8,
        further: Mapping[str, str] | None = None,
    ) -> None:
        self.environment = {
            "NEWSWIRE_RUNTIME": "distributed",
            "NEWSWIRE_KAFKA": servers["kafka"],
            "NEWSWIRE_ELASTICSEARCH": servers["elasticsearch"],
            "NEWSWIRE_PREFIX": prefix,
            "NEWSWIRE_DATA": str(directory),
            "NEWSWIRE_SESSION_TIMEOUT_S": "6",
            "NEWSWIRE_PARTITIONS": str(partitions),
            **(further or {}),
        }
        self.settings = config.load(environ=self.environment)
        self._directory = directory
        self._processes: list[subprocess.Popen[bytes]] = []
        stores.set_up_servers(self.settings)

    def start(self, role: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start one role as a user would, with settings of its own."""
        return self._start(role, [sys.executable, "-c", "from pipeline.cli import main; main()", role], environment)

    def start_program(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a program that stands beside this Python."""
        return self._start(name, [str(Path(sys.executable).parent / name), *arguments], {})

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        log = (self._directory / f"{name}-{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(
            command, env=os.environ | self.environment | environment, stdout=log, stderr=subprocess.STDOUT
        )
        self._processes.append(process)
        return process

    def publish(self, articles: Iterable[Article]) -> int:
        """Publish articles as a connector does."""
        with stores.store(self.settings) as store:
            return publish(articles, store.log)

    def revive(self) -> None:
        """Start again what ended with an error, as whatever keeps the roles running does."""
        for process in [process for process in self._processes if process.poll()]:
            self._processes.remove(process)
            self._start(f"revived-{process.pid}", cast("list[str]", process.args), {})

    def stop(self) -> None:
        """End what still runs, by pid."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def logs(self) -> str:
        """Return the ends of all logs, for a failure's message."""
        paths = sorted(self._directory.glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}" for path in paths)


def is_settled(store: Store, *, sinks: bool = True) -> bool:
    """Tell whether everything is decided and indexed that was published: each reader is asked after those before it."""
    return not any(waiting for _, waiting in _waiting(store, sinks=sinks))


def unread(store: Store) -> dict[str, int]:
    """Return how many records each reader has not committed."""
    return dict(_waiting(store, sinks=True))


def _waiting(store: Store, *, sinks: bool) -> Iterator[tuple[str, int]]:
    readers = [(stage.reads.name, WORKER_GROUP) for stage in FLOW]
    readers += [(outlet.reads.name, outlet.name) for outlet in (EARLY_INDEX, INDEX) if sinks]
    return ((f"{group} of {topic}", store.log.backlog(topic, group)) for topic, group in readers)


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.3) -> bool:
    """Wait for a condition; return whether it came true in time. A server that asks for time is asked again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(TransientError):
            if condition():
                return True
        time.sleep(every)
    return condition()
