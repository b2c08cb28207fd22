"""The main job from the command line: feeds over loopback and files in; search results and alerts out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError
from connectors.polling.articles import articles_of
from pipeline import config
from pipeline.language.tokens import tokens_of
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.query.tree import Phrase
from pipeline.stages.identify.normalize import normalize
from pipeline.wiring import stores
from tests.integration import feed_server
from tests.integration.feed_server import FeedServer

PROGRAM = [sys.executable, "-c", "from pipeline.cli import main; main()"]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    made = FeedServer()
    made.pages["/feed"] = feed_server.FEED
    yield made
    made.close()


class Newswire:
    """Call the program as a user does, on a private store."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = os.environ | {"NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8", "NEWSWIRE_DATA": str(directory)}
        self.environment.pop("NEWSWIRE_RUNTIME", None)

    def __call__(self, *arguments: str, code: int = 0) -> str:
        result = self.run(*arguments)
        assert result.returncode == code, (arguments, result.stdout[-2000:], result.stderr[-2000:])
        assert "Traceback" not in result.stderr
        return result.stdout if code == 0 else result.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, timeout=100, check=False
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


@pytest.fixture
def newswire(tmp_path: Path) -> Newswire:
    return Newswire(tmp_path / "store")


SEED = """Ministers agree to summit, council meeting scheduled
Ministers agreed in principle to a summit, a spokesman said, raising hopes of calm along the border.
Ministers agreed in principle to a summit, a spokesman said, raising hopes of calm along the border.
Overnight, the Red House said: "We are always ready to talk.
"And currently, the neighbour appears to be preparing something else."
President Ortano will convene the Security Council on Monday, spokesman Ilya Brenn told reporters.
"""


def test_text_file_becomes_one_searchable_article_and_one_alert(newswire: Newswire, tmp_path: Path) -> None:
    file = tmp_path / "seed.txt"
    file.write_text(SEED)
    newswire("alert", "add", "council", '"security council" ortano')
    taking = ("up", "--once", "--alert-history", str(file), "--published", "2022-02-21")
    newswire(*taking)
    newswire(*taking)  # the same again changes nothing and alerts nobody

    found = [json.loads(line) for line in newswire("search", "convening", "--json").splitlines()]
    assert [SEED.splitlines()[0]] == [article["title"] for article in found]
    assert found[0]["text"].count("raising hopes of calm") == 1
    assert ["2022-02-21"] == [date["value"] for date in found[0]["dates"] if date["text"] == "Monday"]
    speakers = {quotation["speaker"]["name"] for quotation in found[0]["quotations"] if quotation["speaker"]}
    assert "Red House" in speakers
    entries = [json.loads(line) for line in newswire("alert", "log", "--json").splitlines()]
    assert len(entries) == 1
    assert "Security Council" in json.dumps(entries[0])


def dated(number: int, moment: datetime | None) -> str:
    date = f"<pubDate>{format_datetime(moment)}</pubDate>" if moment else ""
    words = f"Beavers of lake {number} were counted by the wardens of reserve {number * 7}."
    return f"<item><title>Beavers {number}</title><guid>b{number}</guid>{date}<description>{words}</description></item>"


def feed_of(*items: str) -> bytes:
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>B</title>{''.join(items)}</channel></rss>".encode()


def test_newcomer_is_told_of_what_comes_and_not_of_what_was_there(newswire: Newswire, server: FeedServer) -> None:
    now = datetime.now(UTC)
    there = [dated(n, now - timedelta(hours=5 * n + 1) if n % 3 else None) for n in range(12)]
    server.pages["/beavers"] = feed_of(*there)
    newswire("alert", "add", "beavers", "beavers", "--once-per", "article")
    command = [*PROGRAM, "up", "--once", server.url + "/beavers"]
    first = subprocess.run(command, env=newswire.environment, capture_output=True, text=True, check=True)
    assert first.stderr.count("alerts nobody; see --alert-history") == 1
    assert "12" == str(len(newswire("search", "beavers", "--json").splitlines()))
    assert "" == newswire("alert", "log")
    later = [dated(40, datetime.now(UTC)), dated(41, now - timedelta(days=300))]
    server.pages["/beavers"] = feed_of(*later, *there)
    newswire("up", "--once")
    rows = [json.loads(line) for line in newswire("alert", "log", "--withheld", "--json").splitlines()]
    assert ["Beavers 40"] == [row["title"] for row in rows if row["state"] == "sent"]
    reasons = {row["title"]: row["error"] for row in rows if row["state"] == "withheld"}
    assert (13, "older than 2 days when it came") == (len(reasons), reasons["Beavers 41"])
    assert {"older than the subscription to its feed"} == {reasons[f"Beavers {n}"] for n in range(12)}
    assert "1 sent, 13 withheld, 0 failed" in newswire("alert", "list")


def test_page_is_searched_for_its_feed_and_polled_again_without_repeats(newswire: Newswire, server: FeedServer) -> None:
    server.pages["/"] = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>'
    assert "First report" in newswire("up", "--once", server.url + "/")
    assert newswire("up", "--once") == ""
    assert server.url + "/feed" in newswire("feed", "list")
    assert "Second report" in newswire("search", '"cranes moved"')


def test_unchanged_feed_is_asked_for_with_its_validator(newswire: Newswire, server: FeedServer) -> None:
    server.pages["/validated"] = feed_server.validated
    newswire("up", "--once", server.url + "/validated")
    newswire("up", "--once")
    asked = [headers for path, headers in server.requests if path == "/validated"]
    assert asked[-1].get("If-None-Match") == '"v1"'


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/nothing", "404"),
        ("/page", "no feed"),
        ("/garbage", "no feed"),
        ("/gone", "410"),
        ("/circle", "circle"),
        ("/bomb", "MB"),
        ("/empty", "empty"),
        ("/slow", "again later"),
    ],
)
def test_trouble_with_an_address_is_one_sentence(newswire: Newswire, server: FeedServer, path: str, words: str) -> None:
    server.pages = {
        "/page": b"<html><body>no links here</body></html>",
        "/garbage": bytes(range(256)) * 40,
        "/gone": feed_server.status(410),
        "/circle": feed_server.redirect("/circle"),
        "/bomb": feed_server.bomb,
        "/empty": b"",
        "/slow": feed_server.slow,
    }
    newswire.environment["NEWSWIRE_FETCH_TIMEOUT_S"] = "2" if path == "/slow" else "30"
    result = newswire.run("up", "--once", server.url + path)
    assert result.returncode in (2, 3)
    assert (words in result.stderr, "Traceback" in result.stderr) == (True, False)
    assert len(result.stderr.strip().splitlines()) == 1
    assert newswire("feed", "list") == ""


def test_private_address_is_refused_unless_allowed(newswire: Newswire, server: FeedServer) -> None:
    del newswire.environment["NEWSWIRE_FETCH_ALLOW"]
    error = newswire("add", server.url + "/feed", code=2)
    assert ("allow" in error, server.requests) == (True, [])


@pytest.mark.parametrize(
    "arguments", [("search", '"open'), ("search", "a AND"), ("up", "--once", "absent.xml"), ("up",)]
)
def test_bad_request_is_one_sentence_and_exit_code_two(newswire: Newswire, arguments: tuple[str, ...]) -> None:
    newswire("admin", "setup")
    assert len(newswire(*arguments, code=2).strip().splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01\x02\xff" * 20, b"caf\xe9 noir\nlatin"])
def test_unreadable_file_is_one_sentence(newswire: Newswire, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    error = newswire("up", "--once", str(tmp_path / "file"), code=2)
    assert (str(tmp_path / "file") in error, len(error.strip().splitlines())) == (True, 1)


def test_nothing_is_kept_of_a_file_with_a_bad_line(newswire: Newswire, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "Good line"}\n{no json\n')
    assert "line 2" in newswire("up", "--once", str(tmp_path / "a.jsonl"), code=2)
    newswire("search", "good", code=1)


def test_huge_file_is_refused_at_once(newswire: Newswire, tmp_path: Path) -> None:
    with (tmp_path / "huge.xml").open("wb") as file:
        file.truncate(1_000_000_000)
    started = time.monotonic()
    assert "limit" in newswire("up", "--once", str(tmp_path / "huge.xml"), code=2)
    assert time.monotonic() - started < 20


def test_other_commands_work_while_up_runs_and_a_second_up_is_refused(newswire: Newswire, server: FeedServer) -> None:
    running = newswire.start("up", "--alert-history", server.url + "/feed")
    try:
        deadline = time.monotonic() + 60
        while "First" not in newswire.run("search", "harbour").stdout and time.monotonic() < deadline:
            time.sleep(0.3)
        assert "First report" in newswire("search", "harbour")
        assert "already running" in newswire("up", server.url + "/feed", code=2)
        newswire("alert", "add", "later", "volcano")
        newswire("admin", "backup", str(newswire.directory / "copy.db"))
        server.pages["/late"] = feed_server.FEED.replace(b"harbour", b"volcano").replace(b"/1", b"/8")
        newswire("add", server.url + "/late")
        deadline = time.monotonic() + 60
        while not newswire("alert", "log").strip() and time.monotonic() < deadline:
            time.sleep(0.3)
        assert "volcano" in newswire("alert", "log")
    finally:
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in errors) == (0, False)
    assert "First report" in out


def maps_of_children(pid: int) -> Iterator[str]:
    """Yield what each child of a process has in its memory."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            with suppress(OSError):
                yield Path(f"/proc/{child}/maps").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_stop_while_the_parser_is_loaded_is_heard(newswire: Newswire, server: FeedServer, number: int) -> None:
    newswire.environment["NEWSWIRE_EXTRACT_PROCESSES"] = "1"
    running = newswire.start("up", "--no-web", server.url + "/feed")
    deadline = time.monotonic() + 60
    while not any("/numpy/" in maps for maps in maps_of_children(running.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    asked = time.monotonic()
    running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors.count("Traceback")) == (0, 0), errors
    assert time.monotonic() - asked < 12


def test_every_article_of_every_feed_is_found_by_its_title(newswire: Newswire, shared_data: Path) -> None:
    server = FeedServer()
    try:
        titles: dict[str, list[str]] = {}
        for number, file in enumerate(sorted(path for path in (shared_data / "feeds").rglob("*") if path.is_file())):
            body = file.read_bytes()
            try:
                parsed = parse_document(body, None, f"{server.url}/{number}")
            except NotAFeedError:
                continue
            server.pages[f"/{number}"] = body
            now = stores.clock()
            found = [normalize(article) for article in articles_of(parsed, f"{server.url}/{number}", now)]
            titles[f"{server.url}/{number}"] = [article.title for article in found if article.title]
        (newswire.directory.parent / "list.txt").write_text("\n".join(titles))
        newswire("import", str(newswire.directory.parent / "list.txt"))
        newswire.environment |= {"NEWSWIRE_FETCH_PER_HOST": "16", "NEWSWIRE_FETCH_SPACING_S": "0"}
        newswire("up", "--once")
        assert len(titles) > 700
        missing = []
        with stores.store(config.Settings(data=str(newswire.directory))) as store:
            for feed, wanted in titles.items():
                for title in wanted:
                    tokens = tokens_of(title)
                    query = parse(f'feed:"{feed}"')
                    phrase = parse(f'"{" ".join(tokens[:6])}"') if tokens else None
                    assert phrase is None or isinstance(phrase.root, Phrase)
                    for tree in filter(None, (query, phrase)):
                        request = SearchRequest(query=tree, now=stores.clock(), limit=200, copies=True)
                        if not any(d.title == title for d in store.index.search(request).documents):
                            missing.append((feed, title))
        assert missing == []
    finally:
        server.close()


def test_sitemaps_of_an_index_and_older_pages_of_a_feed_are_followed(newswire: Newswire, server: FeedServer) -> None:
    def sitemap(*names: str) -> bytes:
        titled = "".join(
            f"<url><loc>http://example.com/{name}</loc><news:title>Report of {name}</news:title></url>"
            for name in names
        )
        return f'<urlset xmlns:news="n">{titled}</urlset>'.encode()

    def page(name: str, following: str) -> bytes:
        link = f'<link rel="next" href="{following}"/>'
        entry = f"<entry><id>urn:{name}</id><title>Page of {name}</title></entry>"
        return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>P</title>{link}{entry}</feed>'.encode()

    index = f"<sitemapindex><sitemap><loc>{server.url}/a.xml</loc></sitemap></sitemapindex>".encode()
    server.pages = {
        "/index.xml": index,
        "/a.xml": sitemap("harbour"),
        "/feed": page("today", "/2"),
        "/2": page("june", "/feed"),
    }
    newswire("up", "--once", f"{server.url}/index.xml", f"{server.url}/feed")
    for word in ("harbour", "today", "june"):
        assert word in newswire("search", word)
    server.pages["/a.xml"] = sitemap("harbour", "bridge")  # the index itself says nothing of it
    server.requests.clear()
    newswire("up", "--once")
    assert "bridge" in newswire("search", "bridge")
    assert [path for path, _ in server.requests].count("/2") == 0
