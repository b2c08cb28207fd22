"""Kafka by TLS with passwords or certificates, and Elasticsearch by TLS with an API key of least privilege."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.integration.distributed import Cluster, wait_until
from tests.integration.feed_server import FEED, FeedServer

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "sec-"


def serve(word: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "deploy" / "servers"), word, "--data", str(directory), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def secured() -> Iterator[dict[str, str]]:
    """Start a pair of servers with certificates of its own; return the settings that lead there."""
    directory = Path("/var/tmp") / f"newswire-secured-{os.getpid()}"
    directory.mkdir()
    directory.chmod(0o755)  # Elasticsearch runs under another user
    started = serve("start", directory, "--secure")
    try:
        if started.returncode:
            if os.environ.get("CI") == "true":
                pytest.fail(f"needed in CI: {started.stderr.strip()}", pytrace=False)
            pytest.skip(f"NOT RUN: {started.stderr.strip()}")
        exported = (shlex.split(line)[1].split("=", 1) for line in started.stdout.splitlines())
        yield dict(exported) | {"directory": str(directory)}
    finally:
        serve("stop", directory)
        subprocess.run(["rm", "-rf", str(directory)], check=False)


@pytest.fixture(scope="module")
def cluster(secured: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Set up topics and index with the key of deploy/elasticsearch-key.json, for names that begin with a prefix."""
    sys.path.insert(0, str(ROOT / "deploy"))
    from secured import api_key  # type: ignore[import-not-found]

    certificates = Path(secured["directory"]) / "certificates"
    (certificates / "api_key").write_text(api_key(secured["NEWSWIRE_ELASTICSEARCH"], certificates, PREFIX))
    further = {name: value for name, value in secured.items() if name.startswith("NEWSWIRE_")}
    further["NEWSWIRE_FETCH_ALLOW"] = "127.0.0.0/8"
    servers = {"kafka": secured["NEWSWIRE_KAFKA"], "elasticsearch": secured["NEWSWIRE_ELASTICSEARCH"]}
    made = Cluster(servers, PREFIX, tmp_path_factory.mktemp("secured"), partitions=2, further=further)
    yield made
    made.stop()


@pytest.fixture
def newswire(cluster: Cluster) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs a command on the secured servers."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("NEWSWIRE_")}
        command = [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments]
        return subprocess.run(
            command, env=plain | cluster.environment | environment, capture_output=True, text=True, check=False
        )

    return run


# Stands in for Kafka's kafka-acls.sh, which takes seconds a call: it writes down what it is asked for, one call a line.
TOOL = """#!/bin/sh
for each; do printf '%s\\t' "$each"; done >> "$CALLS"
echo >> "$CALLS"
"""


def given(arguments: list[str]) -> argparse.Namespace:
    """Read the arguments of Kafka's own kafka-acls.sh, as far as deploy/kafka-acls uses them."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap-server", "command-config", "allow-principal"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--resource-pattern-type", choices=("literal", "prefixed"), default="literal")
    for name in ("topic", "group"):
        parser.add_argument(f"--{name}", action="append", default=[])
    parser.add_argument("--operation", action="append", type=operation_name, required=True)
    for name in ("add", "force"):
        parser.add_argument(f"--{name}", action="store_true", required=True)
    return parser.parse_args(arguments)


def operation_name(word: str) -> str:
    """Write an operation as the client names it: DescribeConfigs as DESCRIBE_CONFIGS."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).upper()


def grant(asked: argparse.Namespace, admin: Any) -> None:
    """Do what kafka-acls.sh is asked for."""
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

    pattern = ACLResourcePatternType[asked.resource_pattern_type.upper()]
    named = [(ResourceType.TOPIC, name) for name in asked.topic] + [(ResourceType.GROUP, name) for name in asked.group]
    admin.create_acls(
        [
            ACL(asked.allow_principal, "*", ACLOperation[operation], ACLPermissionType.ALLOW, resource)
            for resource in (ResourcePattern(kind, name, pattern) for kind, name in named)
            for operation in asked.operation
        ]
    )


@pytest.fixture(scope="module")
def rights(secured: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give each role its rights by deploy/kafka-acls."""
    from kafka import KafkaAdminClient

    tool = tmp_path_factory.mktemp("tools") / "kafka-acls.sh"
    tool.write_text(TOOL)
    tool.chmod(0o755)
    calls = tool.with_name("calls")
    environment = {"BOOTSTRAP": secured["NEWSWIRE_KAFKA"], "CONFIG": "admin.properties", "PREFIX": PREFIX}
    environment |= {"CALLS": str(calls), "PATH": f"{tool.parent}:{os.environ['PATH']}"}
    subprocess.run([ROOT / "deploy" / "kafka-acls"], env=environment, check=True, capture_output=True)
    certificates = Path(secured["directory"]) / "certificates"
    admin = KafkaAdminClient(
        bootstrap_servers=secured["NEWSWIRE_KAFKA"],
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        sasl_plain_username="newswire",
        sasl_plain_password=(certificates / "password").read_text(),
        ssl_cafile=str(certificates / "ca.pem"),
    )
    try:
        for call in calls.read_text().splitlines():
            grant(given(call.rstrip("\t").split("\t")), admin)
    finally:
        admin.close()


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("rights")
def test_every_role_works_over_tls_with_password_and_api_key_and_the_rights_of_its_own(
    cluster: Cluster, newswire: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    site = FeedServer()
    site.pages["/feed"] = FEED
    people = {"NEWSWIRE_KAFKA_USER": "newswire-people"}
    again = newswire("admin", "setup", NEWSWIRE_KAFKA_USER="newswire-setup")
    assert again.returncode == 0, again.stderr
    assert newswire("add", f"{site.url}/feed", **people).returncode == 0
    added = newswire("alert", "add", "harbour", "harbour", "--to", "jsonfeed:harbour.json", **people)
    assert added.returncode == 0, added.stderr
    for role in ("worker", "index", "notify", "connect"):
        cluster.start(role, NEWSWIRE_ALERTS_HISTORY="true", NEWSWIRE_KAFKA_USER=f"newswire-{role}")
    told = Path(cluster.environment["NEWSWIRE_DATA"]) / "alerts" / "harbour.json"

    def arrived() -> bool:
        return told.exists() and len(json.loads(told.read_text())["items"]) == 2

    assert wait_until(arrived, 120), cluster.logs()
    # An alert comes before a search that is answered in a moment: each reads on at its own pace.
    assert wait_until(lambda: len(newswire("search", "harbour", "--json", **people).stdout.splitlines()) == 2, 60)
    assert newswire("status", **people).returncode == 0
    site.close()
    cluster.stop()
    assert "uthoriz" not in cluster.logs(), cluster.logs()


@pytest.mark.usefixtures("rights")
def test_a_role_may_not_do_what_is_anothers(newswire: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    refused = newswire("alert", "add", "more", "harbour", NEWSWIRE_KAFKA_USER="newswire-index")
    assert refused.returncode == 3, refused.stdout
    assert "does not allow kafka_user to do this" in refused.stderr


def test_doctor_names_the_servers(newswire: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    found = newswire("doctor")
    assert re.search(r"ok    kafka: \S+, version 4\.\d", found.stdout), found.stdout
    assert re.search(r"ok    elasticsearch: https://\S+, version \d+\.\d+\.\d+", found.stdout), found.stdout


def test_password_may_be_plain_over_tls_and_certificates_do_without_one(
    secured: dict[str, str], newswire: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert newswire("status", NEWSWIRE_KAFKA_MECHANISM="PLAIN").returncode == 0
    certificates = Path(secured["directory"]) / "certificates"
    properties = (Path(secured["directory"]) / "kafka" / "server.properties").read_text()
    (mutual,) = re.findall(r"advertised\.listeners=.*,SSL://([0-9.:]+)", properties)
    settings = certificates / "newswire.toml"
    settings.write_text(
        f'runtime = "distributed"\nkafka = "{mutual}"\nkafka_tls = true\nkafka_ca = "{certificates}/ca.pem"\n'
        f'kafka_certificate = "{certificates}/client.crt"\nkafka_key = "{certificates}/client.key"\n'
        f'prefix = "{PREFIX}"\nelasticsearch = "{secured["NEWSWIRE_ELASTICSEARCH"]}"\n'
        f'elasticsearch_ca = "{certificates}/ca.pem"\nelasticsearch_api_key = {{file = "api_key"}}\n'
    )
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "--config", str(settings), "status"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NEWSWIRE_")}
    known = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)
    assert known.returncode == 0, known.stderr


REFUSED = [
    ("NEWSWIRE_KAFKA_PASSWORD_FILE", "stranger/ca.key", "kafka_password"),
    ("NEWSWIRE_KAFKA_CA", "stranger/ca.pem", "does not agree on TLS"),
    ("NEWSWIRE_KAFKA_CA", "ca.key", "no PEM file"),
    ("NEWSWIRE_ELASTICSEARCH_CA", "stranger/ca.pem", "does not agree on TLS"),
    ("NEWSWIRE_ELASTICSEARCH_API_KEY_FILE", "password", "refuses these credentials"),
]


@pytest.mark.timeout(300)
def test_whoever_is_not_let_in_is_told_which_setting_it_is(
    secured: dict[str, str], newswire: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    def attempt(setting: str, value: str) -> subprocess.CompletedProcess[str]:
        return newswire("status", **{setting: f"{secured['directory']}/certificates/{value}"})

    with ThreadPoolExecutor() as beside:
        attempts = [beside.submit(attempt, setting, value) for setting, value, _ in REFUSED]
    for (setting, _, words), asked in zip(REFUSED, attempts, strict=True):
        refused = asked.result()
        assert words in refused.stderr, (setting, refused.stderr)
        assert refused.returncode in (2, 3)


def test_key_may_not_touch_what_is_not_newswires(secured: dict[str, str], cluster: Cluster) -> None:
    from elasticsearch import AuthorizationException, Elasticsearch

    certificates = Path(secured["directory"]) / "certificates"
    with Elasticsearch(
        secured["NEWSWIRE_ELASTICSEARCH"],
        ca_certs=str(certificates / "ca.pem"),
        api_key=(certificates / "api_key").read_text(),
    ) as client:
        forbidden: list[Callable[[], object]] = [
            lambda: client.index(index="others", document={"a": 1}),
            lambda: client.search(index=".security-7"),
            lambda: client.cluster.put_settings(persistent={"action.auto_create_index": "false"}),
            lambda: client.security.create_api_key(name="another"),
        ]
        for attempt in forbidden:
            with pytest.raises(AuthorizationException):
                attempt()
