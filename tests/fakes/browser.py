"""A browser without a screen or a network: it calls the app, keeps its cookies and sends forms as a page would."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

Asgi = Any


class Answer(msgspec.Struct, frozen=True):
    """Hold what came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """Return the body as a value."""
        return msgspec.json.decode(self.body)


class Browser:
    """Ask an app."""

    def __init__(self, app: Asgi, host: str = "127.0.0.1:8765", address: str = "127.0.0.1") -> None:
        self.app = app
        self.host = host
        self.address = address
        self.cookies: dict[str, str] = {}

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a page."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, headers: Mapping[str, str] | None = None, **fields: str) -> Answer:
        """Send a form from a page of the app, with the token that its forms have."""
        token = self.token()
        body = urlencode({"form_token": token, **fields}).encode()
        given = {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{self.host}"}
        return self.ask("POST", path, body, given | dict(headers or {}))

    def send(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form whose fields are named at run time."""
        return self.post(path, None, **fields)

    def follow(self, answer: Answer) -> Answer:
        """Go where an answer sends the browser."""
        assert answer.status == 303, answer.text
        return self.get(answer.headers["location"])

    def token(self) -> str:
        """Return what the forms of the app's pages are to send back."""
        found = re.search(r'data-token="([^"]*)"', self.get("/help").text) or re.search(
            r'name="form_token" value="([^"]*)"', self.get("/login").text
        )
        return found.group(1) if found else ""

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request, and return the whole answer."""
        return asyncio.run(self._ask(method, path, body, dict(headers or {})))

    async def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        parts = urlsplit(path)
        given = {"host": self.host, **headers}
        if self.cookies:
            given.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(parts.path), "raw_path": quote(parts.path, safe="/%").encode(), "root_path": "",
            "query_string": parts.query.encode(), "client": (self.address, 40_000), "server": ("127.0.0.1", 8765),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given.items()],
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = next(message for message in sent if message["type"] == "http.response.start")
        pairs = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
        cookies = tuple(value for name, value in pairs if name == "set-cookie")
        for cookie in cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        whole = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
        return Answer(start["status"], dict(pairs), whole, cookies)
