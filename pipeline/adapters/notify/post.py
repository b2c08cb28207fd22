"""POST with the guards a stranger's address needs: checked network address, no redirects, bounded time and answer."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from pipeline.errors import TerminalError, TransientError, UsageError

TIMEOUT_S = 10.0
MAX_ANSWER = 16_384
# Statuses after which the same request may succeed: timeout, conflict with itself, too early, too many.
REPEATABLE = (408, 409, 425, 429)
_STAGE = "notify"


def post(url: str, body: bytes, headers: Mapping[str, str], identity: str, allow: Sequence[str] | None) -> str:
    """POST once and return the accepting status such as ``HTTP 204``.

    ``allow`` are private networks that may be reached, ``None`` all. Raises ``TransientError`` or ``TerminalError``,
    neither with more of the address than the host.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    connection = _Guarded(host, parts.port or (443 if secure else 80), allow, secure=secure, identity=identity)
    # Timeouts of sockets are per read; a server that drips is cut off here.
    deadline = threading.Timer(TIMEOUT_S, connection.cut)
    deadline.daemon = True
    deadline.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=body, headers={"User-Agent": "Newswire/0.1", **headers})
        answer = connection.getresponse()
        status, after = answer.status, answer.getheader("Retry-After")
        answer.read(MAX_ANSWER)
        if connection.was_cut:
            # What came before the cut can look like a whole answer.
            raise TimeoutError
    except (OSError, http.client.HTTPException) as exc:
        reason = "no answer in time" if connection.was_cut or isinstance(exc, TimeoutError) else type(exc).__name__
        raise TransientError(f"{host}: {reason}") from exc
    finally:
        deadline.cancel()
        connection.close()
    if 200 <= status < 300:
        return f"HTTP {status}"
    if status >= 500 or status in REPEATABLE:
        raise TransientError(f"{host}: HTTP {status}", _retry_after(after))
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
    literal = "127.0.0.1" if host == "localhost" else host
    with contextlib.suppress(ValueError):
        if not may_reach(ipaddress.ip_address(literal), allow):
            raise UsageError(
                f"{host} is a private address: add its network to `allow` under [notify] in the settings "
                "(or NEWSWIRE_NOTIFY_ALLOW), or name the channel under [channels]."
            )


def may_reach(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allow: Sequence[str] | None) -> bool:
    """Tell whether an address is public, or in one of the networks allowed."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return may_reach(mapped, allow)
    if allow is None or (address.is_global and not address.is_multicast):
        return True
    return any(address in ipaddress.ip_network(network, strict=False) for network in allow)


class _Guarded(http.client.HTTPConnection):
    """Connect to the very address that was checked: a name looked up twice may answer differently."""

    def __init__(self, host: str, port: int, allow: Sequence[str] | None, *, secure: bool, identity: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._allow = allow
        self._secure = secure
        self._identity = identity
        self.was_cut = False

    def connect(self) -> None:
        """Connect to the first address that may be reached and answers."""
        failure: OSError | None = None
        for *_, target in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
            address = str(target[0])
            if not may_reach(ipaddress.ip_address(address.partition("%")[0]), self._allow):
                raise TerminalError(self._identity, _STAGE, f"{self.host} is at a private address")
            try:
                self.sock = socket.create_connection((address, self.port), timeout=TIMEOUT_S)
            except OSError as exc:
                failure = exc
                continue
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:
                self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
            return
        raise failure or OSError("no address")

    def cut(self) -> None:
        """End the exchange from another thread."""
        self.was_cut = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def _retry_after(header: str | None) -> float:
    return min(float(header), 3600.0) if header and header.strip().isdigit() else 0.0
