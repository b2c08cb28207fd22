"""What threads of one process do at the same moment, each round in a new process because only the first time counts."""

from __future__ import annotations

import subprocess
import sys

import pytest

# The shortest switching interval and a common start make it likely that one thread comes while another is half-way.
PROGRAM = """
import sys, threading, msgspec
from pipeline import model
sys.setswitchinterval(1e-6)
record = getattr(model, sys.argv[1])
start, failures = threading.Barrier(4), []
def read():
    start.wait()
    try:
        msgspec.json.decode(sys.argv[2], type=record)
    except Exception as exc:
        failures.append(exc)
threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit(str(failures) if failures else 0)
"""
ARTICLE = '"id": "a", "source": "s", "seen": "2026-11-25T12:00:00Z"'
SPAN = '{"text": "a", "start": 0, "end": 1}'
EVENT = f'{{"id": "e", "type": "CONSULT", "trigger": {SPAN}, "sentence": {SPAN}}}'
ROUNDS = 6


@pytest.mark.parametrize(
    ("record", "body"),
    [
        ("Article", f"{{{ARTICLE}}}"),
        ("Document", f'{{{ARTICLE}, "events": [{EVENT}]}}'),
        (
            "Alert",
            f'{{"id": "x", "rule_id": "r", "rule": "r", "matched": "2026-11-25T12:00:00Z", "article": {{{ARTICLE}}}}}',
        ),
        ("AlertRule", '{"id": "r", "name": "r", "query": "q", "created": "2026-11-25T12:00:00Z"}'),
        ("ReportedEvent", f'{{"event": {EVENT}, "told_by": []}}'),
    ],
)
def test_threads_that_read_the_first_record_at_once_all_can(record: str, body: str) -> None:
    codes = [
        subprocess.run([sys.executable, "-c", PROGRAM, record, body], timeout=60, check=False).returncode
        for _ in range(ROUNDS)
    ]
    assert [0] * ROUNDS == codes
