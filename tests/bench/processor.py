"""What processes compute, by /proc: ours, those they started, and the servers that listen on an address.

Processor time is what a busy machine changes least; where there is no /proc, or no right to look, nothing is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
# Threads in which Java compiles: much of the first minutes of a server, and nothing later.
_COMPILERS = ("C1 CompilerThre", "C2 CompilerThre")


class Processor:
    """Measure milliseconds of processor time by the name of a process, from one moment to another."""

    def __init__(self, processes: Mapping[str, int | None]) -> None:
        self._processes = {name: pid for name, pid in processes.items() if pid is not None}
        self._before = self._used()

    def spent_ms(self) -> dict[str, float]:
        """Return what each computed since; what Java's compilers did is told apart."""
        return {name: ms - self._before.get(name, 0.0) for name, ms in self._used().items()}

    def _used(self) -> dict[str, float]:
        used: dict[str, float] = {}
        for name, pid in self._processes.items():
            used[name] = 0.0
            for thread, ms in _threads(_family(pid, with_children=name in SERVERS)):
                key = "compiling" if name in SERVERS and thread in _COMPILERS else name
                used[key] = used.get(key, 0.0) + ms
            if name not in SERVERS:
                own = [child for child in children(pid) if child not in self._processes.values()]
                below = [each for child in own for each in _family(child, with_children=True)]
                used[f"{name}_children"] = sum(ms for _, ms in _threads(below))
        return used


SERVERS = ("kafka", "elasticsearch")


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found: list[int] = []
    with suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def listening(address: str) -> int | None:
    """Return the process that listens on host:port of this machine."""
    port = int(address.rstrip("/").rpartition(":")[2])
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for directory in _PROC.glob("[0-9]*/fd"):
        with suppress(OSError):
            for each in directory.iterdir():
                with suppress(OSError):
                    if os.readlink(each) in sockets:  # noqa: PTH115 - what it names is no path
                        return int(directory.parent.name)
    return None


def _inodes(port: int) -> Iterable[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                _, local, _, state, *_, inode = line.split()[:10]
                if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                    yield inode


def _family(pid: int, *, with_children: bool) -> list[int]:
    if not with_children:
        return [pid]
    return [pid, *(each for child in children(pid) for each in _family(child, with_children=True))]


def _threads(pids: Iterable[int]) -> list[tuple[str, float]]:
    """Return threads by name with the milliseconds that they computed; those that ended are in a nameless one."""
    tick_ms = 1000 / os.sysconf("SC_CLK_TCK")
    found: list[tuple[str, float]] = []
    for pid in pids:
        with suppress(OSError):
            whole = _ms(_PROC / str(pid) / "stat", tick_ms)[1]
            threads: list[tuple[str, float]] = []
            for each in (_PROC / str(pid) / "task").iterdir():
                with suppress(OSError):
                    threads.append(_ms(each / "stat", tick_ms))
            found += [*threads, ("", max(0.0, whole - sum(ms for _, ms in threads)))]
    return found


def _ms(stat: Path, tick_ms: float) -> tuple[str, float]:
    text = stat.read_text(errors="replace")
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return name, (int(fields[11]) + int(fields[12])) * tick_ms
