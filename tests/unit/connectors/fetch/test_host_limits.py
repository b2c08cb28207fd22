"""Turns at a host: never more at once than allowed, never sooner after one another than asked for."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from connectors.fetch.host_limits import HostLimits


def test_no_more_fetches_at_a_host_than_allowed() -> None:
    limits, now, most = HostLimits(per_host=2), 0, 0

    async def fetch(url: str) -> None:
        nonlocal now, most
        async with limits.at(url):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.005)
            now -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(fetch(f"http://EXAMPLE.com/{number}") for number in range(20)))

    asyncio.run(all_of_them())
    assert most == 2


def test_fetches_at_a_host_keep_their_distance_and_other_hosts_do_not_wait() -> None:
    begun: list[tuple[str, float]] = []

    async def fetch(limits: HostLimits, host: str) -> None:
        async with limits.at(f"http://{host}/", spacing_s=0.03):
            begun.append((host, asyncio.get_running_loop().time()))

    async def all_of_them() -> None:
        limits = HostLimits(per_host=4)
        await asyncio.gather(*(fetch(limits, host) for host in "aaab"))

    asyncio.run(all_of_them())
    assert [host for host, _ in begun][:2] == ["a", "b"]
    moments = [moment for host, moment in begun if host == "a"]
    assert all(later - earlier >= 0.0295 for earlier, later in pairwise(moments))
