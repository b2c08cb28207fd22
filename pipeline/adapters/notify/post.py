"""POST to an address that a stranger may have chosen: guarded network addresses, no redirects, bounded time and answer.

Each request has a connection and an event loop of its own, so that it can be made from any thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from connectors.fetch.guard import (
    PrivateAddressError,
    check_address,
    check_written_host,
    guarded_socket,
    networks,
    refused_address,
)
from connectors.fetch.headers import retry_after_s
from pipeline.adapters.notify.reasons import reason_of
from pipeline.errors import TerminalError, TransientError, UsageError
from pipeline.networks import Network
from pipeline.version import USER_AGENT

TIMEOUT_S = 10.0
MAX_WAIT_S = 3600.0
# Statuses after which the same request may succeed: timeout, conflict with itself, too early, too many.
REPEATABLE = (408, 409, 425, 429)
_STAGE = "notify"
_TARGET = re.compile(r"[!-~]*")
_ANYWHERE = networks(("0.0.0.0/0", "::/0"))
Result = TypeVar("Result")


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    identity: str,
    allow: Sequence[str] | None,
    proxy: str | None = None,
) -> str:
    """POST once and return the accepting status such as ``HTTP 204``.

    ``allow`` are private networks that may be reached, ``None`` all; a ``proxy`` is the operator's own, may be at a
    private address and resolves names itself. Raises ``TransientError`` or ``TerminalError``, neither with more of the
    address than the host.
    """
    host = urlsplit(url).hostname or ""
    allowed = _ANYWHERE if allow is None else networks(allow)
    try:
        if proxy is not None:
            check_written_host(host, allowed)
        status, wait_s = _run(_ask(url, body, headers, _ANYWHERE if proxy is not None else allowed, proxy))
    except TimeoutError:
        raise TransientError(f"{host}: no answer in time") from None
    except (PrivateAddressError, aiohttp.ClientError, OSError, ValueError) as exc:
        # Not "from exc": the errors of the client show the whole address, which may be a secret.
        if refused_address(exc) is not None:
            raise TerminalError(identity, _STAGE, f"{host} is at a private address") from None
        raise TransientError(f"{host}: {reason_of(exc)}") from None
    if 200 <= status < 300:
        return f"HTTP {status}"
    if status >= 500 or status in REPEATABLE:
        raise TransientError(f"{host}: HTTP {status}", min(wait_s or 0.0, MAX_WAIT_S))
    raise TerminalError(identity, _STAGE, f"{host}: HTTP {status}" + (" (not followed)" if status < 400 else ""))


def check(url: str, allow: Sequence[str] | None) -> None:
    """Raise ``UsageError`` when a URL is not one to post to, so that a mistake shows when it is made."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        URL(url, encoded=True)
    except ValueError as exc:
        raise UsageError(f"The address of the channel is not well formed: {exc}.") from exc
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise UsageError("A webhook's address is webhook+https:// with a host.")
    if not _TARGET.fullmatch(parts.path + parts.query + parts.netloc):
        raise UsageError("The address of the channel holds characters that belong percent-encoded in a URL.")
    try:
        check_written_host(host, _ANYWHERE if allow is None else networks(allow))
    except PrivateAddressError as exc:
        raise UsageError(
            f"{host} is a private address: add its network to `allow` under [notify] in the settings "
            "(or NEWSWIRE_NOTIFY_ALLOW), or name the channel under [channels]."
        ) from exc


def check_proxy(url: str) -> None:
    """Raise ``UsageError`` when a URL is not that of an HTTP proxy."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError("`proxy` under [notify] is no HTTP proxy; write http://[user:password@]host:port.")


def reachable(host: str, port: int, identity: str, allow: Sequence[str] | None) -> Iterator[str]:
    """Yield the addresses of a host to connect to: a name looked up again may answer differently."""
    allowed = _ANYWHERE if allow is None else networks(allow)
    for *_, target in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            check_address(str(target[0]), allowed)
        except PrivateAddressError as exc:
            raise TerminalError(identity, _STAGE, f"{host} is at a private address") from exc
        yield str(target[0])


async def _ask(
    url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[Network], proxy: str | None
) -> tuple[int, float | None]:
    """Return the status of the answer and the seconds that it asks to wait; its body is not read."""
    connector = aiohttp.TCPConnector(
        force_close=True, resolver=_Resolver(), use_dns_cache=False, socket_factory=guarded_socket(allowed)
    )
    async with (
        asyncio.timeout(TIMEOUT_S),
        aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        ) as session,
        session.post(
            # What is configured is sent as it is written: yarl's own quoting could change what a receiver signs.
            URL(url, encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
            proxy=proxy,
        ) as answer,
    ):
        return answer.status, retry_after_s(answer.headers.get("Retry-After"), datetime.now(UTC))


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


class _Resolver(AbstractResolver):
    """Resolve names in a daemon thread: neither the deadline nor the end of the program waits for a name server."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def settle(method: Callable[[Any], None], outcome: Any) -> None:
            if not answer.done():
                method(outcome)

        def tell(method: Callable[[Any], None], outcome: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any longer
                loop.call_soon_threadsafe(settle, method, outcome)

        def look_up() -> None:
            try:
                found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            except Exception as exc:  # noqa: BLE001 - the one who asked is told
                tell(answer.set_exception, exc)
            else:
                tell(answer.set_result, found)

        threading.Thread(target=look_up, name="resolver", daemon=True).start()
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=found, proto=protocol, flags=0)
            for found, _, protocol, _, address in await answer
        ]

    async def close(self) -> None:
        """Do nothing: the threads end by themselves."""
