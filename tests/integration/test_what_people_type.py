"""What people type by mistake is refused with what is right, and what they may type in several ways is understood."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main

PAGE = """<!doctype html><html lang="en"><head><title>The Herald</title>{head}</head><body><nav>Home</nav><article>
<h1>Bridge opens in Dravena</h1><p>The mayor of Dravena opened a new bridge on Tuesday after three years of work.</p>
<p>The bridge cost 40 million euros and carries two lanes of traffic in each direction, and cyclists on a path.</p>
</article></body></html>"""


def call(data: Path, *words: str, typed: str | None = None, **environment: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(data)], input=typed, env=environment)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    assert call(tmp_path / "store", "admin", "setup").exit_code == 0
    return tmp_path / "store"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("search", "ceasefire", "talks"), "A query of several words stands in quotation marks"),
        (("tail", "ceasefire", "talks"), "A query of several words stands in quotation marks"),
        (("search", "-ceasefire"), "option: -c. A query that begins with - goes after --."),
        (("search", "x", "--csv", "--json"), "--json and --csv exclude each other"),
        (("search", "x", "--facets", "source", "--timeline"), "--facets and --timeline exclude each other"),
        (("search", "x", "--more"), "leave this one out, or --more"),
        (("feed", "lst"), "Did you mean 'list'?"),
        (("alert", "ad"), "Did you mean 'add'?"),
        (("serch", "x"), "Did you mean 'search'?"),
        (("alert", "add", "a", "x", "--expires", "yesterday"), "write 2027-01-31 or 2027-01-31T10:00"),
        (("alert", "add", "a", "x", "--surge", "0"), "give a number above 1"),
        (("alert", "add", "a", "x", "--surge", "0", "--silence", "1h"), "not for both"),
        (("add", "http://a.example/", "--no-check", "--interval", "1s"), "every 30 seconds at most"),
        (("add", "http://a.example/", "--no-check", "--interval", "often"), "write 30m, 6h"),
        (("add", "http://a.example/", "--no-check", "--user-agent", "a\nb"), "one line"),
        (("add", "http://a.example/", "--no-check", "--auth", "anna"), "USER:PASSWORD"),
        (("add", "http://no such.example/", "--no-check"), "no address that can be fetched"),
        (("user", "add", "anna"), "--no-password"),
        (("brief", "x", "--to", "nowhere"), "'nowhere' is no channel"),
        (("event", "list", "--type", "CONSLT"), "did you mean 'CONSULT'?\n"),
    ],
)
def test_mistake_is_refused_with_what_is_right(data: Path, command: tuple[str, ...], words: str) -> None:
    refused = call(data, *command)
    assert refused.exit_code == 2, refused.output
    assert words in refused.stderr
    assert refused.stdout == ""


def test_directory_that_is_no_name_is_refused(tmp_path: Path) -> None:
    refused = CliRunner().invoke(main, ["search", "x", "--data", ""])
    assert (refused.exit_code, "it was given nothing" in refused.stderr) == (2, True)


def test_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "newswire.db") as theirs:
        theirs.execute("CREATE TABLE letters (text)")
    theirs.close()
    refused = call(tmp_path, "search", "x")
    assert (refused.exit_code, "is a database of another program" in refused.stderr) == (3, True)
    with sqlite3.connect(tmp_path / "newswire.db") as theirs:
        assert theirs.execute("SELECT name FROM sqlite_master").fetchall() == [("letters",)]
    theirs.close()


def test_pace_of_a_feed_is_told_as_seconds_or_as_a_duration(data: Path) -> None:
    for written in ("900", "15m"):
        assert call(data, "add", "http://a.example/", "--no-check", "--interval", written).exit_code == 0
        assert '"interval":900' in call(data, "feed", "show", "http://a.example/", "--json").stdout


@pytest.mark.parametrize("option", ["--off", "--resume"])
def test_feeds_and_alerts_are_resumed_by_either_name(data: Path, option: str) -> None:
    call(data, "add", "http://a.example/", "--no-check")
    call(data, "alert", "add", "a", "x", "--to", "jsonfeed:a.json")
    for paused in (("feed", "pause", "http://a.example/"), ("alert", "pause", "a")):
        assert "is paused" in call(data, *paused).stdout
        resumed = call(data, *paused, option)
        assert (resumed.exit_code, "paused" in resumed.stdout) == (0, False)


def test_settings_are_written_and_looked_for_where_the_call_names_them(tmp_path: Path) -> None:
    named = tmp_path / "mine.toml"
    runner = CliRunner(env={"NEWSWIRE_CONFIG": str(named)})
    assert runner.invoke(main, ["config", "path"]).stdout == f"{named}\n"
    assert runner.invoke(main, ["config", "init"]).stdout == f"{named}\n"
    assert named.exists()
    other = tmp_path / "other.toml"
    assert CliRunner().invoke(main, ["--config", str(other), "config", "init"]).stdout == f"{other}\n"


def test_settings_that_begin_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "n.toml").write_bytes(b'\xef\xbb\xbfprefix = "mine"\r\n')
    assert (
        'prefix = "mine"' in CliRunner().invoke(main, ["--config", str(tmp_path / "n.toml"), "config", "show"]).stdout
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("NEWSWIRE_FETCH_SPACING_S", "-1", "a number of 0.0 or more is expected"),
        ("NEWSWIRE_TIME_ZONE", "Mars", "'Mars' is no time zone"),
    ],
)
def test_what_the_environment_sets_is_not_blamed_on_a_file(tmp_path: Path, name: str, value: str, words: str) -> None:
    (tmp_path / "n.toml").write_text("")
    refused = CliRunner(env={name: value}).invoke(main, ["--config", str(tmp_path / "n.toml"), "config", "show"])
    assert refused.stderr.startswith(f"Error: {name} cannot be used as it is set: {words}")


def test_web_page_that_was_saved_is_read_for_its_article(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(head='<link rel="canonical" href="https://www.herald.example/bridge">'))
    read = CliRunner().invoke(main, ["parse", str(page)]).stdout
    assert read.endswith("Bridge opens in Dravena  https://www.herald.example/bridge\n")
    page.write_text(PAGE.format(head=""))
    read = CliRunner().invoke(main, ["parse", str(page), "--json"]).stdout
    assert '"url":null,"title":"Bridge opens in Dravena"' in read and "<nav>" not in read
    (tmp_path / "packed.html.gz").write_bytes(gzip.compress(page.read_bytes()))
    assert "Bridge opens in Dravena" in CliRunner().invoke(main, ["parse", str(tmp_path / "packed.html.gz")]).stdout
    page.write_text("<!-- saved from url=(0029)https://herald.example/bridge -->\n" + PAGE.format(head=""))
    assert "https://herald.example/bridge" in CliRunner().invoke(main, ["parse", str(page)]).stdout
    page.write_text("<html><head><title>Herald</title></head><body>Home</body></html>")
    refused = CliRunner().invoke(main, ["parse", str(page)])
    assert (refused.exit_code, "is a web page on which no article is found" in refused.stderr) == (2, True)
