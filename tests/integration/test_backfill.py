"""A large file of old articles: found by a search before any of them is read for events, by processes that end."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

from connectors.files.files import read_files
from pipeline import config
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.topics import HISTORY
from pipeline.wiring import session, stores
from pipeline.wiring.backfill import WORTH_IT

COUNT = WORTH_IT + 40


def test_large_file_of_old_articles_is_found_when_it_is_published(tmp_path: Path) -> None:
    lines = tmp_path / "old.jsonl"
    lines.write_text(
        "\n".join(
            json.dumps({
                "url": f"https://example.org/{number}", "published": "2019-05-01",
                "title": f"Report {number}", "text": f"The harbour of Varlo{number} was closed on Monday.",
            })
            for number in range(COUNT)
        )
    )  # fmt: skip
    settings = config.load(None, {"data": str(tmp_path / "data")}, {})
    with stores.store(settings) as store:
        assert session.publish(store, read_files(lines, stores.clock())) == COUNT
        assert store.log.backlog(HISTORY.name, "finder") == 0

        def found(query: str) -> int:
            return store.index.search(SearchRequest(query=parse(query), now=stores.clock(), limit=1)).total

        assert found("harbours") == COUNT  # what helpers told of stems is known, too
        assert found(f"varlo{COUNT - 1}") == found("varlo7") == 1
        assert found("*lo7") == 1
    assert not multiprocessing.active_children()
