"""What a reader does, in a real browser: subscribe, read by keys, star, search, narrow, alert, live news, lists."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

    from tests.browser.conftest import Served

pytestmark = pytest.mark.browser


def test_articles_are_read_by_keys_and_stay_read(tab: Page) -> None:
    tab.goto("/")
    title = tab.locator(".river .row h3").first.inner_text()
    tab.keyboard.press("j")
    assert tab.locator(".row.current h3").inner_text() == title
    tab.keyboard.press("o")
    tab.wait_for_url("**/article/**")
    assert tab.locator(".reading h1").inner_text() == title
    tab.locator("[data-act=read]", has_text="Mark unread").wait_for()
    tab.keyboard.press("s")
    tab.locator("[data-act=star]", has_text="Starred").wait_for()
    tab.keyboard.press("j")
    tab.wait_for_function("t => document.querySelector('.reading h1').innerText !== t", arg=title)
    tab.go_back()
    tab.keyboard.press("g")
    tab.keyboard.press("s")
    tab.wait_for_url("**/?view=starred")
    assert title in tab.locator(".row h3").all_inner_texts()
    tab.goto("/?view=unread")
    assert title not in tab.locator(".row h3").all_inner_texts()


def test_search_is_explained_while_typed_and_narrowed_on_the_timeline(tab: Page) -> None:
    tab.goto("/search?q=said")
    tab.keyboard.press("/")
    tab.keyboard.press("End")
    tab.keyboard.type(" lang:klingon")
    tab.locator("#restated.wrong", has_text="Column 11").wait_for()
    tab.goto("/search?q=said")
    whole = tab.locator(".restated strong").inner_text()
    bars = tab.locator(".timeline a")
    bars.last.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**published**")
    assert int(tab.locator(".restated strong").inner_text()) < int(whole)


def test_timeline_is_narrowed_by_dragging(tab: Page) -> None:
    tab.goto("/search?q=said")
    first, last = tab.locator(".timeline a").first.bounding_box(), tab.locator(".timeline a").last.bounding_box()
    assert first is not None and last is not None
    tab.mouse.move(first["x"] + 2, first["y"] + 40)
    tab.mouse.down()
    tab.mouse.move(last["x"] + 2, last["y"] + 40, steps=5)
    tab.mouse.up()
    tab.wait_for_url(re.compile(r"published%3A\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d"))


def test_site_is_subscribed_to_from_its_address(tab: Page, served: Served) -> None:
    tab.goto("/feeds")
    tab.fill("#url", f"{served.site.url}/feed")
    tab.get_by_role("button", name="Follow").click()
    tab.locator(".done", has_text="Following").wait_for()
    # Other tests may have left feeds here that lead nowhere.
    tab.locator(f".feeds a[href*='{served.site.url.rpartition(':')[2]}']").first.click()
    tab.get_by_text("Options").first.wait_for()
    tab.get_by_role("link", name="Test step by step").click()
    tab.locator(".steps li").first.wait_for()
    assert "fail" not in tab.locator(".steps").inner_html()


def test_alert_is_made_of_a_search_and_told_live_with_its_article(context: BrowserContext, served: Served) -> None:
    editing, reading = context.new_page(), context.new_page()
    editing.goto("/search?q=quokka")
    editing.keyboard.press("a")
    editing.wait_for_url("**/alerts/new**")
    editing.fill("#f-name", "Quokkas")
    editing.fill("#f-query", "quokka OR ceasefire")
    editing.locator("#preview", has_text="messages a day").wait_for()
    editing.get_by_role("button", name="Make the alert").click()
    editing.locator(".done").wait_for()
    reading.goto("/")
    before = reading.locator(".row").count()
    time.sleep(1.5)  # the notifier reads new rules twice a second
    served.push(title="A quokka was seen in the harbour", url="https://wire.example/quokka", text="So small.")
    reading.locator(".new", has_text="new").wait_for()
    reading.locator(".new", has_text="Alert Quokkas").wait_for()
    assert reading.locator(".row").count() == before
    reading.keyboard.press("n")
    reading.locator(".row h3", has_text="quokka").wait_for()
    editing.goto("/alerts")
    editing.locator(".ledger", has_text="quokka").wait_for()


def test_revisions_are_compared(tab: Page, served: Served) -> None:
    for title in ("Ten boats sink off Harrow", "Twelve boats sink off Harrow"):
        served.push(title=title, url="https://wire.example/boats", source="Wire", text="Divers are out.", id="boats-1")
        served.found("title:" + title.split()[0] + "%20harrow")
    (entry,) = served.found("harrow")
    tab.goto(f"/article/{entry['id']}/revisions")
    words = [tab.locator(name).first.inner_text().strip() for name in ("del", "ins")]
    assert words == ["Ten", "Twelve"]


def test_lists_go_in_and_out(tab: Page, tmp_path: Path) -> None:
    listed = tmp_path / "mine.opml"
    listed.write_text(
        '<opml version="2.0"><body><outline text="Sea"><outline text="Tide" xmlUrl="https://tide.example/feed"/></outline>'
        '<outline text="Odd" xmlUrl="gopher://odd.example/"/></body></opml>'
    )
    tab.goto("/feeds")
    tab.set_input_files("#file", str(listed))
    tab.get_by_role("button", name="Bring in").click()
    tab.get_by_text("Following 1 feed").wait_for()
    assert "odd" in tab.locator(".lines").inner_text().lower()
    with tab.expect_download() as download:
        tab.goto("/feeds")
        tab.get_by_role("link", name="Take all out as OPML").click()
    assert "https://tide.example/feed" in Path(download.value.path()).read_text("utf-8")


def test_help_is_one_key_away_and_goes_again(tab: Page) -> None:
    tab.goto("/")
    tab.keyboard.press("?")
    tab.locator("dialog[open]", has_text="next, previous article").wait_for()
    tab.keyboard.press("Escape")
    tab.locator("dialog[open]").wait_for(state="detached")


def test_all_works_without_a_script(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(base_url=served.address, java_script_enabled=False)
    try:
        tab = context.new_page()
        tab.goto("/")
        tab.locator(".row h3 a").nth(3).click()
        tab.get_by_role("button", name="Star").click()
        assert "★ Starred" in tab.locator(".acts").inner_text()
        title = tab.locator(".reading h1").inner_text()
        tab.fill("#q", "ceasefire")
        tab.get_by_role("button", name="Search", exact=True).click()
        assert tab.locator(".restated").inner_text().startswith("articles with")
        tab.get_by_role("link", name="Starred").click()
        assert title in tab.locator(".row h3").all_inner_texts()
        tab.goto("/alerts/new?q=ceasefire")
        tab.fill("#f-name", "Without script")
        tab.get_by_role("button", name="Make the alert").click()
        assert "kept" in tab.locator(".done").inner_text()
    finally:
        context.close()


def test_every_key_does_what_the_help_says(tab: Page) -> None:
    places = {"gu": "view=unread", "gs": "view=starred", "ga": "/alerts", "gf": "/feeds", "gt": "/stories",
              "go": "/operation", "gd": "/display", "gh": "/help"}  # fmt: skip
    for keys, place in places.items():
        tab.goto("/")
        for key in keys:
            tab.keyboard.press(key)
        tab.wait_for_url(f"**{place}*")
    tab.goto("/")
    rows = tab.locator(".river .row")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    tab.keyboard.press("k")
    assert "current" in (rows.first.get_attribute("class") or "")
    before = "read" in (rows.first.get_attribute("class") or "").split()
    tab.keyboard.press("m")
    tab.wait_for_function(
        f"() => document.querySelector('.row').classList.contains('read') === {str(not before).lower()}"
    )
    tab.keyboard.press("m")
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "q"
    tab.keyboard.press("Escape")
    tab.goto("/search?q=said")
    tab.keyboard.press("a")
    tab.wait_for_url("**/alerts/new?*")
    tab.goto(tab.locator(".rail a").first.get_attribute("href") or "/")
    tab.keyboard.press("j")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/article/**")
    tab.keyboard.press("e")
    assert "no-marks" in (tab.locator("body").get_attribute("class") or "")
    tab.keyboard.press("t")
    assert tab.evaluate("document.activeElement.id") == "tag"
    tab.keyboard.press("Escape")
    height = tab.evaluate("scrollY")
    tab.keyboard.press("Space")
    assert tab.evaluate("scrollY") >= height
    tab.keyboard.press("u")
    tab.wait_for_url(re.compile(r"/#a-[0-9a-f]+$"))


def test_a_query_is_explained_on_every_page_while_it_is_typed(tab: Page) -> None:
    tab.goto("/feeds")
    tab.keyboard.press("/")
    tab.keyboard.type("flood lang:klingon")
    tab.locator("#restated.wrong", has_text="Column 12").wait_for()
    tab.fill("#q", "flood -sport")
    tab.locator("#restated", has_text="flood").wait_for()


def test_what_is_unread_is_counted_beside_the_feeds(tab: Page) -> None:
    tab.goto("/")
    tab.wait_for_function("() => document.querySelector('[data-unread=\"\"]').textContent !== ''")
    before = int(tab.locator('[data-unread=""]').inner_text())
    tab.keyboard.press("j")
    tab.keyboard.press("m")
    tab.wait_for_function(
        f"() => Math.abs(Number(document.querySelector('[data-unread=\"\"]').textContent) - {before}) === 1"
    )
    tab.keyboard.press("m")


def test_a_server_that_is_lost_is_told_beside_what_failed(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(base_url=served.address)
    try:
        tab = context.new_page()
        tab.goto("/")
        tab.keyboard.press("j")
        starred = "starred" in (tab.locator(".row.current").get_attribute("class") or "").split()
        context.set_offline(True)
        tab.keyboard.press("s")
        tab.locator("#wrong", has_text="does not answer").wait_for()
        context.set_offline(False)
        tab.keyboard.press("s")
        tab.wait_for_function("() => document.querySelector('#wrong') === null")
        # Other tests find the star as it was.
        tab.keyboard.press("s")
        there = "document.querySelector('.row.current').classList.contains('starred')"
        tab.wait_for_function(f"() => {there} === {str(starred).lower()}")
    finally:
        context.close()


def test_a_first_alert_of_ones_own_takes_few_clicks_and_no_key(tab: Page, served: Served) -> None:
    # Names are found once the articles have been read for them.
    deadline = time.monotonic() + 60
    while not (named := [entry for entry in served.found("ceasefire", 3) if entry.get("entities")]):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    found = named[0]
    clicks: list[str] = []

    def click(target: Locator) -> None:
        clicks.append(target.inner_text())
        target.click()

    tab.goto(f"/search?q=id:{found['id']}")
    click(tab.locator(".row h3 a").first)
    click(tab.locator(".known section", has_text="Names in it").locator("a").first)
    tab.wait_for_url("**/search?**")
    name = clicks[-1]
    click(tab.get_by_role("link", name="Make an alert of this"))
    tab.wait_for_url("**/alerts/new?**")
    assert name.casefold() in tab.input_value("#f-name").casefold()
    assert (
        tab.locator("#preview", has_text="messages a day").count() == 1 or tab.locator("#preview strong").count() == 1
    )
    click(tab.get_by_role("button", name="Make the alert"))
    tab.locator(".done", has_text="kept").wait_for()
    assert tab.locator(".lines a").count() >= 1  # what it would have told of
    assert len(clicks) == 4
    tab.get_by_role("button", name="Remove").click()
    tab.locator(".done", has_text="removed").wait_for()
    tab.get_by_role("button", name="Undo").click()
    tab.locator(".done", has_text="back as it was").wait_for()
    click(tab.locator(".lines a", has_text=name).first)
    tab.get_by_role("button", name="Remove").click()
    tab.locator(".done", has_text="removed").wait_for()
