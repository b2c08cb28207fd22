"""One index of ours beside those of the months: made when first used, and its requests with our errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pipeline.adapters.elasticsearch.client import OPEN, Access, connect, is_of_the_document, translated
from pipeline.errors import TerminalError, TransientError

CHUNK = 1_000


class SideIndex:
    """Keep small documents; every question sees what was written before it."""

    def __init__(self, url: str, name: str, properties: Mapping[str, Any], *, access: Access = OPEN) -> None:
        self._url = url
        self._name = name
        self._properties = dict(properties)
        self._mappings = {"dynamic": False, "properties": self._properties}
        self._client = connect(url, access)
        self._created = False

    def search(self, **body: Any) -> dict[str, Any]:
        """Ask after a refresh."""
        with self._present():
            self._client.indices.refresh(index=self._name)
            answer: dict[str, Any] = self._client.search(index=self._name, **body).body
        return answer

    def bulk(self, operations: Sequence[dict[str, Any]], *, passing: Sequence[int] = ()) -> list[int]:
        """Write and return each item's status; those in ``passing`` and a document that is gone are as good as done.

        Raises ``TransientError`` to be repeated, and ``TerminalError`` for a document that is refused.
        """
        return [outcome["status"] for outcome in self.write(operations, passing=passing)]

    def write(self, operations: Sequence[dict[str, Any]], *, passing: Sequence[int] = ()) -> list[dict[str, Any]]:
        """Write as ``bulk`` does, and return all that is answered about each item."""
        if not operations:
            return []
        with self._present():
            items = self._client.bulk(index=self._name, operations=operations).body["items"]
        outcomes = [next(iter(item.values())) for item in items]
        for outcome in outcomes:
            status, error = outcome["status"], outcome.get("error") or {}
            is_gone = outcome.get("result") == "not_found" or error.get("type") == "document_missing_exception"
            if status in (200, 201, *passing) or is_gone:
                continue
            if is_of_the_document(status, error.get("type")):
                raise TerminalError(outcome["_id"], "index", f"Elasticsearch refuses it: {error.get('reason')}")
            self._created = False
            raise TransientError(f"Elasticsearch did not keep {outcome['_id']}: {status}, {error.get('reason')}.")
        return outcomes

    def close(self) -> None:
        """Close the connections; idempotent."""
        self._client.close()

    @contextmanager
    def _present(self) -> Iterator[None]:
        try:
            with translated(self._url):
                self._create()
                yield
        except TransientError:
            self._created = False
            raise

    def _create(self) -> None:
        if self._created:
            return
        settings = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}
        # A write to an index that was just deleted makes it anew: with this, as it should be.
        self._client.indices.put_index_template(
            name=self._name,
            index_patterns=[self._name],
            priority=600,
            template={"mappings": self._mappings, "settings": settings},
        )
        # 400: it exists already, perhaps without the fields that came later.
        self._client.options(ignore_status=400).indices.create(
            index=self._name, mappings=self._mappings, settings=settings
        )
        self._client.indices.put_mapping(index=self._name, properties=self._properties)
        self._created = True
