"""What a proxy that is believed says of a request: who asked it, over which scheme, by which name."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.errors import UsageError
from pipeline.web.security import HEADERS, host_of, is_loopback

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Where the address stands from which a request came to us, once that from which it came to the proxy is its client.
_PEER = "newswire.peer"
_UNLOCKED = (
    "A proxy passed this on from another machine, and nothing is asked of who comes in: set password under [web]."
)


def networks(proxies: Iterable[str]) -> tuple[Network, ...]:
    """Read the addresses and networks of proxies. Raises ``UsageError``."""
    found = []
    for each in proxies:
        try:
            found.append(ipaddress.ip_network(each.strip(), strict=False))
        except ValueError as exc:
            raise UsageError(f"{each[:100]!r} of proxies under [web] is no address, such as 10.0.0.2.") from exc
    return tuple(found)


def is_among(address: str, proxies: Sequence[Network]) -> bool:
    """Tell whether an address is one of these; an IPv4 address in IPv6 is that IPv4 address."""
    try:
        found = ipaddress.ip_address(address.strip().strip("[]"))
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in proxies)


class FromProxies:
    """Show the app a request that a proxy passes on as it came to the proxy: X-Forwarded-For, -Proto and -Host.

    Of several values the last counts, which the proxy nearest to us wrote: what comes before may be anybody's. Of the
    addresses the last that is no proxy itself counts. While ``is_open`` says that everybody on this machine is let in,
    nobody from another is.
    """

    def __init__(self, app: ASGIApp, proxies: Iterable[str], is_open: Callable[[], bool]) -> None:
        self._app = app
        self._proxies = networks(proxies)
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope.get("client") and is_among(scope["client"][0], self._proxies):
            scope = self._as_it_came(scope)
            if not is_loopback(scope["client"][0]) and self._is_open():
                await Response(_UNLOCKED, 403, HEADERS, "text/plain")(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _as_it_came(self, scope: Scope) -> Scope:
        client, _ = scope["client"]
        after: dict[str, Any] = {**scope, _PEER: client}
        if (scheme := _last(scope, b"x-forwarded-proto").casefold()) in ("http", "https"):
            after["scheme"] = scheme
        if host_of(host := _last(scope, b"x-forwarded-host")):
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            after["headers"] = [*others, (b"host", host.encode("latin-1"))]
        for address in reversed(_values(scope, b"x-forwarded-for")):
            try:
                client = str(ipaddress.ip_address(_without_port(address)))
            except ValueError:
                break  # what stands before was told by nobody whom we believe
            if not is_among(client, self._proxies):
                break
        after["client"] = (client, 0)
        return after


def peer_of(scope: Scope) -> str:
    """Return the address that a request came to us from, whoever passed it on."""
    client = scope.get("client")
    peer: str = scope.get(_PEER) or (client[0] if client else "")
    return peer


def _values(scope: Scope, name: bytes) -> list[str]:
    lines = [value.decode("latin-1") for header, value in scope["headers"] if header == name]
    return [part.strip() for line in lines for part in line.split(",")]


def _last(scope: Scope, name: bytes) -> str:
    return (_values(scope, name) or [""])[-1]


def _without_port(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
