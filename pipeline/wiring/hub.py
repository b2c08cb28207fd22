"""Wire the hub of our own feeds: what it asks of the store, and how it reaches those who follow them."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.config import Settings
from pipeline.errors import NewswireError, UnavailableError, UsageError
from pipeline.wiring.stores import Store, clock

if TYPE_CHECKING:
    from pipeline.services.hub_rounds import Called
    from pipeline.web.desk import Desk

# News is told so soon after it can be found; who subscribes is asked back as soon.
EVERY_S = 3.0
TIMEOUT_S = 10.0
MOST_ANSWER_BYTES = 1_000
STOP_S = 5.0
# Of several processes one tells; a call takes less than this, after which another takes the place of a dead one.
TURN = timedelta(seconds=30)
_TURN = "turn of the hub"


@contextmanager
def telling(opened: Store, desk: Desk) -> Iterator[None]:
    """Tell the followers of our feeds of news, in a thread of its own, for as long as the block runs."""
    from pipeline.runners.upkeep import Chore, UpkeepLoop
    from pipeline.services.hub_rounds import HubRounds
    from pipeline.web.outgoing import published

    holder = secrets.token_hex(8)
    rounds = HubRounds(
        desk.hub,
        publish=lambda topic: published(desk, topic),
        call=lambda url, body, headers: call(opened.settings, url, body, headers),
        position=desk.arrivals.end,
        clock=clock,
        has_turn=lambda: desk.passing.is_held(_TURN, holder, TURN),
    )
    stop = threading.Event()
    loop = UpkeepLoop([Chore("telling the followers of feeds", rounds.step)], EVERY_S)
    thread = threading.Thread(target=loop.run, args=(stop,), name="hub", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(STOP_S)
        with suppress(NewswireError):  # where the store is away, the turn is over soon
            if desk.passing.get(_TURN) == holder.encode():
                desk.passing.remove(_TURN)


def call(settings: Settings, url: str, body: bytes | None, headers: Mapping[str, str]) -> Called:
    """Ask a callback, or send it a body, under the rules that keep every fetch out of private networks.

    Raises ``UsageError`` for an address that may not be asked, ``UnavailableError`` where nobody answers.
    """
    from connectors.fetch.http import Fetcher, FetchError
    from pipeline.services.hub_rounds import Called

    async def run() -> Called:
        fetch = settings.fetch
        fetcher = Fetcher(user_agent=fetch.user_agent, allow=fetch.allow, timeout_s=min(fetch.timeout_s, TIMEOUT_S))
        async with fetcher as fetching:
            if body is not None:
                return Called((await fetching.post(url, body, headers)).status)
            answer = await fetching.fetch(url, headers, keep_bytes=MOST_ANSWER_BYTES)
            return Called(answer.status, answer.body or b"")

    try:
        return asyncio.run(run())
    except FetchError as exc:
        if exc.status is not None:
            return Called(exc.status)
        raise UsageError(str(exc)) if exc.kind == "address" else UnavailableError(str(exc)) from exc
