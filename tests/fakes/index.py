"""A search index in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from pipeline.model import Document
from pipeline.ports.search import Count, Day, SearchPage, SearchRequest
from tests.fakes.archive import Archive


class MemoryIndex:
    """Search an archive by the matcher; an article is like another when they share a word of the title."""

    def __init__(self, archive: Archive | None = None) -> None:
        self.archive = archive or Archive()
        self.limits: list[int] = []

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents."""
        return self.archive.upsert(documents)

    def get(self, article_id: str) -> Document | None:
        """Return a document with the ids of its copies."""
        kept = self.archive.written.get(article_id)
        if kept is None:
            return None
        copies = tuple(d.id for _, d in self.archive.written.values() if d.duplicate_of == article_id)
        return msgspec.structs.replace(kept[1], copies=copies)

    def search(self, request: SearchRequest) -> SearchPage:
        """Return one page, newest first."""
        self.limits.append(request.limit)
        found, at = self._found(request), int(request.cursor or 0)
        page = tuple(found[at : at + request.limit])
        following = str(at + len(page)) if at + len(page) < len(found) else None
        return SearchPage(documents=page, total=len(found), cursor=following)

    def facets(self, request: SearchRequest, field: str, limit: int = 20) -> Sequence[Count]:
        """Count by source, language or story."""
        names = {"story": "story_id"}
        values = Counter(str(getattr(d, names.get(field, field))) for d in self._found(request))
        return [Count(value=value, documents=n) for value, n in values.most_common(limit)]

    def timeline(self, request: SearchRequest) -> Sequence[Day]:
        """Count by day."""
        everything = self._found(msgspec.structs.replace(request, query=None))
        every = Counter((d.published or d.seen).date().isoformat() for d in everything)
        days = Counter((d.published or d.seen).date().isoformat() for d in self._found(request))
        return [Day(day=day, documents=n, all=every[day]) for day, n in sorted(days.items())]

    def similar(self, document: Document, request: SearchRequest) -> SearchPage:
        """Return the other articles that share a word of the title."""
        words = set((document.title or "").casefold().split())
        found = [
            d for d in self._found(request) if d.id != document.id and words & set((d.title or "").casefold().split())
        ]
        return SearchPage(documents=tuple(found[: request.limit]), total=len(found))

    def refresh(self) -> None:
        """Do nothing."""

    def prune(self, before: datetime) -> int:
        """Forget documents first seen before a moment."""
        old = [each for each, seen in self.archive.first_seen.items() if seen < before]
        for each in old:
            del self.archive.written[each], self.archive.first_seen[each]
        return len(old)

    def close(self) -> None:
        """Do nothing."""

    def _found(self, request: SearchRequest) -> list[Document]:
        found = self.archive.found(request.query, request.now)
        if request.copies:
            return found
        standing: dict[str, str] = {}
        for document in sorted(found, key=lambda d: (d.duplicate_of is not None, d.published or d.seen, d.id)):
            standing.setdefault(document.duplicate_of or document.id, document.id)
        return [d for d in found if standing[d.duplicate_of or d.id] == d.id]
