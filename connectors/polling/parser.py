"""Child processes that read what strangers wrote: one that takes too long is killed, and the program goes on."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from connectors.fetch.child import DEADLINE_S, Arguments, Child, Result
from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.polling.reading import FeedReading, Finish, Origin, Parse, read

# While one of them takes its time over one document, the others' come by.
CHILDREN = 2


class Parser:
    """Read feeds in child processes with a deadline, as many at a time as there are children.

    ``finish`` makes there of each new article what is needed of it later, where one is given.
    """

    def __init__(self, deadline_s: float = DEADLINE_S, children: int = CHILDREN, finish: Finish | None = None) -> None:
        self._finish = finish
        self._children = [Child(deadline_s) for _ in range(children)]
        # The one that was used last comes first, so that a second is started only when it is needed.
        self._free: queue.LifoQueue[Child] = queue.LifoQueue()
        for child in reversed(self._children):
            self._free.put(child)
        # Threads of their own: who waits for a child keeps nobody else from a thread.
        self._threads = ThreadPoolExecutor(children, "parser")

    def parse(self, body: bytes, content_type: str | None, url: str, parse: Parse = parse_document) -> ParsedFeed:
        """Parse one document. Raises ``NotAFeedError``, also when the deadline passed or the child died."""
        return self._call(url, parse, body, content_type, url)

    def read(
        self,
        body: bytes,
        content_type: str | None,
        url: str,
        origin: Origin,
        seen: datetime,
        recent: bytes | None,
        kept: int,
        parse: Parse = parse_document,
    ) -> FeedReading:
        """Read what is new in one document. Raises ``NotAFeedError`` as ``parse`` does."""
        return self._call(url, read, body, content_type, url, origin, seen, recent, kept, parse, self._finish)

    async def read_beside(
        self,
        body: bytes,
        content_type: str | None,
        url: str,
        origin: Origin,
        seen: datetime,
        recent: Callable[[], bytes | None],
        kept: int,
        parse: Parse = parse_document,
    ) -> FeedReading:
        """Read as ``read`` does, in a thread that is there for that alone; ``recent`` is called in it."""

        def run() -> FeedReading:
            return self.read(body, content_type, url, origin, seen, recent(), kept, parse)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def call(
        self, function: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """Call a module's function in a child. Raises as ``Child.call``."""
        child = self._free.get()
        try:
            return child.call(function, *arguments, **options)
        finally:
            self._free.put(child)

    @property
    def child(self) -> Child:
        """Return a child, for what is called in turn anyway."""
        return self._children[0]

    def close(self) -> None:
        """End the children; idempotent."""
        for child in self._children:
            child.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _call(
        self, url: str, function: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        try:
            return self.call(function, *arguments, **options)
        except NotAFeedError:
            raise
        except TimeoutError as exc:
            message = f"{url} could not be parsed within {self._children[0].deadline_s:g} s; it was left out."
            raise NotAFeedError(message) from exc
        except (EOFError, OSError) as exc:
            raise NotAFeedError(f"{url} ended the process that parses it; it was left out.") from exc
        except Exception as exc:
            raise NotAFeedError(f"{url} could not be parsed ({type(exc).__name__}); it was left out.") from exc
