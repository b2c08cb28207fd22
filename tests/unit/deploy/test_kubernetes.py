"""The kustomize base is made from one table of roles, runs commands that exist, and keeps to the schemas."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from deploy.kubernetes.make import HERE, ROLES, files, manifests
from pipeline import config
from pipeline.cli import COMMANDS

VERSION = "1.33"
MADE = manifests()


def pods() -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, each["spec"]["template"]["spec"]) for name, each in MADE.items() if "template" in each.get("spec", {})
    ]


def test_files_are_as_they_are_made() -> None:
    there = {path.name: path.read_text("utf-8") for path in HERE.glob("*.yaml")}
    assert there == files(), "run `python -m deploy.kubernetes.make`"


@pytest.mark.parametrize("name", sorted(MADE))
def test_manifest_keeps_to_the_schema_of_its_kind(name: str) -> None:
    validate = pytest.importorskip("kubernetes_validate")
    validate.validate(json.loads((HERE / name).read_text("utf-8")), VERSION, strict=True)


def test_every_role_is_there_and_nothing_runs_as_root_or_writes_to_its_root() -> None:
    commands = {tuple(container["args"]) for _, pod in pods() for container in pod["containers"]}
    assert commands == {(role,) for role in ROLES} | {("admin", "setup")}
    assert all(command[0] in COMMANDS for command in commands)
    for name, pod in pods():
        assert pod["securityContext"]["runAsNonRoot"], name
        assert not pod["enableServiceLinks"], name
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"], name
            assert "memory" in container["resources"]["limits"], name


def test_every_role_is_probed_by_what_it_answers() -> None:
    for name, pod in pods():
        (container,) = pod["containers"]
        if container["args"][0] != "admin":
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz", name
            assert container["livenessProbe"]["httpGet"]["path"] == "/healthz", name


def test_settings_of_a_pod_load() -> None:
    environment = MADE["config.yaml"]["data"]
    assert config.load(environ=environment).runtime == "distributed"
    known = {field.name for field in msgspec.structs.fields(config.Settings)}
    assert {"kafka", "elasticsearch", "metrics"} <= known


def test_roles_of_more_than_one_have_a_budget() -> None:
    assert {role for role, (_, replicas, _, _) in ROLES.items() if replicas > 1} == {
        name.removesuffix("-budget.yaml") for name in MADE if name.endswith("-budget.yaml")
    }
