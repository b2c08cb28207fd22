"""Item numbers on Elasticsearch: taken in runs from one counter, so that no two writers ever give the same."""

from __future__ import annotations

import time
from typing import Any

from elasticsearch import Elasticsearch

from pipeline.adapters.elasticsearch.client import translated
from pipeline.errors import TransientError

_ID = "last"
_ATTEMPTS = 50


class Numbers:
    """Hand out numbers, each above all that were handed out before it by anyone, and no less than the time."""

    def __init__(self, url: str, client: Elasticsearch, prefix: str) -> None:
        self._url = url
        self._client = client
        self._index = f"{prefix}item-numbers"

    def take(self, count: int) -> int:
        """Take so many numbers in a row and return the first. Raises ``TransientError`` when others always win."""
        with translated(self._url):
            for attempt in range(_ATTEMPTS):
                if attempt:
                    time.sleep(0.002 * attempt)
                found = self._get()
                last = int(found["_source"]["last"]) if found["found"] else 0
                first = max(last + 1, time.time_ns() // 1000)
                condition: dict[str, Any] = {"op_type": "create"}
                if found["found"]:
                    condition = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
                answer = self._client.options(ignore_status=409).index(
                    index=self._index, id=_ID, document={"last": first + count - 1}, **condition
                )
                if answer.get("result") in ("created", "updated"):
                    return first
        raise TransientError("Too many writers ask Elasticsearch for item numbers at once.", 1.0)

    def last(self) -> int:
        """Return the last number that was handed out, 0 before the first."""
        with translated(self._url):
            found = self._get()
        return int(found["_source"]["last"]) if found["found"] else 0

    def _get(self) -> dict[str, Any]:
        answer = self._client.options(ignore_status=404).get(index=self._index, id=_ID)
        if "error" in answer:
            # 400: somebody was quicker.
            settings = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}
            properties = {"last": {"type": "long"}}
            self._client.options(ignore_status=400).indices.create(
                index=self._index, mappings={"properties": properties}, settings=settings
            )
            return {"found": False}
        return dict(answer.body)
