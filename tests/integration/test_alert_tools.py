"""What a person does about alerts that are not right: look why, change, try, send again, keep elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline import config
from pipeline.cli import main
from pipeline.model import Article, derive_id
from pipeline.runners.polling.publishing import publish
from pipeline.wiring import runners, stores

Newswire = Callable[..., Result]


@pytest.fixture
def newswire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newswire:
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(tmp_path / "newswire.toml"))
    (tmp_path / "newswire.toml").write_text('[channels]\npager = "webhook+http://127.0.0.1:9/x"\n')

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--data", str(tmp_path)])

    return run


def take(directory: Path, *pairs: tuple[str, str]) -> list[str]:
    """Take articles, given by source and title, all the way; return their ids."""
    settings, now = config.load(None, {"data": str(directory)}), datetime.now(UTC)
    articles = [
        Article(id=derive_id(*pair), source=pair[0], seen=now, published=now, title=pair[1], text=f"{pair[1]}.",
                url=f"https://{pair[0]}.example/1", language="en")
        for pair in pairs
    ]  # fmt: skip
    with stores.store(settings) as store, runners.notifying(store):
        publish(articles, store.log)
        pipeline = runners.embedded(store)
        while pipeline.step():
            pass
    return [article.id for article in articles]


def test_test_message_goes_to_every_channel_and_a_broken_one_is_named(newswire: Newswire, tmp_path: Path) -> None:
    newswire("alert", "add", "harbour", "harbour", "--to", "atom:harbour.xml")
    sent = newswire("alert", "send-test", "Harbour")
    assert (sent.exit_code, sent.output.splitlines()[-1]) == (0, "atom:harbour.xml: sent")
    assert "this is a test" in (tmp_path / "alerts" / "harbour.xml").read_text()
    newswire("alert", "edit", "harbour", "--to", "pager")
    broken = newswire("alert", "send-test", "harbour")
    assert (broken.exit_code, "pager: " in broken.output) == (1, True)


def test_doctor_looks_at_every_channel_without_sending(newswire: Newswire, tmp_path: Path) -> None:
    newswire("alert", "add", "harbour", "harbour", "--to", "atom:harbour.xml")
    checks = {check["name"]: check for check in map(json.loads, newswire("doctor", "--json").stdout.splitlines())}
    assert (False, True) == (checks["channel pager"]["ok"], checks["channel atom:harbour.xml"]["ok"])
    assert "cannot be reached" in checks["channel pager"]["detail"]
    assert not (tmp_path / "alerts" / "harbour.xml").exists()


def test_private_address_by_name_is_refused_when_it_is_given(newswire: Newswire) -> None:
    refused = newswire("alert", "add", "harbour", "harbour", "--to", "webhook+http://localhost:9/x")
    assert (refused.exit_code, "private address" in refused.output) == (2, True)
    assert newswire("alert", "list").stdout == ""


def test_what_failed_is_counted_and_sent_again_when_asked(
    newswire: Newswire, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newswire("alert", "add", "harbour", "harbour", "--to", "pager", "--once-per", "article")
    (tmp_path / "newswire.toml").write_text("")
    take(tmp_path, ("post", "The harbour is closed"), ("mail", "A goat won the harbour race in Lund"))
    assert "0 sent, 0 withheld, 2 failed" in newswire("alert", "list").output
    assert 1 == sum("channel is broken" in record.message for record in caplog.records)
    assert newswire("alert", "resend", "--failed").output == "2 messages go again.\n"
    (rule,) = map(json.loads, newswire("alert", "list", "--json").stdout.splitlines())
    assert {"sent": 0, "withheld": 0, "failed": 0, "queued": 2} == rule["last_week"]


def test_alerts_move_to_another_store(newswire: Newswire, tmp_path: Path) -> None:
    newswire("search", "harbour OR port", "--save", "ports")
    newswire("alert", "add", "ships", "search:ports -sport", "--digest", "weekly@mon 08:00", "--quiet", "22:00-07:00")
    exported = tmp_path / "alerts.toml"
    assert newswire("alert", "export", str(exported)).exit_code == 0
    other = tmp_path / "other"
    for arguments in (("--dry-run",), ()):
        result = CliRunner().invoke(main, ["alert", "import", str(exported), *arguments, "--data", str(other)])
        assert (result.exit_code, result.stdout) == (0, "ships\tsearch:ports -sport\n")
    again = CliRunner().invoke(main, ["alert", "export", "--data", str(other)])
    assert exported.read_text() == again.stdout


def test_why_is_told_for_what_was_told_and_what_was_not(newswire: Newswire, tmp_path: Path) -> None:
    newswire("alert", "add", "harbour", "harbour closed")
    told, other = take(tmp_path, ("post", "The harbour is closed"), ("mail", "The harbour is painted green"))
    spoken = json.loads(newswire("alert", "why", "harbour", told, "--json").stdout)
    assert (True, ["sent"]) == (spoken["matches"], [each["state"] for each in spoken["deliveries"]])
    silent = json.loads(newswire("alert", "why", "harbour", other, "--json").stdout)
    assert (False, [True, False]) == (silent["matches"], [part["holds"] for part in silent["parts"]])
    assert "does not match" in newswire("alert", "why", "harbour", other).output


def test_brief_tells_the_stories_of_the_day_and_sends_them(newswire: Newswire, tmp_path: Path) -> None:
    take(tmp_path, ("post", "The harbour of Eiken is closed"), ("mail", "A goat won the harbour race in Lund"))
    printed = newswire("brief", "harbour")
    assert (printed.exit_code, printed.stdout.startswith("harbour: 2 stories in the last 24 hours")) == (0, True)
    assert "https://mail.example/1" in printed.stdout
    sent = newswire("brief", "harbour", "--to", "atom:brief.xml")
    assert sent.exit_code == 0
    assert "Eiken" in (tmp_path / "alerts" / "brief.xml").read_text()
    assert newswire("brief", "volcano").exit_code == 1


@pytest.mark.parametrize("digest", ["daily", "daily@25:00", "weekly@08:00", "0h", "sometimes"])
def test_digest_that_means_nothing_is_refused(newswire: Newswire, digest: str) -> None:
    refused = newswire("alert", "add", "harbour", "harbour", "--digest", digest)
    assert (refused.exit_code, newswire("alert", "list").stdout) == (2, "")
