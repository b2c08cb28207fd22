"""Three brokers that keep three copies of everything, and everything restarted one after the other while news flows.

It is the rehearsal of an upgrade: run by hand, for it takes minutes and starts four servers beside eight roles.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests.faults.oracle import Judgement
from tests.faults.outages import SCRIPT, OwnServers
from tests.faults.roles import PARTITIONS, rolling_restart
from tests.faults.rows import Bench, Fault, bring_about

BROKERS = 3
STOPPED_S, HEALTHY_S = 60, 180
CLUSTER = "bmV3c3dpcmUtdGVzdHMtMw"
MEMORY = ("-Xmx320m", "-Xms128m")


def _script() -> Any:
    """Return what starts single servers, for its Java and its jars."""
    loader = importlib.machinery.SourceFileLoader("newswire_servers", str(SCRIPT))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


class Brokers:
    """Run three brokers that are their own controllers, each restarted by its number."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._servers = _script()
        self._ports = [(self._servers.free_port(), self._servers.free_port()) for _ in range(BROKERS)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def address(self) -> str:
        """Return where all three listen."""
        return ",".join(f"127.0.0.1:{port}" for port, _ in self._ports)

    def make(self) -> None:
        """Format all three."""
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, (_, port) in enumerate(self._ports, 1))
        for node, (port, controller) in enumerate(self._ports, 1):
            properties = self._properties(node)
            properties.parent.mkdir(parents=True)
            properties.write_text(
                f"""process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={properties.parent}/log
default.replication.factor={BROKERS}
min.insync.replicas={BROKERS - 1}
offsets.topic.replication.factor={BROKERS}
offsets.topic.num.partitions=8
transaction.state.log.replication.factor={BROKERS}
transaction.state.log.min.isr={BROKERS - 1}
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""
            )
            command = [*self._java(), "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(properties)]
            subprocess.run(command, check=True, capture_output=True)

    def start(self, node: int) -> None:
        """Start a broker, without waiting for it."""
        with (self._properties(node).parent / "server.log").open("ab") as log:
            self._processes[node] = subprocess.Popen(
                [*self._java(), "kafka.Kafka", str(self._properties(node))],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def stop(self, node: int) -> None:
        """Tell a broker to stop, and wait until it has handed over what it leads."""
        process = self._processes.pop(node)
        process.terminate()
        try:
            process.wait(STOPPED_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self) -> None:
        """End all three."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def is_whole(self) -> bool:
        """Tell whether all three are there and every partition has all its copies."""
        if any(process.poll() is not None for process in self._processes.values()):
            raise AssertionError(self._logs())
        try:
            admin = KafkaAdminClient(bootstrap_servers=self.address, bootstrap_timeout_ms=3_000)
            try:
                topics = admin.describe_topics()
                brokers = admin.describe_cluster()["brokers"]
            finally:
                admin.close()
        except (KafkaError, OSError):
            return False
        copies = {len(part["isr_nodes"]) for topic in topics for part in topic["partitions"]}
        return len(brokers) == BROKERS and copies <= {BROKERS}

    def _properties(self, node: int) -> Path:
        return self._directory / f"broker-{node}" / "server.properties"

    def _java(self) -> list[str]:
        java = self._servers.find_java(17) / "bin" / "java"
        return [str(java), *MEMORY, "-cp", f"{self._servers.fetch_kafka()}/*"]

    def _logs(self) -> str:
        return "\n".join(self._servers.tail(path) for path in self._directory.glob("broker-*/server.log"))


@contextmanager
def three_brokers() -> Iterator[tuple[Brokers, OwnServers]]:
    """Start three brokers and Elasticsearch, and wait for them."""
    # Elasticsearch does not run as root, and another user must be able to enter its directory.
    data = Path(tempfile.mkdtemp(prefix="newswire-brokers-", dir="/var/tmp"))
    data.chmod(0o755)
    with ExitStack() as stack:
        search = OwnServers(data / "search", only="elasticsearch")
        brokers = Brokers(data)
        stack.callback(subprocess.run, ["rm", "-rf", str(data)], check=False)
        brokers.make()
        stack.callback(brokers.stop_all)
        for node in range(1, BROKERS + 1):
            brokers.start(node)
        search.start()
        stack.callback(search.stop)
        until = time.monotonic() + HEALTHY_S
        while not brokers.is_whole():
            assert time.monotonic() < until, "the brokers did not find each other"
            time.sleep(1)
        yield brokers, search


def everything_restarted(brokers: Brokers, search: OwnServers) -> Fault:
    """Return what restarts every role, every broker and Elasticsearch, one after the other, while news flows."""

    def fault(bench: Bench, times: int) -> None:
        rolling_restart(bench, times)
        for node in range(1, BROKERS + 1):
            bench.faults += 1
            brokers.stop(node)
            bench.flow(4)
            brokers.start(node)
            until = time.monotonic() + HEALTHY_S
            while not brokers.is_whole():
                assert time.monotonic() < until, f"broker {node} did not catch up"
                bench.flow(1)
        bench.faults += 1
        search.send("elasticsearch", signal.SIGTERM)
        bench.flow(4)
        search.start()
        bench.flow(4)

    return fault


def rehearse(times: int, directory: Path, prefix: str, seed: int) -> Judgement:
    """Restart everything so many times, and judge. Raises ``AssertionError``."""
    with three_brokers() as (brokers, search):
        addresses = {"kafka": brokers.address, "elasticsearch": search.address("elasticsearch")}
        return bring_about(everything_restarted(brokers, search), times, directory, addresses, prefix, seed, PARTITIONS)
