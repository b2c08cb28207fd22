"""An answer that is written part by part, so that it is never whole in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from starlette.responses import Response
from starlette.types import Send


class Written(Response):
    """Answer with JSON in parts."""

    media_type = "application/json"

    def __init__(self, parts: Iterator[bytes]) -> None:
        super().__init__()
        self.parts = parts
        del self.headers["content-length"]

    async def send_parts(self, send: Send, in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        """Send the answer, each part made in a thread. A failure on the way ends the connection: it must be seen."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while (part := await in_thread(partial(next, self.parts, None))) is not None:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
