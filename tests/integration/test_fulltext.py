"""Full text end to end: feeds of teasers over loopback, pages of every kind behind them, and what search then finds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import msgspec
import pytest

from pipeline.model import Article
from pipeline.topics import ARTICLES, HISTORY
from pipeline.wiring import stores
from tests.integration import feed_server
from tests.integration.distributed import Cluster, wait_until
from tests.integration.feed_server import FeedServer
from tests.integration.test_up import Newswire

TEASER = "The council agreed on the new harbour after a long night of talks."
BODY = [
    "The council agreed on Monday to build the new harbour after a night of talks that went on until dawn.",
    "Mayor Ida Holm said that the cranes would be moved to the northern quay before the winter storms set in.",
    "Fishermen had asked for a longer breakwater, and the council promised to look at the plans again in spring.",
    "The harbour will cost forty million crowns, of which the state pays a third and the shipping lines the rest.",
]
NOTICES = "<p>We use cookies to improve your experience.</p><p>Subscribe now to continue reading this article.</p>"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    made = FeedServer()
    yield made
    made.close()


@pytest.fixture
def newswire(tmp_path: Path) -> Newswire:
    made = Newswire(tmp_path / "store")
    made.environment |= {"NEWSWIRE_FETCH_PAGE_SPACING_S": "0", "NEWSWIRE_FETCH_TIMEOUT_S": "5"}
    return made


def feed(server: FeedServer, *names: str, teaser: str = TEASER) -> bytes:
    items = "".join(
        f"<item><title>Council agrees on the new harbour ({name})</title><link>{server.url}/{name}</link>"
        f"<guid>{name}</guid><description>{teaser}</description></item>"
        for name in names
    )
    return f'<rss version="2.0"><channel><title>Harbour news</title>{items}</channel></rss>'.encode()


def page(*paragraphs: str, head: str = "", name: str = "") -> bytes:
    """Make a page as sites have them: with menus, a cookie bar, an aside and a footer around the article."""
    menu = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("Home", "World", "Sport", "Weather"))
    text = "".join(f"<p>{paragraph} {name}</p>" for paragraph in paragraphs)
    return (
        f"<html><head><title>Harbour</title>{head}</head><body><nav><ul>{menu}</ul></nav>"
        f'<div id="cookie-bar"><p>We use cookies to improve your experience. <button>Accept</button></p></div>'
        f"<article><h1>Council agrees on the new harbour</h1>{text}</article>"
        f"<aside><h3>Most read</h3><ul>{menu}</ul></aside><footer>All rights reserved.</footer></body></html>"
    ).encode()


def documents(newswire: Newswire) -> dict[str, dict[str, object]]:
    """Return what search finds, by the last part of the article's address."""
    found = map(json.loads, newswire("search", "harbour", "--limit", "100", "--copies", "--json").splitlines())
    return {str(document["url"]).rpartition("/")[2]: document for document in found}


def asked(server: FeedServer, path: str) -> int:
    return [path for path, _ in server.requests].count(path)


def test_page_replaces_a_teaser_once_and_is_never_fetched_again(newswire: Newswire, server: FeedServer) -> None:
    server.pages |= {"/feed": feed(server, "good"), "/good": page(*BODY)}
    newswire("add", "--fulltext", server.url + "/feed")
    newswire("up", "--once")
    [document] = documents(newswire).values()
    assert (document["full_text"], document["revision"]) == (True, 1)
    assert document["text"] == "\n\n".join(BODY)
    assert "breakwater" in newswire("search", '"longer breakwater"')
    # The feed changes around the entry, and then the entry's tags, but not what it says.
    for body in (
        feed(server, "good") + b"<!-- 2 -->",
        feed(server, "good").replace(b"<guid>", b"<category>a</category><guid>"),
    ):
        server.pages["/feed"] = body
        newswire("up", "--once")
    assert (asked(server, "/good"), asked(server, "/feed")) == (1, 4)
    assert documents(newswire)["good"]["revision"] == 1


def test_feed_keeps_its_own_text_without_the_switch(newswire: Newswire, server: FeedServer) -> None:
    server.pages |= {"/feed": feed(server, "good"), "/good": page(*BODY)}
    newswire("up", "--once", server.url + "/feed")
    [document] = documents(newswire).values()
    assert (document["full_text"], document["text"], asked(server, "/good")) == (False, TEASER, 0)


def test_feed_keeps_its_own_text_where_the_page_is_worse(newswire: Newswire, server: FeedServer) -> None:
    elsewhere = [
        "Our gardening column this week looks at roses, tulips and the many ways of keeping snails away from them.",
        "Readers have sent in their own tricks, from coffee grounds to copper wire, and we have tried every one.",
        "The winner is a simple ring of crushed shells, renewed after rain, which kept our lettuce whole for a month.",
    ]
    server.pages |= {
        "/robots.txt": b"User-agent: *\nDisallow: /secret\n\nUser-agent: otherbot\nDisallow: /",
        "/shorter": page("The council agreed."),
        "/paywall": page(TEASER).replace(b"</article>", NOTICES.encode() + b"</article>"),
        "/other": page(*elsewhere),
        "/secret": page(*BODY),
        "/moved": feed_server.redirect("/secret"),
        "/front": feed_server.redirect("/"),
        "/": page(*BODY),
        "/gate": feed_server.redirect("/consent/ask"),
        "/consent/ask": page(*BODY),
        "/endless": lambda _: (200, {}, b"<p>harbour council agreed</p>" * 400_000),
        "/picture": lambda _: (200, {"Content-Type": "image/png"}, b"\x89PNG"),
        "/gone": feed_server.status(410),
        "/same1": page(*BODY),
        "/same2": page(*BODY),
    }
    names = "shorter paywall other secret moved front gate endless picture gone missing same1 same2".split()
    server.pages["/feed"] = feed(server, *names)
    newswire("add", "--fulltext", server.url + "/feed")
    newswire("up", "--once")
    found = documents(newswire)
    assert sorted(found) == sorted(names)
    assert sorted(name for name in names if found[name]["full_text"]) in (["same1"], ["same2"])
    assert {found[name]["text"] for name in names if not found[name]["full_text"]} == {TEASER}
    assert asked(server, "/secret") == 0
    assert asked(server, "/robots.txt") == 1
    health = json.loads(newswire("feed", "show", server.url + "/feed", "--json"))
    assert (health["fulltext"], health["full_texts"], health["error"]) == (True, 1, None)
    assert server.url in health["full_text_note"]


def test_hanging_page_is_killed_and_its_article_and_all_others_are_published(
    newswire: Newswire, server: FeedServer
) -> None:
    newswire.environment["NEWSWIRE_FETCH_PAGE_DEADLINE_S"] = "6"
    hostile = b"<html><body>" + b"<div>" * 300_000 + b"harbour" + b"</div>" * 300_000
    server.pages |= {"/feed": feed(server, "hostile", "good"), "/hostile": hostile, "/good": page(*BODY)}
    newswire("add", "--fulltext", server.url + "/feed")
    started = time.monotonic()
    newswire("up", "--once")
    assert time.monotonic() - started < 40
    found = documents(newswire)
    assert (found["hostile"]["text"], found["hostile"]["full_text"]) == (TEASER, False)
    assert found["good"]["full_text"]


def test_article_is_read_over_its_pages_and_from_its_single_page_as_the_rules_say(
    newswire: Newswire, server: FeedServer
) -> None:
    newswire.directory.mkdir(parents=True)
    (newswire.directory / "fulltext.toml").write_text(
        '["127.0.0.1"]\nkeep = [".story"]\nstrip = [".related"]\nnext_page = "a.next"\nsingle_page = "a.print"\n'
        '["wrong.example"]\nkeep = ["p:::"]\n'
    )

    def story(text: str, link: str = "") -> bytes:
        related = '<div class="related">Harbour: read this too.</div>'
        return f'<html><body><p>Menu</p><div class="story"><p>{text}</p>{related}</div>{link}</body></html>'.encode()

    server.pages |= {
        "/feed": feed(server, "paged", "short"),
        "/paged": story(BODY[0], '<a class="next" href="paged-2">2</a>'),
        "/paged-2": story(BODY[1], '<a class="next" href="/paged-3">3</a>'),
        "/paged-3": story(
            BODY[2], '<a class="next" href="/paged">1</a> <a class="next" href="http://x.example/">x</a>'
        ),
        "/short": story(TEASER, '<a class="print" href="/print">print</a>'),
        "/print": story(" ".join(BODY)),
    }
    newswire("add", "--fulltext", server.url + "/feed")
    result = newswire.run("up", "--once")
    assert (result.returncode, "wrong.example" in result.stderr, "CSS selector" in result.stderr) == (0, True, True)
    found = documents(newswire)
    assert found["paged"]["text"] == "\n\n".join(BODY[:3])
    assert found["short"]["text"] == " ".join(BODY)


def test_slow_or_failing_page_neither_holds_up_nor_loses_its_article(newswire: Newswire, server: FeedServer) -> None:
    def late(_: BaseHTTPRequestHandler) -> feed_server.Answer:
        time.sleep(20)
        return 200, {}, page(*BODY)

    newswire.environment["NEWSWIRE_FETCH_TIMEOUT_S"] = "2"
    server.pages |= {
        "/feed": feed(server, "slow", "busy", "good"),
        "/slow": late,
        "/busy": feed_server.status(503),
        "/good": page(*BODY),
        "/other": feed(server, "plain"),
    }
    newswire("add", "--fulltext", server.url + "/feed")
    newswire("add", server.url + "/other")
    started = time.monotonic()
    newswire("up", "--once")
    assert time.monotonic() - started < 20
    found = documents(newswire)
    texts = {name: found[name]["full_text"] for name in found}
    assert texts == {"slow": False, "busy": False, "good": True, "plain": False}


def test_credentials_go_to_pages_of_the_feeds_own_site_only(newswire: Newswire, server: FeedServer) -> None:
    stranger = FeedServer()
    try:
        stranger.pages["/away"] = page(*BODY)
        body = feed(server, "home").replace(b"</channel>", feed(stranger, "away").partition(b"</title>")[2])
        server.pages |= {"/feed": body.replace(b"</rss></rss>", b"</rss>"), "/home": page(*BODY, name="At home.")}
        newswire("add", "--fulltext", "--header", "X-Key: s3cret", server.url + "/feed")
        newswire("up", "--once")
        sent = {path: headers.get("X-Key") for path, headers in server.requests + stranger.requests}
        assert {path: sent.get(path) for path in ("/home", "/away", "/robots.txt")} == {
            "/home": "s3cret",
            "/away": None,
            "/robots.txt": None,
        }
    finally:
        stranger.close()


def without_extra(newswire: Newswire, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as it is where the extra was not installed."""
    program = "import sys; sys.modules['trafilatura'] = None; from pipeline.cli import main; main()"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=newswire.environment, capture_output=True, text=True, timeout=100, check=False)


def test_missing_extra_is_told_with_the_fix_and_loses_no_article(newswire: Newswire, server: FeedServer) -> None:
    server.pages |= {"/feed": feed(server, "good"), "/good": page(*BODY)}
    refused = without_extra(newswire, "add", "--fulltext", server.url + "/feed")
    assert (refused.returncode, "pip install 'newswire[fulltext]'" in refused.stderr) == (2, True)
    newswire("add", "--fulltext", server.url + "/feed")
    result = without_extra(newswire, "up", "--once")
    assert (result.returncode, "pip install 'newswire[fulltext]'" in result.stderr) == (0, True)
    assert [document["text"] for document in documents(newswire).values()] == [TEASER]


def test_full_text_is_switched_off_again_and_other_options_stay(newswire: Newswire, server: FeedServer) -> None:
    server.pages["/feed"] = feed(server, "good")
    newswire("feed", "add", "--fulltext", "--tag", "sea", server.url + "/feed")
    newswire("add", "--no-fulltext", server.url + "/feed")
    health = json.loads(newswire("feed", "show", server.url + "/feed", "--json"))
    assert (health["fulltext"], health["tags"]) == (False, ["sea"])


def test_feed_test_shows_what_full_text_would_give(newswire: Newswire, server: FeedServer) -> None:
    server.pages |= {
        "/feed": feed(server, "good", "secret", "short"),
        "/good": page(*BODY),
        "/short": page(TEASER + " It did so after a long night of talks with everybody who had come to the town hall."),
        "/robots.txt": b"User-agent: newswire\nDisallow: /secret",
    }
    told = newswire("feed", "test", "--fulltext", server.url + "/feed")
    lines = [line for line in told.splitlines() if "full text:" in line]
    assert [line.split()[0] for line in lines] == ["ok", "FAIL", "ok"]
    assert "instead of 13" in lines[0]
    assert "robots.txt" in lines[1]
    assert "full text:" not in newswire("feed", "test", server.url + "/feed")


def test_doctor_names_a_bad_rule(newswire: Newswire) -> None:
    newswire.directory.mkdir(parents=True)
    assert "site rules are usable" in newswire("doctor")
    (newswire.directory / "fulltext.toml").write_text('["a.example"]\nkeep = 1\n')
    result = newswire.run("doctor")
    assert (result.returncode, '"a.example"' in result.stdout) == (1, True)


def test_round_is_ended_by_an_interrupt_while_pages_are_waited_for(newswire: Newswire, server: FeedServer) -> None:
    def late(_: BaseHTTPRequestHandler) -> feed_server.Answer:
        time.sleep(25)
        return 200, {}, page(*BODY)

    newswire.environment["NEWSWIRE_FETCH_TIMEOUT_S"] = "30"
    server.pages |= {"/feed": feed(server, "slow"), "/slow": late}
    newswire("add", "--fulltext", server.url + "/feed")
    running = newswire.start("up", "--once")
    deadline = time.monotonic() + 30
    while not asked(server, "/slow") and time.monotonic() < deadline:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=10)
    assert (running.returncode, "Traceback" in errors) == (0, False)
    # Nothing of the round is remembered, so nothing of it is lost.
    server.pages["/slow"] = page(*BODY)
    newswire("up", "--once")
    assert documents(newswire)["slow"]["full_text"]


def test_pages_that_fail_come_later_as_revisions_while_up_runs(newswire: Newswire, server: FeedServer) -> None:
    newswire.environment["NEWSWIRE_FETCH_TIMEOUT_S"] = "30"
    server.pages |= {
        "/feed": feed(server, "busy"),
        "/busy": feed_server.status(503, Retry_After="1"),
    }
    newswire("add", "--fulltext", server.url + "/feed")
    program = (
        "from functools import partial; from pipeline.runners.polling import fulltext; "
        "fulltext.FullText = partial(fulltext.FullText, again_s=(3.0,) * 8); from pipeline.cli import main; main()"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program, "up"], env=newswire.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert wait_until(lambda: "agreed" in newswire.run("search", "council", "--json").stdout, 60)
        assert documents(newswire)["busy"]["full_text"] is False
        server.pages["/busy"] = page(*BODY)
        assert wait_until(lambda: documents(newswire)["busy"]["full_text"] is True, 60)
        assert documents(newswire)["busy"]["revision"] == 2
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)


@pytest.mark.kafka
def test_connector_publishes_full_text_to_kafka(
    servers: dict[str, str], prefix: str, elasticsearch_prefix: str, tmp_path: Path, server: FeedServer
) -> None:
    server.pages |= {"/feed": feed(server, "good"), "/good": page(*BODY)}
    cluster = Cluster(servers, prefix, tmp_path, partitions=1)
    environment = os.environ | cluster.environment | {"NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8"}
    program = [sys.executable, "-c", "from pipeline.cli import main; main()"]
    for arguments in (("add", "--fulltext", server.url + "/feed"), ("connect", "--once")):
        subprocess.run([*program, *arguments], env=environment, check=True, timeout=100, capture_output=True)
    with stores.store(cluster.settings) as store:
        [message] = [*store.log.replay(ARTICLES.name), *store.log.replay(HISTORY.name)]
    article = msgspec.json.decode(message.value, type=Article)
    assert (article.full_text, "breakwater" in str(article.html)) == (True, True)
