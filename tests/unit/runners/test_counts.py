"""Both runtimes count the same ends of the same records: the embedded one alone, the other in worker and sink."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.flow import FLOW
from pipeline.model import Article
from pipeline.ports.log import Message
from pipeline.runners.advance import Buried, Given, advance, emitted, passed
from pipeline.runners.embedded import Embedded
from pipeline.runners.sink import Sink
from pipeline.topics import ARTICLES, DEAD

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FLOOD = "The river Elster rose by four metres overnight, and two villages in the valley were cleared by the police."
STRIKE = "Ferry crews on the northern islands walked out for a day on Monday, and two harbours stayed closed."

articles = st.builds(
    Article,
    id=st.sampled_from("abcd"),
    source=st.sampled_from(["ledger", "mirror"]),
    seen=st.integers(0, 9).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    title=st.just("Report"),
    text=st.sampled_from([FLOOD, STRIKE]),
    language=st.just("en"),
)
records = st.lists(articles.map(msgspec.json.encode) | st.just(b"{no json"), max_size=12)


def messages(raws: list[bytes]) -> list[Message]:
    return [Message(topic=ARTICLES.name, key=str(place), value=raw) for place, raw in enumerate(raws)]


def counted_embedded(raws: list[bytes]) -> tuple[Counter[str], int]:
    with Database(":memory:") as database:
        log = SqliteLog(database)
        runtime = Embedded(
            log=log,
            table=partial(SqliteTable, database),
            index=SqliteIndex(database),
            transaction=database.transaction,
            clock=lambda: NOW,
        )
        log.append(messages(raws))
        while runtime.step():
            pass
        return runtime.counts, len(list(log.replay(DEAD.name)))


def counted_apart(raws: list[bytes]) -> tuple[Counter[str], int]:
    """Take records from topic to topic as the agents do, one at a time, and then through the sink."""
    counts: Counter[str] = Counter()
    with Database(":memory:") as database:
        log = SqliteLog(database)
        log.append(messages(raws))
        for stage in FLOW:
            memory = stage.memory()
            for message in log.replay(stage.reads.name):
                done = advance(stage, memory, [Given.read(message)], NOW)
                counts += done.counts
                for result in done.results:
                    log.append(each.message(stage.leads_to) for each in passed(stage, result))
                    if isinstance(result, Buried):
                        log.append([result.letter])
                    else:
                        log.append(each.message(stage.writes) for each in emitted(stage, result))
        sink = Sink(log, SqliteIndex(database))
        while sink.step(0.0):
            pass
        return counts + sink.counts, len(list(log.replay(DEAD.name)))


@settings(deadline=None, max_examples=25)
@given(raws=records)
def test_both_runtimes_count_the_same_and_every_record_once(raws: list[bytes]) -> None:
    counts, dead = counted_embedded(raws)
    assert (counts, dead) == counted_apart(raws)
    assert (sum(counts.values()), counts["dead-lettered"]) == (len(raws), dead)
