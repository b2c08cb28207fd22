"""Roles that are told to stop, die, join and leave while news flows: one after the other, in one run."""

from __future__ import annotations

import signal

from tests.faults.rows import Bench, Fault

ROLES = ("connect", "worker", "index", "notify")
WORKERS, PARTITIONS = 3, 6


def each_terminated(bench: Bench, times: int) -> None:
    """Tell each role to stop under load, and start it again; it ends within 15 s. In the end the notifier is killed."""
    for role in ROLES:
        bench.flow(bench.random.uniform(1.5, 3))
        bench.replace(role, signal.SIGTERM)
    bench.flow(bench.random.uniform(1.5, 3))
    bench.replace("notify", signal.SIGKILL)


def each_killed(bench: Bench, times: int) -> None:
    """Kill each role under load, and start it again."""
    for role in reversed(ROLES):
        bench.flow(bench.random.uniform(1.5, 3))
        bench.replace(role, signal.SIGKILL)


def workers_join_and_leave(bench: Bench, times: int) -> None:
    """Let two workers join the first, kill one, tell one to stop, and let both come back."""
    for name in (f"worker {number}" for number in range(1, WORKERS)):
        if name not in bench.system.processes:
            bench.system.start("worker", name)
    bench.flow(8)
    bench.send("worker 1", signal.SIGKILL)
    bench.system.processes.pop("worker 1").wait(15)
    bench.flow(4)
    bench.system.start("worker", "worker 1")
    bench.flow(6)
    bench.send("worker", signal.SIGTERM)
    assert bench.system.processes.pop("worker").wait(15) == 0, bench.system.logs()
    bench.system.start("worker")


def rolling_restart(bench: Bench, times: int) -> None:
    """Restart three workers, two sinks, two connectors and the notifier, one after the other, as an upgrade does."""
    names = {"worker": WORKERS, "index": 2, "connect": 2, "notify": 1}
    cluster = [(role, role if not n else f"{role} {n}") for role, count in names.items() for n in range(count)]
    for role, name in cluster:
        if name not in bench.system.processes:
            bench.system.start(role, name)
    bench.flow(8)
    for role, name in cluster:
        bench.replace(role, signal.SIGTERM, name)
        bench.flow(4)


ROWS: dict[str, Fault] = {
    "each terminated": each_terminated,
    "each killed": each_killed,
    "workers join and leave": workers_join_and_leave,
    "rolling restart": rolling_restart,
}
