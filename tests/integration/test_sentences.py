"""The program as it is started: whatever goes wrong is one sentence and an exit code, and nothing is half-written."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from connectors.formats.parsed import NotAFeedError
from connectors.polling.parser import Parser

PROGRAM = [sys.executable, "-m", "pipeline"]
RAW = ("Traceback", "Error:", "Errno", "codec", "Expected `", "sqlite3", "Exception ignored")
FEED = b"<rss version='2.0'><channel><title>a</title>%s</channel></rss>" % b"".join(
    b"<item><title>Report %d</title><link>http://127.0.0.1/%d</link></item>" % (n, n) for n in range(2_000)
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with the articles of the demonstration."""
    directory = tmp_path_factory.mktemp("data")
    ended = run(directory, "up", "--demo", "--once")
    assert ended.returncode == 0, ended.stderr
    return directory


def environment(data: Path, more: dict[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSWIRE_", "PYTHON"))}
    return kept | {"NEWSWIRE_DATA": str(data), "HOME": str(data)} | (more or {})


def run(
    data: Path,
    *arguments: str,
    stdout: int | None = subprocess.PIPE,
    before: Callable[[], object] | None = None,
    more: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *arguments], env=environment(data, more), stdin=subprocess.DEVNULL, stdout=stdout,
        stderr=subprocess.PIPE, preexec_fn=before, timeout=60, check=False,
    )  # fmt: skip


def sentence(ended: subprocess.CompletedProcess[bytes]) -> str:
    """Return the one sentence that a program said, and see that it is one."""
    said = ended.stderr.decode()
    lines = said.strip().splitlines()
    assert (1, True, True) == (len(lines), lines[0].startswith("Error: "), lines[0].endswith(".")), said
    assert [] == [raw for raw in RAW if raw in lines[0].removeprefix("Error: ")]
    return lines[0]


SITUATIONS = {
    "data directory that is a file": (("alert", "add", "a", "b", "--data", "{file}/data"), {}, 3, "no directory"),
    "home that cannot be written": (
        ("alert", "add", "a", "b"),
        {"NEWSWIRE_DATA": "/proc/none/newswire"},
        3,
        "/proc/none",
    ),
    "network that is none": (("search", "a"), {"NEWSWIRE_FETCH_ALLOW": "foo"}, 2, "'foo' is no network"),
    "number that is none": (("search", "a"), {"NEWSWIRE_FETCH_PER_HOST": "many"}, 2, "a whole number is expected"),
    "number out of range": (("search", "a"), {"NEWSWIRE_FETCH_PER_HOST": "0"}, 2, "a whole number of 1 or more"),
    "settings that are not there": (("search", "a", "--config", "{file}.toml"), {}, 2, "does not exist"),
    "settings that are no text": (("search", "a", "--config", "{junk}"), {}, 2, "not text in UTF-8"),
    "store that is none": (("search", "a", "--data", "{broken}"), {}, 3, "newswire.db"),
    "file that is there": (("config", "init", "{file}"), {}, 2, "already exists"),
    "backup that is there": (("admin", "backup", "{file}"), {}, 2, "already exists"),
    "export to a directory that is not": (("export", "{file}/x.opml"), {}, 2, "no directory"),
    "import of a directory": (("alert", "import", "{broken}"), {}, 2, "it is a directory"),
    "query that no one typed": (("event", "list", "--actor", '"'), {}, 2, "--actor"),
    "query inside another": (("story", "list", "a) OR (b"), {}, 2, "column 2"),
    "role without servers": (("worker",), {}, 2, "distributed"),
}


@pytest.mark.parametrize("what", SITUATIONS)
def test_situation_is_told_in_one_sentence(what: str, data: Path, tmp_path: Path) -> None:
    arguments, variables, code, words = SITUATIONS[what]
    (tmp_path / "file").write_text("x")
    (tmp_path / "junk").write_bytes(b"\xff\xfe\x00a")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "newswire.db").write_bytes(b"no store" * 1000)
    for path, mode in ((tmp_path / "broken", 0o700), (tmp_path / "broken" / "newswire.db", 0o600)):
        path.chmod(mode)
    places = {name: str(tmp_path / name) for name in ("file", "junk", "broken")}
    ended = run(data, *(argument.format(**places) for argument in arguments), more=variables)
    assert (code, True) == (ended.returncode, words in sentence(ended)), ended.stderr


def test_full_output_is_told(data: Path) -> None:
    with Path("/dev/full").open("w") as full:
        for arguments in (
            ("search",),
            ("search", "--json"),
            ("--help",),
            ("story", "list", "--least", "1"),
            ("export",),
        ):
            ended = run(data, *arguments, stdout=full.fileno())
            assert (3, True) == (ended.returncode, "the disk is full" in sentence(ended)), arguments


def test_closed_output_is_told_and_nothing_is_written_into_another_file(data: Path) -> None:
    ended = run(data, "search", stdout=None, before=partial(os.close, 1))
    assert (3, True) == (ended.returncode, "it is closed" in sentence(ended))
    assert 0 == run(data, "search").returncode


@pytest.mark.parametrize("closed", [0, 2])
def test_other_closed_streams_do_no_harm(data: Path, closed: int) -> None:
    ended = run(data, "search", before=partial(os.close, closed))
    assert (0, 20) == (ended.returncode, len(ended.stdout.splitlines()))


@pytest.mark.parametrize("full", [True, False])
def test_complaints_that_nobody_hears_do_not_end_the_work(tmp_path: Path, full: bool) -> None:
    rules = "".join(f'[[alert]]\nname = "r{n}"\nquery = "a"\nchannels = ["atom:../{n}"]\n' for n in range(50))
    (tmp_path / "rules.toml").write_text(rules + '[[alert]]\nname = "good"\nquery = "a"\n')
    with Path("/dev/full").open("w") as nowhere:
        program = subprocess.Popen(
            [*PROGRAM, "alert", "import", str(tmp_path / "rules.toml")], env=environment(tmp_path / "data"),
            stdout=subprocess.DEVNULL, stderr=nowhere if full else subprocess.PIPE,
        )  # fmt: skip
        if program.stderr is not None:
            program.stderr.close()
        assert 1 == program.wait(30)
    assert b"good  a" in run(tmp_path / "data", "alert", "list").stdout


@pytest.mark.parametrize("command", ["search", "search --json", "--help", "story list --least 1", "tail --last 30"])
def test_reader_that_has_seen_enough_ends_it_quietly(data: Path, command: str) -> None:
    program = subprocess.Popen(
        [*PROGRAM, *command.split()], env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
    )  # fmt: skip
    assert program.stdout is not None and program.stderr is not None
    program.stdout.close()
    said = program.stderr.read()
    program.stderr.close()
    assert (0, b"") == (program.wait(30), said)


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
)
def test_terminal_with_few_characters_is_no_reason_to_stop(data: Path, variables: dict[str, str]) -> None:
    ended = run(data, "search", "--limit", "100", more=variables)
    assert (0, b"") == (ended.returncode, ended.stderr)
    assert 33 == len(ended.stdout.splitlines())


@pytest.mark.parametrize("command", ["config init", "export", "admin backup"])
@pytest.mark.parametrize("room", [0, 100])
def test_what_has_no_room_is_not_written_by_half(data: Path, tmp_path: Path, command: str, room: int) -> None:
    run(data, "add", "--no-check", "https://example.org/" + "feed" * 20)

    def narrow() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    (tmp_path / "out").mkdir()
    # Python itself would leave half of what it compiles.
    ended = run(
        data, *command.split(), str(tmp_path / "out" / "x"), before=narrow, more={"PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert (True, []) == (ended.returncode in (2, 3), list((tmp_path / "out").iterdir()))
    sentence(ended)


@pytest.mark.parametrize("room", [4_096, 60_000, 200_000, 350_000])
def test_disk_that_fills_while_it_runs_is_told_with_what_to_do(tmp_path: Path, room: int) -> None:
    def narrow() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    ended = run(tmp_path, "up", "--demo", "--once", before=narrow, more={"PYTHONDONTWRITEBYTECODE": "1"})
    *_, last = ended.stderr.decode().splitlines()
    assert (3, True) == (ended.returncode, "make room" in last), ended.stderr
    assert b"Traceback" not in ended.stderr


def test_fault_of_a_thread_is_one_sentence(data: Path, tmp_path: Path) -> None:
    broken = "import threading, pipeline.services.articles as a; "
    broken += (
        "a.Articles.search = lambda *_: (t := threading.Thread(target=lambda: 1 / 0), t.start(), t.join(), 1 / 0); "
    )
    ended = subprocess.run(
        [sys.executable, "-c", broken + "from pipeline.__main__ import run; run()", "search"],
        env=environment(data, {"TMPDIR": str(tmp_path)}), capture_output=True, check=False,
    )  # fmt: skip
    assert (70, 2, False) == (ended.returncode, len(ended.stderr.splitlines()), b"Traceback" in ended.stderr)


def test_fault_of_the_program_is_kept_in_a_file_for_its_report(data: Path, tmp_path: Path) -> None:
    broken = "import pipeline.services.articles as a; a.Articles.search = lambda *_: 1 / 0; "
    ended = subprocess.run(
        [sys.executable, "-c", broken + "from pipeline.__main__ import run; run()", "search"],
        env=environment(data, {"TMPDIR": str(tmp_path)}), capture_output=True, check=False,
    )  # fmt: skip
    (report,) = tmp_path.iterdir()
    assert (70, True) == (ended.returncode, str(report) in ended.stderr.decode())
    assert ["ZeroDivisionError" in report.read_text(), oct(report.stat().st_mode & 0o777)] == [True, "0o600"]
    assert b"Traceback" not in ended.stderr


class _Feed(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(FEED)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Feed) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/feed"
        server.shutdown()


@pytest.mark.parametrize("command", ["search", "parse {address}", "up {address}"])
@pytest.mark.parametrize("moment", [0.02, 0.3, 0.7, 1.5])
def test_interrupt_at_any_moment_ends_program_and_children_without_a_traceback(
    tmp_path: Path, address: str, command: str, moment: float
) -> None:
    begun, tell = os.pipe()
    program = subprocess.Popen(
        [sys.executable, "-c", "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
         f"from pipeline.__main__ import run; os.close({tell}); run()",
         *command.format(address=address).split()],
        env=environment(tmp_path, {"NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8"}), pass_fds=(tell,),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    os.close(tell)
    os.read(begun, 1)  # what comes before is Python's own start
    os.close(begun)
    time.sleep(moment)
    if program.poll() is None:
        os.killpg(program.pid, signal.SIGINT)
    _, said = program.communicate(timeout=30)
    assert [] == [raw for raw in (b"Traceback", b"Exception ignored", b"KeyboardInterrupt") if raw in said], said
    # Before the program has begun Python has no words for it but a signal's.
    assert program.returncode in (0, 1, 130, -signal.SIGINT), said


@pytest.mark.parametrize(
    ("deadline_s", "work", "number", "said"),
    # To start a child takes its time on a busy machine: only the slow one is given little.
    [(60.0, os._exit, 3, "ended the process that parses it"), (0.5, time.sleep, 60, r"within 0\.5 s")],
    ids=["died", "slow"],
)
def test_child_that_died_is_not_told_as_one_that_was_slow(
    deadline_s: float, work: Callable[[int], object], number: int, said: str
) -> None:
    parser = Parser(deadline_s=deadline_s)
    try:
        with pytest.raises(NotAFeedError, match=said):
            parser._call("http://a/", work, number)
    finally:
        parser.close()


def test_interrupt_that_came_while_something_was_thrown_away_is_heard() -> None:
    # What is started in the background of a shell begins with interrupts ignored.
    program = """
import signal, time
from pipeline.failures import watch_threads

signal.signal(signal.SIGINT, signal.default_int_handler)

class Thrown:
    def __del__(self):
        raise KeyboardInterrupt

watch_threads()
try:
    Thrown()
    time.sleep(10)
except KeyboardInterrupt:
    print("heard")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("heard\n", "")
