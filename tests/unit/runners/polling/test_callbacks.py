"""The server that hubs call, spoken to over connections in memory: it answers, and cuts who only holds a place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from connectors.websub import Push
from pipeline.errors import TransientError, UnavailableError, UsageError
from pipeline.runners.polling import callbacks
from pipeline.runners.polling.callbacks import address, listening
from pipeline.runners.polling.pushes import Pushes

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KNOWN = Push(
    feed="https://wire.example/feed", topic="https://wire.example/feed", hub="https://hub.example/",
    callback="https://me.example/known", secret="s", since=NOON, next_ask=NOON,
)  # fmt: skip
ENDED = Push(
    feed="https://wire.example/feed", topic="https://wire.example/feed", hub="https://hub.example/",
    callback="https://me.example/ended", secret="s", since=NOON, next_ask=NOON, ended=NOON,
)  # fmt: skip


class Subscriptions:
    """Know two subscriptions, unless the store is away."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.received: list[tuple[bytes, str | None, str | None]] = []

    async def verify(self, name: str, query: Mapping[str, str]) -> tuple[int, str]:
        if self.error is not None:
            raise self.error
        return (200, query["hub.challenge"]) if name == KNOWN.id else (404, "")

    async def find(self, name: str) -> Push | None:
        if self.error is not None:
            raise self.error
        return {KNOWN.id: KNOWN, ENDED.id: ENDED}.get(name)

    def receive(self, push: Push, body: bytes, signature: str | None, content_type: str | None) -> int:
        self.received.append((body, signature, content_type))
        return 202


class Wire(asyncio.Transport):
    """Be one end of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.is_cut = False
        self.protocol: Any = None

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def writelines(self, list_of_data: Any) -> None:
        self.sent += b"".join(list_of_data)

    def abort(self) -> None:
        if not self.is_cut:
            self.is_cut = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    close = abort

    def is_closing(self) -> bool:
        return self.is_cut

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Server:
    """Be the listening socket: connections are made by hand."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def connect(self) -> Wire:
        wire = Wire()
        wire.protocol = self._make()
        wire.protocol.connection_made(wire)
        return wire

    def close(self) -> None:
        pass


def serve(monkeypatch: pytest.MonkeyPatch, pushes: Subscriptions, work: Callable[[Server], Awaitable[None]]) -> None:
    """Listen, and do something as a stranger."""
    servers: list[Server] = []

    async def create_server(loop: Any, make: Callable[[], Any], host: str, port: int) -> Server:
        servers.append(Server(make))
        return servers[0]

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_server", create_server)

    async def whole() -> None:
        async with listening(cast(Pushes, pushes), "127.0.0.1", 8075):
            await work(servers[0])

    asyncio.run(whole())


async def until(condition: Callable[[], object]) -> None:
    for _ in range(3_000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never was so")


def ask(monkeypatch: pytest.MonkeyPatch, pushes: Subscriptions, request: bytes) -> tuple[int, bytes]:
    """Send a request; return status and body of the answer."""
    answer: list[bytes] = []

    async def work(server: Server) -> None:
        wire = server.connect()
        wire.protocol.data_received(request)
        await until(lambda: b"\r\n\r\n" in wire.sent)
        await asyncio.sleep(0.01)
        answer.append(wire.sent)

    serve(monkeypatch, pushes, work)
    head, _, body = answer[0].partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def get(name: str) -> bytes:
    return f"GET /websub/{name}?hub.challenge=c HTTP/1.1\r\nHost: me.example\r\n\r\n".encode()


def post(name: str, body: bytes = b"<rss/>", length: int | None = None) -> bytes:
    head = f"POST /{name} HTTP/1.1\r\nHost: me.example\r\nX-Hub-Signature: sha1=0\r\nContent-Type: text/xml\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (get("known"), (200, b"c")),
        (get("nobody"), (404, b"")),
        (post("known"), (202, b"")),
        (post("nobody"), (404, b"")),
        (post("ended"), (410, b"")),
    ],
)
def test_hub_is_answered_by_the_last_part_of_the_path(
    monkeypatch: pytest.MonkeyPatch, request_: bytes, answer: tuple[int, bytes]
) -> None:
    pushes = Subscriptions()
    assert ask(monkeypatch, pushes, request_) == answer
    assert pushes.received == ([(b"<rss/>", "sha1=0", "text/xml")] if answer[0] == 202 else [])


@pytest.mark.parametrize("request_", [get("known"), post("known")])
@pytest.mark.parametrize("error", [TransientError("busy", 1.0), UnavailableError("the store is away")])
def test_hub_is_told_to_come_again_while_the_store_is_away(
    monkeypatch: pytest.MonkeyPatch, request_: bytes, error: Exception
) -> None:
    pushes = Subscriptions()
    pushes.error = error
    assert ask(monkeypatch, pushes, request_)[0] == 503


def test_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "BODY_S", 0.01)
    monkeypatch.setattr(callbacks, "CLOSE_S", 0.05)
    pushes = Subscriptions()
    assert ask(monkeypatch, pushes, post("known", b"<rss", length=900))[0] == 408
    assert pushes.received == []


def test_body_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "MAX_BODY_BYTES", 10)
    pushes = Subscriptions()
    assert ask(monkeypatch, pushes, post("known", b"<rss>too much</rss>"))[0] == 413
    assert pushes.received == []


def test_connection_without_a_request_is_cut_and_one_with_a_request_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "HEAD_S", 0.02)

    async def work(server: Server) -> None:
        idle, busy = server.connect(), server.connect()
        busy.protocol.data_received(post("known", b"<rss", length=6))
        await until(lambda: idle.is_cut)
        await asyncio.sleep(0.05)
        assert not busy.is_cut
        busy.protocol.data_received(b"/>")
        await until(lambda: b" 202 " in busy.sent)
        await until(lambda: busy.is_cut)

    serve(monkeypatch, Subscriptions(), work)


def test_connection_that_ended_by_itself_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(callbacks, "HEAD_S", 0.02)

    async def work(server: Server) -> None:
        wire = server.connect()
        await asyncio.sleep(0.005)
        wire.protocol.connection_lost(None)
        await asyncio.sleep(0.03)

    serve(monkeypatch, Subscriptions(), work)
    assert caplog.text == ""


def test_more_connections_than_there_may_be_are_cut_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "MAX_CONNECTIONS", 2)

    async def work(server: Server) -> None:
        wires = [server.connect() for _ in range(4)]
        await asyncio.sleep(0.02)
        assert [wire.is_cut for wire in wires] == [False, False, True, True]

    serve(monkeypatch, Subscriptions(), work)


def test_address_that_cannot_be_had_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def taken(*_: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_server", taken)

    async def whole() -> None:
        async with listening(cast(Pushes, Subscriptions()), "127.0.0.1", 8075):
            raise AssertionError("nothing listens")

    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:8075 \(Address already in use\); set another `listen`"):
        asyncio.run(whole())


@pytest.mark.parametrize(
    ("text", "host_port"),
    [("0.0.0.0:8075", ("0.0.0.0", 8075)), (":80", ("127.0.0.1", 80)), ("[::1]:9", ("::1", 9))],
)
def test_address_is_host_and_port(text: str, host_port: tuple[str, int]) -> None:
    assert address(text) == host_port


@pytest.mark.parametrize("text", ["8075", "host:", "host:x", "host:65536", "host:٣"])
def test_what_is_no_address_says_how_one_is_written(text: str) -> None:
    with pytest.raises(UsageError, match=r"write host:port, such as 127\.0\.0\.1:8075"):
        address(text)
