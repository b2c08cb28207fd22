"""A running Newswire with made-up articles, and Debian's chromium in front of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.integration import feed_server
from tests.integration.feed_server import FeedServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

PROGRAM = [sys.executable, "-c", "from pipeline.cli import main; main()"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
START_S = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the browser's tests out where there is none; CI has one."""
    missing = (
        "install chromium (apt-get install chromium) and playwright (pip install playwright axe-playwright-python)"
    )
    try:
        import axe_playwright_python  # noqa: F401
        import playwright.sync_api  # noqa: F401
    except ImportError:
        found = False
    else:
        found = CHROMIUM is not None
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            if not found and os.environ.get("CI") != "true":
                item.add_marker(pytest.mark.skip(reason=missing))


class Served(msgspec.Struct, frozen=True):
    """Hold a running page, a site with a feed beside it, and ways to bring news."""

    address: str
    site: FeedServer
    directory: Path

    def push(self, **article: str) -> None:
        """Bring one article in."""
        body = json.dumps(article).encode()
        request = urllib.request.Request(f"{self.address}/api/v1/articles", body, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 202

    def found(self, query: str, count: int = 1) -> list[dict[str, str]]:
        """Wait until so many articles are found; return them."""
        deadline = time.monotonic() + START_S
        while True:
            with urllib.request.urlopen(f"{self.address}/api/v1/articles?q={query}", timeout=60) as answer:
                entries = [entry["article"] for entry in json.load(answer)["articles"]]
            if len(entries) >= count or time.monotonic() > deadline:
                assert len(entries) >= count, entries
                return entries
            time.sleep(0.2)

    def settled(self) -> None:
        """Wait until all that came has gone through all stages: before, what is found may yet become a copy."""
        deadline = time.monotonic() + START_S
        while True:
            with urllib.request.urlopen(f"{self.address}/api/v1/status", timeout=60) as answer:
                status = json.load(answer)
            if not any(queue["waiting"] for queue in status["queues"]):
                return
            assert time.monotonic() < deadline, status
            time.sleep(0.2)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run `newswire up --demo` with its page, on a port of its own."""
    directory = tmp_path_factory.mktemp("browser")
    site = FeedServer()
    site.pages["/feed"] = feed_server.FEED
    environment = os.environ | {
        "NEWSWIRE_DATA": str(directory), "NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8", "NEWSWIRE_WEB_ENABLED": "true",
        "NEWSWIRE_WEB_LISTEN": "127.0.0.1:0",
    }  # fmt: skip
    log = directory / "up.log"
    with log.open("wb") as output:
        running = subprocess.Popen([*PROGRAM, "up", "--demo", "--data", str(directory)], env=environment,
                                   stdout=subprocess.DEVNULL, stderr=output)  # fmt: skip
    try:
        deadline = time.monotonic() + START_S
        while not (told := re.search(r"The page is at (\S+)", log.read_text("utf-8", "replace"))):
            assert running.poll() is None and time.monotonic() < deadline, log.read_text("utf-8", "replace")
            time.sleep(0.1)
        made = Served(told.group(1), site, directory)
        made.found("ceasefire", 3)
        made.settled()
        yield made
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
        site.close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Start the browser, and end it with its tests: while it runs, nothing else in this process can run a loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Watch:
    """Note what a page complains of and where it goes."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.wrong: list[str] = []
        self.address = address
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", lambda message: self._said(message.type, message.text))
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        context.on("dialog", self._asked_by)

    def _asked_by(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "about:")):
            self.wrong.append(f"went to {url}")

    def _said(self, kind: str, text: str) -> None:
        # A page that says 400 or 404 is what was asked for.
        if kind == "error" and "status of 40" not in text:
            self.wrong.append(text)


@pytest.fixture
def context(chromium: Browser, served: Served) -> Iterator[BrowserContext]:
    """Return a fresh profile; afterwards no page may have complained, run a stranger's script or gone elsewhere."""
    opened = chromium.new_context(base_url=served.address, viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(15_000)
    watch = Watch(opened, served.address)
    yield opened
    opened.close()
    assert watch.wrong == []


@pytest.fixture
def tab(context: BrowserContext) -> Page:
    """Return an open tab."""
    return context.new_page()
