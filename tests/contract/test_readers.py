"""The Readers port: every question is answered once, in whatever way readers end; and then none of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import closing
from pathlib import Path

import pytest

from connectors.fetch.child import Child
from pipeline.adapters import reading_pool
from pipeline.adapters.reading_pool import ReadingPool
from pipeline.ports.readers import ReaderLostError, Readers
from pipeline.runners.apart import NICENESS, load
from tests.fakes import readers as does
from tests.fakes.readers import MemoryReaders

WITHIN_S = 60.0


@pytest.fixture(params=["memory", "pool of one", "pool of two"])
def readers(request: pytest.FixtureRequest) -> Iterator[Readers]:
    made: Readers
    if request.param == "memory":
        made = MemoryReaders(does.shout, at_once=True, lost=lambda question: question == b"die")
    else:
        made = ReadingPool(does.shout, does.load, 1 if request.param == "pool of one" else 2)
    with closing(made):
        yield made


def test_every_question_is_answered(readers: Readers) -> None:
    asked = [f"question {number}".encode() for number in range(50)]
    futures = [readers.read(question) for question in asked]
    assert [question.upper() for question in asked] == [future.result(WITHIN_S) for future in futures]
    assert readers.is_ready


def test_bug_is_told_where_the_answer_is_missed_and_stops_nobody(readers: Readers) -> None:
    bad = readers.read(b"bug")
    assert isinstance(bad.exception(WITHIN_S), ValueError)
    assert readers.read(b"next").result(WITHIN_S) == b"NEXT"


def test_question_that_ends_its_readers_is_given_up_on_and_those_beside_it_are_answered(readers: Readers) -> None:
    futures = [readers.read(question) for question in (b"a", b"b", b"die", b"c", b"d", b"e")]
    assert isinstance(futures[2].exception(WITHIN_S), ReaderLostError)
    others = [future.result(WITHIN_S) for number, future in enumerate(futures) if number != 2]
    assert [b"A", b"B", b"C", b"D", b"E"] == others


def test_closed_readers_answer_nothing_more(readers: Readers) -> None:
    readers.read(b"a").result(WITHIN_S)
    readers.close()
    late = readers.read(b"b")
    readers.close()
    with pytest.raises(CancelledError):
        late.result(WITHIN_S)


def test_child_that_dies_in_the_middle_is_replaced_and_its_questions_are_asked_again(tmp_path: Path) -> None:
    with closing(ReadingPool(does.shout, does.load, 1)) as pool:
        once = f"die once {tmp_path / 'met'}".encode()
        futures = [pool.read(question) for question in (b"a", once, b"b", b"c", b"d")]
        assert [b"A", once.upper(), b"B", b"C", b"D"] == [future.result(WITHIN_S) for future in futures]


def test_child_that_died_with_nothing_to_do_is_replaced_when_it_is_asked() -> None:
    with closing(ReadingPool(does.who, does.load, 1)) as pool:
        first = int(pool.read(b"who").result(WITHIN_S))
        os.kill(first, signal.SIGKILL)
        assert first != int(pool.read(b"who").result(WITHIN_S))


def test_no_child_is_left_of_a_closed_pool(tmp_path: Path) -> None:
    pool = ReadingPool(does.who, does.load, 2)
    seen = {int(future.result(WITHIN_S)) for future in [pool.read(b"who") for _ in range(40)]}
    pool.close()
    assert not [process for process in seen if is_there(process)]


def test_pool_closed_while_its_children_start_leaves_none() -> None:
    pool = ReadingPool(does.shout, does.load, 2)
    asked = pool.read(b"a")
    pool.close()
    assert wait_until(asked.done)
    callers = pool._callers
    assert not [caller for caller in callers if getattr(caller, "_child", None) is not None]


def test_interrupt_of_the_terminal_does_not_reach_children() -> None:
    with closing(ReadingPool(does.who, does.load, 1)) as pool:
        child = int(pool.read(b"who").result(WITHIN_S))
        os.kill(child, signal.SIGINT)
        assert child == int(pool.read(b"who").result(WITHIN_S))


def test_where_no_child_lives_questions_are_answered_here_and_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reading_pool, "RESTART_S", 0.01)
    with closing(ReadingPool(does.who, does.die, 2)) as pool:
        futures = [pool.read(b"who") for _ in range(8)]
        assert {str(os.getpid()).encode()} == {future.result(WITHIN_S) for future in futures}
    assert 1 == len([record for record in caplog.records if "no process" in record.getMessage()])


def test_what_cannot_be_loaded_is_left_to_the_first_record() -> None:
    with closing(ReadingPool(does.shout, does.fail, 1)) as pool:
        assert b"A" == pool.read(b"a").result(WITHIN_S)


def test_nothing_is_started_before_it_is_asked_for() -> None:
    with closing(ReadingPool(does.who, does.load, 2)) as pool:
        assert (False, []) == (pool.is_ready, pool._threads)
        pool.begin()
        assert wait_until(lambda: pool.is_ready)


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WITHIN_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def is_there(process: int) -> bool:
    """Tell whether there is such a process, be it a zombie."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_script_that_does_not_ask_whether_it_is_the_program_is_not_run_again_by_children(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "from contextlib import closing\n"
        "from pipeline.adapters.reading_pool import ReadingPool\n"
        "from tests.fakes import readers as does\n"
        "print('begins', flush=True)\n"
        "with closing(ReadingPool(does.shout, does.load, 2)) as pool:\n"
        "    print(pool.read(b'a').result(60), flush=True)\n",
        "utf-8",
    )
    paths = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    command, environment = [sys.executable, str(script)], os.environ | {"PYTHONPATH": paths}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert "begins\nb'A'\n" == ran.stdout


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="the system knows no priorities")
def test_a_process_that_reads_gives_way_to_others() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with closing(Child()) as child:
        child.call(load, ())
        assert child.call(os.getpriority, os.PRIO_PROCESS, 0) == min(19, own + NICENESS)
