"""How connectors are let in: found by entry point, in their order, and their faults are those of their feed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.connector import Fetched, FetchError, Network, NotAFeedError, ParsedFeed, Request, entry
from connectors.contract import Answers
from connectors.door import GROUP, Connectors, Installed, fetched_by, find_connectors, parsed_by
from connectors.formats.parsed import Entry, ParsedEntry
from pipeline.model import Enclosure

ASKED = Request(address="reeds:x")


class Reeds:
    """Reeds, as an example."""

    name = "reeds"

    def __init__(self, returned: Any = None, own_s: float = 0.0, asked: int = 1) -> None:
        self._returned = returned
        self._own_s = own_s
        self._asked = asked

    def claims(self, address: str) -> bool:
        if address == "raise":
            raise ValueError(address)
        return address.startswith("reeds:")

    async def fetch(self, request: Request, network: Network) -> Fetched:
        await asyncio.sleep(self._own_s)
        answers = await asyncio.gather(*(network.get("https://reeds.test/") for _ in range(self._asked)))
        await asyncio.sleep(self._own_s)
        if isinstance(self._returned, BaseException):
            raise self._returned
        return self._returned if self._returned is not None else answers[0]

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        if isinstance(self._returned, BaseException):
            raise self._returned
        found: ParsedFeed = self._returned
        return found


class Slow(Answers):
    """Answer after a while, as a host does that others ask as well."""

    async def get(self, url: str, headers: Mapping[str, str] | None = None, *, robots: bool = False) -> Fetched:
        await asyncio.sleep(0.2)
        return await super().get(url, headers, robots=robots)


def fetch(connector: Reeds, deadline_s: float = 0.1, network: Network | None = None) -> Fetched:
    answers = network or Slow({"https://reeds.test/": b"x"})
    return asyncio.run(fetched_by(connector, ASKED, answers, deadline_s))


@pytest.mark.parametrize("asked", [1, 3])
def test_waiting_for_a_host_is_not_the_connector_s_time(asked: int) -> None:
    assert fetch(Reeds(asked=asked)).body == b"x"


def test_connector_that_takes_its_time_is_given_up_on() -> None:
    with pytest.raises(FetchError, match="reeds was not done with it"):
        fetch(Reeds(own_s=0.06))


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (KeyError("depth"), "the connector reeds failed (KeyError: 'depth')"),
        (SystemExit(3), "the connector reeds failed (SystemExit: 3)"),
        (TimeoutError(), "the connector reeds failed (TimeoutError)"),
        ("text", "the connector reeds failed (TypeError: it returned str in place of"),
    ],
)
def test_whatever_goes_wrong_is_told_as_a_failure_of_the_address(returned: Any, told: str) -> None:
    with pytest.raises(FetchError) as fetching:
        fetch(Reeds(returned), 5.0)
    with pytest.raises(NotAFeedError) as reading:
        parsed_by(Reeds(returned), b"", None, ASKED.address)
    for error in (str(fetching.value), str(reading.value)):
        assert error.startswith("reeds:x could not be read: ")
        assert told in error


def test_errors_of_fetching_keep_what_they_say() -> None:
    rest = FetchError("status", "wait", 429, 60.0, "https://reeds.test/")
    with pytest.raises(FetchError) as caught:
        fetch(Reeds(), network=Answers({}, rest))
    assert caught.value is rest


def test_what_is_let_in_is_harmless() -> None:
    found = ParsedEntry(
        identity=Entry("1", None, None, None),
        url="javascript:alert(1)",
        title="Two\nlines",
        published=datetime(2026, 11, 24),  # noqa: DTZ001 - as a careless connector makes it
        html='<p onclick="x()">Words<script>alert(1)</script> <a href="/more">more</a></p>',
        image="file:///etc/passwd",
        enclosures=(Enclosure(address="ftp://x.test/a"), Enclosure(address="https://x.test/a.mp3")),
    )
    parsed = parsed_by(Reeds(ParsedFeed(entries=(found,), home="https://x.test/a/")), b"", None, ASKED.address)
    (let_in,) = parsed.entries
    assert (let_in.url, let_in.image, let_in.title) == (None, None, "Two lines")
    assert let_in.published == datetime(2026, 11, 24, tzinfo=UTC)
    assert let_in.enclosures == (Enclosure(address="https://x.test/a.mp3"),)
    assert let_in.html == '<p>Words <a href="https://x.test/more" rel="noopener noreferrer">more</a></p>'


@pytest.mark.parametrize("entries", [[{"title": "a"}], ("a",), (ParsedFeed(),)])
def test_entries_of_another_type_are_refused(entries: Any) -> None:
    with pytest.raises(NotAFeedError, match="the connector reeds failed"):
        parsed_by(Reeds(ParsedFeed(entries=entries)), b"", None, ASKED.address)


def test_entry_says_nothing_is_left_out_and_dates_are_read() -> None:
    made = (
        entry(id="1"),
        entry(title=" a  b ", published="Tue, 24 Nov 2026 10:00:00 +0100"),
        entry(url="https://x.test"),
    )
    parsed = parsed_by(Reeds(ParsedFeed(entries=made)), b"", None, ASKED.address)
    assert [one.title for one in parsed.entries] == ["a b", None]
    assert parsed.entries[0].published == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert entry(title="x", published="soon").unread_date == "soon"


def test_ours_are_found_through_the_same_door_and_asked_last() -> None:
    point = EntryPoint("reeds", f"{__name__}:Reeds", GROUP)
    found = find_connectors(Path("nowhere"), [point])
    assert [one.name for one in found.found] == ["reeds", "page", "mail", "feed"]
    assert [found.of(address).name for address in ("reeds:a", "mail:///x", "https://x.test/")] == [
        "reeds",
        "mail",
        "feed",
    ]
    assert found.found[0].words == "Reeds, as an example."


@pytest.mark.parametrize("point", ["nowhere.at.all:X", f"{__name__}:Missing", f"{__name__}:ASKED", f"{__name__}:Slow"])
def test_what_cannot_be_loaded_costs_only_itself(point: str) -> None:
    found = find_connectors(
        Path("nowhere"), [EntryPoint("bad", point, GROUP), EntryPoint("reeds", f"{__name__}:Reeds", GROUP)]
    )
    assert found.found[0].error is not None
    assert found.of("reeds:a").name == "reeds"
    with pytest.raises(NotAFeedError, match="which cannot be used"):
        found.of("x", "bad")


def test_two_of_one_name_are_not_both_used() -> None:
    points = [EntryPoint("reeds", f"{__name__}:Reeds", GROUP)] * 2 + [EntryPoint("feed", f"{__name__}:Reeds", GROUP)]
    found = [(one.name, one.error is None) for one in find_connectors(Path("nowhere"), points).found]
    assert found == [("feed", False), ("reeds", True), ("reeds", False), ("page", True), ("mail", True), ("feed", True)]


@given(st.text(max_size=60))
def test_any_address_has_one_reader_or_a_sentence(address: str) -> None:
    found = Connectors([Installed(name="reeds", connector=Reeds()), *find_connectors(Path("nowhere"), []).found])
    try:
        assert found.of(address).claims(address)
    except NotAFeedError as exc:
        assert "of a kind that `newswire feed connectors` lists" in str(exc)


def test_connector_that_cannot_say_claims_nothing() -> None:
    found = Connectors([Installed(name="reeds", connector=Reeds())])
    assert found.claiming("raise") is None
