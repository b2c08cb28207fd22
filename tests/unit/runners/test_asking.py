"""An agent has records read in the order in which they came, each as often as it is in hand."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.flow import EXTRACT, FLOW
from pipeline.model import Document
from pipeline.runners.advance import Advanced, Decided, Given
from pipeline.runners.apart import answer
from pipeline.runners.asking import Asking
from pipeline.stages.decision import Decision, NoMemory
from tests.fakes.readers import MemoryReaders

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def quick_extract(document: Document, memory: NoMemory, now: datetime) -> Decision:
    return Decision(outcome="extracted", emit=(document,))


QUICK = msgspec.structs.replace(EXTRACT, decide=quick_extract, loads=())


class Event:
    """Be a record as it was fetched, once."""

    def __init__(self, offset: int) -> None:
        self.message = SimpleNamespace(tp="news.matched-0", offset=offset)


def record(number: int) -> Given:
    document = Document(id=f"a{number}", source="wire", seen=NOW)
    return Given(key=document.id, raw=msgspec.json.encode(document), headers={})


# After a rebalance or a pause a record is fetched again while it is in hand.
@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_records_are_read_as_often_as_they_are_in_hand(offsets: list[int], asked: list[bool]) -> None:
    flow = [QUICK if stage is EXTRACT else stage for stage in FLOW]
    asking = Asking(MemoryReaders(partial(answer, flow=flow), at_once=True), QUICK, lambda: NOW)
    events: list[Any] = [Event(offset) for offset in offsets]
    batch = [record(offset) for offset in offsets]
    for event, each, is_asked in zip(events, batch, asked, strict=False):
        if is_asked:
            asking.ask(event, each)
    done: Advanced = asyncio.run(asking.answered(events, batch))
    found = [record for result in done.results if isinstance(result, Decided) for record in result.emit]
    assert [each.id for each in found if isinstance(each, Document)] == [each.key for each in batch]
