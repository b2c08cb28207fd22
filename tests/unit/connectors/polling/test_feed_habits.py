"""What feeds do to the names, links, dates and words of their entries, and which articles are told of all the same."""

from __future__ import annotations

import base64
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.polling.reading import Origin, read
from pipeline.stages.identify.normalize import normalize
from pipeline.stages.identify.stage import Known, identify

DATA = Path(__file__).parents[3] / "data" / "connectors"
URL = "https://news.example/feed"
START = datetime(2026, 11, 26, 12, tzinfo=UTC)


def rows(file: str, name: str) -> list[Any]:
    found: list[dict[str, Any]] = tomllib.loads((DATA / file).read_text("utf-8"))[name]
    return [pytest.param(row, id=row["name"]) for row in found]


def told(polls: list[str], kind: str) -> list[list[int]]:
    """Return how many articles are new and revised at each poll."""
    known, recent, moment, found = Known(), None, START, []
    for body in polls:
        reading = read(body.encode(), kind, URL, Origin(URL), moment, recent)
        outcomes = []
        for article in reading.articles:
            decision = identify(article, known, moment)
            for fact in decision.facts:
                known.learn(fact.key, fact.value)
            outcomes.append(decision.outcome)
        recent = reading.recent or recent
        moment += timedelta(minutes=30)
        found.append([outcomes.count("new"), len(outcomes) - outcomes.count("new") - outcomes.count("unchanged")])
    return found


@pytest.mark.parametrize("row", rows("polls.toml", "sequence"))
def test_each_article_is_new_once_whatever_its_feed_calls_it(row: dict[str, Any]) -> None:
    found = told(row["polls"], row.get("type", "application/rss+xml"))
    expected = [
        [new, got[1] if revised < 0 else revised] for (new, revised), got in zip(row["told"], found, strict=True)
    ]
    assert found == expected


@pytest.mark.parametrize("row", rows("entries.toml", "entry"))
def test_entry_is_what_its_publisher_meant(row: dict[str, Any]) -> None:
    body = base64.b64decode(row["bytes"]) if "bytes" in row else row["body"].encode()
    address = row.get("address", URL)
    (article,) = map(normalize, read(body, row.get("type"), address, Origin(address), START, None).articles)
    found = {
        "url": article.url or "",
        "title": article.title or "",
        "text": article.text or "",
        "authors": list(article.authors),
        "language": article.language or "",
        "image": article.image or "",
        **{
            name: moment.strftime("%Y-%m-%dT%H:%M:%S") if moment else ""
            for name, moment in (("published", article.published), ("updated", article.updated))
        },
    }
    assert {name: found[name] for name in row["right"]} == row["right"]


def report(number: int, guid: str) -> str:
    return (
        f"<item><title>Council decides on pier number {number}</title><link>https://news.example/a/{number}</link>"
        f"<guid>{guid}</guid><pubDate>Fri, 20 Nov 2026 {number % 24:02}:07:00 GMT</pubDate>"
        f"<description>The council has decided on pier {number}.</description></item>"
    )


def rss(items: list[str]) -> str:
    return f"<rss version='2.0'><channel><title>T</title><link>https://news.example/</link>{''.join(items)}</channel></rss>"


@given(
    st.integers(4, 8), st.lists(st.integers(0, 2), min_size=1, max_size=4), st.sampled_from(["{}", "item-{}", "#{}"])
)
def test_feed_that_numbers_its_entries_by_place_tells_each_article_once(size: int, steps: list[int], form: str) -> None:
    polls, newest = [], size
    for step in (0, *steps):
        newest += step
        polls.append(rss([report(newest - place, form.format(place)) for place in range(size)]))
    assert told(polls, "text/xml") == [[size, 0], *([step, 0] for step in steps)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=5))
def test_count_of_versions_behind_the_address_of_an_article_makes_no_article(versions: list[tuple[int, int]]) -> None:
    at = dict.fromkeys(range(6), 0)
    polls = []
    for number, version in [(0, 0), *versions]:
        at[number] = version
        polls.append(rss([report(one, f"https://news.example/a/{one}#{at[one]}") for one in at]))
    assert told(polls, "text/xml") == [[6, 0], *([0, 0] for _ in versions)]


@given(st.integers(0, 5), st.integers(1, 59), st.booleans())
def test_headline_and_link_that_change_together_without_a_guid_are_a_revision(
    edited: int, second: int, keeps_text: bool
) -> None:
    def entry(number: int, slug: str, title: str, text: str) -> str:
        return (
            f"<item><title>{title}</title><link>https://news.example/{slug}</link>"
            f"<pubDate>Fri, 20 Nov 2026 0{number}:07:{second:02} GMT</pubDate><description>{text}</description></item>"
        )

    texts = [f"The council has decided on pier {number}, after a long debate." for number in range(7)]
    before = [entry(n, f"pier-{n}", f"Council decides on pier number {n}", texts[n]) for n in range(7)]
    after = list(before)
    # The oldest entry may leave the document at any time: only one from between others is known by its moment alone.
    place = edited + 1 if not keeps_text else edited
    after[place] = entry(place, "row", "Row breaks out", texts[place] if keeps_text else "The mayor speaks of a lie.")
    assert told([rss(before), rss(after)], "text/xml") == [[7, 0], [0, 1]]


@given(st.lists(st.integers(0, 3), min_size=2, max_size=6), st.sampled_from([0, 17]))
def test_entries_without_guids_that_follow_each_other_are_never_taken_for_edits(steps: list[int], second: int) -> None:
    def entry(number: int) -> str:
        return (
            f"<item><title>Bulletin of hour {number}</title><link>https://news.example/48213/bulletin-{number}</link>"
            f"<pubDate>{['Fri, 20', 'Sat, 21'][number // 24]} Nov 2026 {number % 24:02}:00:{second:02} GMT</pubDate>"
            "<description>Read the bulletin of the hour on our site, or subscribe to it.</description></item>"
        )

    newest, polls = 3, []
    for step in (0, *steps):
        newest += step
        polls.append(rss([entry(newest - place) for place in range(3)]))
    assert [new for new, _ in told(polls, "text/xml")] == [3, *steps]
