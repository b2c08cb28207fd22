"""WebSub over a table that fails: hub and subscriber agree in the end, no ping is lost, and it stops when asked."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched
from connectors.websub import Offer, Push
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TransientError, UnavailableError
from pipeline.runners.polling import pushes as module
from pipeline.runners.polling.pushes import Pushes
from tests.fakes.flaky import Faults, Flaky, flaky_transaction

FEED, HUB = "http://site.test/feed", "http://hub.test/"
BODIES = {b"<rss>1</rss>", b"<rss>2</rss>", b"<rss>3</rss>"}


class Hub:
    """Ask back as hubs do, over the very methods that the listener calls; who answers with an error is refused."""

    def __init__(self) -> None:
        self.pushes: Pushes | None = None
        self.confirmed = False
        self.asked: Mapping[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def post(self, url: str, form: Mapping[str, str]) -> None:
        self.asked = dict(form)
        self._tasks.add(asyncio.create_task(self._ask_back(form)))

    @property
    def name(self) -> str:
        return self.asked["hub.callback"].rpartition("/")[2]

    async def publish(self, body: bytes) -> bool:
        assert self.pushes is not None
        push = await self.pushes.find(self.name)
        if push is None:
            return False
        signature = "sha256=" + hmac.new(self.asked["hub.secret"].encode(), body, hashlib.sha256).hexdigest()
        return self.pushes.receive(push, body, signature, "text/xml") == 202

    async def _ask_back(self, form: Mapping[str, str]) -> None:
        assert self.pushes is not None
        query = {"hub.mode": form["hub.mode"], "hub.topic": form["hub.topic"], "hub.challenge": "c"}
        try:
            status, text = await self.pushes.verify(self.name, query | {"hub.lease_seconds": "864000"})
        except Exception:  # noqa: BLE001 - the listener answers 500 then
            self.confirmed = False
        else:
            self.confirmed = (status, text) == (200, "c")


class Feeds:
    """Be the polling loop: offer a hub, and keep what was pushed."""

    def __init__(self) -> None:
        self.taken: list[bytes | None] = []

    def offers(self) -> Mapping[str, Offer]:
        return {FEED: Offer((HUB,), FEED)}

    def owns(self, url: str) -> bool:
        return True

    async def take(self, url: str, pushed: Fetched | None) -> None:
        self.taken.append(pushed.body if pushed is not None else None)

    def hasten(self, url: str, within_s: float | None = None) -> None:
        return


@asynccontextmanager
async def _quiet(pushes: Pushes) -> AsyncIterator[None]:
    yield


async def scene(database: Database, faults: Faults) -> tuple[Hub, Feeds, Push]:
    """Subscribe, be pushed to and stop; return both sides and what is kept."""
    hub, feeds, table = Hub(), Feeds(), SqliteTable(database, "pushes")
    now = [datetime(2026, 11, 25, tzinfo=UTC)]
    pushes = hub.pushes = Pushes(
        # What ``changes`` tells, it tells once: an adapter that fails has not told it.
        table=Flaky(table, faults, ("changes",) if faults.after else ()),
        transaction=flaky_transaction(database.transaction, faults),
        fetcher=hub,  # type: ignore[arg-type]
        limits=HostLimits(2),
        clock=lambda: now[0],
        base="http://me.test",
        listen=_quiet,
        fewer_polls=10.0,
        report=lambda url, error: None,
    )

    def kept() -> Push | None:
        rows = [msgspec.json.decode(value, type=Push) for _, value in table.items()]
        return rows[0] if len(rows) == 1 else None

    def agreed() -> bool:
        push = kept()
        return hub.confirmed and push is not None and push.until is not None

    left = sorted(BODIES)
    async with pushes.serving(feeds):
        deadline = time.monotonic() + 20
        while not agreed() or left or set(feeds.taken) != BODIES:
            assert time.monotonic() < deadline, (hub.confirmed, kept(), left, feeds.taken)
            if agreed() and left:
                try:
                    if await hub.publish(left[0]):
                        left.pop(0)
                except Exception:  # noqa: BLE001 - the hub sends it again
                    pass
            now[0] += timedelta(seconds=30)
            await asyncio.sleep(0.002)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 5
    push = kept()
    assert push is not None
    return hub, feeds, push


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.001)


@pytest.mark.parametrize("error", [TransientError, UnavailableError, ValueError])
@pytest.mark.parametrize("after", [False, True], ids=["not done", "answer lost"])
def test_whatever_call_fails_the_hub_is_agreed_with_and_each_ping_is_taken_in_once(error: Any, after: bool) -> None:
    for number in range(1, 13):
        with Database(":memory:") as database:
            faults = Faults(number, error=lambda: error("a fault"), after=after)
            hub, feeds, push = asyncio.run(scene(database, faults))
            assert (number, sorted(BODIES)) == (number, sorted(each for each in feeds.taken if each is not None))
            assert (number, hub.asked["hub.secret"]) == (number, push.secret)
