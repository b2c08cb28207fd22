"""Habits: fingers, one article after the other, back to the same row, and how a browser shows the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.conftest import Served

pytestmark = pytest.mark.browser
READING = re.compile(r"/article/[0-9a-f]+")


@pytest.fixture
def phone(chromium: Browser, served: Served) -> Iterator[Page]:
    """Return a tab of a narrow screen with fingers on it."""
    context = chromium.new_context(base_url=served.address, viewport={"width": 360, "height": 640}, has_touch=True)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def swipe(tab: Page, on: Locator, by: int) -> None:
    """Draw a finger over something, from its middle."""
    box = on.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 200)
    fingers = tab.context.new_cdp_session(tab)
    for kind, at in (("touchStart", x), ("touchMove", x + by / 2), ("touchMove", x + by), ("touchEnd", None)):
        points = [{"x": at, "y": y}] if at is not None else []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    fingers.detach()


def classes(row: Locator) -> list[str]:
    return (row.get_attribute("class") or "").split()


def test_rows_are_starred_and_read_and_articles_turned_by_fingers(phone: Page) -> None:
    phone.goto("/")
    row = phone.locator(".river .row").nth(1)
    for by, mark in ((120, "read"), (-120, "starred")):
        for _ in range(2):  # set, and taken again
            wanted = mark not in classes(row)
            swipe(phone, row, by)
            phone.wait_for_function(
                "([mark, wanted]) => document.querySelectorAll('.river .row')[1].classList.contains(mark) === wanted",
                arg=[mark, wanted],
            )
    # Too short a way, or up and down, is none.
    before = classes(row)
    swipe(phone, row, 30)
    assert classes(row) == before
    titles = phone.locator(".river .row h3").all_inner_texts()
    row.locator("h3 a").click()
    phone.wait_for_url(READING)
    swipe(phone, phone.locator(".reading .words"), -140)
    phone.wait_for_function("t => document.querySelector('.reading h1').innerText === t", arg=titles[2])
    swipe(phone, phone.locator(".reading .words"), 140)
    phone.wait_for_function("t => document.querySelector('.reading h1').innerText === t", arg=titles[1])


def test_articles_follow_each_other_without_a_script_and_lead_back_to_their_row(
    chromium: Browser, served: Served
) -> None:
    context = chromium.new_context(
        base_url=served.address, java_script_enabled=False, viewport={"width": 320, "height": 600}
    )
    try:
        tab = context.new_page()
        tab.goto("/")
        rows = tab.locator(".river .row")
        count, titles = rows.count(), tab.locator(".river .row h3").all_inner_texts()
        rows.first.locator("h3 a").click()
        for title in titles[:4]:
            assert tab.locator(".reading h1").inner_text() == title
            tab.locator(".steps-on [rel=next]").click()
        tab.locator(".steps-on [rel=prev]").click()
        assert tab.locator(".reading h1").inner_text() == titles[3]
        tab.get_by_role("link", name="← Back").click()
        assert tab.locator(".row:target h3").inner_text() == titles[3] and rows.count() == count
        box = tab.locator(".row:target").bounding_box()
        assert box is not None and 0 <= box["y"] < 600
    finally:
        context.close()


def test_space_turns_to_the_next_article_at_the_end_of_one(tab: Page) -> None:
    tab.goto("/")
    titles = tab.locator(".river .row h3").all_inner_texts()
    tab.locator(".river .row h3 a").first.click()
    tab.wait_for_url(READING)
    tab.locator(".known [data-part] p, .known [data-part] li").first.wait_for()  # what comes later has come
    for _ in range(30):
        if tab.locator(".reading h1").inner_text() != titles[0]:
            break
        tab.keyboard.press("Space")
        tab.wait_for_timeout(100)
    assert tab.locator(".reading h1").inner_text() == titles[1]


def test_how_a_browser_shows_the_page_is_kept_for_it_alone(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(base_url=served.address, java_script_enabled=False, color_scheme="light")
    try:
        tab = context.new_page()
        tab.goto("/")
        roomy = tab.locator(".river .row").first.bounding_box()
        tab.goto("/display")
        for choice in ("dark", "close together", "large", "in letters without"):
            tab.get_by_label(choice, exact=True).check()
        tab.get_by_role("button", name="Keep").click()
        tab.locator(".done").wait_for()
        assert tab.get_by_label("dark", exact=True).is_checked()
        tab.goto("/")
        close = tab.locator(".river .row").first.bounding_box()
        assert roomy is not None and close is not None and close["height"] < roomy["height"]
        colour = "getComputedStyle(document.documentElement).backgroundColor"
        assert tab.evaluate(colour) == "rgb(22, 21, 18)"
        tab.goto("/nothing")
        assert tab.evaluate(colour) == "rgb(22, 21, 18)"
    finally:
        context.close()
    other = chromium.new_context(base_url=served.address, color_scheme="light")
    try:
        tab = other.new_page()
        tab.goto("/")
        assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(253, 252, 249)"
    finally:
        other.close()
