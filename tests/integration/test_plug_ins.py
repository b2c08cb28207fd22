"""Connectors of others, installed as people install them: found, listed, polled politely, none a danger to others."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.topics import ARTICLES, HISTORY
from pipeline.wiring import services, stores
from tests.guides import code_blocks
from tests.integration.distributed import Cluster, wait_until
from tests.integration.feed_server import FEED, FeedServer
from tests.integration.test_up import Newswire

QUAKES = {"quakes": [{"id": f"q{n}", "title": f"Ravenna shaken by quake {n}", "time": "2026-11-24"} for n in range(3)]}
# Each breaks in another place: when it is loaded, asked, read, by leaving the program, by its name.
BROKEN = {
    "unloadable": "raise ImportError('no such thing as nepheline')",
    "nameless": "class C:\n    name = 'other'\n    def __init__(self, directory): pass",
    "leaving": """
        from connectors.connector import Fetched, ParsedFeed, entry
        class C:
            name = "leaving"
            def __init__(self, directory): pass
            def claims(self, address): return address.startswith(("leaving:", "misread:", "hanging:"))
            async def fetch(self, request, network):
                if request.address.startswith("leaving:"):
                    raise SystemExit(3)
                return Fetched(url=request.address, status=200, body=b"x", headers={})
            def parse(self, body, content_type, address):
                if address.startswith("hanging:"):
                    import os
                    os._exit(1)
                raise KeyError("depth")
    """,
    "feed": "class C:\n    name = 'feed'\n    def __init__(self, directory): pass",
}


def install(site: Path, name: str, code: str, connectors: dict[str, str]) -> None:
    """Put a distribution with entry points where Python finds it."""
    module, about = site / f"{name.replace('-', '_')}.py", site / f"{name.replace('-', '_')}-1.2.dist-info"
    about.mkdir(parents=True)
    module.write_text(textwrap.dedent(code))
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    points = "".join(f"{point} = {value}\n" for point, value in connectors.items())
    (about / "entry_points.txt").write_text(f"[newswire.connectors]\n{points}")


@pytest.fixture
def server() -> Iterator[FeedServer]:
    made = FeedServer()
    made.pages["/ITALY.json"] = json.dumps(QUAKES).encode()
    yield made
    made.close()


@pytest.fixture
def site(tmp_path: Path, server: FeedServer) -> Path:
    code = code_blocks("CONTRIBUTING.md")[0].replace("https://quakes.example.org", server.url)
    install(tmp_path / "site", "newswire-quakes", code, {"quakes": "newswire_quakes:Quakes"})
    return tmp_path / "site"


def path_with(site: Path) -> str:
    return os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.fixture
def newswire(tmp_path: Path, site: Path) -> Newswire:
    made = Newswire(tmp_path / "store")
    made.environment |= {"PYTHONPATH": path_with(site), "NEWSWIRE_FETCH_SPACING_S": "0"}
    return made


def titles(newswire: Newswire, query: str) -> list[str]:
    return sorted(json.loads(line)["title"] for line in newswire("search", query, "--json").splitlines())


def test_guide_s_connector_is_listed_added_polled_and_found(newswire: Newswire, server: FeedServer) -> None:
    listed = [json.loads(line) for line in newswire("feed", "connectors", "--json").splitlines()]
    assert [one["name"] for one in listed] == ["quakes", "page", "mail", "feed"]
    assert listed[0]["distribution"] == "newswire-quakes"
    assert listed[0]["reads"] == "Quakes of a region, such as quakes:ITALY."
    assert "quakes" in newswire("doctor")
    assert "Following quakes:ITALY" in newswire("add", "quakes:ITALY", "--tag", "quake")
    newswire("up", "--once")
    assert titles(newswire, "tag:quake ravenna") == [quake["title"] for quake in QUAKES["quakes"]]
    newswire("up", "--once")  # the same again is nothing new
    assert len(titles(newswire, "ravenna")) == 3
    shown = json.loads(newswire("feed", "show", "quakes:ITALY", "--json"))
    assert shown["state"] == "ok", shown


def test_address_is_read_by_its_connector_wherever_an_address_may_stand(newswire: Newswire) -> None:
    parsed = json.loads(newswire("parse", "quakes:ITALY", "--json"))
    assert [article["title"] for article in parsed] == [quake["title"] for quake in QUAKES["quakes"]]
    told = newswire("feed", "test", "quakes:ITALY")
    assert "connector: quakes" in told
    assert "3 entries" in told
    newswire("up", "--once", "quakes:ITALY")
    assert len(titles(newswire, "ravenna")) == 3


def test_faults_of_connectors_are_told_and_stop_nobody(newswire: Newswire, site: Path, server: FeedServer) -> None:
    server.pages["/feed"] = FEED
    for name, code in BROKEN.items():
        install(site, f"newswire-{name}", code, {name: f"newswire_{name}:C"})
    listing = newswire("feed", "connectors")
    assert "ImportError: no such thing as nepheline" in listing
    assert "it calls itself 'other', its entry point 'nameless'" in listing
    assert "its name is taken by the program itself" in listing
    assert "nepheline" in newswire("doctor", code=1) + newswire.run("doctor").stdout
    newswire("add", "leaving:a", "misread:b", "hanging:c", "quakes:ITALY", f"{server.url}/feed", "--no-check")
    newswire("up", "--once")
    assert len(titles(newswire, "ravenna")) == 3
    assert len(titles(newswire, "harbour")) == 2
    broken = {
        fields["url"]: fields["error"]
        for line in newswire("feed", "list", "--broken", "--json").splitlines()
        if (fields := json.loads(line))["state"] == "broken"
    }
    assert broken.keys() == {"leaving:a", "misread:b", "hanging:c"}
    assert "the connector leaving failed (SystemExit: 3)" in broken["leaving:a"]
    assert "the connector leaving failed (KeyError: 'depth')" in broken["misread:b"]


def test_connector_that_is_gone_is_told_with_what_to_do(newswire: Newswire) -> None:
    newswire("add", "quakes:ITALY")
    newswire.environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    newswire("up", "--once")
    shown = json.loads(newswire("feed", "show", "quakes:ITALY", "--json"))
    assert "the connector quakes, which is not installed here; install it again" in shown["error"]


def test_connector_is_held_to_the_limits_of_its_host_and_to_public_networks(
    newswire: Newswire, server: FeedServer
) -> None:
    server.pages["/BUSY.json"] = lambda _: (429, {"Retry-After": "3600"}, b"")
    newswire("add", "quakes:BUSY", "--no-check")
    newswire("up", "--once")
    asked = len(server.requests)
    newswire("up", "--once")  # the host asked to be left alone, also by other feeds of it
    assert len(server.requests) == asked
    assert "429" in json.loads(newswire("feed", "show", "quakes:BUSY", "--json"))["error"]
    del newswire.environment["NEWSWIRE_FETCH_ALLOW"]
    refused = newswire("add", "quakes:ITALY", code=2)
    assert "add its network to `allow`" in refused


def test_page_without_a_feed_is_followed_by_a_rule(newswire: Newswire, server: FeedServer, tmp_path: Path) -> None:
    host = server.url.removeprefix("http://")
    rule = f'["{host}".list]\nentry = "li.news"\ntext = "p"\npath = "/news"\n'
    page = '<html lang="en"><title>Quay news</title><ul>{}</ul></html>'
    item = (
        '<li class=news><a href="/a/{0}">Heron {0} nests</a><time datetime="2026-11-2{0}">x</time>'
        "<p>By the quay.</p></li>"
    )
    server.pages["/news"] = page.format(item.format(1) + item.format(2)).encode()
    assert "no feed was found" in newswire("add", f"{server.url}/news", code=2)
    (tmp_path / "store").mkdir(exist_ok=True)
    (tmp_path / "store" / "fulltext.toml").write_text(rule)
    newswire("add", f"{server.url}/news")
    newswire("up", "--once")
    server.pages["/news"] = page.format(item.format(3) + item.format(2)).encode()
    newswire("up", "--once")
    found = [json.loads(line) for line in newswire("search", "heron", "--json").splitlines()]
    assert {(one["url"], one["title"], one["published"][:10], one["source"]) for one in found} == {
        (f"{server.url}/a/{n}", f"Heron {n} nests", f"2026-11-2{n}", "Quay news") for n in (1, 2, 3)
    }
    server.pages["/news"] = b"<html><title>Quay news</title><p>We have a new look.</p></html>"
    newswire("up", "--once")
    broken = newswire("feed", "list", "--broken")
    assert "entry = 'li.news' finds nothing" in broken


def test_page_is_not_asked_for_where_robots_txt_forbids_it(
    newswire: Newswire, server: FeedServer, tmp_path: Path
) -> None:
    host = server.url.removeprefix("http://")
    (tmp_path / "store").mkdir(exist_ok=True)
    (tmp_path / "store" / "fulltext.toml").write_text(f'["{host}".list]\nentry = "li"\n')
    server.pages["/robots.txt"] = b"User-agent: *\nDisallow: /news\n"
    server.pages["/news"] = b"<ul><li><a href='/1'>One</a></li></ul>"
    assert "robots.txt asks" in newswire("add", f"{server.url}/news", code=2)
    assert "/news" not in [path for path, _ in server.requests]


def test_page_with_microformats_needs_no_rule(newswire: Newswire, server: FeedServer) -> None:
    server.pages["/notes"] = (
        b"<html><title>Notes</title><div class='h-feed'><article class='h-entry'><a class='u-url' href='/n/1'>"
        b"<span class='p-name'>Plover seen</span></a>"
        b"<time class='dt-published' datetime='2026-11-20T10:00:00Z'>x</time>"
        b"<div class='e-content'>On the <b>beach</b>.</div></article></div></html>"
    )
    newswire("up", "--once", f"{server.url}/notes")
    (found,) = [json.loads(line) for line in newswire("search", "plover", "--json").splitlines()]
    assert (found["url"], found["text"]) == (f"{server.url}/n/1", "On the beach.")


LETTER = """From: =?utf-8?q?Caf=C3=A9_Daily?= <news@cafe.test>
Subject: =?utf-8?B?Q3JhbmUgbmVzdHMgw6AgUmF2ZW5uYQ==?=
Date: Tue, 24 Nov 2026 10:00:00 +0100
Message-ID: <letter-{0}@cafe.test>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Plain words {0}.
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Eleven cranes nest on letter roof {0}.</p><a href=3D"https://cafe.test/{0}">View in browser</a>
<img src=3D"https://t.test/x" width=3D"1">
--b--
"""


def test_letters_of_a_maildir_are_followed_and_read_once_from_files(
    newswire: Newswire, server: FeedServer, tmp_path: Path
) -> None:
    maildir = tmp_path / "Maildir"
    for folder in ("cur", "new", "tmp"):
        (maildir / folder).mkdir(parents=True)
    (maildir / "new" / "1.host").write_text(LETTER.format(1))
    newswire("add", str(maildir))
    newswire("up", "--once")
    (maildir / "new" / "1.host").rename(maildir / "cur" / "1.host:2,S")  # it was read meanwhile
    (maildir / "new" / "2.host").write_text(LETTER.format(2).replace("Eleven cranes nest", "Twelve storks slept late"))
    newswire("up", "--once")
    found = {
        one["url"]: one
        for line in newswire("search", "letter roof", "--json").splitlines()
        if (one := json.loads(line))
    }
    assert found.keys() == {"https://cafe.test/1", "https://cafe.test/2"}
    first = found["https://cafe.test/1"]
    assert (first["title"], first["source"], first["revision"]) == ("Crane nests à Ravenna", "Café Daily", 1)
    assert first["published"].startswith("2026-11-24T09:00")
    assert "t.test" not in json.dumps(first)
    (tmp_path / "third.eml").write_text(LETTER.format(3).replace("Eleven cranes nest", "Thirteen gulls shouted"))
    newswire("up", "--once", str(tmp_path / "third.eml"))
    assert len(titles(newswire, "letter roof")) == 3
    newswire("up", "--once", str(maildir))  # the same letters, read as files: nothing new
    assert len(titles(newswire, "letter roof")) == 3


def test_letter_that_is_none_is_refused_in_words(newswire: Newswire, tmp_path: Path) -> None:
    (tmp_path / "no.eml").write_text("Nothing of the kind.\n")
    assert "is no letter" in newswire("up", "--once", str(tmp_path / "no.eml"), code=2)
    assert "no directory" in newswire("add", f"mail://{tmp_path}/nowhere", code=2)


@pytest.mark.kafka
def test_connector_role_reads_by_installed_connectors(
    servers: dict[str, str], elasticsearch_prefix: str, tmp_path: Path, site: Path, server: FeedServer
) -> None:
    install(site, "newswire-leaving", BROKEN["leaving"], {"leaving": "newswire_leaving:C"})
    cluster = Cluster(servers, elasticsearch_prefix, tmp_path, partitions=2)
    cluster.environment |= {"NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8", "PYTHONPATH": path_with(site)}
    with stores.store(cluster.settings) as store:
        services.feeds(store).subscribe("leaving:a", connector="leaving")
        services.feeds(store).subscribe("quakes:ITALY", connector="quakes")
    try:
        cluster.start("connect")

        def published() -> list[str]:
            with stores.store(cluster.settings) as store:
                return [
                    json.loads(message.value)["title"]
                    for topic in (ARTICLES, HISTORY)
                    for message in store.log.replay(topic.name)
                    if message.value
                ]

        assert wait_until(lambda: len(published()) >= 3, 60), cluster.logs()
        assert sorted(published()) == [quake["title"] for quake in QUAKES["quakes"]]
        assert wait_until(lambda: "the connector leaving failed (SystemExit: 3)" in cluster.logs(), 60), cluster.logs()
    finally:
        cluster.stop()
