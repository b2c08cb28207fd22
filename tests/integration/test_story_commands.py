"""`newswire story` and folded search, as a person and a script meet them, on both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline import config
from pipeline.cli import main
from pipeline.model import Document, derive_id
from pipeline.wiring import stores
from tests.integration.distributed import Cluster

NOW = datetime.now(UTC).replace(microsecond=0)
EARLY, LATE, OLD = (derive_id("story", name) for name in ("early", "late", "old"))


def document(name: str, story: str, hours: float, source: str = "Wire", **fields: Any) -> Document:
    moment = NOW - timedelta(hours=hours)
    return Document(
        id=derive_id(name), source=source, seen=moment, published=moment, title=f"{name.capitalize()} of Varlo",
        text=f"The {name} said: council.", language="en", revision=1, story_id=story, **fields,
    )  # fmt: skip


DOCUMENTS = (
    document("first", EARLY, 9),
    document("copy", EARLY, 8, "Mirror", duplicate_of=derive_id("first")),
    document("second", LATE, 7),
    document("bridge", EARLY, 2, "Post", merged=(LATE,)),
    document("third", EARLY, 1, "Post", merged=(LATE,)),
    document("past", OLD, 24 * 6),
    document("past again", OLD, 24 * 5),
)


@pytest.fixture(
    params=["embedded", pytest.param("distributed", marks=[pytest.mark.kafka, pytest.mark.elasticsearch])],
    scope="module",
)
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    directory: Path = tmp_path_factory.mktemp(request.param)
    variables = {"NEWSWIRE_DATA": str(directory)}
    if request.param == "distributed":
        servers = request.getfixturevalue("servers")
        variables = Cluster(servers, f"story{datetime.now(UTC):%H%M%S%f}-", directory).environment
    with stores.store(config.load(environ=variables)) as store:
        assert [] == list(store.index.upsert(DOCUMENTS))
        store.index.refresh()
    yield variables


def call(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env=environment).invoke(main, arguments)


def lines(environment: dict[str, str], *arguments: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in call(environment, *arguments, "--json").output.splitlines()]


def test_list_sums_stories_up_with_merged_ones_as_one(environment: dict[str, str]) -> None:
    largest, closed = lines(environment, "story", "list")
    assert (EARLY, 5, 2, "open", [LATE]) == tuple(
        largest[name] for name in ("id", "articles", "origins", "state", "merged")
    )
    assert (0.33, 0.5, -0.17) == tuple(largest[name] for name in ("per_hour", "per_hour_before", "growth"))
    assert (OLD, "closed", 2) == (closed["id"], closed["state"], closed["articles"])
    assert closed["closed"] == (NOW - timedelta(days=2)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--state", "open"], [EARLY]),
        (["--state", "closed"], [OLD]),
        (["--origins", "2"], [EARLY]),
        (["--sort", "newest", "--limit", "1"], [EARLY]),
        (["source:mirror"], [EARLY]),
        (["--days", "4"], [EARLY]),
        (["--least", "6"], []),
    ],
)
def test_list_is_filtered(environment: dict[str, str], arguments: list[str], expected: list[str]) -> None:
    assert expected == [line["id"] for line in lines(environment, "story", "list", *arguments)]


@pytest.mark.parametrize("given", [EARLY, LATE, EARLY[:8], LATE[:8]])
def test_show_by_either_id_finds_the_articles_of_both(environment: dict[str, str], given: str) -> None:
    (shown,) = lines(environment, "story", "show", given)
    names = ("first", "copy", "second", "bridge", "third")
    assert [derive_id(name) for name in names] == [article["id"] for article in shown["articles"]]  # type: ignore[attr-defined]
    assert f"Story {LATE} turned out to be this one." in call(environment, "story", "show", given).output


def test_show_says_when_a_story_closed(environment: dict[str, str]) -> None:
    assert "after three quiet days" in call(environment, "story", "show", OLD).output


@pytest.mark.parametrize(("given", "code"), [("ffffffff", 1), ("ff", 2), ("x OR y", 1)])
def test_show_of_what_is_no_story_says_so(environment: dict[str, str], given: str, code: int) -> None:
    assert code == call(environment, "story", "show", given).exit_code


@pytest.mark.parametrize("given", [EARLY, LATE, LATE[:8]])
def test_search_by_either_id_finds_both_and_folds_copies(environment: dict[str, str], given: str) -> None:
    found = {line["title"] for line in lines(environment, "search", f"story:{given}")}
    assert {f"{name} of Varlo" for name in ("First", "Second", "Bridge", "Third")} == found
    assert "Copy of Varlo" in {line["title"] for line in lines(environment, "search", f"story:{given}", "--copies")}


def test_copies_and_original_name_each_other(environment: dict[str, str]) -> None:
    found = {line["title"]: line for line in lines(environment, "search", "varlo", "--copies")}
    assert found["First of Varlo"]["copies"] == [derive_id("copy")]
    assert found["Copy of Varlo"]["duplicate_of"] == derive_id("first")
    assert "1 copy" in call(environment, "search", "title:first").output


def test_stories_are_counted_as_a_facet(environment: dict[str, str]) -> None:
    counts = lines(environment, "search", "varlo", "--copies", "--facets", "story")
    assert {(EARLY, 4), (LATE, 1), (OLD, 2)} == {(count["value"], count["documents"]) for count in counts}
