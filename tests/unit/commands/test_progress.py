"""One line at the bottom of a terminal: it never stands in the way of what else is written there."""

from __future__ import annotations

import io
import time

from pipeline.commands.progress import StatusLine, progress, status_words


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(written: str) -> list[str]:
    """Return the lines as a terminal shows them: what was erased is gone."""
    return [line.rpartition("\r\x1b[K")[2] for line in written.split("\n")]


def test_what_is_written_goes_above_the_line() -> None:
    terminal, now = Terminal(), [0.0]
    line = StatusLine(terminal, clock=lambda: now[0])

    def write_line(text: str) -> None:
        terminal.write(f"{text}\n")

    write = line.over(write_line)
    line.draw(lambda: "running")
    write("an article")
    now[0] = 1.0
    line.draw(lambda: "running on")
    write("an alert")
    line.end()
    assert shown(terminal.getvalue()) == ["an article", "an alert", ""]


def test_line_is_drawn_once_a_second_at_most() -> None:
    terminal, now = Terminal(), [0.0]
    line = StatusLine(terminal, clock=lambda: now[0])
    for now[0] in (0.0, 0.3, 0.9, 1.1, 1.2):
        line.draw(lambda: "x")
    assert terminal.getvalue().count("x") == 2


def test_status_fits_the_terminal_and_says_what_waits() -> None:
    counts = {"indexed": 1_200, "duplicate": 30}
    assert status_words(counts, 0, 65, 80) == "Running 1 min \u00b7 30 duplicate, 1200 indexed"
    assert "12,000 older articles wait" in status_words(counts, 12_000, 7_260, 120)
    assert "2 h 1 min" in status_words({}, 0, 7_260, 80)
    assert all(len(status_words(counts, 12_000, 65, columns)) < columns for columns in (40, 50, 80))


def test_progress_is_shown_of_what_takes_long_and_erased() -> None:
    terminal = Terminal()
    with progress("Copying", terminal, after_s=0.02) as tell:
        tell("half of it")
        deadline = time.monotonic() + 10
        while "Copying: half of it" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "Copying: half of it" in terminal.getvalue()
    assert shown(terminal.getvalue()) == [""]


def test_progress_is_silent_where_nobody_looks_or_it_is_quick() -> None:
    pipe, terminal = io.StringIO(), Terminal()
    with progress("Copying", pipe, after_s=0.001) as tell:
        tell("half")
        time.sleep(0.02)
    with progress("Copying", terminal, after_s=60):
        pass
    assert (pipe.getvalue(), terminal.getvalue()) == ("", "")
