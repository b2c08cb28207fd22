"""README and CONTRIBUTING work as printed: their commands are run, their settings are read, and nothing stands there
that no test knows of."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from connectors.pages import site_rules
from pipeline import config
from pipeline.cli import main
from tests.integration.feed_server import FEED, FeedServer

ROOT = Path(__file__).resolve().parents[2]
README, CONTRIBUTING = (ROOT / name for name in ("README.md", "CONTRIBUTING.md"))
# What other tests run, because it serves, needs servers, or installs: how it begins, and the test.
RUN_ELSEWHERE = {
    "python3 -m venv": "tests/unit/test_house.py::test_readme_gives_the_command_that_ci_runs",
    "$ newswire feed test": "tests/integration/test_feed_commands.py::test_readme_shows_what_feed_test_says",
    "newswire admin setup": "tests/integration/test_secured_servers.py::test_every_role_works",
    "newswire connect": "tests/integration/test_secured_servers.py::test_every_role_works",
    "newswire worker": "tests/integration/test_secured_servers.py::test_every_role_works",
    "newswire index": "tests/integration/test_secured_servers.py::test_every_role_works",
    "newswire notify": "tests/integration/test_secured_servers.py::test_every_role_works",
    "curl -N": "tests/integration/test_web.py::test_stream_goes_on_where_it_broke_off",
    'curl "http://127.0.0.1:8765/api/v1/addresses': (
        "tests/unit/web/test_readers.py::test_query_is_followed_at_secret_addresses_as_feed_and_calendar"
    ),
    "curl --data-binary": "tests/integration/test_web.py::test_page_is_served_beside_the_pipeline",
    "docker compose": "tests/unit/deploy/test_compose.py::test_",
}
LIST = b'<html><body><article class="teaser"><h2><a href="/1">Quay closed</a></h2></article></body></html>'
PAGE = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed" title="All"></head></html>'
LETTER = b"From: desk@example.org\nSubject: Harbour\nMessage-ID: <1@example.org>\n\nCranes stood still all day.\n"
_INLINE = re.compile(r"`newswire ([^`]+)`")
_SECRETS = {"SEARCH_KEY": "k", "FEED_TOKEN": "t"}


def blocks(guide: Path) -> Iterator[list[str]]:
    """Yield the indented blocks of a guide, line by line, without what is code of a language."""
    text = re.sub(r"^```\w+\n.*?^```$", "", guide.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("    "):
            block.append(line[4:])
        elif block:
            yield block
            block = []


def is_setting(line: str) -> bool:
    return bool(re.match(r"\[|[a-z_]+ = ", line))


def without_remark(line: str) -> str:
    return re.split(r" {3,}", line)[0]


def commands() -> list[str]:
    lines = [line for block in blocks(README) if not block[0].startswith("$ newswire feed test") for line in block]
    return [without_remark(line.removeprefix("$ ")) for line in lines if re.match(r"(\$ )?newswire ", line)]


@pytest.fixture(scope="module")
def site() -> Iterator[FeedServer]:
    server = FeedServer()
    server.pages |= {"/": PAGE, "/feed": FEED, "/news": FEED, "/list": LIST}
    yield server
    server.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, site: FeedServer) -> Iterator[Path]:
    """Return a directory in which the README was begun with: the demonstration is there, and what its commands name."""
    directory = tmp_path_factory.mktemp("newcomer")
    for name in ("cur", "new", "tmp"):
        (directory / "Maildir" / ".Newsletters" / name).mkdir(parents=True)
    (directory / "letters").mkdir()
    (directory / "letters" / "b.eml").write_bytes(LETTER.replace(b"<1@", b"<2@"))
    (directory / "letter.eml").write_bytes(LETTER)
    (directory / "report.txt").write_text("The harbour master closed the quay on Monday.")
    (directory / "demo").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for name, value in (
            {"NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8,::1/128", "NEWSWIRE_FETCH_SPACING_S": "0"} | _SECRETS
        ).items():
            patch.setenv(name, value)
        patch.setenv("NEWSWIRE_CONFIG", str(directory / "newswire.toml"))
        (directory / "newswire.toml").write_text("")
        rules = next("\n".join(block) for block in blocks(README) if ".list]" in block[0])
        (directory / "demo" / "fulltext.toml").write_text(rules.replace("news.example.org", "localhost"))
        yield directory


@pytest.fixture(scope="module")
def done(place: Path, site: FeedServer) -> dict[str, Result]:
    """Run every command of the README in its order; return what came of each."""
    runner = CliRunner(env={"NEWSWIRE_DATA": str(place / "demo")})
    results: dict[str, Result] = {}
    for command in commands():
        if any(command.startswith(begins) for begins in RUN_ELSEWHERE):
            continue
        arguments = [filled(argument, place, site, runner) for argument in shlex.split(command)[1:]]
        if arguments[0] == "up" and "--once" not in arguments:
            arguments.append("--once")
        results[command] = runner.invoke(main, arguments, input="a password\n")
    return results


def filled(argument: str, place: Path, site: FeedServer, runner: CliRunner) -> str:
    """Put what there is in the place of what the README names: addresses, ids, files, and channels that stay here."""

    def first(*asked: str) -> str:
        return str(json.loads(runner.invoke(main, [*asked, "--json"]).stdout.splitlines()[0])["id"])

    if argument == "FILE":
        return str(max((place / "demo" / "backups").iterdir()))
    if argument.startswith(("ntfy:", "mailto:")):
        return "jsonfeed:told.json"
    if argument == "...":
        return "putin"
    argument = argument.replace("~/", f"{place}/").replace(
        "https://news.example.org/", f"{site.url.replace('127.0.0.1', 'localhost')}/list"
    )
    argument = re.sub(r"https://example\.(org|com)", site.url, argument)
    if "56cdc747" in argument:
        return argument.replace("56cdc747", first("search", "revision:>1")[:8])
    if re.search(r"\b1f60\b", argument):
        return argument.replace("1f60", first("story", "list")[:8])
    return argument.replace("64f0", first("event", "list", "--all")[:8]) if argument == "64f0" else argument


def test_every_command_of_the_readme_does_what_it_says(done: dict[str, Result]) -> None:
    assert len(done) >= 35
    failed = {command: result.output[-500:] for command, result in done.items() if result.exit_code not in (0, 1)}
    assert not failed, "\n".join(f"{k}: {v}" for k, v in failed.items())


def test_commands_that_should_find_something_do(done: dict[str, Result]) -> None:
    nothing = {
        command: result.output[-300:]
        for command, result in done.items()
        if result.exit_code == 1
        and not re.search(r"talks OR truce|varlo|origins>=3|--origins 3|--broken|doctor|alert test", command)
    }
    assert not nothing, "\n".join(f"{k}: {v}" for k, v in nothing.items())


def test_first_minute_finds_what_it_promises(done: dict[str, Result]) -> None:
    assert "indexed" in done["newswire up --demo --once --data demo"].output
    assert "ceasefire" in done["newswire search ceasefire --data demo"].output


def test_settings_of_the_readme_are_read(place: Path) -> None:
    read = []
    for block in blocks(README):
        lines = [line for line in block if not line.startswith("newswire")]
        if not all(is_setting(line) for line in lines) or not lines or ".list]" in lines[0]:
            continue
        text = "\n".join(map(without_remark, lines)).replace("/run/secrets/", f"{place}/")
        for name in ("kafka", "hook"):
            (place / name).write_text("secret")
        if lines[0].startswith("channels"):
            tomllib.loads(text)
            continue
        file = place / "block.toml"
        file.write_text(text)
        read.append(config.load(file, environ=_SECRETS))
    assert len(read) >= 3
    assert any(settings.kafka_password == "secret" for settings in read)


def test_rules_of_the_readme_are_usable() -> None:
    (rules,) = ["\n".join(block) for block in blocks(README) if ".list]" in block[0]]
    found, errors = site_rules.read(rules)
    assert (list(found), errors) == (["news.example.org"], ())


def test_nothing_stands_in_a_block_that_no_test_knows_of() -> None:
    known = re.compile(r"(\$ )?newswire |\[|[a-z_]+ = ")
    shown = ("$ newswire", "feeds --connectors", "connectors/  ")
    strange = [
        line
        for guide in (README, CONTRIBUTING)
        for block in blocks(guide)
        if not block[0].startswith(shown)
        for line in block
        if not known.match(line) and not line.startswith(tuple(RUN_ELSEWHERE)) and line.strip()
    ]
    assert strange == []


def test_tests_that_run_the_rest_are_there() -> None:
    for where in RUN_ELSEWHERE.values():
        file, _, name = where.partition("::")
        assert f"def {name}" in (ROOT / file).read_text("utf-8"), where


@pytest.mark.parametrize("guide", [README, CONTRIBUTING, ROOT / "SECURITY.md"], ids=lambda path: path.name)
def test_commands_within_sentences_exist(guide: Path) -> None:
    for said in _INLINE.findall(guide.read_text("utf-8")):
        words = said.split()
        command: click.Command = main
        context = click.Context(main)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words[0])
            if found is None:
                assert not words[0].islower(), said  # COMMAND, URL and the like stand for something
                break
            command, words = found, words[1:]
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for word in words:
            if word.startswith("--") and word not in ("--help", "--data", "--version"):
                assert word in options, said
