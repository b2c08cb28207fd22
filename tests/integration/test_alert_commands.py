"""`newswire alert` as a person uses it, on a store of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from connectors.files.opml import Outline
from pipeline import config
from pipeline.cli import main
from pipeline.model import Article, derive_id
from pipeline.ports.log import Message
from pipeline.topics import ARTICLES
from pipeline.wiring import runners, services, stores

Newswire = Callable[..., Result]
HOOK = "webhook+https://hooks.example.org/S3CRET#secret=S3CRET"


@pytest.fixture
def newswire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newswire:
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(tmp_path / "newswire.toml"))
    (tmp_path / "newswire.toml").write_text('[channels]\npager = "webhook+http://127.0.0.1:9/x"\n')

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--data", str(tmp_path)])

    return run


def publish(directory: Path, *titles: str) -> None:
    """Take articles all the way, alerts included."""
    settings, now = config.load(None, {"data": str(directory)}), datetime.now(UTC)
    with stores.store(settings) as store, runners.notifying(store):
        pipeline = runners.embedded(store)
        for title in titles:
            article = Article(
                id=derive_id(title), source="bbc", seen=now, published=now, title=title, text=f"{title}. More of it."
            )
            store.log.append([Message(topic=ARTICLES.name, key=article.id, value=msgspec.json.encode(article))])
        while pipeline.step():
            pass


def objects(result: Result) -> list[Any]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_alert_is_kept_listed_and_removed(newswire: Newswire) -> None:
    newswire("alert", "add", "sc", '"security council" putin', "--lang", "en", "--quiet", "22:00-07:00")
    (rule,) = objects(newswire("alert", "list", "--json"))
    assert (rule["name"], rule["languages"], rule["quiet_from"]) == ("sc", ["en"], "22:00")
    assert newswire("alert", "remove", "sc").exit_code == 0
    assert objects(newswire("alert", "list", "--json")) == []


@pytest.mark.parametrize("arguments", [("remove", "absent"), ("snooze", "absent", "1h")])
def test_alert_that_is_not_there_is_not_found(newswire: Newswire, arguments: tuple[str, ...]) -> None:
    newswire("admin", "setup")
    result = newswire("alert", *arguments)
    assert (result.exit_code, "There is no alert 'absent'" in result.output) == (1, True)


def test_alert_fires_once_and_the_log_says_why(newswire: Newswire, tmp_path: Path) -> None:
    newswire("alert", "add", "sc", '"security council" putin', "--to", "jsonfeed:sc.json")
    publish(tmp_path, "Putin calls the Security Council", "Weather is fine in Paris")
    (entry,) = objects(newswire("alert", "log", "--json"))
    assert (entry["rule"], entry["state"], entry["words"]) == ("sc", "sent", ["Putin", "Security Council"])
    assert entry["sentence"].startswith("Putin calls the Security Council")
    assert set(entry["latency_s"]) == {"published_to_seen", "seen_to_matched", "matched_to_sent"}
    feed = json.loads((tmp_path / "alerts" / "sc.json").read_text())
    assert [item["title"] for item in feed["items"]] == ["sc: Putin calls the Security Council"]


def test_log_reads_well(newswire: Newswire, tmp_path: Path) -> None:
    newswire("alert", "add", "sc", "putin", "--to", "jsonfeed:sc.json")
    publish(tmp_path, "Putin speaks")
    lines = newswire("alert", "log", "sc").stdout.splitlines()
    assert [part in line for part, line in zip(("sent  sc", "Putin: ", "matched to sent"), lines, strict=True)] == [
        True, True, True,
    ]  # fmt: skip


def test_test_tells_what_history_says(newswire: Newswire, tmp_path: Path) -> None:
    publish(tmp_path, "Putin speaks", "Rain in Paris")
    found = objects(newswire("alert", "test", "putin", "--json"))[0]
    assert (found["matches"], found["alerts_per_day"], len(found["per_day"]), len(found["samples"])) == (1, 1.0, 1, 1)
    assert newswire("alert", "test", "zebra").exit_code == 1


def test_adding_warns_of_a_query_that_finds_nothing(newswire: Newswire, tmp_path: Path) -> None:
    publish(tmp_path, "Putin speaks")
    result = newswire("alert", "add", "zebra", "zebra")
    assert "Warning: Nothing in the last 30 days" in result.stderr


def test_name_is_unique_and_replaced_when_asked(newswire: Newswire) -> None:
    newswire("alert", "add", "a", "putin")
    refused = newswire("alert", "add", "a", "kyiv")
    replaced = newswire("alert", "add", "a", "kyiv", "--replace")
    assert (refused.exit_code, replaced.exit_code) == (2, 0)
    assert [rule["query"] for rule in objects(newswire("alert", "list", "--json"))] == ["kyiv"]


def test_secrets_are_not_shown(newswire: Newswire) -> None:
    newswire("alert", "add", "a", "putin", "--to", HOOK)
    shown = "".join(
        newswire("alert", *args).output for args in (("list",), ("list", "--json"), ("show", "a", "--json"))
    )
    assert "hooks.example.org" in shown
    assert "S3CRET" not in shown


def test_pause_snooze_and_on(newswire: Newswire) -> None:
    newswire("alert", "add", "a", "putin")
    newswire("alert", "pause", "a")
    assert "paused" in newswire("alert", "list").stdout
    newswire("alert", "pause", "a", "--off")
    newswire("alert", "snooze", "a", "2h")
    assert "snoozed until" in newswire("alert", "list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "a", "putin ("),
        ("add", "a", "putin", "--to", "nowhere"),
        ("add", "a", "putin", "--to", "webhook+http://10.0.0.1/"),
        ("add", "a", "putin", "--quiet", "evening"),
        ("add", "a", "putin", "--time-zone", "Mars/Base"),
        ("add", "a", "putin", "--silence", "3d", "--surge", "5"),
        ("add", "a", "putin", "--digest", "soon"),
        ("import", "absent.toml"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(newswire: Newswire, arguments: tuple[str, ...]) -> None:
    result = newswire("alert", *arguments)
    assert (result.exit_code, "Error: " in result.output, "Traceback" in result.output) == (2, True, False)
    assert objects(newswire("alert", "list", "--json")) == []


def test_saved_search_is_written_out_when_an_alert_is_kept(newswire: Newswire) -> None:
    newswire("search", "putin OR lavrov", "--save", "kremlin")
    newswire("alert", "add", "a", "search:kremlin kyiv")
    (rule,) = objects(newswire("alert", "list", "--json"))
    assert rule["query"] == "(putin OR lavrov) kyiv"


def test_import_keeps_the_good_rules_and_names_the_bad(newswire: Newswire, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[alert]]\nname = "good"\nquery = "putin"\nonce_per = "article"\n'
        '[[alert]]\nname = "bad"\nquery = "putin ("\n[[alert]]\nname = "odd"\nquery = "x"\ncolour = "red"\n'
    )
    result = newswire("alert", "import", str(rules), "--to", "pager")
    assert (result.exit_code, "bad" in result.stderr, "colour" in result.stderr) == (1, True, True)
    (rule,) = objects(newswire("alert", "list", "--json"))
    assert (rule["name"], rule["once_per"], rule["channels"]) == ("good", "article", ["pager"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--feed", "nosuch"), "nosuch is not followed"),
        (("--time-zone", "berlin"), "did you mean Europe/Berlin?"),
        (("--time-zone", "America/New York"), "did you mean America/New_York?"),
        (("--time-zone", "UTC+2"), "name one such as Europe/Berlin"),
        (("--lang", "english"), "did you mean 'en'?"),
        (("--lang", "xx"), "is no language"),
    ],
)
def test_what_no_alert_can_have_is_refused_with_what_was_meant(
    newswire: Newswire, options: tuple[str, ...], says: str
) -> None:
    refused = newswire("alert", "add", "flood", "flood", *options)
    assert (refused.exit_code, says in refused.output) == (2, True), refused.output
    assert objects(newswire("alert", "list", "--json")) == []


def test_options_are_taken_as_people_write_them(newswire: Newswire, tmp_path: Path) -> None:
    with stores.store(config.load(None, {"data": str(tmp_path)})) as store:
        feeds = services.feeds(store)
        feeds.take_over([Outline("https://bbc.example/rss", "BBC News")])
    added = newswire(
        "alert", "add", "flood", "flood", "--feed", "bbc news", "--feed", "https://late.example/rss", "--lang", "en-GB",
        "--quiet", "22:00–07:00", "--expires", "2099-01-01T10:30",
    )  # fmt: skip
    assert (added.exit_code, "late.example/rss is not followed" in added.output) == (0, True), added.output
    (rule,) = objects(newswire("alert", "list", "--json"))
    assert rule["feeds"] == ["https://bbc.example/rss", "https://late.example/rss"]
    assert (rule["quiet_from"], rule["quiet_until"], rule["expires"][:16]) == ("22:00", "07:00", "2099-01-01T10:30")
    publish(tmp_path, "Flood in Eiken")
    assert newswire("alert", "edit", "flood", "--feed", "BBC News").exit_code == 0
    (rule,) = objects(newswire("alert", "list", "--json"))
    assert rule["feeds"] == ["https://bbc.example/rss"]
    assert "lang is “en”" in newswire("alert", "test", "flood").output
