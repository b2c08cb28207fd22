"""The compose file names roles and settings that exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline import config
from pipeline.cli import COMMANDS

COMPOSE = Path(__file__).resolve().parents[3] / "deploy" / "compose.yaml"
ROLES = {
    "setup": ["admin", "setup"],
    "connect": ["connect"],
    "worker": ["worker"],
    "index": ["index"],
    "notify": ["notify"],
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


def test_every_role_runs_a_command_that_exists(compose: dict[str, Any]) -> None:
    commands = {name: service["command"] for name, service in compose["services"].items() if "command" in service}
    assert commands == ROLES
    assert all(command[0] in COMMANDS for command in commands.values())


def test_every_setting_exists(compose: dict[str, Any]) -> None:
    known = {f"NEWSWIRE_{field.name}".upper() for field in msgspec.structs.fields(config.Settings)}
    for name in ROLES:
        assert set(compose["services"][name]["environment"]) <= known


def test_settings_of_a_role_load(compose: dict[str, Any]) -> None:
    settings = config.load(environ=compose["services"]["worker"]["environment"])
    assert ("distributed", "kafka:9092") == (settings.runtime, settings.kafka)
