"""A batch through a stage: one result per record, in order, whatever is in it and however it is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import TerminalError, TransientError
from pipeline.flow import DEDUPLICATE, EXTRACT, FLOW, IDENTIFY, MATCH, Stage
from pipeline.model import Article, Document
from pipeline.ports.log import Message
from pipeline.runners.advance import (
    BESIDE,
    DEAD_LETTERED,
    DUPLICATE,
    INDEXED,
    PASSED,
    UNCHANGED,
    Advanced,
    Buried,
    Decided,
    Given,
    advance,
    advance_all,
    bury,
    count_indexed,
    emitted,
    memories,
    passed,
)
from pipeline.stages.decision import Decision, Fact, Memory, NoMemory
from pipeline.topics import ARTICLES

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = "river flood police town harbour ferry strike bank rates council minister storm village bridge road".split()

texts = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
articles = st.builds(
    Article,
    id=st.sampled_from("abcdef"),
    source=st.sampled_from(["ledger", "mirror"]),
    seen=st.integers(0, 200).map(lambda hours: NOW + timedelta(hours=hours)),
    title=st.none() | texts,
    text=st.none() | texts,
    language=st.sampled_from(["en", "de", None]),
    revision=st.integers(1, 3),
    withdrawn=st.booleans(),
)
poison = st.sampled_from([b"", b"{no json", b"[]", b'"text"', b'{"id": 5}', b"\xff\xfe", b"[" * 100_000])
records = st.lists(articles.map(msgspec.json.encode) | poison, max_size=30)


def record(raw: bytes, key: str = "k") -> Given:
    return Given.read(Message(topic=ARTICLES.name, key=key, value=raw, headers={"attempts": "2"}))


def take(stage: Stage, memory: Memory, batch: Sequence[Given]) -> Advanced:
    done = advance(stage, memory, batch, NOW)
    assert done.wait is None
    return done


def said(done: Advanced) -> list[object]:
    """Return what was decided, comparable between runs: of a buried record, that it was."""
    return [(r.outcome, r.emit, r.facts) if isinstance(r, Decided) else "buried" for r in done.results]


def learned(stage: Stage, done: Advanced) -> Memory:
    memory = stage.memory()
    for result in done.results:
        for fact in result.facts if isinstance(result, Decided) else ():
            memory.learn(fact.key, fact.value)
    return memory


@pytest.mark.parametrize("stage", [IDENTIFY, DEDUPLICATE], ids=lambda stage: stage.name)
@settings(deadline=None, max_examples=60)
@given(raws=records)
def test_every_record_has_one_result_in_its_place(stage: Stage, raws: list[bytes]) -> None:
    batch = [record(raw, str(place)) for place, raw in enumerate(raws)]
    done = take(stage, stage.memory(), batch)
    assert [result.given for result in done.results] == batch
    assert done.counts[DEAD_LETTERED] == sum(isinstance(result, Buried) for result in done.results)
    assert done.counts[UNCHANGED] == sum(isinstance(r, Decided) and not r.emit for r in done.results)


@pytest.mark.parametrize("stage", [IDENTIFY, DEDUPLICATE], ids=lambda stage: stage.name)
@settings(deadline=None, max_examples=60)
@given(raws=records)
def test_poisoned_record_costs_only_itself(stage: Stage, raws: list[bytes]) -> None:
    done = take(stage, stage.memory(), [record(raw) for raw in raws])
    sound = [result.given for result in done.results if isinstance(result, Decided)]
    alone = take(stage, stage.memory(), sound)
    assert [each for each in said(done) if each != "buried"] == said(alone)
    assert [r.letter.value for r in done.results if isinstance(r, Buried)] == [
        result.given.raw for result in done.results if isinstance(result, Buried)
    ]


@pytest.mark.parametrize("stage", [IDENTIFY, DEDUPLICATE], ids=lambda stage: stage.name)
@settings(deadline=None, max_examples=60)
@given(items=st.lists(articles, max_size=20), cut=st.integers(0, 20))
def test_a_batch_decides_as_its_parts_do_and_as_memory_rebuilt_from_facts(
    stage: Stage, items: list[Article], cut: int
) -> None:
    batch = [record(msgspec.json.encode(article)) for article in items]
    whole = take(stage, stage.memory(), batch)
    memory = stage.memory()
    first, rest = take(stage, memory, batch[:cut]), batch[cut:]
    rebuilt = learned(stage, first)
    assert said(whole) == said(first) + said(take(stage, memory, rest))
    assert said(whole) == said(first) + said(take(stage, rebuilt, rest))


@settings(deadline=None, max_examples=60)
@given(items=st.lists(articles, max_size=20))
def test_preparing_changes_nothing_but_time(items: list[Article]) -> None:
    batch = [record(msgspec.json.encode(article)) for article in items]
    unprepared = msgspec.structs.replace(DEDUPLICATE, prepare=None)
    assert said(take(DEDUPLICATE, DEDUPLICATE.memory(), batch)) == said(take(unprepared, unprepared.memory(), batch))


def test_preparation_that_fails_costs_nothing() -> None:
    def fail(memory: Memory, values: Sequence[object]) -> None:
        raise ValueError("a bug")

    batch = [record(msgspec.json.encode(Article(id="a", source="s", seen=NOW)))]
    stage = msgspec.structs.replace(DEDUPLICATE, prepare=fail)
    assert said(take(stage, stage.memory(), batch)) == said(take(DEDUPLICATE, DEDUPLICATE.memory(), batch))


@settings(deadline=None, max_examples=60)
@given(raws=records)
def test_value_handed_over_and_its_bytes_decide_the_same(raws: list[bytes]) -> None:
    known, remembered = IDENTIFY.memory(), DEDUPLICATE.memory()
    done = take(IDENTIFY, known, [record(raw) for raw in raws])
    going = [each for r in done.results if isinstance(r, Decided) for each in emitted(IDENTIFY, r)]
    by_bytes = [Given.read(each.message(IDENTIFY.writes)) for each in going]
    assert said(take(DEDUPLICATE, remembered, going)) == said(take(DEDUPLICATE, DEDUPLICATE.memory(), by_bytes))


class Slow:
    """A stage that asks for time at each record named "slow", as often as told, and counts what it decides."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.decided: list[str] = []

    def __call__(self, document: Document, memory: NoMemory, now: datetime) -> Decision:
        if document.id == "slow" and self.left:
            self.left -= 1
            raise TransientError("busy", 0.5)
        self.decided.append(document.id)
        return Decision(outcome="extracted", emit=(document,))


def documents(*ids: str) -> list[Given]:
    values = [Document(id=key, source="s", seen=NOW) for key in ids]
    return [record(msgspec.json.encode(document), document.id) for document in values]


@settings(deadline=None, max_examples=30)
@given(times=st.integers(0, 5), place=st.integers(0, 3))
def test_stage_that_asks_for_time_is_waited_for_and_its_record_is_not_buried(times: int, place: int) -> None:
    ids = ["a", "b", "c"]
    ids.insert(place, "slow")
    slow, waited = Slow(times), list[float]()
    stage = msgspec.structs.replace(EXTRACT, decide=slow)
    done = advance_all(stage, NoMemory(), documents(*ids), lambda: NOW, waited.append)
    assert [result.given.key for result in done.results] == ids == slow.decided
    assert (waited, done.counts) == ([0.5] * times, Counter())


def test_wait_that_is_told_to_stop_gives_the_batch_back() -> None:
    stage = msgspec.structs.replace(EXTRACT, decide=Slow(1))
    with pytest.raises(TransientError, match="busy"):
        advance_all(stage, NoMemory(), documents("a", "slow"), lambda: NOW, lambda seconds: True)


def test_decision_may_emit_several_documents_each_with_its_own_key() -> None:
    def part(document: Document, memory: NoMemory, now: datetime) -> Decision:
        copies = tuple(msgspec.structs.replace(document, id=f"{document.id}{n}") for n in range(3))
        return Decision(outcome="extracted", emit=copies)

    stage = msgspec.structs.replace(EXTRACT, decide=part)
    (result,) = take(stage, NoMemory(), documents("a")).results
    assert isinstance(result, Decided)
    assert ["a0", "a1", "a2"] == [going.key for going in emitted(stage, result)]


@pytest.mark.parametrize(
    ("error", "reason"), [(TerminalError("a", "extract", "too odd"), "too odd"), (ValueError("a bug"), "a bug")]
)
def test_dead_letter_holds_the_record_its_stage_and_the_reason(error: Exception, reason: str) -> None:
    def fail(document: Document, memory: NoMemory, now: datetime) -> Decision:
        raise error

    (given_,) = documents("a")
    (result,) = take(msgspec.structs.replace(EXTRACT, decide=fail), NoMemory(), [given_]).results
    assert isinstance(result, Buried)
    letter = result.letter
    assert (letter.key, msgspec.json.decode(letter.value, type=Document).id) == ("a", "a")
    assert {"stage": "extract", "attempts": "3", "topic": EXTRACT.reads.name}.items() <= letter.headers.items()
    assert letter.headers["error"].strip().endswith(reason)


def test_trace_of_a_bug_is_told_in_the_same_words_by_stages_and_outlets() -> None:
    def fail(document: Document, memory: NoMemory, now: datetime) -> Decision:
        raise ValueError("a bug")

    (result,) = take(msgspec.structs.replace(EXTRACT, decide=fail), NoMemory(), documents("a")).results
    assert isinstance(result, Buried)
    try:
        raise ValueError("a bug")
    except ValueError as exc:
        letter = bury(Message(topic=ARTICLES.name, key="a", value=b""), stage="x", error=exc)
    first, last = "Traceback (most recent call last):", "ValueError: a bug"
    for text in (result.letter.headers["error"], letter.headers["error"]):
        assert (text.splitlines()[0], text.splitlines()[-1]) == (first, last)


def test_indexed_documents_are_counted_by_the_words_of_the_delivery_promise() -> None:
    made = [
        Document(id=key, source="s", seen=NOW, duplicate_of=of) for key, of in (("a", None), ("b", "a"), ("c", "a"))
    ]
    assert count_indexed([(each, {}) for each in made], ["c"]) == {INDEXED: 1, DUPLICATE: 1, DEAD_LETTERED: 1}


def test_what_was_emitted_beside_a_record_counts_only_when_it_is_refused() -> None:
    def part(document: Document, memory: NoMemory, now: datetime) -> Decision:
        return Decision(outcome="extracted", emit=(document, msgspec.structs.replace(document, id="other")))

    stage = msgspec.structs.replace(EXTRACT, decide=part)
    (result,) = take(stage, NoMemory(), documents("a")).results
    assert isinstance(result, Decided)
    first, beside = emitted(stage, result)
    assert (BESIDE in first.headers, BESIDE in beside.headers) == (False, True)
    going = take(EXTRACT, NoMemory(), [Given.read(each.message(EXTRACT.reads)) for each in (first, beside)]).results
    made = [each for r in going if isinstance(r, Decided) for each in emitted(EXTRACT, r)]
    read = [(each.value, each.headers) for each in made if isinstance(each.value, Document)]
    assert count_indexed(read, []) == {INDEXED: 1}
    assert count_indexed(read, ["other"]) == {INDEXED: 1, DEAD_LETTERED: 1}


def test_what_is_matched_ends_in_the_index_and_is_not_counted_here() -> None:
    assert take(MATCH, MATCH.memory(), documents("a", "b")).counts == Counter()


def test_what_passes_a_stage_goes_on_as_it_came_also_when_the_stage_cannot_decide_on_it() -> None:
    def fail(document: Document, memory: NoMemory, now: datetime) -> Decision:
        raise ValueError("a bug")

    for stage in (MATCH, msgspec.structs.replace(MATCH, decide=fail)):
        (result,) = take(stage, MATCH.memory(), documents("a")).results
        (going,) = passed(stage, result)
        headers = result.given.headers | {PASSED: MATCH.name}
        assert (going.key, going.value, going.headers) == ("a", result.value, headers)
    assert [passed(MATCH, result) for result in take(MATCH, MATCH.memory(), [record(b"{")]).results] == [[]]
    assert [passed(EXTRACT, result) for result in take(EXTRACT, NoMemory(), documents("a")).results] == [[]]


def test_stages_that_follow_one_table_share_what_they_remember_of_it() -> None:
    made = memories(FLOW)
    following = [made[stage.name] for stage in FLOW if stage.follows is not None]
    assert (len(following), len(set(map(id, following)))) == (2, 1)
    assert len(set(map(id, made.values()))) == len(FLOW) - 1


def test_facts_are_kept_exactly_by_the_stages_whose_memory_is_made_of_them() -> None:
    keeping = [stage.name for stage in FLOW if stage.keeps_facts]
    remembering = [stage.name for stage in FLOW if stage.memory is not NoMemory and stage.follows is None]
    assert keeping == remembering


def test_memory_learns_each_decision_before_the_next() -> None:
    class Counting:
        def __init__(self) -> None:
            self.seen = 0

        def learn(self, key: str, value: bytes | None) -> None:
            self.seen += 1

    def decide(document: Document, memory: Counting, now: datetime) -> Decision:
        return Decision(outcome=str(memory.seen), facts=(Fact(key=document.id, value=b""),))

    stage = msgspec.structs.replace(EXTRACT, decide=decide, memory=Counting)
    done = take(stage, Counting(), documents("a", "b", "c"))
    assert ["0", "1", "2"] == [result.outcome for result in done.results if isinstance(result, Decided)]
