"""What every connector is held to: a suite of tests that its author runs on it.

    from connectors.contract import ConnectorContract

    class TestQuakes(ConnectorContract):
        def connector(self):
            return Quakes(Path("data"))

        address = "quakes:ITALY"
        answers = {"https://quakes.example.org/ITALY.json": b'{"quakes": [...]}'}

pytest finds the tests in the class; without pytest, ``check(TestQuakes)`` runs them all. No test uses the network: what
the connector asks for is answered from ``answers``, and asking anywhere else fails.
"""

from __future__ import annotations

import asyncio
import pickle
import random
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from connectors.connector import Connector, Fetched, FetchError, NotAFeedError, ParsedFeed, Request
from connectors.door import fetched_by, parsed_by

OTHERS = ("", " ", "\0", "feed", "nobody-claims-this:x", "nobody-claims-this://[", "//", "ä" * 9_000)
DAMAGES = 40
LONGEST_S = 5.0
LONGEST_STEP_S = 0.5


class Answers:
    """Answer from a table as the network would; whatever is not in it is not found."""

    def __init__(self, answers: Mapping[str, bytes | Fetched], failure: FetchError | None = None) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._failure = failure

    async def get(self, url: str, headers: Mapping[str, str] | None = None, *, robots: bool = False) -> Fetched:
        """Return the answer for an address. Raises ``FetchError``."""
        self.asked.append(url)
        if self._failure is not None:
            raise self._failure
        answer = self._answers.get(url)
        if answer is None:
            raise FetchError("status", f"{url} answered 404: it is not among the answers of this test.", 404)
        return answer if isinstance(answer, Fetched) else Fetched(url=url, status=200, body=answer, headers={})


class ConnectorContract:
    """Hold one connector to the protocol. A subclass gives it, an address of its own, and what the network answers."""

    address: str
    answers: Mapping[str, bytes | Fetched] = {}

    def connector(self) -> Connector:
        """Return the connector that is tested."""
        raise NotImplementedError

    def test_name_is_a_plain_word(self) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_-]{0,29}", self.connector().name)

    def test_it_claims_its_address_and_not_just_any(self) -> None:
        connector = self.connector()
        assert connector.claims(self.address) is True
        assert [connector.claims(other) for other in OTHERS] == [False] * len(OTHERS)

    def test_it_can_be_sent_to_another_process(self) -> None:
        again: Connector = pickle.loads(pickle.dumps(self.connector()))
        fetched = self._fetched()
        assert self._parsed(again, fetched) == self._parsed(self.connector(), fetched)

    def test_its_answer_is_read_into_entries_that_say_something(self) -> None:
        parsed = self._parsed(self.connector(), self._fetched())
        assert parsed.entries, "the answers of this test must have at least one entry"
        for found in parsed.entries:
            assert found.title or found.text or found.html or found.withdrawn
            assert found.identity.guid or found.identity.url or found.identity.title

    def test_each_entry_has_an_identity_of_its_own(self) -> None:
        found = [one.identity for one in self._parsed(self.connector(), self._fetched()).entries]
        assert len(set(found)) == len(found)

    def test_reading_is_pure(self) -> None:
        fetched = self._fetched()
        assert self._parsed(self.connector(), fetched) == self._parsed(self.connector(), fetched)

    def test_what_is_read_survives_the_door_as_it_is(self) -> None:
        """Fail where an entry has a type that is none of the protocol's, or an address that is none of the web's."""
        fetched = self._fetched()
        read = self.connector().parse(fetched.body or b"", fetched.content_type, self.address)
        let_in = self._parsed(self.connector(), fetched)
        assert [(one.identity, one.url) for one in let_in.entries] == [(one.identity, one.url) for one in read.entries]
        assert all(one.published is None or one.published.tzinfo is not None for one in read.entries)

    def test_damaged_answers_are_refused_in_words_or_read(self) -> None:
        fetched, chance = self._fetched(), random.Random(0)
        whole = fetched.body or b""
        damaged = [b"", whole[: len(whole) // 2], whole[::-1], *(_damaged(whole, chance) for _ in range(DAMAGES))]
        for body in damaged:
            began = time.monotonic()
            try:
                parsed_by(self.connector(), body, fetched.content_type, self.address)
            except NotAFeedError as exc:
                assert self.address in str(exc) or self.connector().name in str(exc)
            assert time.monotonic() - began < LONGEST_S

    def test_failures_of_the_network_are_passed_on(self) -> None:
        """Fail where a connector hides that a host asks to be left alone, or makes another error of it."""
        rest = FetchError("status", "the host asks for rest", 429, 60.0)
        network = Answers({}, rest)
        try:
            asyncio.run(fetched_by(self.connector(), Request(address=self.address), network))
        except FetchError as exc:
            assert not network.asked or exc is rest
        else:
            assert not network.asked, "an answer was made up where the network gave none"

    def test_fetching_leaves_others_their_time(self) -> None:
        async def longest_step() -> float:
            longest, running = 0.0, asyncio.create_task(self._fetching(Request(address=self.address)))
            while not running.done():
                before = time.monotonic()
                await asyncio.sleep(0)
                longest = max(longest, time.monotonic() - before)
            await running
            return longest

        assert asyncio.run(longest_step()) < LONGEST_STEP_S, "work that takes long belongs into a thread"

    def test_network_is_only_the_one_it_is_given(self) -> None:
        with _no_other_network():
            self._fetched()

    def test_what_has_not_changed_may_be_said_to_be_so(self) -> None:
        fetched = self._fetched()
        known = Request(
            address=self.address, etag=fetched.headers.get("etag"), modified=fetched.headers.get("last-modified")
        )
        again = asyncio.run(self._fetching(known))
        assert again.status in (200, 304)
        assert again.status == 304 or again.body == fetched.body

    def _fetched(self) -> Fetched:
        return asyncio.run(self._fetching(Request(address=self.address)))

    async def _fetching(self, request: Request) -> Fetched:
        return await fetched_by(self.connector(), request, Answers(self.answers))

    def _parsed(self, connector: Connector, fetched: Fetched) -> ParsedFeed:
        return parsed_by(connector, fetched.body or b"", fetched.content_type, self.address)


def check(contract: type[ConnectorContract]) -> list[str]:
    """Run every test of a contract; return a line for each that failed."""
    failures = []
    for name in (name for name in dir(contract) if name.startswith("test_")):
        try:
            getattr(contract(), name)()
        except Exception as exc:  # noqa: BLE001 - whatever a test fails by, the others are run
            failures.append(f"{name}: {type(exc).__name__}: {exc}")
    return failures


def _damaged(body: bytes, chance: random.Random) -> bytes:
    pieces = bytearray(body or b"x")
    for _ in range(max(1, len(pieces) // 50)):
        pieces[chance.randrange(len(pieces))] = chance.randrange(256)
    return bytes(pieces)


@contextmanager
def _no_other_network() -> Iterator[None]:
    def refuse(self: socket.socket, address: object) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            raise AssertionError(f"the connector went to {address} past the network it was given")

    before = socket.socket.connect, socket.socket.connect_ex
    socket.socket.connect = socket.socket.connect_ex = refuse  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        socket.socket.connect, socket.socket.connect_ex = before  # type: ignore[method-assign]
