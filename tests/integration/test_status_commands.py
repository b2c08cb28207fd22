"""What somebody who runs it asks: how is it, what happened to this article, what did a stage give up on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.config import Settings
from pipeline.ports.log import Message
from pipeline.topics import DEAD, DOCUMENTS, REVISIONS
from pipeline.wiring import stores

TEXT = (
    "The ministers of both countries met in Geneva on Monday and agreed to reopen the border crossing at Harlin. "
    "Two hundred lorries had waited there since March. The first will cross on Thursday morning, officials said. "
)


def run(data: Path, *arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--data", str(data)])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a store with an original, a copy, something else, and two alerts."""
    directory = tmp_path_factory.mktemp("status")
    articles = [
        {"url": "https://a.example/1", "title": "Border reopens", "text": TEXT, "source": "A"},
        {"url": "https://b.example/1", "title": "Border reopens", "text": TEXT + "More soon.", "source": "B"},
        {
            "url": "https://c.example/1",
            "title": "Rain",
            "text": "It rained all day in the hills of Tarn.",
            "source": "C",
        },
    ]
    file = directory / "articles.jsonl"
    file.write_text("".join(json.dumps(article | {"language": "en"}) + "\n" for article in articles))
    store = directory / "store"
    run(store, "alert", "add", "border", "border geneva", "--to", "terminal:")
    run(store, "alert", "add", "tolls", "border tolls", "--to", "terminal:")
    run(store, "up", "--once", str(file))
    yield store


def test_status_counts_what_there_is(data: Path) -> None:
    status = json.loads(run(data, "status", "--json").stdout)
    assert (status["runtime"], status["running"]) == ("embedded", False)
    assert status["articles"]["all"] == 2, "a copy is folded into its original"
    assert status["alerts"]["rules"] == 2
    assert {queue["waiting"] for queue in status["queues"]} == {0}
    assert status["disk"]["taken"] > status["disk"]["free_inside"] >= 0
    assert status["backups"]["kept"] == 0


def test_status_reads_as_lines_and_says_what_to_do(data: Path) -> None:
    lines = run(data, "status").stdout.splitlines()
    assert "2; of the last hour" in next(line for line in lines if line.startswith("articles"))
    assert any("2 alerts" in line for line in lines)
    assert "! Nothing runs on this store: `newswire up` follows the feeds." in lines


def test_status_tells_of_a_running_pipeline(data: Path) -> None:
    with stores.run_lock(Settings(data=str(data))):
        assert json.loads(run(data, "status", "--json").stdout)["running"] is True


def test_trace_tells_of_an_original_its_alerts_and_messages(data: Path) -> None:
    told = run(data, "trace", "https://a.example/1").stdout
    assert "Border reopens" in told
    assert "is new" in told
    assert "a copy of it came" in told
    assert "matches border" in told
    assert "just missed tolls" in told
    assert "border: withheld to terminal" in told or "border: sent to terminal" in told


def test_trace_tells_what_a_copy_copies_and_how_alike_they_are(data: Path) -> None:
    trace = json.loads(run(data, "trace", "https://b.example/1", "--json").stdout)
    original = json.loads(run(data, "trace", "https://a.example/1", "--json").stdout)
    assert trace["duplicate_of"] == original["id"]
    (compared,) = [step["words"] for step in trace["steps"] if "copies" in step["words"]]
    assert "100%" in compared
    assert "70% make a copy" in compared
    assert [step["stage"] for step in trace["steps"]][:2] == ["fetch", "identify"]


def test_trace_tells_why_something_is_no_copy(data: Path) -> None:
    assert "is no copy" in run(data, "trace", "https://c.example/1").stdout


def test_trace_of_what_never_came_says_where_to_look(data: Path) -> None:
    told = run(data, "trace", "https://nowhere.example/1", code=1).stderr
    assert told.startswith("Error: Nothing is known of the article https://nowhere.example/1")


def letters() -> list[Message]:
    return [
        Message(topic=DEAD.name, key=f"k{n}", value=b"{}", headers={"stage": stage, "error": "odd", "topic": topic})
        for n, (stage, topic) in enumerate(
            [("extract", DOCUMENTS.name), ("deduplicate", REVISIONS.name), ("extract", DOCUMENTS.name), ("notify", "")]
        )
    ]


def test_dead_letters_are_counted_and_sent_back_by_kind(tmp_path: Path) -> None:
    with stores.store(Settings(data=str(tmp_path))) as store:
        store.log.append(letters())
    assert run(tmp_path, "admin", "dead", "--kinds").stdout.splitlines() == [
        "extract\t2",
        "deduplicate\t1",
        "notify\t1",
    ]
    assert run(tmp_path, "admin", "dead", "--kind", "extract").stdout.count("odd") == 2
    assert "2 records sent back." in run(tmp_path, "admin", "dead", "--replay", "--kind", "extract").stdout
    left = [json.loads(line) for line in run(tmp_path, "admin", "dead", "--json").stdout.splitlines()]
    assert [(letter["stage"], letter["key"]) for letter in left] == [("deduplicate", "k1"), ("notify", "k3")]
    with stores.store(Settings(data=str(tmp_path))) as store:
        assert ["k0", "k2"] == [message.key for message in store.log.read(DOCUMENTS.name, "g", 10)]
    assert "There are no dead letters." in run(tmp_path, "admin", "dead", "--replay", "--kind", "extract").stdout
    assert "2 records sent back." in run(tmp_path, "admin", "dead", "--replay").stdout
    status = json.loads(run(tmp_path, "status", "--json").stdout)
    assert status["dead_letters"] == {}


def test_doctor_tells_of_growth_clock_and_feeds_in_trouble(data: Path) -> None:
    told = run(data, "doctor").stdout
    for name in ("clock", "growth", "feeds", "store"):
        assert f"ok    {name}: " in told


def test_log_is_one_json_object_a_line_where_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"title": "Rain", "text": TEXT, "source": "s"}) + "\n")
    told = run(tmp_path / "store", "up", "--once", str(file), "--log-format", "json")
    entries = [json.loads(line) for line in told.stderr.splitlines() if line.startswith("{")]
    (outcome,) = [entry for entry in entries if entry["logger"] == "newswire.pipeline"]
    assert outcome["message"] == "indexed"
    assert outcome["source"] == "s"
    assert outcome["level"] == "info"
