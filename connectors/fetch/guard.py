"""Guard the network: connect to public addresses and to private networks that settings allow, and to no others.

The check is made on the address that a socket is about to connect to, so that neither a redirect nor a changed DNS
answer gets past it. For aiohttp: give ``guarded_socket`` to the connector and ask ``refused_address`` about its errors.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipeline.errors import NewswireError
from pipeline.networks import Network, may_reach, parsed_address


class PrivateAddressError(NewswireError):
    """Refuse an IP ``address`` that is neither public nor in an allowed network."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address")
        self.address = address


def networks(allow: Iterable[str]) -> tuple[Network, ...]:
    """Parse networks in CIDR notation; bits beyond the prefix are ignored. Raises ``ValueError``."""
    return tuple(ipaddress.ip_network(network, strict=False) for network in allow)


def check_address(address: str, allowed: Sequence[Network] = ()) -> None:
    """Raise ``PrivateAddressError`` unless an IP address is public or in an allowed network."""
    if not may_reach(parsed_address(address), allowed):
        raise PrivateAddressError(address)


def check_written_host(host: str, allowed: Sequence[Network] = ()) -> None:
    """Raise ``PrivateAddressError`` for a host written as a private IP address or as localhost; resolve no name."""
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    try:
        # Resolvers take 0x7f.1 and 2130706433 for an address, too.
        numeric = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return
    for *_, address in numeric:
        check_address(str(address[0]), allowed)


def guarded_socket(allowed: Sequence[Network]) -> Callable[[Any], socket.socket]:
    """Return a socket factory for ``aiohttp.TCPConnector`` that raises ``PrivateAddressError`` before connecting."""

    def open_socket(address_info: Any) -> socket.socket:
        family, kind, protocol, _, address = address_info
        check_address(address[0], allowed)
        return socket.socket(family=family, type=kind, proto=protocol)

    return open_socket


def refused_address(error: BaseException) -> PrivateAddressError | None:
    """Return the guard's refusal if it is what caused an error of the HTTP client."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, PrivateAddressError):
        cause = cause.__cause__ or cause.__context__
    return cause
