"""Full text beside the polling loop: an article waits a while for its page, and never longer.

What is not there by then goes out with the feed's text, and again, as a revision, when its page has come. A page that
failed for a passing reason is tried twice more; until then, and if the process ends first, the feed's text stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from connectors.fetch.http import FetchError
from connectors.pages.fulltext import PageError
from connectors.pages.pages import Filled, Pages, is_passing
from connectors.polling.reading import FeedReading
from connectors.polling.subscription import Subscription, headers_for, proxy_for
from pipeline.model import Article

PATIENCE_S = 60.0
AGAIN_S = (300.0, 1_800.0)
LONGEST_WAIT_S = 3_600.0
WAITS_MAX = 10_000
TOGETHER_S = 2.0  # pages that come within this are published together, with the poll
LOOK_S = 0.05
EXTRA_MISSING = (
    "Full text needs the extra `fulltext`: pip install 'newswire[fulltext]' (or switch it off with --no-fulltext); "
    "until then the feed's own text is used."
)

Deliver = Callable[[Article], Awaitable[bool]]  # whether it was published


class FullText:
    """Fill articles from their pages, many at a time, and deliver what comes late."""

    def __init__(self, pages: Pages, patience_s: float = PATIENCE_S, again_s: Sequence[float] = AGAIN_S) -> None:
        self._pages = pages
        self._patience_s = patience_s
        self._again_s = tuple(again_s)
        self._waits: dict[str, _PageWait] = {}

    async def fill(self, subscription: Subscription, reading: FeedReading, deliver: Deliver) -> FeedReading:
        """Wait for the pages of a reading's articles; return it with those that are still to be published then.

        Where it takes longer, ``deliver`` gets each article as its page comes, so that none waits for the others.
        """
        waiting = {article.id: (article, self._begin(subscription, article, deliver)) for article in reading.articles}
        deadline = asyncio.get_running_loop().time() + self._patience_s
        note = None
        ready: list[Article] = []
        while waiting:
            left_s = deadline - asyncio.get_running_loop().time()
            firsts = [wait.first for _, wait in waiting.values() if wait is not None]
            if firsts:
                await asyncio.wait(firsts, timeout=max(0.0, min(left_s, TOGETHER_S)))
            is_over = asyncio.get_running_loop().time() >= deadline
            for article, wait in list(waiting.values()):
                if wait is not None and not wait.first.done() and not is_over:
                    continue
                outcome = wait.outcome() if wait is not None else "Too many pages are waited for."
                del waiting[article.id]
                if isinstance(outcome, Filled):
                    ready.append(outcome.article)
                    note = note if outcome.verdict.better else f"{article.url}: {outcome.verdict.reason}."
                else:
                    ready.append(article)
                    note = outcome or note
            if waiting:
                ready = [article for article in ready if not await deliver(article)]
        return msgspec.structs.replace(reading, articles=tuple(ready), full_text_note=note)

    async def settle(self) -> None:
        """Return when every page has been tried once and what came of it is delivered."""
        while any(not wait.tried for wait in self._waits.values()):
            await asyncio.sleep(LOOK_S)

    async def close(self) -> None:
        """Give up the pages that are still waited for."""
        tasks = [wait.task for wait in self._waits.values() if wait.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, subscription: Subscription, article: Article, deliver: Deliver) -> _PageWait | None:
        older = self._waits.pop(article.id, None)
        if older is not None and older.task is not None:
            older.task.cancel()  # its page would bring back what the feed has since changed
        if len(self._waits) >= WAITS_MAX:
            return None
        wait = self._waits[article.id] = _PageWait()
        wait.task = asyncio.create_task(self._read(subscription, article, wait, deliver))
        return wait

    async def _read(self, subscription: Subscription, article: Article, wait: _PageWait, deliver: Deliver) -> None:
        try:
            for wait_s in (*self._again_s, None):
                try:
                    headers = headers_for(subscription, article.url or "")
                    filled = await self._pages.fill(article, headers, proxy_for(subscription))
                except (FetchError, PageError) as exc:
                    wait.tell(str(exc))
                    if wait_s is None or not is_passing(exc):
                        return
                    asked = exc.retry_after_s if isinstance(exc, FetchError) else None
                    await asyncio.sleep(min(max(wait_s, asked or 0.0), LONGEST_WAIT_S))
                    continue
                if not wait.tell(filled) and filled.verdict.better:
                    await deliver(filled.article)
                return
        finally:
            wait.tell("It was given up.")
            wait.tried = True
            if self._waits.get(article.id) is wait:
                del self._waits[article.id]


class _PageWait:
    """Follow one article's page: ``first`` is what came of it, as long as somebody waits for that."""

    def __init__(self) -> None:
        self.first: asyncio.Future[Filled | str] = asyncio.get_running_loop().create_future()
        self.tried = False
        self.task: asyncio.Task[None] | None = None

    def tell(self, outcome: Filled | str) -> bool:
        """Say what came of it; return whether that was still waited for."""
        waited_for = not self.first.done()
        if waited_for:
            self.first.set_result(outcome)
        self.tried = self.tried or waited_for or isinstance(outcome, str)
        return waited_for

    def outcome(self) -> Filled | str | None:
        """Return what came of it, or nothing so far; it is waited for no longer."""
        if not self.first.done():
            self.first.cancel()
        return None if self.first.cancelled() else self.first.result()
