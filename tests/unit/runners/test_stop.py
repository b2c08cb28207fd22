"""A stop is honoured within its time, whatever hangs."""

from __future__ import annotations

import os
import signal
import threading

from pipeline.runners.stop import end_within, stop_signal


def test_what_hangs_after_a_stop_is_ended_as_told_to() -> None:
    ended = threading.Event()
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    end_within(0.01, end)
    assert ended.wait(5)
    assert codes == [0]


def test_signal_sets_the_event_and_a_block_that_ends_in_time_is_left_alone() -> None:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with stop_signal(within_s=0.3) as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.wait(5)
        timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
        for timer in timers:
            timer.join(5)
        assert all(timer.finished.is_set() for timer in timers)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
