"""Every connector of ours, and the one of the guide, on the suite that outsiders run."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.connector import Connector, Fetched, FetchError, Network, ParsedFeed, Request, entry
from connectors.contract import ConnectorContract, check
from connectors.files.maildir import MailConnector, mail_address
from connectors.pages.lists import PageConnector
from connectors.polling.feeds import FeedConnector
from tests.guides import code_blocks

PAGE = b"""<html lang="en"><title>Harbour news</title><ul>
<li class=news><a href="/1">Crane falls</a> <time datetime="2026-11-24T10:00Z">today</time> <p>It fell.</p></li>
<li class=news><a href="/2">Ferry late</a></li></ul></html>"""
FEED = b"""<rss version="2.0"><channel><title>t</title><item><title>Crane falls</title><guid>1</guid></item>
<item><title>Ferry late</title><guid>2</guid></item></channel></rss>"""
LETTER = """From: Anna <a@x.test>
Subject: Letter {0}
Date: Tue, 24 Nov 2026 10:00:00 +0000
Message-ID: <{0}@x>

Hello {0}
"""
RULES = """["news.example.org".list]
entry = "{entry}"
text = "{text}"
"""


class TestFeed(ConnectorContract):
    address = "https://example.org/feed"
    answers: Mapping[str, bytes | Fetched] = {"https://example.org/feed": FEED}

    def connector(self) -> Connector:
        return FeedConnector()


class TestPage(ConnectorContract):
    address = "https://news.example.org/"
    answers: Mapping[str, bytes | Fetched] = {"https://news.example.org/": PAGE}
    rules = RULES.format(entry="li.news", text="p")
    directory = Path()

    @pytest.fixture(autouse=True)
    def _rules(self, tmp_path: Path) -> None:
        self.directory = tmp_path
        (tmp_path / "fulltext.toml").write_text(self.rules)

    def connector(self) -> Connector:
        return PageConnector(self.directory)


class TestPageByXPath(TestPage):
    rules = RULES.format(entry="//li[@class='news']", text="./p")

    def test_it_reads_what_css_reads(self) -> None:
        (self.directory / "fulltext.toml").write_text(TestPage.rules)
        by_css = self.connector().parse(PAGE, None, self.address)
        (self.directory / "fulltext.toml").write_text(self.rules)
        by_xpath = self.connector().parse(PAGE, None, self.address)
        assert [(e.url, e.title, e.published) for e in by_css.entries] == [
            (e.url, e.title, e.published) for e in by_xpath.entries
        ]


class TestMail(ConnectorContract):
    @pytest.fixture(autouse=True)
    def _letters(self, tmp_path: Path) -> None:
        for folder in ("cur", "new", "tmp"):
            (tmp_path / folder).mkdir()
        for number in range(3):
            (tmp_path / "cur" / f"{number}.host:2,S").write_text(LETTER.format(number))
        self.address = mail_address(tmp_path)

    def connector(self) -> Connector:
        return MailConnector()


class TestGuide(ConnectorContract):
    """Run the guide's own test of the guide's own connector."""

    @pytest.fixture(autouse=True)
    def _guide(self) -> Iterator[None]:
        module = types.ModuleType("newswire_quakes")
        sys.modules["newswire_quakes"] = module
        code, test = code_blocks("CONTRIBUTING.md")
        exec(code, module.__dict__)
        space: dict[str, Any] = {
            "ConnectorContract": ConnectorContract,
            "Quakes": module.__dict__["Quakes"],
            "Path": Path,
        }
        exec(test, space)
        self.its_own: type[ConnectorContract] = space["TestQuakes"]
        self.address, self.answers = self.its_own.address, self.its_own.answers
        yield
        del sys.modules["newswire_quakes"]

    def connector(self) -> Connector:
        return self.its_own().connector()

    def test_guide_has_it_in_about_twenty_lines(self) -> None:
        code = code_blocks("CONTRIBUTING.md")[0]
        body = [line for line in code.splitlines() if line.strip() and '"""' not in line]
        assert len(body) <= 20

    def test_check_runs_it_without_pytest(self) -> None:
        assert check(self.its_own) == []


class _Wrong:
    """A connector that does everything right; its subclasses each break one promise."""

    name = "wrong"

    def claims(self, address: str) -> bool:
        return address.startswith("wrong:")

    async def fetch(self, request: Request, network: Network) -> Fetched:
        return await network.get("https://wrong.example.org/", request.conditions)

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        return ParsedFeed(entries=tuple(entry(id=str(n), title=line) for n, line in enumerate(body.decode().split())))


class _Greedy(_Wrong):
    def claims(self, address: str) -> bool:
        return True


class _MadeUp(_Wrong):
    async def fetch(self, request: Request, network: Network) -> Fetched:
        try:
            return await super().fetch(request, network)
        except FetchError:
            return Fetched(url=request.address, status=200, body=b"all is well", headers={})


class _Forking(_Wrong):
    count = 0

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        type(self).count += 1
        return ParsedFeed(entries=(entry(id=str(self.count), title="never the same"),))


class _Twins(_Wrong):
    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        return ParsedFeed(entries=(entry(id="1", title="one"), entry(id="1", title="one")))


class _Script(_Wrong):
    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        return ParsedFeed(entries=(entry(id="1", title="one", url="javascript:alert(1)"),))


class _Past(_Wrong):
    async def fetch(self, request: Request, network: Network) -> Fetched:
        await asyncio.to_thread(_connect)
        return await super().fetch(request, network)


class _Blocking(_Wrong):
    async def fetch(self, request: Request, network: Network) -> Fetched:
        import time

        await asyncio.sleep(0)
        time.sleep(0.7)
        return await super().fetch(request, network)


class _Bound(_Wrong):
    def __init__(self) -> None:
        self.handle = lambda: None


def _connect() -> None:
    import socket

    socket.create_connection(("127.0.0.1", 9))


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (_Wrong, []),
        (_Greedy, ["test_it_claims_its_address_and_not_just_any"]),
        (_MadeUp, ["test_failures_of_the_network_are_passed_on"]),
        (
            _Forking,
            [
                "test_it_can_be_sent_to_another_process",
                "test_reading_is_pure",
                "test_what_is_read_survives_the_door_as_it_is",
            ],
        ),
        (_Twins, ["test_each_entry_has_an_identity_of_its_own"]),
        (_Script, ["test_what_is_read_survives_the_door_as_it_is"]),
        (_Blocking, ["test_fetching_leaves_others_their_time"]),
        (_Bound, ["test_it_can_be_sent_to_another_process"]),
    ],
)
def test_suite_catches_what_breaks_a_promise(wrong: type[_Wrong], caught_by: list[str]) -> None:
    class Contract(ConnectorContract):
        address = "wrong:x"
        answers: Mapping[str, bytes | Fetched] = {"https://wrong.example.org/": b"alpha beta"}

        def connector(self) -> Connector:
            return wrong()

    assert [line.partition(":")[0] for line in check(Contract)] == caught_by


def test_suite_catches_a_connector_that_goes_past_its_network() -> None:
    class Contract(ConnectorContract):
        address = "wrong:x"
        answers: Mapping[str, bytes | Fetched] = {"https://wrong.example.org/": b"alpha beta"}

        def connector(self) -> Connector:
            return _Past()

    assert "test_network_is_only_the_one_it_is_given" in {line.partition(":")[0] for line in check(Contract)}
