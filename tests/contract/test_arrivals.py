"""What every adapter of the Arrivals port promises: nothing written is missed, and item numbers stay."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from pipeline.errors import TransientError, UsageError
from pipeline.model import Document
from pipeline.ports.arrivals import ArrivalsRequest, NumbersRequest
from pipeline.query.parser import parse
from tests.contract.ports import NOW, Index, Ports, article, ports

__all__ = ["ports"]


def since(ports: Ports, position: str | None, text: str | None = None, limit: int = 200) -> tuple[list[str], str]:
    """Read on until nothing more is waiting; return article ids in order and the position after them."""
    found: list[str] = []
    while True:
        request = ArrivalsRequest(now=NOW, query=parse(text) if text else None, limit=limit)
        page = ports.arrivals.since(position, request)
        assert len(page.arrivals) <= limit
        found += [arrival.document.id for arrival in page.arrivals]
        position = page.position
        if not page.more:
            return found, position


def numbers(ports: Ports, text: str | None = None, **fields: object) -> list[int]:
    request = NumbersRequest(now=NOW, query=parse(text) if text else None, **fields)  # type: ignore[arg-type]
    return list(ports.arrivals.numbers(request))


def upsert(index: Index, documents: list[Document]) -> None:
    """Repeat while the server is busy, as whoever writes must."""
    while True:
        try:
            assert list(index.upsert(documents)) == []
        except TransientError:
            time.sleep(0.05)
        else:
            return


def test_articles_come_in_order_of_writing_not_of_publication(ports: Ports) -> None:
    ports.put(article("b", published=NOW - timedelta(days=1)))
    ports.put(article("c", published=NOW - timedelta(days=9)))
    ports.put(article("a", published=NOW - timedelta(days=3)))
    assert since(ports, None)[0] == ["b", "c", "a"]


def test_reader_goes_on_where_it_stopped(ports: Ports) -> None:
    ports.put(article("a"), article("b"))
    _, position = since(ports, None)
    assert since(ports, position) == ([], position)
    ports.put(article("c"))
    assert since(ports, position)[0] == ["c"]


def test_pages_join(ports: Ports) -> None:
    for start in range(0, 30, 10):
        ports.put(*(article(f"n{n:02}") for n in range(start, start + 10)))
    assert sorted(since(ports, None, limit=7)[0]) == [f"n{n:02}" for n in range(30)]


def test_articles_of_different_months_join(ports: Ports) -> None:
    for n in range(12):
        ports.put(article(f"n{n:02}", seen=datetime(2022, n % 6 + 1, 3, tzinfo=NOW.tzinfo)))
    assert since(ports, None, limit=5)[0] == [f"n{n:02}" for n in range(12)]


def test_revised_article_comes_again_in_its_newest_revision_with_its_number(ports: Ports) -> None:
    ports.put(article("a", "First"), article("b"))
    _, position = since(ports, None)
    (number,) = ports.arrivals.numbers_of(["a"]).values()
    ports.put(article("a", "Second", revision=2))
    page = ports.arrivals.since(position, ArrivalsRequest(now=NOW))
    (arrival,) = page.arrivals
    assert (arrival.document.title, arrival.number) == ("Second", number)


def test_redelivery_keeps_the_number(ports: Ports) -> None:
    ports.put(article("a"))
    before = dict(ports.arrivals.numbers_of(["a"]))
    ports.put(article("a"))
    assert before == dict(ports.arrivals.numbers_of(["a"]))


def test_query_narrows_and_the_position_moves_past_the_rest(ports: Ports) -> None:
    ports.put(article("a", "Flood"), article("b", "Oil", duplicate_of="a"), article("c", "Flood"))
    found, position = since(ports, None, "flood", limit=1)
    assert sorted(found) == ["a", "c"]
    assert since(ports, position)[0] == []


def test_query_that_no_engine_answers_exactly_narrows_too(ports: Ports) -> None:
    ports.put(
        article("a", text="Oil and gas oil."), article("b", text="Oil."), article("c", text="Oil.", duplicate_of="a")
    )
    assert since(ports, None, '"oil gas oil"~3')[0] == ["a"]
    assert sorted(since(ports, None, "oil copies:0", limit=1)[0]) == ["b", "c"]


def test_end_is_after_all_that_was_written(ports: Ports) -> None:
    assert since(ports, ports.arrivals.end())[0] == []
    ports.put(article("a"))
    end = ports.arrivals.end()
    ports.put(article("b"))
    assert since(ports, end)[0] == ["b"]


def test_position_is_short_text_without_spaces(ports: Ports) -> None:
    ports.put(*(article(f"n{n:02}", seen=datetime(2021, n + 1, 3, tzinfo=NOW.tzinfo)) for n in range(12)))
    _, position = since(ports, None)
    assert position.isascii() and not set(position) & set(" \n\r") and len(position) < 600


def test_foreign_position_is_refused(ports: Ports) -> None:
    ports.put(article("a"))
    for position in ("", "x", "-1", "9" * 40, "%%%", "💥", "bnVsbA", "²"):
        with pytest.raises(UsageError):
            ports.arrivals.since(position, ArrivalsRequest(now=NOW))


def test_item_numbers_are_unique_of_sixteen_digits_and_grow(ports: Ports) -> None:
    for start in range(0, 40, 10):
        ports.put(*(article(f"n{n:02}") for n in range(start, start + 10)))
    found = numbers(ports, order="oldest", limit=100)
    assert len(set(found)) == 40 and all(10**15 <= number < 2**53 for number in found)
    batches = [ports.arrivals.numbers_of([f"n{n:02}" for n in range(s, s + 10)]).values() for s in range(0, 40, 10)]
    assert all(max(one) < min(other) for one, other in pairwise(batches))


def test_numbers_between_bounds_in_either_order(ports: Ports) -> None:
    for each in "abcd":
        ports.put(article(each, "Flood" if each in "bc" else "Oil", duplicate_of="a" if each == "c" else None))
    a, b, c, d = (ports.arrivals.numbers_of([each])[each] for each in "abcd")
    assert numbers(ports) == [d, c, b, a]
    assert numbers(ports, after=a, before=d, order="oldest") == [b, c]
    assert numbers(ports, "flood", order="oldest") == [b, c]
    assert numbers(ports, limit=2, before=d) == [c, b]


def test_articles_are_found_by_number_in_the_order_asked_for(ports: Ports) -> None:
    ports.put(article("a"), article("b"), article("c", duplicate_of="a"))
    known = ports.arrivals.numbers_of(["a", "b", "unknown"])
    found = ports.arrivals.numbered([known["b"], 7, known["a"]])
    assert [(arrival.number, arrival.document.id) for arrival in found] == [(known["b"], "b"), (known["a"], "a")]
    assert found[1].document.copies == ("c",)
    assert list(ports.arrivals.numbered([-1, 1 << 70])) == []


def test_ids_are_told_by_number(ports: Ports) -> None:
    ports.put(article("a"), article("b"))
    numbers = ports.arrivals.numbers_of(["a", "b"])
    asked = [numbers["b"], 7, -1, 1 << 70, numbers["a"]]
    assert dict(ports.arrivals.ids_of(asked)) == {numbers["a"]: "a", numbers["b"]: "b"}
    assert dict(ports.arrivals.ids_of([])) == {}


def test_writers_who_meet_over_new_articles_give_each_one_number(ports: Ports) -> None:
    """Write the same new articles by two at once, again and again: no number is given twice, none changes hands."""
    for turn in range(5):
        batch, together = [article(f"{turn}-{n}") for n in range(20)], threading.Barrier(2)

        def write(batch: list[Document] = batch, together: threading.Barrier = together) -> None:
            index = ports.writer()
            together.wait()
            upsert(index, batch)

        writers = [threading.Thread(target=write) for _ in range(2)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        before = dict(ports.arrivals.numbers_of([document.id for document in batch]))
        ports.put(*batch)
        assert before == dict(ports.arrivals.numbers_of([document.id for document in batch]))
    found = numbers(ports, limit=1_000)
    assert len(found) == len(set(found)) == 100


def test_nothing_is_missed_while_two_write_and_one_reads(ports: Ports) -> None:
    """Read as fast as possible while two write different articles at once, some of them twice."""

    def write(name: str) -> None:
        index = ports.writer()
        for n in range(40):
            upsert(index, [article(f"{name}{n}-{part}") for part in range(3)])
            if n % 5 == 0:
                upsert(index, [article(f"{name}{n}-0", "Second", revision=2)])

    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    found: dict[str, str | None] = {}
    position: str | None = None
    while True:
        alive = any(writer.is_alive() for writer in writers)
        page = ports.arrivals.since(position, ArrivalsRequest(now=NOW, limit=10))
        found |= {arrival.document.id: arrival.document.title for arrival in page.arrivals}
        position = page.position
        if not alive and not page.more:
            break
    written = {f"{name}{n}-{part}" for name in "ab" for n in range(40) for part in range(3)}
    assert written == set(found)
    assert all(found[f"{name}{n}-0"] == "Second" for name in "ab" for n in range(0, 40, 5))
    assert len(numbers(ports, limit=1_000)) == len(written)
