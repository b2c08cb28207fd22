"""The version that servers are told is that of the package."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pipeline.version import VERSION

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_version_in_user_agents_is_that_of_the_package() -> None:
    version = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]
    assert version.startswith(f"{VERSION}.")
