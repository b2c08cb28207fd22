"""Subscription lists from the command line: from files and addresses, real, large and hostile."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.files.opml import read_list, write_opml
from pipeline.errors import UsageError
from tests.integration.feed_server import FeedServer, bomb, redirect
from tests.integration.test_up import Newswire

LIST = b'<opml><body><outline text="World"><outline text="A" xmlUrl="https://a.example/f"/></outline></body></opml>'


@pytest.fixture
def server() -> Iterator[FeedServer]:
    made = FeedServer()
    yield made
    made.close()


@pytest.fixture
def newswire(tmp_path: Path) -> Newswire:
    return Newswire(tmp_path / "store")


def test_every_feed_of_the_real_lists_is_imported_and_exported_whole(shared_data: Path) -> None:
    files = sorted((shared_data / "opml").rglob("*.opml"))
    assert len(files) > 100
    total = 0
    for file in files:
        body = file.read_bytes()
        read = read_list(body, file.name)
        assert len(read) == len(set(re.findall(rb'xmlurl="([^"]*)"', body, re.IGNORECASE))), file
        again = read_list(write_opml(read).encode(), file.name)
        assert {outline.url: outline for outline in again} == {outline.url: outline for outline in read}, file
        total += len(read)
    assert total > 1_500


def test_list_is_imported_from_an_address_and_keeps_what_it_does_not_say(
    newswire: Newswire, server: FeedServer
) -> None:
    server.pages |= {"/list": LIST, "/moved": redirect("/list")}
    newswire("add", "--no-check", "--interval", "60", "--tag", "mine", "https://a.example/f")
    newswire("import", server.url + "/moved")
    [feed] = [json.loads(line) for line in newswire("feed", "list", "--json").splitlines()]
    assert (feed["url"], feed["title"], feed["tags"]) == ("https://a.example/f", "A", ["World"])
    exported = read_list(newswire("export").encode(), "export")
    assert [(outline.url, outline.title, outline.tags) for outline in exported] == [
        ("https://a.example/f", "A", ("World",))
    ]


def test_list_that_cannot_be_had_or_read_changes_nothing(
    newswire: Newswire, server: FeedServer, tmp_path: Path
) -> None:
    large = tmp_path / "large.opml"
    large.write_bytes(b"<opml>" + b"<outline xmlUrl='http://a.example/'/>" * 1_350_000)
    assert large.stat().st_size > 49_000_000
    server.pages |= {"/page": b"<html>no list</html>", "/bomb": bomb, "/large": large.read_bytes()}
    for source, words in (
        (str(large), "split it"),
        (str(tmp_path / "none"), "cannot be read"),
        (str(tmp_path), "cannot be read"),
        (server.url + "/page", "no feeds"),
        (server.url + "/bomb", "MB"),
        (server.url + "/large", "split it"),
        (server.url + "/none", "404"),
        ("file:///etc/passwd", "http"),
    ):
        started = time.monotonic()
        assert words in newswire("import", source, code=2)
        assert time.monotonic() - started < 20
    newswire.environment["NEWSWIRE_FETCH_ALLOW"] = ""
    assert "not a public address" in newswire("import", server.url + "/page", code=2)
    assert newswire("feed", "list") == ""


def test_hundred_thousand_feeds_are_imported_in_seconds(newswire: Newswire, tmp_path: Path) -> None:
    outlines = (f'<outline text="t{number}" xmlUrl="https://a.example/{number}"/>' for number in range(99_999))
    file = tmp_path / "many.opml"
    file.write_text(f"<opml><body>{''.join(outlines)}</body></opml>")
    started = time.monotonic()
    assert "99,999 feeds" in newswire("import", str(file))
    assert time.monotonic() - started < 30


def test_reading_a_list_never_raises_anything_but_a_usage_error(shared_data: Path) -> None:
    for file in sorted((shared_data / "security/xml-attacks/xmltestdata").iterdir()):
        with pytest.raises(UsageError):
            read_list(file.read_bytes(), file.name)
