"""What the page shows while Newswire is away, and that it comes back by itself."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PROGRAM, START_S, Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(240)
SLOW_MS = 60_000


@contextmanager
def page_at(port: int, served: Served) -> Iterator[None]:
    """Serve the page of the same store at a port of its own for as long as the block runs."""
    command = [*PROGRAM, "web", "--data", str(served.directory), "--listen", f"127.0.0.1:{port}"]
    running = subprocess.Popen(command, env=os.environ | {"NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8"},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        deadline = time.monotonic() + START_S
        while True:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=5):
                break
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        yield
    finally:
        running.kill()  # as a machine that is switched off does
        running.wait()


@pytest.fixture
def port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def lone(chromium: Browser, port: int) -> Iterator[Page]:
    """Return a tab of a profile that may complain: what it asks for is not there."""
    context = chromium.new_context(base_url=f"http://127.0.0.1:{port}")
    context.set_default_timeout(SLOW_MS)
    yield context.new_page()
    context.close()


def kept(tab: Page) -> list[str]:
    """Return the addresses of the pages that the browser keeps."""
    return tab.evaluate(  # type: ignore[no-any-return]
        "async () => (await (await caches.open('newswire-pages')).keys()).map((each) => new URL(each.url).pathname)"
    )


def wait_for_kept(tab: Page, path: str) -> None:
    deadline = time.monotonic() + START_S
    while path not in kept(tab):
        assert time.monotonic() < deadline, kept(tab)
        tab.wait_for_timeout(100)


def test_pages_that_were_seen_are_there_while_newswire_is_away_and_it_comes_back_by_itself(
    lone: Page, port: int, served: Served
) -> None:
    with page_at(port, served):
        lone.goto("/")
        lone.wait_for_function("() => navigator.serviceWorker.controller !== null")
        wait_for_kept(lone, "/")
        link = lone.locator(".river .row h3 a").first
        title, path = link.inner_text(), str(link.get_attribute("href"))
        lone.goto(path)
        wait_for_kept(lone, path.partition("?")[0])
        lone.goto("/")
        lone.locator(".river .row").first.wait_for()
    lone.locator("#lost", has_text="does not answer").wait_for()
    lone.goto(path)
    lone.locator("#kept", has_text="This is the page as it was on").wait_for()
    assert title in lone.locator("main").inner_text()
    assert lone.locator("#wrong").count() == 0  # nobody asked for a change
    lone.goto("/operation")
    lone.get_by_role("heading", name="Newswire does not answer").wait_for()
    assert lone.locator("main li a").count() >= 2
    lone.goto("/")
    lone.locator("#kept").wait_for()
    with page_at(port, served):
        lone.wait_for_function(
            "() => document.querySelector('#kept, #lost') === null && document.querySelector('.row')"
        )
        lone.goto("/login")
        deadline = time.monotonic() + START_S
        while kept(lone):
            assert time.monotonic() < deadline, "who logs in finds what another has read"
            lone.wait_for_timeout(100)


def test_news_that_came_while_newswire_was_away_are_told_when_it_is_back(lone: Page, port: int, served: Served) -> None:
    with page_at(port, served):
        lone.goto("/")
        lone.locator(".river .row").first.wait_for()
    lone.locator("#lost").wait_for()
    served.push(id="away-1", source="Away Times", title="Bridge reopened in Wexford", text="The bridge was reopened.")
    served.found("wexford")
    with page_at(port, served):
        lone.locator(".new button", has_text=re.compile(r"\d new")).wait_for()
        assert lone.locator("#lost").count() == 0


def test_a_page_that_one_goes_back_to_hears_what_is_new(lone: Page, port: int, served: Served) -> None:
    with page_at(port, served):
        lone.goto("/")
        lone.locator(".river .row").first.wait_for()
        lone.locator(".river .row h3 a").first.click()
        lone.locator(".reading").wait_for()
        lone.go_back()
        lone.locator(".river .row").first.wait_for()
        served.push(id="away-2", source="Away Times", title="Ferry launched in Dingle", text="The ferry was launched.")
        lone.locator(".new button", has_text=re.compile(r"\d new")).wait_for()
