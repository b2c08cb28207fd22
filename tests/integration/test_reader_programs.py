"""Reader programs on the distributed runtime: the same requests, answers and states as on the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import config
from pipeline.wiring import stores
from tests.fakes.reader_program import STATE, ReaderProgram, written_sequences
from tests.fakes.web import Page, page_over

pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch]
SEQUENCES = Path(__file__).parents[1] / "data" / "readers" / "sequences.txt"


@pytest.fixture
def served(servers: dict[str, str], elasticsearch_prefix: str, tmp_path: Path) -> Iterator[Page]:
    settings = config.load(environ={
        "NEWSWIRE_RUNTIME": "distributed", "NEWSWIRE_KAFKA": servers["kafka"], "NEWSWIRE_PARTITIONS": "1",
        "NEWSWIRE_ELASTICSEARCH": servers["elasticsearch"], "NEWSWIRE_PREFIX": elasticsearch_prefix,
        "NEWSWIRE_DATA": str(tmp_path),
    })  # fmt: skip
    stores.set_up_servers(settings)
    with stores.store(settings) as opened, page_over(opened) as served:
        yield served


def test_requests_of_programs_are_answered_over_servers_as_over_the_store(served: Page) -> None:
    program = ReaderProgram(served)
    sequences = list(written_sequences(SEQUENCES))
    for client in dict.fromkeys(each.client for each in sequences[:44]):
        for each in (each for each in sequences if each.client == client):
            if "unsubscribe" not in each.query + each.body and "disable-tag" not in each.path:
                program.follow(each)
    assert program.ids(f"s={STATE}reading-list&n=5") == sorted(program.model.articles, reverse=True)
