"""Only public addresses may be reached, however they are written."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.fetch.guard import PrivateAddressError, check_address
from pipeline.networks import is_public, may_reach, parsed_address


@pytest.mark.parametrize(
    "address",
    """
    127.0.0.1 127.255.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 100.64.0.1 100.127.0.1
    0.0.0.0 0.1.2.3 192.0.0.1 192.0.0.9 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 192.88.99.1
    224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 fec0::1 ff02::1 ff0e::1 100::1 2001:db8::1 3fff::1 5f00::1 4000::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1
    2002:7f00:1:: 2002:808:808::1 2001::1 2001:0:1::1 2001:10::1 2001:20::1 2a00::5efe:10.0.0.1 2a00::200:5efe:a00:1
    """.split(),
)
def test_private_addresses_are_refused(address: str) -> None:
    with pytest.raises(PrivateAddressError, match="not a public address"):
        check_address(address)


@pytest.mark.parametrize(
    "address",
    "93.184.216.34 8.8.8.8 172.32.0.1 100.128.0.1 198.20.0.1 ::ffff:8.8.8.8 2606:2800:220:1:248:1893:25c8:1946 "
    "2001:4860:4860::8888 2a00:1450:4001::200e".split(),
)
def test_public_addresses_are_not(address: str) -> None:
    check_address(address)


def test_allowed_networks_are_reached_in_either_spelling() -> None:
    allowed = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("fd00::/8")]
    reached = {
        text: may_reach(parsed_address(text), allowed)
        for text in ("127.0.0.1", "::ffff:127.0.0.1", "fd00::1%eth0", "10.0.0.1", "::1")
    }
    assert reached == {
        "127.0.0.1": True, "::ffff:127.0.0.1": True, "fd00::1%eth0": True, "10.0.0.1": False, "::1": False
    }  # fmt: skip


@given(st.ip_addresses(v=4))
def test_ipv4_in_the_clothes_of_ipv6_is_judged_as_what_it_is(address: ipaddress.IPv4Address) -> None:
    assert is_public(parsed_address(f"::ffff:{address}")) == is_public(address)
    assert not is_public(ipaddress.IPv6Address((0x64FF9B << 96) | int(address)))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert not is_public(address) or address.is_global
