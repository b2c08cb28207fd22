"""WebSub end to end: `newswire up` and a hub on loopback, in every way a hub and its impostors may behave."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.distributed import wait_until
from tests.integration.feed_server import FeedServer
from tests.integration.hub import Hub, push, sign
from tests.integration.test_up import Newswire

SECONDS = 20.0


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
