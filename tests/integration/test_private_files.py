"""What a store keeps is its owner's alone, and what is written is whole or not there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from pipeline import private_files
from pipeline.adapters.notify.addresses import Channels
from pipeline.cli import main
from pipeline.errors import UsageError

NAMES = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from(("..", ".", "/", "\\", "a", "x.xml", "~", "C:", "\0", " ", "$HOME")), max_size=6).map(
        "".join
    ),
)


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--data", str(data)])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def loose() -> Iterator[None]:
    """Let files be made for everybody, unless who makes them says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("loose")
def test_everything_that_is_made_is_the_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert 0 == run(data, "alert", "add", "truce", "ceasefire OR truce", "--to", "atom:a.xml").exit_code
    assert 0 == run(data, "up", "--demo", "--once").exit_code
    assert 0 == run(data, "admin", "backup", str(tmp_path / "kept.db")).exit_code
    assert 0 == run(data, "config", "init", str(tmp_path / "n.toml")).exit_code
    written = {"alerts.toml": ("alert", "export"), "all.json": ("export", "--all"), "feeds.opml": ("export",)}
    for name, arguments in written.items():
        assert 0 == run(data, *arguments, str(tmp_path / name)).exit_code
    made = [tmp_path / "kept.db", tmp_path / "n.toml", *(tmp_path / name for name in written), data, *data.rglob("*")]
    assert (data / "alerts" / "a.xml") in made
    assert {} == {path: oct(mode(path)) for path in made if mode(path) & private_files.OTHERS}


def test_what_others_could_read_is_taken_from_them_with_a_word(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(data, "alert", "add", "council", "council")
    data.chmod(0o755)
    (data / "newswire.db").chmod(0o644)
    (tmp_path / "n.toml").write_text('elasticsearch_api_key = "s3cret"\n')
    (tmp_path / "n.toml").chmod(0o664)
    said = run(data, "alert", "list", "--config", str(tmp_path / "n.toml")).stderr
    again = run(data, "alert", "list", "--config", str(tmp_path / "n.toml")).stderr
    assert [0o700, 0o600, 0o600] == [mode(path) for path in (data, data / "newswire.db", tmp_path / "n.toml")]
    assert (3, "") == (said.count("now only you can"), again)


def test_directory_that_holds_other_things_stays_open(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    tmp_path.chmod(0o755)
    run(tmp_path, "alert", "add", "council", "council")
    run(tmp_path, "alert", "list")
    assert (0o755, 0o600) == (mode(tmp_path), mode(tmp_path / "newswire.db"))


@pytest.mark.parametrize("write", [private_files.write, private_files.write_new])
def test_file_that_cannot_be_written_whole_is_not_there(
    tmp_path: Path, write: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        write(tmp_path / "a", b"content")  # type: ignore[operator]
    assert [] == list(tmp_path.iterdir())


@given(name=NAMES, kind=st.sampled_from(("atom", "jsonfeed")))
def test_rule_of_a_stranger_names_files_of_the_alerts_directory_only(
    tmp_path_factory: pytest.TempPathFactory, name: str, kind: str
) -> None:
    inside = tmp_path_factory.getbasetemp() / "data" / "alerts"
    channels = Channels({"mine": f"{kind}:/elsewhere/a.xml"}, directory=inside)
    try:
        opened = channels.open(f"{kind}:{name}")
    except UsageError:
        return
    path = opened._path  # type: ignore[attr-defined]
    assert (inside.resolve(), True) == (path.resolve().parent, path.name != "")


@pytest.mark.parametrize("name", ["../../x", "/etc/cron.d/x", "a/../../x", "..", "", ".hidden", "sub/x.xml", "..\\x"])
def test_import_of_a_file_that_names_places_is_refused_rule_by_rule(tmp_path: Path, name: str) -> None:
    rules = tmp_path / "r.toml"
    rules.write_text(
        f"[[alert]]\nname = 'bad'\nquery = 'a'\nchannels = ['atom:{name}']\n"
        "[[alert]]\nname = 'good'\nquery = 'a'\nchannels = ['atom:fine.xml']\n"
    )
    result = run(tmp_path / "data", "alert", "import", str(rules))
    assert (1, "good\ta\n") == (result.exit_code, result.stdout)
    assert "no file that an alert may write" in result.stderr


def test_channel_of_the_settings_may_be_anywhere(tmp_path: Path) -> None:
    channels = Channels({"mine": f"atom:{tmp_path}/deep/a.xml"}, directory=tmp_path / "alerts")
    assert tmp_path / "deep" / "a.xml" == channels.open("mine")._path  # type: ignore[attr-defined]
