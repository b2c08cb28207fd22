"""Which network addresses strangers may send us to: public ones, by whatever way they are written or tunnelled."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# What this Python may still take for public. IPv4: carriers' own (RFC 6598), protocol assignments (6890), relays to
# 6to4 (7526).
_NOT_PUBLIC_4 = tuple(map(ipaddress.IPv4Network, ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24")))
# IPv6: all public addresses are in 2000::/3 (RFC 4291). Ways to IPv4: Teredo (4380), 6to4 (3056); protocol assignments
# (2928), documentation (3849, 9637).
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20")))
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: the IPv4 address stands in the last 32 bits
# What people type for a full stop between the parts of a name (RFC 3490, 3.1).
_FULL_STOPS = re.compile("[.\u3002\uff0e\uff61]")

_CREDENTIALS = re.compile(r"(?<=//)[^/?#\s]*@")


def ascii_host(host: str) -> str:
    """Return the name of a host as the name system knows it (RFC 5891): ``faß.example`` is another than ``fass``."""
    if not host.isascii():
        host = ".".join(map(_ascii_label, _FULL_STOPS.split(host)))
    return host.lower().rstrip(".")


def _ascii_label(label: str) -> str:
    label = unicodedata.normalize("NFKC", label).lower()
    return label if label.isascii() else f"xn--{label.encode('punycode', 'replace').decode()}"


def masked(text: str) -> str:
    """Return an address, or a text with addresses in it, fit to be shown: ``***`` for user information (RFC 3986)."""
    return _CREDENTIALS.sub("***@", text)


def parsed_address(text: str) -> Address:
    """Return an address, without its zone; one of IPv4 in IPv6's clothes as what it is. Raises ``ValueError``."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped


def may_reach(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Tell whether an address is public or in a network that is allowed."""
    return is_public(address) or any(address in network for network in allowed)


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet, and not to a tunnel into something else."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address not in _PUBLIC_6 or any(address in network for network in _NOT_PUBLIC_6):
        return False
    return int(address) >> 32 & 0xFFFFFFFF not in _ISATAP
