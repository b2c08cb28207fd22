"""The Revisions port on Elasticsearch: what a newer revision took the place of lies in an index of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from pipeline.adapters.elasticsearch.client import OPEN, Access
from pipeline.adapters.elasticsearch.months import Months, document_of
from pipeline.adapters.elasticsearch.side_index import SideIndex
from pipeline.model import Document, derive_id
from pipeline.ports.revisions import Revision

_PROPERTIES = {"article": {"type": "keyword"}, "revision": {"type": "long"}}
_MOST = 1_000


class ElasticsearchRevisions:
    """Keep what is about to be replaced, and read it; ``prefix`` keeps it apart from others'."""

    def __init__(self, url: str, months: Months, *, access: Access = OPEN, prefix: str = "") -> None:
        self._months = months
        self._index = SideIndex(url, f"{prefix}revisions", _PROPERTIES, access=access)

    def keep(self, documents: Sequence[Document]) -> None:
        """Keep the revisions that these documents will take the place of. Idempotent."""
        lines: dict[str, list[Document]] = {}
        for document in documents:
            line = lines.setdefault(document.id, [])
            if not line or line[-1].revision < document.revision:
                line.append(document)
        revised = {name: line[-1].revision for name, line in lines.items() if line[-1].revision > 1}
        months = self._months.names() if revised else []
        found = self._months.locate(list(revised), months, with_document=True) if months else {}
        stored = {name: document_of(hit) for name, hit in found.items()}
        # What came and was outdone in the same batch is never stored by itself.
        passed = [
            document
            for name in revised
            for document in lines[name][:-1]
            if name not in stored or stored[name].revision < document.revision
        ]
        operations: list[dict[str, object]] = []
        now = datetime.now(UTC)
        for earlier in (*stored.values(), *passed):
            if earlier.revision < revised[earlier.id]:
                value = msgspec.json.encode(_revision(earlier, now)).decode()
                entry = {"article": earlier.id, "revision": earlier.revision, "value": value}
                operations += [{"create": {"_id": derive_id(earlier.id, str(earlier.revision))}}, entry]
        self._index.bulk(operations, passing=(409,))

    def prune(self, staying: Sequence[str]) -> int:
        """Drop the revisions of articles that are in none of the months that stay; return how many."""
        removed = 0
        after: list[object] | None = None
        order = [{"article": "asc"}, {"revision": "asc"}]
        while True:
            asked = {"size": _MOST, "sort": order, "source": ["article"], "search_after": after}
            hits = self._index.search(**asked)["hits"]["hits"]
            if not hits:
                return removed
            articles = {hit["_id"]: hit["_source"]["article"] for hit in hits}
            named = list(dict.fromkeys(articles.values()))
            there = self._months.locate(named, staying, with_document=False) if staying else {}
            gone = [each for each, article in articles.items() if article not in there]
            self._index.bulk([{"delete": {"_id": each}} for each in gone])
            removed += len(gone)
            after = hits[-1]["sort"]

    def of(self, article_id: str) -> Sequence[Revision]:
        """Return the revisions that are kept of an article, newest first, beginning with the present one."""
        months = self._months.names()
        found = self._months.locate([article_id], months, with_document=True) if months else {}
        if article_id not in found:
            return ()
        newest = document_of(found[article_id])
        asked = [{"term": {"article": article_id}}, {"range": {"revision": {"lt": newest.revision}}}]
        hits = self._index.search(query={"bool": {"filter": asked}}, size=_MOST, sort=[{"revision": "desc"}])["hits"]
        earlier = (msgspec.json.decode(hit["_source"]["value"], type=Revision) for hit in hits["hits"])
        return (_revision(newest, None), *earlier)

    def close(self) -> None:
        """Close the connections; idempotent."""
        self._index.close()


def _revision(document: Document, until: datetime | None) -> Revision:
    return Revision(
        revision=document.revision,
        title=document.title,
        text=document.text,
        withdrawn=document.withdrawn,
        until=until,
    )
