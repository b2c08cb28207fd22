"""What both search engines share: cursors, and verifying candidates with the reference matcher."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pipeline.adapters import cursors
from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.ports.search import SearchRequest
from pipeline.query.evaluate import MatchView, find

CHUNK = 200
# Candidates read per request for a query that the engine cannot answer exactly; a page may then be short.
MAX_VERIFIED = 5_000
MAX_SAMPLED = 1_000
# Copies looked at to count the groups that only copies are found of.
MAX_FOLDED = 20_000


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Stand after a document: its order key and id."""

    key: int
    id: str


class VerifiedHits(msgspec.Struct, frozen=True):
    """Hold a page's documents and, when there may be more, the cursor after the last one looked at."""

    documents: list[Document]
    following: Cursor | None


def write_cursor(cursor: Cursor | None) -> str | None:
    """Write a cursor as letters and digits that need no escaping in a URL."""
    return cursors.written(cursor) if cursor else None


def read_cursor(text: str | None) -> Cursor | None:
    """Read a cursor. Raises ``UsageError`` for one that no page gave out."""
    return None if text is None else cursors.read(text, Cursor)


def check_order(request: SearchRequest) -> None:
    """Raise ``UsageError`` for an order there is not."""
    if request.sort not in ("newest", "best"):
        raise UsageError(f"There is no order {request.sort!r}; sort by newest or best.")


def matches(document: Document, request: SearchRequest) -> bool:
    """Tell whether a document matches, by the reference matcher."""
    return request.query is None or find(request.query.root, MatchView(document), request.now) is not None


def collect(candidates: Iterable[tuple[int, Document]], request: SearchRequest, exact: bool) -> VerifiedHits:
    """Take a page from candidates in order, verifying each unless they are exact."""
    documents: list[Document] = []
    last: Cursor | None = None
    for examined, (key, document) in enumerate(candidates, 1):
        if exact or matches(document, request):
            if len(documents) == request.limit:
                return VerifiedHits(documents, last)
            documents.append(document)
        last = Cursor(key, document.id)
        if examined >= MAX_VERIFIED and not exact:
            return VerifiedHits(documents, last)
    return VerifiedHits(documents, None)


def estimate(count: int, sample: Sequence[Document], request: SearchRequest) -> tuple[int, bool]:
    """Return how many groups of ``count`` candidates match, going by the first, and whether that is an estimate.

    A group is an original with its copies; with ``copies``, each candidate is one of its own.
    """
    if not sample:
        return 0, False
    matching = [document for document in sample if matches(document, request)]
    found = len(matching) if request.copies else len({document.duplicate_of or document.id for document in matching})
    return (found, False) if count <= len(sample) else (round(count * found / len(sample)), True)


def refuse_to_read() -> UsageError:
    """Make the error for counting by a query of which too many candidates would have to be read."""
    return UsageError(
        f"More than {MAX_VERIFIED:,} articles would have to be read to count this; add a rarer word or a date."
    )
