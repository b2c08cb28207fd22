"""WebSub end to end: `newswire up` and a hub on loopback, in every way a hub and its impostors may behave."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.topics import ARTICLES, HISTORY
from pipeline.wiring import services, stores
from tests.integration.distributed import Cluster, wait_until
from tests.integration.feed_server import FEED, FeedServer
from tests.integration.hub import Hub, call, push, sign
from tests.integration.test_up import Newswire

SECONDS = 60.0


class Site:
    """Serve one feed that names a hub, and tell how often it was asked for."""

    def __init__(self, hub: str) -> None:
        self.server = FeedServer()
        self.topic = self.server.url + "/feed"
        self.hub = hub
        self.show("First report of the harbour")

    def show(self, *titles: str) -> None:
        self.server.pages["/feed"] = self.feed(*titles)

    def feed(self, *titles: str) -> bytes:
        items = "".join(
            f"<item><title>{title}</title><link>http://example.com/{len(title)}-{title[:5]}</link><guid>{title}</guid>"
            f"<description>Cranes stood still all day, said the {title.lower()}.</description></item>"
            for title in titles
        )
        links = f'<atom:link rel="self" href="{self.topic}"/><atom:link rel="hub" href="{self.hub}"/>'
        return (
            '<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
            f"<title>Harbour</title><link>http://example.com/</link>{links}{items}</channel></rss>"
        ).encode()

    def polls(self) -> int:
        return [path for path, _ in self.server.requests].count("/feed")


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.close()


@pytest.fixture
def site(hub: Hub) -> Iterator[Site]:
    made = Site(hub.url)
    yield made
    made.server.close()


class Subscriber(Newswire):
    """Run `newswire up` where hubs can call it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}/push"
        self.environment |= {
            "NEWSWIRE_WEBSUB_CALLBACK_URL": self.base,
            "NEWSWIRE_WEBSUB_LISTEN": f"127.0.0.1:{self.port}",
        }
        self.process: subprocess.Popen[str] | None = None

    def up(self, *arguments: str) -> None:
        self.process = self.start("up", *arguments)

    def listens(self) -> bool:
        """Tell whether hubs can call it by now."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
        except OSError:
            return False
        return True

    def stop(self) -> str:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=30)
        self.process = None
        assert "Traceback" not in errors, errors
        return errors

    def health(self, topic: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self("feed", "show", topic, "--json"))
        return shown

    def titles(self) -> set[str]:
        found = self.run("search", "harbour", "--json", "--copies", "--limit", "100").stdout.splitlines()
        return {json.loads(line)["title"] for line in found}


@pytest.fixture
def newswire(tmp_path: Path) -> Iterator[Subscriber]:
    made = Subscriber(tmp_path / "store")
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.communicate()


def subscribed(hub: Hub, site: Site) -> bool:
    return wait_until(lambda: bool(hub.subscribers(site.topic)), SECONDS)


def test_feed_is_subscribed_pushed_renamed_and_unsubscribed(newswire: Subscriber, hub: Hub, site: Site) -> None:
    newswire.up(site.topic)
    assert subscribed(hub, site)
    [(callback, secret)] = hub.subscribers(site.topic).items()
    assert callback.startswith(newswire.base + "/")
    assert (len(callback.rpartition("/")[2]) >= 32, len(secret) >= 32) == (True, True)
    polls = site.polls()

    # A fat ping: the site is not even asked.
    assert hub.publish(site.topic, site.feed("Second report of the harbour")) == [202]
    assert wait_until(lambda: "Second report of the harbour" in newswire.titles(), SECONDS)
    assert site.polls() == polls
    # A thin ping: the site is polled.
    site.show("Third report of the harbour", "Second report of the harbour", "First report of the harbour")
    assert hub.publish(site.topic, b"") == [202]
    assert wait_until(lambda: "Third report of the harbour" in newswire.titles(), SECONDS)
    assert site.polls() == polls + 1

    health = newswire.health(site.topic)
    assert (health["hubs"], health["pings"], health["forged_pings"]) == ([hub.url], 2, 0)
    assert health["last_ping"] < health["pushed_until"]
    assert "last ping" in newswire("feed", "list")
    explained = newswire("feed", "test", site.topic)
    assert f"push: {hub.url} pushes {site.topic}" in explained
    assert "last ping" in explained
    revisions = [
        json.loads(line)["revision"] for line in newswire("search", "harbour", "--copies", "--json").splitlines()
    ]
    assert revisions == [1, 1, 1]

    newswire("feed", "remove", site.topic)
    assert wait_until(lambda: hub.asked[-1].mode == "unsubscribe" and hub.asked[-1].confirmed, SECONDS)
    body = site.feed("Fourth report of the harbour")
    assert push(callback, body, sign(body, secret)) == 410
    assert push(callback + "x", body, sign(body, secret)) == 404
    newswire.stop()
    assert "Fourth report of the harbour" not in newswire.titles()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_only_what_is_signed_with_the_secret_is_taken_in(
    newswire: Subscriber, hub: Hub, site: Site, algorithm: str
) -> None:
    newswire.up(site.topic)
    assert subscribed(hub, site)
    [(callback, secret)] = hub.subscribers(site.topic).items()
    forged, true = site.feed("Forged report of the harbour"), site.feed("True report of the harbour")
    polls = site.polls()
    for signature in (
        None,
        sign(forged, "guess", algorithm),
        sign(true, secret, algorithm),  # of another body
        sign(forged, secret, algorithm)[:-1],
        sign(forged, secret, algorithm).replace("=", "=0")[:-1],
        "md5=" + "0" * 32,
    ):
        assert push(callback, forged, signature) == 202
    assert push(callback, true, sign(true, secret, algorithm)) == 202
    assert wait_until(lambda: "True report of the harbour" in newswire.titles(), SECONDS)
    health = newswire.health(site.topic)
    assert (health["forged_pings"], health["pings"], site.polls()) == (6, 1, polls)
    newswire.stop()
    assert "Forged report of the harbour" not in newswire.titles()


def test_body_that_is_no_feed_is_a_reason_to_poll(newswire: Subscriber, hub: Hub, site: Site) -> None:
    newswire.up(site.topic)
    assert subscribed(hub, site)
    site.show("Second report of the harbour")
    assert hub.publish(site.topic, b"<p>There is something new.</p>", "text/html") == [202]
    assert wait_until(lambda: "Second report of the harbour" in newswire.titles(), SECONDS)


def test_denial_is_told_and_polling_goes_on(newswire: Subscriber, hub: Hub, site: Site) -> None:
    hub.denial = "this harbour is closed"
    newswire.environment["NEWSWIRE_FETCH_MIN_INTERVAL_S"] = "1"
    newswire("add", site.topic, "--interval", "30")
    newswire.up()
    assert wait_until(lambda: bool(hub.asked), SECONDS)
    assert wait_until(lambda: newswire.health(site.topic)["push_note"] is not None, SECONDS)
    health = newswire.health(site.topic)
    assert "this harbour is closed" in health["push_note"]
    assert (health["error"], health["pushed_until"]) == (None, None)
    assert "not pushed: " in newswire("feed", "list")
    assert "this harbour is closed" in newswire.stop()
    assert len(hub.asked) == 1


def test_hub_that_dies_leaves_a_feed_that_is_polled(newswire: Subscriber, hub: Hub, site: Site) -> None:
    newswire.environment |= {"NEWSWIRE_FETCH_MIN_INTERVAL_S": "1", "NEWSWIRE_FETCH_MAX_INTERVAL_S": "60"}
    newswire.environment["NEWSWIRE_WEBSUB_FEWER_POLLS"] = "3"
    newswire("add", site.topic)
    newswire.up()
    assert subscribed(hub, site)
    assert hub.publish(site.topic, site.feed("Second report of the harbour")) == [202]
    hub.close()
    site.show("Third report of the harbour", "Second report of the harbour")
    assert wait_until(lambda: "Third report of the harbour" in newswire.titles(), 60)


def test_refusal_is_told_in_the_hubs_own_words(newswire: Subscriber, hub: Hub, site: Site) -> None:
    hub.refusal = "no such topic here"
    newswire("add", site.topic)
    newswire.up()
    assert wait_until(lambda: newswire.health(site.topic)["push_note"] is not None, SECONDS)
    assert "no such topic here" in newswire.health(site.topic)["push_note"]
    assert "400" in newswire.stop()


def test_hub_on_a_private_network_is_refused(newswire: Subscriber, site: Site) -> None:
    newswire.environment["NEWSWIRE_FETCH_ALLOW"] = "127.0.0.1/32"
    site.hub = "http://127.0.0.2:9/"
    site.show("First report of the harbour")
    newswire("add", site.topic)
    newswire.up()
    assert wait_until(lambda: newswire.health(site.topic)["push_note"] is not None, SECONDS)
    assert "127.0.0.2 is not a public address" in newswire.stop()


def test_hub_is_named_by_headers_and_moved_elsewhere(newswire: Subscriber, hub: Hub, site: Site) -> None:
    topic = site.server.url + "/topic"
    plain = site.feed("First report of the harbour").replace(b"atom:link", b"atom:other")
    site.server.pages["/feed"] = lambda _: (200, {"Link": f'<{hub.url}/moved>; rel=hub, <{topic}>; rel="self"'}, plain)
    newswire.up(site.topic)
    assert wait_until(lambda: bool(hub.subscribers(topic)), SECONDS)
    assert hub.publish(topic, site.feed("Second report of the harbour")) == [202]
    assert wait_until(lambda: "Second report of the harbour" in newswire.titles(), SECONDS)


def test_subscription_outlives_the_process_and_pushes_make_polls_rare(
    newswire: Subscriber, hub: Hub, site: Site
) -> None:
    newswire("add", site.topic)
    newswire.up()
    assert subscribed(hub, site)
    before = newswire.health(site.topic)
    assert hub.publish(site.topic, b"") == [202]
    assert wait_until(lambda: newswire.health(site.topic)["last_check"] > before["last_check"], SECONDS)
    assert _pause(newswire.health(site.topic)) > 5 * _pause(before)
    newswire.stop()
    newswire.up()
    assert wait_until(newswire.listens, SECONDS)
    time.sleep(2.0)  # long enough to ask the hub again, were that thought necessary
    assert hub.publish(site.topic, site.feed("Second report of the harbour")) == [202]
    assert wait_until(lambda: "Second report of the harbour" in newswire.titles(), SECONDS)
    assert len(hub.asked) == 1


def _pause(health: dict[str, Any]) -> float:
    last, following = (datetime.fromisoformat(health[name]) for name in ("last_check", "next_check"))
    return (following - last).total_seconds()


def test_pushed_article_is_seen_at_once(
    newswire: Subscriber, hub: Hub, site: Site, record_property: Callable[[str, object], None]
) -> None:
    newswire.up("--json", site.topic)
    assert newswire.process is not None
    assert newswire.process.stdout is not None
    assert subscribed(hub, site)
    newswire.process.stdout.readline()
    delays = []
    for number in range(20):
        began = time.monotonic()
        assert hub.publish(site.topic, site.feed(f"Report number {number} of the harbour")) == [202]
        title = json.loads(newswire.process.stdout.readline())["title"]
        delays.append(time.monotonic() - began)
        assert title == f"Report number {number} of the harbour"
    record_property("published_to_seen_median_ms", round(statistics.median(delays) * 1000, 1))
    record_property("published_to_seen_longest_ms", round(max(delays) * 1000, 1))
    assert statistics.median(delays) < 5.0


def test_settings_that_cannot_work_are_refused(newswire: Subscriber, site: Site) -> None:
    with socket.create_server(("127.0.0.1", newswire.port)):
        assert f"127.0.0.1:{newswire.port}" in newswire("up", site.topic, code=3)
    newswire.environment["NEWSWIRE_WEBSUB_LISTEN"] = "everywhere"
    assert "host:port" in newswire("up", code=2)
    newswire.environment["NEWSWIRE_WEBSUB_CALLBACK_URL"] = "example.org/push"
    assert "callback_url" in newswire("up", code=2)


def test_strangers_are_not_answered(newswire: Subscriber, hub: Hub, site: Site) -> None:
    newswire.up(site.topic)
    assert subscribed(hub, site)
    [(callback, secret)] = hub.subscribers(site.topic).items()
    subscribe = {"hub.mode": "subscribe", "hub.topic": site.topic, "hub.challenge": "c", "hub.lease_seconds": "9"}
    assert call(callback, subscribe) == (404, "")  # nothing is pending now
    assert call(callback, subscribe | {"hub.mode": "unsubscribe"}) == (404, "")
    assert call(callback, {}) == (404, "")
    assert call(newswire.base + "/guess", subscribe) == (404, "")
    assert push(newswire.base + "/guess", b"", sign(b"", secret)) == 404
    too_large = b"x" * 11_000_000
    assert push(callback, too_large, sign(too_large, secret)) == 413
    bomb = gzip.compress(b"\0" * 60_000_000)
    assert push(callback, bomb, sign(bomb, secret)) == 202
    assert push(callback, site.feed("Second report of the harbour"), None) == 202
    newswire("feed", "pause", site.topic)
    assert wait_until(lambda: hub.asked[-1].mode == "unsubscribe" and hub.asked[-1].confirmed, SECONDS)
    assert newswire.titles() == {"First report of the harbour"}


@pytest.mark.kafka
@pytest.mark.elasticsearch
def test_connectors_take_in_each_others_pings(
    servers: dict[str, str], elasticsearch_prefix: str, tmp_path: Path, hub: Hub
) -> None:
    """Let the hub call one of two connectors, whichever polls the feed: nothing is lost, nothing is asked for twice."""
    cluster, sites = Cluster(servers, elasticsearch_prefix, tmp_path), [Site(hub.url) for _ in range(6)]
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports.append(free.getsockname()[1])
    cluster.environment |= {
        "NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8",
        "NEWSWIRE_WEBSUB_CALLBACK_URL": f"http://127.0.0.1:{ports[0]}/push",
    }

    def published() -> list[str]:
        with stores.store(cluster.settings) as store:
            return [
                msgspec.json.decode(message.value)["title"]
                for message in [*store.log.replay(ARTICLES.name), *store.log.replay(HISTORY.name)]
            ]

    first = FeedServer()
    try:
        for port in ports:
            cluster.start("connect", NEWSWIRE_WEBSUB_LISTEN=f"127.0.0.1:{port}", NEWSWIRE_FETCH_USER_AGENT=str(port))
        # Both first poll something: by then the feeds are shared.
        assert wait_until(lambda: _both_poll(cluster, first, ports), 60), cluster.logs()
        with stores.store(cluster.settings) as store:
            for site in sites:
                services.feeds(store).subscribe(site.topic)
        assert wait_until(lambda: all(hub.subscribers(site.topic) for site in sites), 60), cluster.logs()
        pollers = {headers["User-Agent"] for site in sites for _, headers in site.server.requests}
        assert len(pollers) == 2
        for number, site in enumerate(sites):
            assert hub.publish(site.topic, site.feed(f"Report {number} of the harbour")) == [202]
        wanted = {f"Report {number} of the harbour" for number in range(len(sites))}
        assert wait_until(lambda: wanted <= set(published()), 60), cluster.logs()
        assert [asked.mode for asked in hub.asked] == ["subscribe"] * len(sites)
        assert [title for title in published() if title in wanted and published().count(title) > 1] == []
    finally:
        cluster.stop()
        for server in (first, *(site.server for site in sites)):
            server.close()


def _both_poll(cluster: Cluster, server: FeedServer, ports: list[int]) -> bool:
    path = f"/{len(server.pages)}"
    server.pages[path] = FEED.replace(b"harbour", path.encode())
    with stores.store(cluster.settings) as store:
        services.feeds(store).subscribe(server.url + path)
    return {headers["User-Agent"] for _, headers in list(server.requests)} == set(map(str, ports))
