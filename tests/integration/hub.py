"""A WebSub hub on loopback, written from the recommendation's hub side, which can also misbehave."""

from __future__ import annotations

import hashlib
import hmac
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

ASKED_S = 10


class Asked(msgspec.Struct, frozen=True):
    """Keep what a subscriber asked for, and how it answered when asked whether it had meant that."""

    mode: str
    topic: str
    callback: str
    secret: str
    confirmed: bool
    path: str


class Hub:
    """Accept subscriptions at ``/`` and, by way of a redirect, at ``/moved``; push what ``publish`` is given.

    ``denial`` is told to who asks, in place of asking back; ``refusal`` answers the request itself with 400.
    """

    def __init__(self, lease_s: int = 86_400) -> None:
        self.lease_s = lease_s
        self.denial: str | None = None
        self.refusal: str | None = None
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                if self.path == "/moved":
                    self._answer(307, b"", Location="/")
                    return
                if outer.refusal is not None:
                    self._answer(400, outer.refusal.encode())
                    return
                self._answer(202, b"")
                asked = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
                threading.Thread(target=outer._ask_back, args=(asked, self.path), daemon=True).start()

            def _answer(self, status: int, text: bytes, **headers: str) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving: the hub is dead."""
        self._server.shutdown()
        self._server.server_close()

    def subscribers(self, topic: str) -> dict[str, str]:
        """Return the confirmed callbacks of a topic with their secrets."""
        found: dict[str, str] = {}
        for asked in self.asked:
            if asked.confirmed and asked.topic == topic:
                found.pop(asked.callback, None)
                if asked.mode == "subscribe":
                    found[asked.callback] = asked.secret
        return found

    def publish(self, topic: str, body: bytes, content_type: str = "application/rss+xml") -> list[int]:
        """Push a body, signed, to all subscribers of a topic; return their answers."""
        return [
            push(callback, body, sign(body, secret), content_type, self.url, topic)
            for callback, secret in self.subscribers(topic).items()
        ]

    def _ask_back(self, asked: dict[str, str], path: str) -> None:
        mode, topic, callback = asked["hub.mode"], asked["hub.topic"], asked["hub.callback"]
        if self.denial is not None:
            call(callback, {"hub.mode": "denied", "hub.topic": topic, "hub.reason": self.denial})
            confirmed = False
        else:
            challenge = f"challenge-{len(self.asked)}"
            query = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge}
            if mode == "subscribe":
                query["hub.lease_seconds"] = str(self.lease_s)
            confirmed = call(callback, query) == (200, challenge)
        self.asked.append(Asked(mode, topic, callback, asked.get("hub.secret", ""), confirmed, path))


def sign(body: bytes, secret: str, algorithm: str = "sha256") -> str:
    """Return the X-Hub-Signature of a body."""
    return f"{algorithm}={hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()}"


def call(callback: str, query: dict[str, str]) -> tuple[int, str]:
    """Ask a subscriber, as hubs do; return its answer."""
    return _open(urllib.request.Request(f"{callback}?{urllib.parse.urlencode(query)}"))


def push(
    callback: str, body: bytes, signature: str | None, content_type: str = "application/rss+xml", *links: str
) -> int:
    """Send a body to a subscriber with a signature, or with none."""
    headers = {"Content-Type": content_type}
    if links:
        hub, topic = links
        headers["Link"] = f'<{hub}>; rel="hub", <{topic}>; rel="self"'
    if signature is not None:
        headers["X-Hub-Signature"] = signature
    return _open(urllib.request.Request(callback, data=body, headers=headers, method="POST"))[0]


def _open(request: urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=ASKED_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, ""
