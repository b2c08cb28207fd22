"""Whatever stands in a file that a person names, the program says in one sentence what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.cli import main

# Codes of the README; 70 would be a fault of the program.
FORESEEN = {0, 1, 2, 3}
NESTED = 20_000
LIBRARIES = ("Expected `", "- at `$", "codec can't", "[Errno", "Traceback", "Error(", "malformed", "msgspec", "0x")

PIECES = st.sampled_from(
    (
        "[fetch]\n", 'allow = ["foo"]\n', "per_host = ", "0", "-1", "1e999", "9" * 5000, "2022-13-45", '"', "'''", "=",
        "[[alert]]\n", 'name = "a"\n', 'query = "b"\n', "query = 7\n", "channels = [1]\n", 'runtime = "x"\n', "\n",
        "<opml><body>", '<outline xmlUrl="http://a/"', "/>", "<!ENTITY a 'b'>", "&a;", '{"title": ', '"\\ud800"', "}",
        '{"title":"a","published":7}', '{"title":[1],"text":{}}', "[" * NESTED, '{"a":' * NESTED, "http://a\n",
        "EntryTitle=(", "intitle:/[/", "https://www.google.com/alerts/feeds/1/2\n", "\0", "\ufeff", "é", "\u2028",
    )
)  # fmt: skip
BYTES = st.one_of(
    st.binary(max_size=300),
    st.lists(PIECES, max_size=8).map(lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass")),
    st.lists(PIECES, max_size=8).map(lambda pieces: "".join(pieces).encode("utf-16", "surrogatepass")),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("any")
    (directory / "rules.toml").write_text('[[alert]]\nname = "a"\nquery = "b"\n')
    (directory / "line.jsonl").write_text(json.dumps({"title": "b"}))
    return directory


def run(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--data", str(place / "data")])


def check(result: Result) -> None:
    said = result.stderr
    assert result.exit_code in FORESEEN, said
    assert not [text for text in LIBRARIES if text in said], said
    assert result.exit_code < 2 or said.strip()


COMMANDS = {
    "settings": ("n.toml", ("config", "show", "--config")),
    "rules to match": ("r.toml", ("match", "line.jsonl", "--rules")),
    "rules to keep": ("r.toml", ("alert", "import", "--dry-run")),
    "filters to keep": ("r.txt", ("alert", "import", "--dry-run")),
    "subscriptions": ("s.opml", ("import",)),
    "article lines": ("a.jsonl", ("match", "--rules", "rules.toml")),
    "a text": ("a.txt", ("parse",)),
    "lines to read": ("b.jsonl", ("parse",)),
    "a feed": ("a.xml", ("parse", "--json")),
}


@pytest.mark.parametrize("what", COMMANDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=BYTES)
@example(content=b"[" * NESTED)
def test_any_bytes_as(what: str, content: bytes, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, command = COMMANDS[what]
    monkeypatch.chdir(place)
    (place / name).write_bytes(content)
    check(run(place, *command, name))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with the articles of the demonstration."""
    directory = tmp_path_factory.mktemp("whole")
    for arguments in (("up", "--demo", "--once"), ("admin", "backup", str(directory / "kept.db"))):
        done = CliRunner().invoke(main, [*arguments, "--data", str(directory / "d")])
        assert done.exit_code == 0, done.output
    return directory / "kept.db"


QUESTIONS = (
    ("search", "a OR the"), ("search", "--facets", "source"), ("story", "list", "--least", "1"), ("event", "list"),
    ("alert", "list"), ("alert", "log"), ("feed", "list"), ("admin", "dead"), ("admin", "prune"), ("doctor",),
    ("alert", "add", "x", "x", "--replace"), ("tail", "--once"), ("export",),
)  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(st.floats(0, 1), min_size=1, max_size=4),
    junk=st.binary(min_size=1, max_size=64),
    asked=st.sampled_from(QUESTIONS),
)
def test_damaged_store_is_told_with_what_to_do(
    places: list[float], junk: bytes, asked: tuple[str, ...], whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("damaged") / "data"
    data.mkdir(mode=0o700)
    content = bytearray(whole.read_bytes())
    for place in places:
        page = int(place * (len(content) - 4_096)) // 4_096 * 4_096
        content[page : page + 4_096] = (junk * 4_096)[:4_096]
    (data / "newswire.db").write_bytes(content)
    (data / "newswire.db").chmod(0o600)
    result = CliRunner().invoke(main, [*asked, "--data", str(data)])
    check(result)
    if result.exit_code == 3:
        assert "`newswire admin restore FILE`" in result.stderr
