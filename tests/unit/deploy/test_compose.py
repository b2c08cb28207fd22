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
    known |= {f"NEWSWIRE_METRICS_{field.name}".upper() for field in msgspec.structs.fields(config.Metrics)}
    for name in ROLES:
        assert set(compose["services"][name]["environment"]) <= known


def test_settings_of_a_role_load(compose: dict[str, Any]) -> None:
    settings = config.load(environ=compose["services"]["worker"]["environment"])
    assert ("distributed", "kafka:9092") == (settings.runtime, settings.kafka)


def test_every_role_is_looked_after_and_shares_no_volume(compose: dict[str, Any]) -> None:
    roles = [compose["services"][name] for name in ROLES if name != "setup"]
    assert all("healthcheck" in role and role["read_only"] for role in roles)
    named = [volume.partition(":")[0] for role in roles for volume in role["volumes"] if ":" in volume]
    assert len(named) == len(set(named))


def test_what_is_mounted_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            if volume.startswith("./"):
                assert (COMPOSE.parent / volume.partition(":")[0]).exists()


def test_kibana_and_monitoring_are_asked_for(compose: dict[str, Any]) -> None:
    profiles = {name: service["profiles"] for name, service in compose["services"].items() if "profiles" in service}
    assert profiles == {"kibana": ["kibana"], "prometheus": ["monitoring"], "grafana": ["monitoring"]}
