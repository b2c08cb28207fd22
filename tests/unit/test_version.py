"""There is one version: the package takes it from the program, servers are told it, and the changelog has it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pipeline.version import USER_AGENT, VERSION

ROOT = Path(__file__).parents[2]


def test_package_takes_its_version_from_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    place = project["tool"]["hatch"]["version"]
    found = re.search(place["pattern"], (ROOT / place["path"]).read_text("utf-8"), re.MULTILINE)
    assert found is not None
    assert found["version"] == VERSION
    assert "version" in project["project"]["dynamic"]
    assert "version" not in project["project"]


def test_servers_are_told_the_version() -> None:
    assert VERSION.startswith(USER_AGENT.removeprefix("Newswire/"))


def test_changelog_begins_with_the_version() -> None:
    (newest, *_) = re.findall(r"^## ([0-9.]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest == VERSION
