"""Dashboard and alert rules are made from the list of metrics, and name nothing else."""

from __future__ import annotations

import json
import re

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.monitoring.make import FILES, HERE
from pipeline.metrics import ALERT_LATENCY, METRICS, PREFIX

NAME = re.compile(rf"\b{PREFIX}\w+")
SUFFIXES = ("_bucket", "_sum", "_count")
KNOWN = {metric.full_name for metric in METRICS} | {ALERT_LATENCY.full_name + suffix for suffix in SUFFIXES}


@pytest.mark.parametrize("file", sorted(FILES))
def test_file_is_as_the_list_makes_it(file: str) -> None:
    assert (HERE / file).read_text("utf-8") == FILES[file](), "run `python -m deploy.monitoring.make`"


@pytest.mark.parametrize("file", sorted(FILES))
def test_every_name_exists(file: str) -> None:
    names = set(NAME.findall((HERE / file).read_text("utf-8")))
    assert names
    assert names <= KNOWN


def test_every_metric_has_a_panel_and_no_label_is_made_up() -> None:
    board = json.loads((HERE / "dashboard.json").read_text("utf-8"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(board["panels"]) == len(METRICS)
    for metric in METRICS:
        (first, *_) = [each for each in expressions if metric.full_name in each]
        for label in metric.labels:
            assert label in first


def test_alert_rules_are_complete() -> None:
    groups = yaml.safe_load((HERE / "alerts.yaml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 8
    for rule in rules:
        assert rule["annotations"]["summary"].endswith(".")
        assert re.fullmatch(r"\d+[smh]", rule["for"])


def test_names_are_unique_and_say_their_unit() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert not metric.name.endswith("_total")
        assert metric.help.endswith(".")
