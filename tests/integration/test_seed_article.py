"""A real article comes out right: its events, its plans, who said what. The article is not part of the project."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.model import Document, Event, Quotation


@pytest.fixture(scope="module")
def run(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> CliRunner:
    """Read the article as a user does: from its file, through the whole pipeline."""
    seed = shared_data.parent / "seed"
    if not seed.is_dir():
        pytest.skip(f"NOT RUN: {seed} is absent")
    runner = CliRunner(env={"NEWSWIRE_DATA": str(tmp_path_factory.mktemp("seed"))})
    up = runner.invoke(main, ["up", str(seed), "--alert-history", "--published", "2022-02-21", "--once"])
    assert up.exit_code == 0, up.output
    return runner


@pytest.fixture(scope="module")
def article(run: CliRunner) -> Document:
    """Return what is shown of the article as JSON."""
    found = json.loads(run.invoke(main, ["search", "summit", "--json"]).stdout)
    return msgspec.json.decode(run.invoke(main, ["show", found["id"], "--json"]).stdout.encode(), type=Document)


def of(article: Document, type_: str, *names: str) -> Event:
    """Return the one event of a type in which all these take part."""
    (event,) = [
        event
        for event in article.events
        if event.type == type_
        and set(names) <= {party.name or party.text for party in (*event.actors, *event.recipients)}
    ]
    assert article.text is not None
    for span in (event.trigger, event.sentence):
        assert article.text[span.start : span.end] == span.text
    return event


def said_by(article: Document, name: str) -> list[Quotation]:
    return [q for q in article.quotations if q.speaker and q.speaker.name == name and q.kind != "indirect"]


def test_standfirst_printed_twice_is_read_once(article: Document) -> None:
    paragraphs = (article.text or "").split("\n\n")
    assert len(paragraphs) == len(set(paragraphs))


def test_summit_is_agreed_and_brokered(article: Document) -> None:
    summit = of(article, "AGREE", "Russia", "United States")
    assert not (summit.negated or summit.hypothetical)
    assert of(article, "CONSULT", "Emmanuel Macron", "Vladimir Putin", "Joe Biden").cameo == "045"


@pytest.mark.parametrize(
    ("names", "day", "status"),
    [
        (("Sergei Lavrov", "Antony Blinken"), "2022-02-24", "reported"),
        (("Vladimir Putin",), "2022-02-21", "reported"),
        (("Organisation for Security and Cooperation in Europe", "Russia", "Ukraine"), "2022-02-21", "announced"),
    ],
)
def test_meetings_are_planned(article: Document, names: tuple[str, ...], day: str, status: str) -> None:
    planned = of(article, "AGREE", *names)
    assert planned.schedule is not None and planned.schedule.when is not None
    assert (planned.schedule.when.value, planned.schedule.status) == (day, status)


def test_drills_go_on_and_forces_gather(article: Document) -> None:
    drills, build_up = of(article, "MOBILIZE", "Belarus"), of(article, "MOBILIZE", "NATO")
    assert drills.date is not None
    assert (drills.date.value, drills.recipients[0].code, drills.recipients[0].sector) == ("2022-02-20", "RUS", "MIL")
    assert "build-up" in build_up.trigger.text


def test_putin_accuses_and_calls_and_washington_might_withdraw(article: Document) -> None:
    assert [(a.code, a.sector) for a in of(article, "ACCUSE", "Vladimir Putin").recipients] == [("UKR", "MIL")]
    (call,) = [event for event in article.events if event.mode == "phone"]
    assert [party.name for party in (*call.actors, *call.recipients)] == ["Vladimir Putin", "Emmanuel Macron"]
    withdrawal = of(article, "THREATEN", "Washington")
    assert withdrawal.hypothetical and withdrawal.attributed_to is not None


def test_nothing_feared_is_told_as_a_fact(article: Document) -> None:
    assert not [e for e in article.events if e.type == "ASSAULT"]
    assert not [e for e in article.events if "full-scale assault" in e.sentence.text]


def test_who_said_what(article: Document) -> None:
    house, peskov, putin = (said_by(article, name) for name in ("White House", "Dmitry Peskov", "Vladimir Putin"))
    # Two paragraphs that each open with a mark are one quotation.
    assert [(q.text.split()[:2], q.text.split()[-2:]) for q in house] == [(["We", "are"], ["very", "soon."])]
    assert [q.text.split()[0] for q in peskov] == ["concrete", "It's", "President", "Also,"]
    assert [q.speaker.text for q in peskov if q.speaker][1] == "he"
    assert [q.text for q in putin] == ["pumping Ukraine with advanced weapons and ammunition"]


@pytest.mark.parametrize(
    "query",
    ["event:AGREE actor:lavrov when:2022-02-24", "said:peskov", "event:MOBILIZE place:donbass", "actor:RUS target:FRA"],
)
def test_found_by_what_happens_in_it(run: CliRunner, query: str) -> None:
    assert run.invoke(main, ["search", query]).exit_code == 0


@pytest.mark.parametrize("query", ["event:ASSAULT", "said:lavrov", "event:AGREE actor:lavrov when:2022-02-25"])
def test_not_found_by_what_does_not(run: CliRunner, query: str) -> None:
    assert run.invoke(main, ["search", query]).exit_code == 1
