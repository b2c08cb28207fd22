"""The hub beside `up`: a program that follows a feed of ours is asked back and told of news, in no private network."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.integration.test_web import WAIT_S, ask, running, told


class Follower:
    """Follow a feed as programs do: confirm what one asked for, keep what is sent, and be gone when told to."""

    def __init__(self) -> None:
        self.confirmed: list[dict[str, str]] = []
        self.sent: list[tuple[bytes, dict[str, str]]] = []
        self.answer = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                outer.confirmed.append(query)
                self._answer(200, query["hub.challenge"].encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.sent.append((body, {name.casefold(): value for name, value in self.headers.items()}))
                self._answer(outer.answer, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                if status != 204:
                    self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *values: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.callback = f"http://127.0.0.1:{self._server.server_port}/push?to=me"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def follower() -> Iterator[Follower]:
    made = Follower()
    try:
        yield made
    finally:
        made.close()


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def subscribe(address: str, topic: str, callback: str, mode: str = "subscribe") -> tuple[int, str]:
    fields = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback, "hub.secret": "s3cret"}
    return ask(f"{address}/feeds/hub", urlencode(fields).encode(), Content_Type="application/x-www-form-urlencoded")


def push(address: str, title: str) -> None:
    body = json.dumps({"title": title, "text": f"{title}, it is said.", "url": f"https://x.example/{title}"}).encode()
    assert ask(f"{address}/api/v1/articles", body)[0] == 202


def topic_of(address: str, query: str) -> str:
    given = json.loads(ask(f"{address}/api/v1/addresses?q={query}")[1])["atom"]
    feed = ask(given)[1]
    hub = re.search(r'<link href="([^"]*)" rel="hub"', feed)
    topic = re.search(r'<link href="([^"]*)" rel="self"', feed)
    assert hub is not None and hub.group(1) == f"{address}/feeds/hub"
    assert topic is not None
    return topic.group(1).replace("&amp;", "&")


def test_followers_are_told_across_restarts_and_no_more_when_they_leave(tmp_path: Path) -> None:
    settings = {"NEWSWIRE_WEB_LISTEN": "127.0.0.1:0", "NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8"}
    with follower() as program:
        with running(tmp_path, "up", **settings) as (said, process):
            address = told(said, r"The page is at (\S+)")
            topic = topic_of(address, "quokka")
            assert subscribe(address, topic, program.callback)[0] == 202
            until(lambda: program.confirmed)
            assert program.confirmed[0]["hub.topic"] == topic and program.confirmed[0]["to"] == "me"
            push(address, "A quokka in the harbour")
            until(lambda: program.sent)
            body, headers = program.sent[0]
            assert b"A quokka in the harbour" in body
            expected = f"sha256={hmac.new(b's3cret', body, hashlib.sha256).hexdigest()}"
            assert headers["x-hub-signature"] == expected
            assert headers["content-type"] == "application/atom+xml"
            assert headers["link"] == f'<{address}/feeds/hub>; rel="hub", <{topic}>; rel="self"'
        # At another port, as it happens: it is told all the same, of the feed as it was called then.
        with running(tmp_path, "up", **settings) as (said, process):
            address = told(said, r"The page is at (\S+)")
            push(address, "Another quokka")
            until(lambda: any(b"Another quokka" in body for body, _ in program.sent))
            assert subscribe(address, topic, program.callback, "unsubscribe")[0] == 202
            until(lambda: program.confirmed[-1]["hub.mode"] == "unsubscribe")
            assert process.poll() is None


def test_nobody_is_told_in_a_private_network_unless_the_settings_allow_it(tmp_path: Path) -> None:
    with follower() as program, running(tmp_path, "up", NEWSWIRE_WEB_LISTEN="127.0.0.1:0") as (said, process):
        address = told(said, r"The page is at (\S+)")
        topic = topic_of(address, "quokka")
        assert subscribe(address, topic, program.callback)[0] == 202
        # The subscription is dropped as soon as its callback may not be asked: then there is none to end.
        until(lambda: subscribe(address, topic, program.callback, "unsubscribe")[0] == 400)
        assert program.confirmed == [] and program.sent == []
        assert process.poll() is None
