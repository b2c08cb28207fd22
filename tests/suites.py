"""The suites in their order, the budget of each, and the branch coverage of the core: a pytest plugin of `tests`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".coverage" / "data"

CHECKS_BUDGET_S = 120
# Suite by suite in the order in which they run: the row of the table it is counted in.
SUITES = {
    "unit": "unit",
    "contract": "contract, integration",
    "integration": "contract, integration",
    "faults": "faults",
    "browser": "browser",
}
BUDGETS_S = {"unit": 60, "contract, integration": 540, "faults": 360, "browser": 240}
# Suites that kill processes tell nothing about coverage: a killed process cannot write down what it ran.
MEASURED = ("unit", "contract", "integration")
# Suites whose tests run one after another on one worker.
ALONE = ("faults", "browser")
INHERITED = "COVERAGE_PROCESS_CONFIG"  # makes a process that a test starts measure, too

# Least branch coverage in per cent, which only rises; None: reported only. A longer path goes before a shorter one.
FLOORS: dict[str, int | None] = {
    "pipeline/flow.py": 95,
    "pipeline/stages": 95,
    "pipeline/stages/extract": None,
    "pipeline/alerts": 95,
    "pipeline/query": 95,
    "pipeline/services": 95,
    "pipeline/runners": 95,
    "pipeline/runners/agents.py": None,
    "pipeline/runners/rereading.py": None,
}


def suite_of(path: Path) -> str | None:
    """Return the suite a test file belongs to."""
    parts = path.relative_to(ROOT).parts
    return parts[1] if len(parts) > 2 and parts[1] in SUITES else None


def part_of(path: Path, root: Path = ROOT) -> str | None:
    """Return the row of `FLOORS` that a source file counts in."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
    rows = [row for row in FLOORS if name == row or name.startswith(f"{row}/")]
    return max(rows, key=len, default=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take what the checks before pytest took."""
    parser.addoption(
        "--checks-took", type=float, default=None, help="seconds that format, lint, types and imports took"
    )


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Give each worker a file as a whole; suites whose tests use the machine as if alone go to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "alone" if suite_of(ROOT / file) in ALONE else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Spread the tests."""
    return _ByFile(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.pluginmanager.register(_Account(config), "newswire-suites")


class _Account:
    """Count the time of each suite, spread the suites over workers, and measure while a measured suite runs."""

    def __init__(self, config: pytest.Config) -> None:
        self._took: dict[str, float] = {}
        self._checks_s: float | None = config.getoption("--checks-took")
        self._is_worker = hasattr(config, "workerinput")
        self._coverage = coverage.Coverage.current()
        self._measures = self._coverage is not None
        self._inherited = os.environ.get(INHERITED, "")
        self._lines: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run the suites in their order, whatever order the tests have within each.

        What takes longest and runs beside nothing of its kind begins first where there are several workers.
        """
        order = [*ALONE, *MEASURED] if self._is_worker else list(SUITES)
        items.sort(key=lambda item: order.index(suite_of(item.path) or order[-1]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Measure what a measured suite runs, in this process and in those it starts, and nothing else."""
        self._measure(suite_of(item.path) in MEASURED)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a test or a fixture to the time of its suite."""
        suite = suite_of(ROOT / report.location[0])
        if suite is not None:
            row = SUITES[suite]
            self._took[row] = self._took.get(row, 0.0) + report.duration

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let coverage below its floor fail a session whose tests all passed."""
        if self._coverage is None:
            return
        self._measure(False)
        self._coverage.save()
        if self._is_worker:
            return
        self._lines, enough = _covered()
        if not enough and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print time against budget, and coverage against its floor."""
        if self._lines:
            terminalreporter.section("branch coverage of unit, contract and integration tests")
            for line in self._lines:
                terminalreporter.write_line(line, red="BELOW" in line)
        workers = getattr(terminalreporter.config.option, "numprocesses", None) or 1
        terminalreporter.section(f"time of each suite: its share of the run, on {workers} worker{'s'[: workers > 1]}")
        checks = [] if self._checks_s is None else [("checks", self._checks_s, CHECKS_BUDGET_S)]
        for name, took, budget in (
            *checks,
            *((n, self._took[n] / workers, BUDGETS_S[n]) for n in BUDGETS_S if n in self._took),
        ):
            over = f"   OVER BUDGET by {took - budget:.0f} s" if took > budget else ""
            terminalreporter.write_line(f"{name:<24}{took:6.0f} s of {budget:4d} s{over}", red=bool(over))

    def _measure(self, wanted: bool) -> None:
        if self._coverage is None or wanted == self._measures:
            return
        self._measures = wanted
        if wanted:
            self._coverage.start()
            os.environ[INHERITED] = self._inherited
        else:
            self._coverage.stop()
            del os.environ[INHERITED]


def _covered() -> tuple[list[str], bool]:
    """Return a line for each part of the core, and whether each has its floor."""
    found = coverage.Coverage(data_file=str(DATA), config_file=str(ROOT / "pyproject.toml"))
    found.combine([str(DATA.parent)])
    counts: dict[str, Counter[str]] = {row: Counter() for row in FLOORS}
    for name in found.get_data().measured_files():
        row = part_of(Path(name))
        if row is None or not Path(name).exists():
            continue
        numbers = found._analyze(name).numbers
        counts[row] += Counter(
            possible=numbers.n_statements + numbers.n_branches,
            done=numbers.n_executed + numbers.n_executed_branches,
        )
    lines, enough = [], True
    for row, count in counts.items():
        share = 100 * count["done"] / count["possible"] if count["possible"] else 0.0
        floor = FLOORS[row]
        below = floor is not None and share < floor
        enough = enough and not below
        verdict = "reported only" if floor is None else f"floor {floor} %{'   BELOW ITS FLOOR' if below else ''}"
        lines.append(f"{row:<32}{share:6.1f} %   {verdict}")
    return lines, enough
