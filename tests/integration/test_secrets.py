"""Secrets: where they may stand instead of a command line, and that they are shown nowhere."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from connectors.fetch.http import FetchError
from connectors.polling.subscription import Subscription, headers_for, proxy_for
from pipeline.adapters.notify.addresses import Channels, redacted
from pipeline.cli import main
from pipeline.config import Settings
from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.wiring import stores

URL = "https://example.org/feed"
SECRET = "s3cret-Kx9"
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=30)


def run(data: Path, *arguments: str, typed: str | None = None) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--data", str(data)], input=typed)
    assert result.exit_code == 0, result.output
    return result


def kept(data: Path) -> Subscription:
    with stores.store(Settings(data=str(data))) as store:
        ((_, value),) = store.feeds.items()
    return msgspec.json.decode(value, type=Subscription)


def rules(data: Path) -> list[AlertRule]:
    with stores.store(Settings(data=str(data))) as store:
        return [msgspec.json.decode(value, type=AlertRule) for _, value in store.rules.items()]


OPTIONS = {
    "auth": (f"me:{SECRET}", "Authorization", "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()),
    "bearer": (SECRET, "Authorization", f"Bearer {SECRET}"),
    "header": (f"X-Key: {SECRET}", "X-Key", SECRET),
    "cookie": (f"sid={SECRET}", "Cookie", f"sid={SECRET}"),
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("way", ["file", "typed"])
def test_feed_gets_a_secret_from_a_file_or_from_who_types_it(tmp_path: Path, option: str, way: str) -> None:
    text, name, value = OPTIONS[option]
    (tmp_path / "secret").write_text(text + "\n")
    place = str(tmp_path / "secret") if way == "file" else "-"
    result = run(tmp_path / "d", "add", "--no-check", URL, f"--{option}-file", place, typed=text + "\n")
    assert (value, False) == (headers_for(kept(tmp_path / "d"), URL)[name], SECRET in result.output)


REFERENCES = {
    "auth": ('{env = "PLACE"}', f"me:{SECRET}", OPTIONS["auth"][2]),
    "bearer": ('{env = "PLACE"}', SECRET, f"Bearer {SECRET}"),
    "header": ("Authorization: token {env='PLACE'}", SECRET, f"token {SECRET}"),
    "cookie": ('sid={env="PLACE"}', SECRET, f"sid={SECRET}"),
}


@pytest.mark.parametrize("option", REFERENCES)
def test_feed_keeps_a_reference_and_follows_it_when_it_fetches(
    tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, text, value = REFERENCES[option]
    run(tmp_path, "add", "--no-check", URL, f"--{option}", given)
    subscription = kept(tmp_path)
    with pytest.raises(FetchError, match="the environment has no variable PLACE"):
        headers_for(subscription, URL)
    monkeypatch.setenv("PLACE", text)
    assert value in headers_for(subscription, URL).values()
    assert {} == headers_for(subscription, "https://elsewhere.example/")
    assert SECRET not in (tmp_path / "newswire.db").read_bytes().decode("latin-1")


def test_file_of_a_reference_is_found_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "proxy").write_text(f"http://me:{SECRET}@127.0.0.1:3128\n")
    monkeypatch.chdir(tmp_path)
    run(tmp_path / "d", "add", "--no-check", URL, "--proxy", '{file = "proxy"}')
    monkeypatch.chdir("/")
    assert f"http://me:{SECRET}@127.0.0.1:3128" == proxy_for(kept(tmp_path / "d"))


@given(text=WORDS)
def test_what_a_reference_leads_to_never_breaks_a_header(text: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PLACE", text + "\r\nX-Other: 1")
        subscription = Subscription(url=URL, added=stores.clock(), headers={"X-Key": '{env = "PLACE"}'})
        with pytest.raises(FetchError, match="cannot be sent") as caught:
            headers_for(subscription, URL)
    assert "X-Other" not in str(caught.value)


def test_rule_file_names_a_channel_by_variable_or_file_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = f"webhook+https://hooks.example.org/{SECRET}"
    monkeypatch.setenv("HOOK", hook)
    (tmp_path / "hook").write_text(hook)
    (tmp_path / "r.toml").write_text(
        "[[alert]]\nname = 'a'\nquery = 'a'\nchannels = [{env = 'HOOK'}, {file = 'hook'}, 'atom:a.xml']\n"
    )
    run(tmp_path / "d", "alert", "import", str(tmp_path / "r.toml"))
    (rule,) = rules(tmp_path / "d")
    assert ('{env = "HOOK"}', f'{{file = "{tmp_path}/hook"}}', "atom:a.xml") == rule.channels
    shown = run(tmp_path / "d", "alert", "list", "--json").output + run(tmp_path / "d", "alert", "list").output
    assert (False, rule.channels[0]) == (SECRET in shown, redacted(rule.channels[0]))


def test_webhook_is_signed_with_a_secret_that_no_command_line_shows(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a&b=c d\n")
    to = ("--to", "webhook+https://hooks.example.org/x", "--secret-file", str(tmp_path / "key"))
    run(tmp_path / "d", "alert", "add", "a", "a", *to)
    opened = Channels({}).open(rules(tmp_path / "d")[0].channels[0])
    assert "a&b=c d" == opened._secret  # type: ignore[attr-defined]


@given(text=WORDS)
def test_reference_that_leads_to_no_address_does_not_tell_what_it_leads_to(text: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PLACE", "x" + text + "-only-here")
        with pytest.raises(UsageError) as caught:
            Channels({}).open('{env = "PLACE"}')
    assert "only-here" not in str(caught.value)


def test_secret_of_a_feed_or_a_setting_is_shown_nowhere(tmp_path: Path) -> None:
    data, settings = tmp_path / "d", tmp_path / "n.toml"
    settings.write_text(
        f'elasticsearch = "https://u:{SECRET}@127.0.0.1"\nelasticsearch_api_key = "{SECRET}"\n'
        f'[channels]\na = "webhook+https://h.example/{SECRET}#secret={SECRET}"\n'
        f'[notify]\nsmtp = "smtps://u:{SECRET}@h.example"\nproxy = "http://u:{SECRET}@h.example:1"\n'
    )
    (tmp_path / "s").write_text(SECRET)
    given = ("--header", f"X-Key: {SECRET}", "--cookie", f"sid={SECRET}", "--bearer-file", str(tmp_path / "s"))
    proxy = ("--proxy", f"http://u:{SECRET}@h.example:1")
    run(data, "add", "--no-check", f"https://me:{SECRET}@example.org/feed", *given, *proxy)
    run(data, "alert", "add", "a", "a", "--to", f"webhook+https://h.example/{SECRET}#secret={SECRET}")
    said = [
        run(data, *arguments, "--config", str(settings)).output
        for arguments in (
            ("config", "show"), ("config", "show", "--json"), ("feed", "show", URL), ("feed", "show", URL, "--json"),
            ("feed", "list"), ("feed", "list", "--json"), ("export",), ("alert", "list"), ("alert", "list", "--json"),
            ("alert", "log", "--withheld", "--json"), ("admin", "dead", "--json"),
        )
    ]  # fmt: skip
    # The host of the channel is not there, which is told with exit code 1.
    said.append(CliRunner().invoke(main, ["doctor", "--config", str(settings), "--data", str(data)]).output)
    assert [] == [text for text in said if SECRET in text]
    for arguments in (
        ("add", "--no-check", URL, "--proxy", f"ftp://u:{SECRET}@h"),
        ("alert", "add", "b", "b", "--to", f"hook://{SECRET}"),
    ):
        refused = CliRunner().invoke(main, [*arguments, "--data", str(data)])
        assert (2, False) == (refused.exit_code, SECRET in refused.output)
