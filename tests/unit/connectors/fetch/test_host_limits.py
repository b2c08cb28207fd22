"""Turns at a host: never more at once than allowed, never sooner after one another than asked for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest

from connectors.fetch.host_limits import HostLimits, HostRestsError
from connectors.fetch.http import FetchError


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


def test_host_that_asked_for_rest_is_left_alone_and_others_are_not() -> None:
    async def work() -> None:
        limits = HostLimits(per_host=2)
        error = FetchError("status", "busy", 429, 3_600.0, "https://BUSY.example/moved")
        limits.heed(error, "https://other.example/")
        limits.heed(FetchError("status", "busy", 503), "https://other.example/")
        limits.heed(FetchError("status", "gone", 404, 3_600.0), "https://other.example/")
        async with limits.at("https://other.example/"):
            pass
        for attempt in (
            limits.at("https://busy.example/feed").__aenter__(),
            limits.permit("https://busy.example/feed"),
        ):
            with pytest.raises(HostRestsError, match="asked again in 60 min") as caught:
                await attempt
            assert 3_500 < (caught.value.retry_after_s or 0) <= 3_600

    asyncio.run(work())


def test_those_who_wait_for_a_host_learn_that_it_rests() -> None:
    asked: list[int] = []

    async def ask(limits: HostLimits, number: int) -> None:
        with suppress(HostRestsError):
            async with limits.at("https://busy.example/"):
                asked.append(number)
                await asyncio.sleep(0.01)
                limits.rest("https://busy.example/", 60)

    async def work() -> None:
        limits = HostLimits(per_host=1)
        await asyncio.gather(*(ask(limits, number) for number in range(9)))

    asyncio.run(work())
    assert asked == [0]


def test_feeds_keep_their_distance_without_asking_for_it() -> None:
    begun: list[float] = []

    async def fetch(limits: HostLimits) -> None:
        async with limits.at("https://a.example/"):
            begun.append(asyncio.get_running_loop().time())

    async def work() -> None:
        limits = HostLimits(per_host=4, spacing_s=0.03)
        await asyncio.gather(*(fetch(limits) for _ in range(3)))

    asyncio.run(work())
    assert all(later - earlier >= 0.0295 for earlier, later in pairwise(begun))


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
