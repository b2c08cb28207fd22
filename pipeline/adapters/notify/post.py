"""POST with the guards a stranger's address needs: checked network address, no redirects, bounded time and answer.

One connection per request, whose answer's head alone is read: what a notice needs, in as few waits as can be.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from pipeline.errors import TerminalError, TransientError, UsageError
from pipeline.networks import may_reach, parsed_address

TIMEOUT_S = 10.0
MAX_HEAD = 65_536
# Statuses after which the same request may succeed: timeout, conflict with itself, too early, too many.
REPEATABLE = (408, 409, 425, 429)
_STAGE = "notify"
_TARGET = re.compile(r"[!-~]*")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*(\d{1,6})[ \t]*\r\n", re.IGNORECASE)


def post(url: str, body: bytes, headers: Mapping[str, str], identity: str, allow: Sequence[str] | None) -> str:
    """POST once and return the accepting status such as ``HTTP 204``.

    ``allow`` are private networks that may be reached, ``None`` all. Raises ``TransientError`` or ``TerminalError``,
    neither with more of the address than the host.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    deadline = time.monotonic() + TIMEOUT_S
    try:
        with contextlib.closing(_connect(parts, deadline, identity, allow)) as connection:
            connection.sendall(_request(parts, body, headers))
            head = _read_head(connection, deadline)
    except TimeoutError as exc:
        raise TransientError(f"{host}: no answer in time") from exc
    except OSError as exc:
        raise TransientError(f"{host}: {type(exc).__name__}") from exc
    found = _STATUS.match(head)
    if found is None:
        raise TransientError(f"{host}: no answer in HTTP")
    status = int(found[1])
    if 200 <= status < 300:
        return f"HTTP {status}"
    if status >= 500 or status in REPEATABLE:
        wish = _RETRY_AFTER.search(head)
        raise TransientError(f"{host}: HTTP {status}", min(float(wish[1]), 3600.0) if wish else 0.0)
    raise TerminalError(identity, _STAGE, f"{host}: HTTP {status}" + (" (not followed)" if status < 400 else ""))


def check(url: str, allow: Sequence[str] | None) -> None:
    """Raise ``UsageError`` when a URL is not one to post to, so that a mistake shows when it is made."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise UsageError(f"The address of the channel is not well formed: {exc}.") from exc
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise UsageError("A webhook's address is webhook+https:// with a host.")
    if not _TARGET.fullmatch(parts.path + parts.query + parts.netloc):
        raise UsageError("The address of the channel holds characters that belong percent-encoded in a URL.")
    literal = "127.0.0.1" if host == "localhost" else host
    with contextlib.suppress(ValueError):
        if not _may_reach(literal, allow):
            raise UsageError(
                f"{host} is a private address: add its network to `allow` under [notify] in the settings "
                "(or NEWSWIRE_NOTIFY_ALLOW), or name the channel under [channels]."
            )


def _may_reach(address: str, allow: Sequence[str] | None) -> bool:
    if allow is None:
        return True
    return may_reach(parsed_address(address), [ipaddress.ip_network(network, strict=False) for network in allow])


def reachable(host: str, port: int, identity: str, allow: Sequence[str] | None) -> Iterator[str]:
    """Yield the addresses of a host to connect to: a name looked up again may answer differently."""
    for *_, target in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(target[0])
        if not _may_reach(address, allow):
            raise TerminalError(identity, _STAGE, f"{host} is at a private address")
        yield address


def _connect(parts: SplitResult, deadline: float, identity: str, allow: Sequence[str] | None) -> socket.socket:
    secure, host = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    failure = OSError("no address")
    for address in reachable(host, port, identity, allow):
        try:
            connection = socket.create_connection((address, port), timeout=_left(deadline))
        except OSError as exc:
            failure = exc
            continue
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return ssl.create_default_context().wrap_socket(connection, server_hostname=host) if secure else connection
    raise failure


def _request(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": "Newswire/0.1",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {target} HTTP/1.1\r\n{head}\r\n".encode() + body


def _read_head(connection: socket.socket, deadline: float) -> bytes:
    """Read up to the end of the answer's headers; a server that drips is cut off by the total time."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < MAX_HEAD:
        connection.settimeout(_left(deadline))
        received = connection.recv(8192)
        if not received:
            raise ConnectionResetError("the answer ended early")
        head += received
    return head[: head.find(b"\r\n\r\n") + 4]


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
