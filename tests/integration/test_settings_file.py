"""Settings of a file: what it may say, what goes before it, and errors a person can act on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import config
from pipeline.errors import UsageError


def test_every_key_is_optional(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("")
    assert config.Settings() == config.load(tmp_path / "empty.toml", environ={})


def test_environment_overrides_file_and_command_line_overrides_environment(tmp_path: Path) -> None:
    file = tmp_path / "n.toml"
    file.write_text('kafka = "file:1"\ndata = "/file"\n[fetch]\nper_host = 3\n')
    environ = {"NEWSWIRE_KAFKA": "env:1", "NEWSWIRE_DATA": "/env", "NEWSWIRE_FETCH_PER_HOST": "5"}

    settings = config.load(file, {"data": "/line"}, environ=environ)

    assert ("env:1", "/line", 5) == (settings.kafka, settings.data, settings.fetch.per_host)


def test_secret_is_read_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    settings = config.load(environ={"NEWSWIRE_ELASTICSEARCH_API_KEY_FILE": str(tmp_path / "key")})
    assert settings.elasticsearch_api_key == "s3cret"


def test_all_unknown_keys_are_reported_together_with_a_suggestion(tmp_path: Path) -> None:
    file = tmp_path / "n.toml"
    file.write_text('runtim = "embedded"\n[fetch]\nuser_agnt = "x"\nzzz = 1\n')
    with pytest.raises(UsageError) as caught:
        config.load(file, environ={})
    message = str(caught.value)
    assert all(part in message for part in ("'runtim' (did you mean 'runtime'?)", "'fetch.user_agent'", "'fetch.zzz'"))


@pytest.mark.parametrize(
    "text",
    ["fetch = 3", "kafka = 7", '[fetch]\nper_host = "many"', "[fetch]\nper_host = 0", 'runtime = "cloud"', "= ="],
)
def test_unusable_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.toml").write_text(text)
    with pytest.raises(UsageError):
        config.load(tmp_path / "n.toml", environ={})


def test_described_settings_load_as_the_same_settings(tmp_path: Path) -> None:
    settings = config.load(environ={"NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8, 10.0.0.0/8", "NEWSWIRE_KAFKA": 'a"b'})
    (tmp_path / "n.toml").write_text(config.describe(settings))
    assert settings == config.load(tmp_path / "n.toml", environ={})


SECRET = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
PLACES = (
    "elasticsearch_api_key = {reference}",
    "elasticsearch = {reference}",
    "[notify]\nsmtp = {reference}",
    "[channels]\nteam = {reference}",
)


@given(secret=SECRET, place=st.sampled_from(PLACES))
def test_any_text_may_stand_in_a_variable(tmp_path_factory: pytest.TempPathFactory, place: str, secret: str) -> None:
    file = tmp_path_factory.mktemp("settings") / "n.toml"
    file.write_text(place.format(reference='{env = "MY_SECRET"}'))
    read = config.load(file, environ={"MY_SECRET": secret})
    assert secret in (read.elasticsearch_api_key, read.elasticsearch, read.notify.smtp, read.channels.get("team"))


def test_file_beside_the_settings_holds_a_secret(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("webhook+https://hooks.example.org/s3cret\n")
    (tmp_path / "n.toml").write_text('[channels]\nteam = {file = "hook"}\n')
    assert config.load(tmp_path / "n.toml", environ={}).channels["team"] == "webhook+https://hooks.example.org/s3cret"


@pytest.mark.parametrize("reference", ['{env = "NOT_SET"}', '{file = "not-there"}'])
def test_secret_that_is_not_there_names_the_setting(tmp_path: Path, reference: str) -> None:
    (tmp_path / "n.toml").write_text(f"[channels]\nteam = {reference}\n")
    with pytest.raises(UsageError, match=r"^channels\.team: "):
        config.load(tmp_path / "n.toml", environ={})


def test_value_that_cannot_be_used_is_told_with_the_file_it_stands_in(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    for text, told in (('[fetch]\nper_host = "x"\n', "fetch.per_host"), ('time_zone = "Mars/One"\n', "Mars/One")):
        file.write_text(text)
        with pytest.raises(UsageError, match=told) as error:
            config.load(file, environ={})
        assert str(file) in str(error.value)
