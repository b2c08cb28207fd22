"""A running process answers for itself: metrics by the names of the list, health, and readiness that means it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.config import Metrics, Settings
from pipeline.errors import UsageError
from pipeline.metrics import METRICS
from pipeline.ports.log import Message
from pipeline.runners.measures import Measures
from pipeline.topics import ARTICLES
from pipeline.wiring import stores
from pipeline.wiring.metrics import listening, serving

PARTS = ("stage_records", "stage_seconds", "outcomes", "backlog", "articles", "store_bytes", "deliveries_day", "ready")


def fetch(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()


@contextmanager
def answering(settings: Settings, measures: Measures) -> Iterator[int]:
    stop, ports, ready = threading.Event(), [], threading.Event()

    def work() -> None:
        with stores.store(settings) as opened:
            served = listening(opened, "up", measures)
            ports.append(served.port)
            ready.set()
            served.run(stop)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(30)
        yield ports[0]
    finally:
        stop.set()
        thread.join(10)


def names(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))


def test_metrics_of_a_store_are_those_of_the_list(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["up", "--demo", "--once", "--data", str(tmp_path)])
    CliRunner().invoke(main, ["add", "--no-check", "https://news.example/feed.xml", "--data", str(tmp_path)])
    CliRunner().invoke(main, ["admin", "backup", "--data", str(tmp_path)])
    settings = Settings(data=str(tmp_path), metrics=Metrics(listen="127.0.0.1:0"))
    measures = Measures()
    measures.handled("identify", 10, 1, 0.5)
    measures.told(0.3)
    measures.outcomes = lambda: {"indexed": 9}
    with answering(settings, measures) as port:
        code, text = fetch(port, "/metrics")
        assert fetch(port, "/healthz") == (200, "ok\n")
        assert fetch(port, "/readyz") == (200, "ready\n")
        assert fetch(port, "/secret")[0] == 404
    assert code == 200
    known = {metric.full_name for metric in METRICS}
    assert names(text) <= known
    # No feed was polled yet.
    assert known - names(text) == {
        f"newswire_feed_{part}" for part in ("delay_seconds", "failures", "success_age_seconds")
    }
    assert 'newswire_stage_records_total{stage="identify"} 10.0' in text
    assert 'newswire_outcomes_total{outcome="indexed"} 9.0' in text
    assert 'newswire_alert_latency_seconds_bucket{le="0.5"} 1.0' in text
    assert 'newswire_feeds{state="new"} 1.0' in text
    assert "newswire_ready 1.0" in text


def test_ready_means_that_what_waits_moves(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), metrics=Metrics(listen="127.0.0.1:0", ready_after_s=0.2))
    measures = Measures()
    with stores.store(settings) as opened:
        opened.log.append([Message(topic=ARTICLES.name, key="a", value=b"{}")])
    with answering(settings, measures) as port:
        assert fetch(port, "/readyz")[0] == 200
        time.sleep(0.4)
        assert fetch(port, "/readyz") == (503, fetch(port, "/readyz")[1])
        assert "newswire_ready 0.0" in fetch(port, "/metrics")[1]
        measures.handled("identify", 1, 0, 0.0)
        assert fetch(port, "/readyz")[0] == 200


def test_address_that_is_taken_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = Settings(data=str(tmp_path), metrics=Metrics(listen=listen))
        with pytest.raises(UsageError, match="cannot be listened on"), serving(settings, "up", Measures()):
            pass


def test_up_answers_while_it_runs_and_loads_nothing_where_it_is_off(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"title": "Rain", "text": "It rained all day in Tarn.", "source": "s"}) + "\n")
    environment = os.environ | {"NEWSWIRE_METRICS_LISTEN": f"127.0.0.1:{port}", "NEWSWIRE_DATA": str(tmp_path / "s")}
    environment.pop("NEWSWIRE_RUNTIME", None)
    running = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "up", str(file)], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        text = ""
        while time.monotonic() < deadline and 'outcome="indexed"' not in text:
            try:
                text = fetch(port, "/metrics")[1]
            except OSError:
                time.sleep(0.2)
        assert 'newswire_outcomes_total{outcome="indexed"} 1.0' in text
        for part in PARTS:
            assert f"newswire_{part}" in text
        assert fetch(port, "/readyz")[0] == 200
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) in (0, 143, -15)
    probe = "import sys, pipeline.wiring.session; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
