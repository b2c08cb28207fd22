"""`newswire search` and `newswire show` as a person and a script meet them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.cli import main
from pipeline.model import Change, Document, Quotation, Speaker, derive_id

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
TEXT = "The council met. “We agreed,” said Putin. " + "More followed. " * 40


@pytest.fixture
def data(tmp_path: Path) -> Path:
    articles = [
        Document(
            id=derive_id(str(n)),
            source="=Wire",
            url=f"https://example.com/{n}",
            seen=NOW - timedelta(hours=n),
            language="en",
            title=f"Council meets {n}",
            text=TEXT,
            revision=2,
            changes=(Change(part="title", before="Old", after="New"),),
            quotations=(
                Quotation(
                    text="We agreed,", start=18, end=28, kind="direct", speaker=Speaker(text="Putin", start=35, end=40)
                ),
            ),
        )
        for n in range(3)
    ]
    with Database(tmp_path / "newswire.db") as database:
        SqliteIndex(database).upsert(
            [*articles, Document(id="c" * 32, source="B", seen=NOW, duplicate_of=derive_id("0"))]
        )
    for file in tmp_path.glob("newswire.db*"):
        file.chmod(0o600)  # as the program makes it; else it says so
    return tmp_path


def call(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--data", str(data)])


def test_lines_for_people_hold_no_codes_in_a_pipe(data: Path) -> None:
    result = call(data, "search", "putin", "--limit", "2")
    assert (0, 4, False) == (result.exit_code, len(result.output.splitlines()), "\x1b" in result.output)
    assert "said Putin." in result.output


def test_json_lines_page_through_everything_by_cursor(data: Path) -> None:
    first = [json.loads(line) for line in call(data, "search", "putin", "--json", "--limit", "2").output.splitlines()]
    cursor = first[-1]["cursor"]
    rest = [
        json.loads(line) for line in call(data, "search", "putin", "--json", "--cursor", cursor).output.splitlines()
    ]
    assert ["Council meets 0", "Council meets 1", "Council meets 2"] == [entry["title"] for entry in first + rest]
    snippet = rest[0]["snippet"]
    assert ["Putin"] == [snippet["text"][start:end] for start, end in snippet["marks"]]
    assert "cursor" not in rest[0]


def test_csv_holds_no_formula(data: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(call(data, "search", "putin", "--csv").output)))
    assert (3, "'=Wire") == (len(rows), rows[0]["source"])


def test_atom_is_a_feed(data: Path) -> None:
    feed = ElementTree.fromstring(call(data, "search", "putin", "--atom").output)
    assert 3 == len(feed.findall("{http://www.w3.org/2005/Atom}entry"))


def test_facets_and_timeline_count(data: Path) -> None:
    facets = json.loads(call(data, "search", "putin", "--facets", "source", "--json").output)
    day = json.loads(call(data, "search", "putin", "--timeline", "--json").output)
    assert {"value": "=Wire", "documents": 3} == facets
    assert {"day": "2022-02-24", "documents": 3, "all": 3, "share": 1.0} == day


def test_saved_search_stands_for_its_query(data: Path) -> None:
    call(data, "search", "putin", "--save", "p")
    assert "p\tputin\n" == call(data, "search", "--saved").output
    assert 0 == call(data, "search", "search:p").exit_code
    call(data, "search", "--forget", "p")
    assert 2 == call(data, "search", "search:p").exit_code


@pytest.mark.parametrize(("query", "code"), [("nothing", 1), ("putin(", 2), ("-putin", 2), ("p*", 2)])
def test_exit_codes_tell_nothing_found_from_bad_queries(data: Path, query: str, code: int) -> None:
    assert code == CliRunner().invoke(main, ["search", "--data", str(data), "--", query]).exit_code


@pytest.mark.parametrize("name", [derive_id("0"), derive_id("0")[:8], "https://example.com/0"])
def test_show_by_id_beginning_of_id_and_address(data: Path, name: str) -> None:
    output = call(data, "show", name).output
    for part in ("Council meets 0", "Putin: We agreed,", "title: “Old” → “New”", "Copies", "cccccccc"):
        assert part in output


def test_show_tells_which_alerts_match(data: Path) -> None:
    call(data, "alert", "add", "kremlin", "putin")
    entry = json.loads(call(data, "show", derive_id("1"), "--json").output)
    assert [("kremlin", "Putin")] == [(alert["rule"], alert["spans"][0]["text"]) for alert in entry["alerts"]]


def test_show_of_an_unknown_article_finds_nothing(data: Path) -> None:
    assert 1 == call(data, "show", "ffffffffffff").exit_code


def test_like_finds_articles_about_the_same(tmp_path: Path) -> None:
    titles = ("Volcano erupts near Grindavik", "Grindavik flees the volcano", "Budget passed", "Rain expected")
    with Database(tmp_path / "newswire.db") as database:
        SqliteIndex(database).upsert(
            [Document(id=derive_id(title), source="W", seen=NOW, title=title, language="en") for title in titles]
        )
    lines = call(tmp_path, "search", "--like", derive_id(titles[0])[:8], "--json").stdout.splitlines()
    assert [titles[1]] == [json.loads(line)["title"] for line in lines]
