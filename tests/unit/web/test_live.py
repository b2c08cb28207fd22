"""One look at the store for all who listen: pages that open at once, leave at once, and a look that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.errors import UnavailableError
from pipeline.model import Document
from pipeline.web import live as module
from pipeline.web.live import Live
from pipeline.web.rendering import Rendering
from tests.fakes.web import Page, page

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PATIENCE_S = 30.0


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    with page() as served:
        yield served


class Threads:
    """Do work after a moment in which others go on, and fail with the errors that are left."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.ends = 0

    async def __call__(self, work: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        self.ends += getattr(work, "__name__", "") == "end"
        if self.errors:
            raise self.errors.pop()
        return work()


async def articles(events: AsyncIterator[bytes], count: int) -> list[bytes]:
    """Return so many events of articles."""
    found: list[bytes] = []
    async for chunk in events:
        if chunk.startswith(b"event: article"):
            found.append(chunk)
        if len(found) == count:
            break
    return found


async def begun(events: AsyncIterator[bytes]) -> None:
    async for chunk in events:
        if chunk.startswith(b"event: position"):
            return


def document(name: str) -> Document:
    return Document(id=name, source="wire", seen=NOW, title=name)


def test_pages_that_open_at_once_share_one_look(served: Page) -> None:
    threads = Threads()
    live = Live(served.desk, threads, Rendering(served.desk))

    async def listening() -> None:
        streams = [live._events(None, None, "") for _ in range(3)]
        await asyncio.gather(*map(begun, streams))
        assert threads.ends == 1
        for name in ("a", "b"):
            served.put(document(name))
            told = await asyncio.wait_for(asyncio.gather(*(articles(each, 1) for each in streams)), PATIENCE_S)
            assert [f'"{name}"'.encode() in each[0] for each in told] == [True] * 3
        for each in streams:
            await each.aclose()  # type: ignore[attr-defined]

    asyncio.run(listening())
    assert live._listeners == {}


def test_look_that_fails_in_an_unforeseen_way_is_told_and_repeated(
    served: Page, caplog: pytest.LogCaptureFixture
) -> None:
    threads = Threads()
    live = Live(served.desk, threads, Rendering(served.desk))

    async def listening() -> None:
        stream = live._events(None, None, "")
        await begun(stream)
        threads.errors = [KeyError("a bug"), UnavailableError("away")]
        served.put(document("a"))
        assert len(await asyncio.wait_for(articles(stream, 1), PATIENCE_S)) == 1
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(listening())
    assert caplog.text.count("could not be looked for") == 1


def test_page_that_cannot_begin_or_leaves_at_once_is_forgotten(served: Page) -> None:
    threads = Threads()
    threads.errors = [UnavailableError("away")]
    live = Live(served.desk, threads, Rendering(served.desk))

    async def listening() -> None:
        with pytest.raises(UnavailableError):
            await begun(live._events(None, None, ""))
        task = asyncio.create_task(begun(live._events(None, None, "")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert live._listeners == {}

    asyncio.run(listening())
