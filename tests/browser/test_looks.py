"""How it looks, and that strangers' words do nothing: narrow, dark, accessible, harmless."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

    from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
PAGES = (
    "/", "/?view=unread", "/?view=starred", "/search", "/search?q=said", "/search?q=said&counts=1", "/search?q=(",
    "/alerts", "/alerts/new?q=said", "/alert/Ceasefire%20talks", "/feeds", "/stories", "/events",
    "/events?as=timeline", "/events?as=map", "/events?as=calendar", "/operation", "/help",
    "/display", "/login", "/nothing",
)  # fmt: skip
PAYLOADS = Path(__file__).parents[1] / "data" / "web" / "payloads.txt"


def article(tab: Page) -> str:
    tab.goto("/")
    return tab.locator(".row h3 a").first.get_attribute("href") or ""


def every(tab: Page) -> tuple[str, ...]:
    """Return an address of every kind of page."""
    one = article(tab)
    plain = one.partition("?")[0]
    tab.goto("/stories?days=30")
    story = tab.locator(".stories a").first.get_attribute("href") or ""
    tab.goto("/events")
    event = tab.locator(".coded .what a").first.get_attribute("href") or ""
    return (*PAGES, event, one, plain, f"{plain}/revisions", f"{plain}/similar", f"{plain}/trace", story)


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_nothing_is_wider_than_the_window(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    for path in every(tab):
        tab.goto(path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(chromium: Browser, served: Served, scheme: str) -> None:
    checker = str(files("axe_playwright_python") / "axe.min.js")
    # The checker runs inside the page, which our pages forbid.
    context = chromium.new_context(base_url=served.address, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    try:
        tab = context.new_page()
        for path in every(tab):
            tab.goto(path)
            tab.add_script_tag(path=checker)
            found = tab.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
            serious = [
                (each["id"], each["nodes"][0]["html"][:200])
                for each in found
                if each["impact"] in ("serious", "critical")
            ]
            assert serious == [], path
    finally:
        context.close()


def test_dark_is_dark(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(base_url=served.address, color_scheme="dark")
    try:
        tab = context.new_page()
        tab.goto("/")
        assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(22, 21, 18)"
    finally:
        context.close()


def test_strangers_words_do_nothing(tab: Page, served: Served) -> None:
    payloads = [line for line in PAYLOADS.read_text("utf-8").splitlines() if line and not line.startswith("# ")]
    for n, payload in enumerate(payloads):
        served.push(title=f"Zebu {n} {payload}", url=f"https://wire.example/{n}/{payload}", source=f"Zebu {payload}",
                    text=f"{payload}\n{payload}", html=f"<p>{payload}</p>", author=payload)  # fmt: skip
    entries = served.found("title:zebu&limit=200", len(payloads) // 2)
    tab.goto("/search?q=title:zebu")
    for entry in entries[:25]:
        tab.goto(f"/article/{entry['id']}")
        tab.goto(f"/article/{entry['id']}?as=published")
    for payload in payloads[:25]:
        tab.goto("/search?" + urlencode({"q": payload}))
    tab.goto("/alerts/new")
    tab.fill("#f-name", " ".join(payloads)[:190])
    tab.fill("#f-query", "zebu")
    tab.get_by_role("button", name="Make the alert").click()
    tab.locator(".done").wait_for()
    tab.goto("/alerts")
    tab.goto("/search?q=title:zebu")
    tab.fill("#save", payloads[2])
    tab.get_by_role("button", name="Save", exact=True).click()
    tab.goto("/search")
    one = f"/article/{entries[0]['id']}"
    for payload in payloads[:6]:
        tab.goto(one)
        tab.fill("#tag", payload.replace(",", " "))
        tab.get_by_role("button", name="Add", exact=True).click()
    for path in ("/revisions", "/similar", "/trace"):
        tab.goto(one + path)
    for parameters in ({"to": payloads[0]}, {"done": payloads[0]}, {"saved": payloads[2]}, {"view": payloads[0]}):
        for path in ("/", "/login", "/feeds", "/alerts", "/nothing"):
            tab.goto(path + "?" + urlencode(parameters))
    # What arrives while a page is open is written into it by the script.
    tab.goto("/")
    served.push(title=f"Late zebu {payloads[2]}", url="https://wire.example/late", source=payloads[1], text="Zebu.")
    tab.locator(".new", has_text="Alert").wait_for(timeout=60_000)
    assert tab.evaluate("window.wasRun") is None


def test_no_page_weighs_more_than_it_may(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(base_url=served.address)
    try:
        for path in every(context.new_page()):
            tab = context.new_page()
            answers: list[Response] = []
            tab.on("response", partial(list.append, answers))
            tab.goto(path)
            ended = [each for each in answers if "event-stream" not in each.headers.get("content-type", "")]
            sizes = {answer.url: len(answer.body()) for answer in ended}
            assert 0 < sum(sizes.values()) < 100_000, (path, sizes)
            tab.close()
    finally:
        context.close()
