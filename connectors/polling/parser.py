"""A child process that reads what strangers wrote: when that takes too long it is killed, and the program goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.fetch.child import DEADLINE_S, Arguments, Child, Result
from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.polling.reading import FeedReading, Origin, read


class Parser:
    """Read feeds in a child process with a deadline."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self.child = Child(deadline_s)

    def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        """Parse one document. Raises ``NotAFeedError``, also when the deadline passed or the child died."""
        return self._call(url, parse_document, body, content_type, url)

    def read(
        self,
        body: bytes,
        content_type: str | None,
        url: str,
        origin: Origin,
        seen: datetime,
        recent: bytes | None,
        kept: int,
    ) -> FeedReading:
        """Read what is new in one document. Raises ``NotAFeedError`` as ``parse`` does."""
        return self._call(url, read, body, content_type, url, origin, seen, recent, kept)

    def close(self) -> None:
        """End the child; idempotent."""
        self.child.close()

    def _call(
        self, url: str, function: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        try:
            return self.child.call(function, *arguments, **options)
        except NotAFeedError:
            raise
        except TimeoutError as exc:
            message = f"{url} could not be parsed within {self.child.deadline_s:g} s; it was left out."
            raise NotAFeedError(message) from exc
        except (EOFError, OSError) as exc:
            raise NotAFeedError(f"{url} ended the process that parses it; it was left out.") from exc
        except Exception as exc:
            raise NotAFeedError(f"{url} could not be parsed ({type(exc).__name__}); it was left out.") from exc
