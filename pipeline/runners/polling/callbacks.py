"""The small web server that hubs call: it answers, and leaves everything else to ``Pushes``.

It speaks plain HTTP, for a proxy with TLS to stand before it. Whatever path the proxy leaves, its last part names the
subscription; what names none is answered 404 before its body is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from pipeline.errors import TransientError, UnavailableError, UsageError
from pipeline.runners.polling.pushes import Pushes

MAX_BODY_BYTES = 10_000_000
BODY_S = 30.0
# How long the head of a request may take, and how many connections there may be.
HEAD_S = 10.0
MAX_CONNECTIONS = 200
CLOSE_S = 2.0


@asynccontextmanager
async def listening(pushes: Pushes, host: str, port: int) -> AsyncIterator[None]:
    """Answer hubs for as long as the block runs. Raises ``UnavailableError`` when the address cannot be had."""
    callbacks = _Callbacks(pushes)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_get("/{path:.*}", callbacks.verify, allow_head=False)
    app.router.add_post("/{path:.*}", callbacks.receive)
    # What is signed is the body as it was sent, so nothing inflates it on the way.
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=CLOSE_S)
    await runner.setup()
    try:
        try:
            server = await asyncio.get_running_loop().create_server(partial(_guarded, runner), host, port)
        except OSError as exc:
            raise UnavailableError(
                f"WebSub cannot listen at {host}:{port} ({exc.strerror}); set another `listen` under [websub]."
            ) from exc
        try:
            yield
        finally:
            server.close()
    finally:
        await runner.cleanup()


def _guarded(runner: web.AppRunner) -> asyncio.Protocol:
    """Return what serves one connection: one of so many, and not for long without a request on it."""
    server = runner.server
    assert server is not None
    loop = asyncio.get_running_loop()
    protocol = server()
    if len(server.connections) >= MAX_CONNECTIONS:
        loop.call_soon(_cut, protocol)
    else:
        loop.call_later(HEAD_S, _cut_when_idle, protocol)
    return protocol


def _cut_when_idle(protocol: web.RequestHandler) -> None:
    """Cut a connection whose next request has not come whole, or look again later."""
    if protocol.transport is None:
        return
    if protocol._current_request is None:
        _cut(protocol)
    else:
        asyncio.get_running_loop().call_later(HEAD_S, _cut_when_idle, protocol)


def _cut(protocol: web.RequestHandler) -> None:
    if protocol.transport is not None:
        protocol.transport.abort()


def address(listen: str) -> tuple[str, int]:
    """Split the setting ``listen`` into host and port. Raises ``UsageError``."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"listen = {listen!r} under [websub] is no address; write host:port, such as 127.0.0.1:8075.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


class _Callbacks:
    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    async def verify(self, request: web.Request) -> web.Response:
        try:
            status, text = await self._pushes.verify(_name(request), request.query)
        except (TransientError, UnavailableError):
            return web.Response(status=503)
        return web.Response(status=status, text=text)

    async def receive(self, request: web.Request) -> web.Response:
        try:
            push = await self._pushes.find(_name(request))
        except (TransientError, UnavailableError):
            return web.Response(status=503)
        if push is None or push.ended is not None:
            return web.Response(status=404 if push is None else 410)
        try:
            async with asyncio.timeout(BODY_S):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        headers = request.headers
        return web.Response(
            status=self._pushes.receive(push, body, headers.get("X-Hub-Signature"), headers.get("Content-Type"))
        )


def _name(request: web.Request) -> str:
    return request.path.rpartition("/")[2]
