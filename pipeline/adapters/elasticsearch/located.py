"""Where documents are among the indices of many months, as written this instant.

What was just written is looked up one by one, which costs a look for each id in each index, so that is done in the
months being written to; the others are searched together, and made to show first what was written to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elasticsearch import Elasticsearch

from pipeline.adapters.elasticsearch.client import RETRY_AFTER_S, translated
from pipeline.adapters.verified_search import CHUNK
from pipeline.errors import TransientError

# Documents are looked up one by one in so many indices at most.
LOOKED_UP = 2
Hit = dict[str, Any]


class Located:
    """Find documents by id."""

    def __init__(self, url: str, client: Elasticsearch) -> None:
        self._url = url
        self._client = client
        # By index, the last write that a search is known to see.
        self._seen: dict[str, int] = {}

    def find(self, ids: Sequence[str], indices: Sequence[str], wanted: Any) -> dict[str, Hit]:
        """Return by id the hits in these indices, with the fields that are wanted of their source."""
        moving = self._moving(indices)
        settled = [name for name in indices if name not in moving]
        found: dict[str, Hit] = {}
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            found |= self._written(chunk, moving, wanted)
            left = [article_id for article_id in chunk if article_id not in found]
            found |= self._searched(left, settled, wanted)
        return found

    def _moving(self, indices: Sequence[str]) -> Sequence[str]:
        """Return the indices that a search might not see whole: the newest of those written to since the last look.

        The others of those are refreshed; what is written to them after that is seen by the next look.
        """
        if len(indices) <= LOOKED_UP:
            return indices
        with translated(self._url):
            answer = self._client.indices.stats(
                index=",".join(indices), level="shards", filter_path="indices.*.shards.*.seq_no.max_seq_no"
            )
            writes = {
                name: max(copy["seq_no"]["max_seq_no"] for shard in stats["shards"].values() for copy in shard)
                for name, stats in answer.body.get("indices", {}).items()
            }
            written = [name for name in indices if self._seen.get(name) != writes.get(name) or name not in writes]
            if settling := [name for name in written[:-LOOKED_UP] if name in writes]:
                self._client.indices.refresh(index=",".join(settling))
                self._seen |= {name: writes[name] for name in settling}
        return [name for name in written if name not in settling]

    def _searched(self, ids: Sequence[str], indices: Sequence[str], wanted: Any) -> dict[str, Hit]:
        if not ids or not indices:
            return {}
        with translated(self._url):
            answer = self._client.search(
                index=",".join(indices),
                query={"ids": {"values": list(ids)}},
                size=len(ids),
                source=wanted,
                track_total_hits=False,
                # A shard that does not answer must not make an article look new.
                allow_partial_search_results=False,
            )
        return {hit["_id"]: hit for hit in answer["hits"]["hits"]}

    def _written(self, ids: Sequence[str], indices: Sequence[str], wanted: Any) -> dict[str, Hit]:
        """Look documents up in each index, as written this instant."""
        found: dict[str, Hit] = {}
        docs = [{"_index": name, "_id": article_id} for name in indices for article_id in ids]
        if docs:
            with translated(self._url):
                answer = self._client.mget(docs=docs, source=wanted)
            for hit in answer["docs"]:
                error = hit.get("error")
                if error and error.get("type") != "index_not_found_exception":
                    # Taken for a new one, the article would be stored a second time in another month.
                    raise TransientError(
                        f"Elasticsearch cannot look into its indices: {_reason_of(error)}.", RETRY_AFTER_S
                    )
                if hit.get("found"):
                    found[hit["_id"]] = hit
        return found


def _reason_of(error: dict[str, Any]) -> str:
    return str(error.get("reason", error.get("type")))[:300]
