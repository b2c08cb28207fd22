"""A reader program as people have it: Debian's newsboat logs in, lists, reads, stars and marks, seen on the page."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from connectors.polling.subscription import Subscription
from pipeline.config import Settings
from pipeline.model import Document
from pipeline.wiring import services, stores
from tests.integration.test_web import ask, running, told

WAIT_S = 60.0
CONFIG = """urls-source "feedhq"
feedhq-url "{address}"
feedhq-login "me"
feedhq-password "{password}"
feedhq-flag-star "s"
feedhq-show-special-feeds no
auto-reload no
"""


class Terminal:
    """Type to a program on a terminal of its own, and read what it shows."""

    def __init__(self, command: list[str], directory: Path) -> None:
        self._controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        environment = os.environ | {"TERM": "xterm", "LANG": "C.UTF-8", "HOME": str(directory)}
        self._process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=directory,
                                         env=environment, start_new_session=True)  # fmt: skip
        os.close(terminal)
        self._shown = ""

    def type(self, keys: str) -> None:
        """Send keys."""
        self._shown = ""
        os.write(self._controller, keys.encode())

    def shows(self, words: str) -> None:
        """Wait until words have been shown since the last key."""
        deadline = time.monotonic() + WAIT_S
        while words not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", self._shown):
            assert time.monotonic() < deadline, f"{words!r} is not in {self._shown!r}"
            self._read(0.5)

    def redrawn(self, words: str) -> None:
        """Wait until words are on the screen, which is drawn anew again and again: otherwise changes alone are sent."""

        def drawn() -> bool:
            self.type("\x0c")
            self._read(0.5)
            return words in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", self._shown)

        self.until(drawn)

    def until(self, check: Callable[[], bool]) -> None:
        """Wait until something holds; what the program shows meanwhile is read, or it would wait for that."""
        deadline = time.monotonic() + WAIT_S
        while not check():
            assert time.monotonic() < deadline, self._shown
            self._read(0.2)

    def _read(self, seconds: float) -> None:
        if select.select([self._controller], [], [], seconds)[0]:
            self._shown += os.read(self._controller, 65_536).decode("utf-8", "replace")

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait()
        os.close(self._controller)


@contextmanager
def newsboat(directory: Path, address: str, password: str) -> Iterator[Terminal]:
    (directory / "config").write_text(CONFIG.format(address=address, password=password))
    (directory / "urls").touch()
    terminal = Terminal(["newsboat", "-C", "config", "-u", "urls", "-c", "cache.db"], directory)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.mark.skipif(shutil.which("newsboat") is None, reason="NOT RUN: newsboat is not installed (Debian's newsboat)")
def test_newsboat_reads_stars_and_marks_what_the_page_shows(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with stores.store(msgspec.structs.replace(Settings(), data=str(tmp_path))) as opened:
        for n in range(2):
            feed = Subscription(url=f"https://f{n}.example/feed", added=now, title=f"Feed {n}")
            opened.feeds.put(feed.url, msgspec.json.encode(feed))
        opened.index.upsert([
            Document(id=f"{n:032x}", title=f"Headline {n}", text=f"Words of {n}.", seen=now, source="Wire", revision=1,
                     feed=f"https://f{n % 2}.example/feed", url=f"https://x.example/{n}", language="en")
            for n in range(6)
        ])  # fmt: skip
        secret = services.access(opened).add("test", "write")
    with running(tmp_path, "web", NEWSWIRE_WEB_LISTEN="127.0.0.1:0", NEWSWIRE_WEB_PASSWORD="let me in") as (said, _):
        address = told(said, r"The page is at (\S+)")

        def shown(view: str) -> set[str]:
            page = ask(f"{address}/api/v1/articles?q=is:{view}", authorization=f"Bearer {secret}")[1]
            return set(re.findall(r"Headline \d", page))

        with newsboat(tmp_path, address, "let me in") as terminal:
            terminal.shows("Feed 1")
            terminal.type("R")
            terminal.shows("(3/3)")
            terminal.type("\r")
            terminal.shows("Headline 0")
            terminal.type("\r")
            terminal.shows("Words of 4.")
            terminal.type("\x05")
            terminal.type("s\r")
            terminal.until(lambda: shown("starred") == {"Headline 4"})
            # It says that the article was read with the first key after it.
            terminal.until(lambda: shown("unread") == {f"Headline {n}" for n in (0, 1, 2, 3, 5)})
            terminal.type("q")
            terminal.shows("Headline 0")
            terminal.type("A")
            terminal.until(lambda: shown("unread") == {f"Headline {n}" for n in (1, 3, 5)})
            terminal.type("q")
            terminal.shows("Feed 1")
            body = msgspec.json.encode({"articles": [f"{n:032x}" for n in (1, 3)], "read": True})
            assert ask(f"{address}/api/v1/marks", body, authorization=f"Bearer {secret}")[0] == 200
            terminal.type("R")
            terminal.redrawn("(1/3)")
