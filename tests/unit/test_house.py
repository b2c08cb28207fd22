"""What the project says of itself: files stay small, and the README's test command is the one CI runs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LINES = 400
# Files that are longer today, with the lines they may have at most. This table only shrinks.
ALLOWED: dict[str, int] = {}
COMMAND = re.compile(r"^ *(python3 -m venv .+ -m tests\b.*)$", re.MULTILINE)


def _lengths() -> dict[str, int]:
    return {
        file.relative_to(ROOT).as_posix(): len(file.read_text("utf-8").splitlines())
        for folder in ("connectors", "pipeline")
        for file in (ROOT / folder).rglob("*.py")
    }


def test_no_file_is_too_long_to_read_in_one_go() -> None:
    lengths = _lengths()
    assert len(lengths) > 100
    assert {} == {name: lines for name, lines in lengths.items() if lines > ALLOWED.get(name, MAX_LINES)}


def test_allowance_of_a_file_that_was_split_is_given_back() -> None:
    lengths = _lengths()
    assert {} == {name: lines for name in ALLOWED if (lines := lengths.get(name, 0)) <= MAX_LINES}


def test_readme_gives_the_command_that_ci_runs() -> None:
    (told,) = COMMAND.findall((ROOT / "README.md").read_text("utf-8"))
    (run,) = COMMAND.findall((ROOT / ".ci" / "run").read_text("utf-8"))
    assert told == run
    assert (ROOT / ".ci" / "run").read_text("utf-8").rstrip().endswith(run)


def test_contributing_names_the_same_tests() -> None:
    (told,) = COMMAND.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    (run,) = COMMAND.findall((ROOT / ".ci" / "run").read_text("utf-8"))
    assert told.rpartition(" -m ")[2].split()[0] == run.rpartition(" -m ")[2].split()[0] == "tests"
