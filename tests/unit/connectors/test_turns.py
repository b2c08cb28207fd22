"""Turns at a host: never more at once than allowed, never sooner after one another than asked for."""

from __future__ import annotations

import asyncio

from connectors.turns import HostTurns


def test_no_more_fetches_at_a_host_than_allowed() -> None:
    turns, now, most = HostTurns(per_host=2), 0, 0

    async def fetch(url: str) -> None:
        nonlocal now, most
        async with turns.of(url):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(fetch(f"http://EXAMPLE.com/{number}") for number in range(20)))

    asyncio.run(all_of_them())
    assert most == 2


def test_fetches_at_a_host_keep_their_distance_and_other_hosts_do_not_wait() -> None:
    begun: dict[str, list[float]] = {"a": [], "b": []}

    async def fetch(turns: HostTurns, host: str) -> None:
        async with turns.of(f"http://{host}/", spacing_s=0.03):
            begun[host].append(asyncio.get_running_loop().time())

    async def all_of_them() -> None:
        turns = HostTurns(per_host=4)
        await asyncio.gather(*(fetch(turns, host) for host in "aaab"))

    asyncio.run(all_of_them())
    gaps = [later - earlier for earlier, later in zip(begun["a"], begun["a"][1:], strict=False)]
    assert all(gap >= 0.029 for gap in gaps)
    assert begun["b"][0] - begun["a"][0] < 0.02
