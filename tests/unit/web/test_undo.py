"""What is removed can be put back as it was, for a while, by who removed it."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from pipeline.services.passing import Passing, PassingRecords
from pipeline.web.app import App
from pipeline.web.asking import Ask
from pipeline.web.pages import alerts, feeds, search
from tests.fakes.browser import Answer, Browser
from tests.fakes.web import Page, page, page_over

FEED = "https://harbour.example/feed"
SECRET = "webhook+https://hook.example/path#secret=tops3cret"


@pytest.fixture(autouse=True)
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask no resolver about the host of a channel."""
    monkeypatch.setattr("pipeline.adapters.notify.addresses.Channels.check", lambda channels, channel: None)


def removed(served: Page, kind: str) -> tuple[Answer, str]:
    """Remove a thing of a kind that has everything; return the page after it, and the key of its way back."""
    browser = served.browser
    if kind == "alert":
        browser.send("/alerts", {"name": "Dams", "query": "dam", "channels": SECRET, "cap_per_day": "7"})
        gone = browser.post("/alert/Dams", remove="1")
    elif kind == "feed":
        browser.post("/feeds", url=FEED)
        browser.send("/feed", {"url": FEED, "title": "Mine", "tags": "sea", "mute": "sport", "bearer": "tops3cret"})
        gone = browser.send("/feed", {"url": FEED, "remove": "1"})
    else:
        browser.post("/searches", name="water", q="dam OR flood")
        gone = browser.post("/searches", name="water", forget="1")
    after = browser.follow(gone)
    assert "tops3cret" not in after.text and "tops3cret" not in gone.headers["location"]
    key = re.search(r'name="put_back" value="([^"]+)"', after.text)
    assert key is not None, after.text
    return gone, key.group(1)


def all_of(served: Page, kind: str) -> object:
    if kind == "alert":
        return served.desk.alerts.all()
    return served.desk.feeds.all() if kind == "feed" else served.desk.searches.all()


PLACES = {"alert": "/alerts", "feed": "/feeds", "search": "/searches"}
KINDS = {"alert": alerts.KIND, "feed": feeds.KIND, "search": search.KIND}


@pytest.mark.parametrize("kind", PLACES)
def test_it_is_back_with_all_that_it_was(kind: str) -> None:
    with page() as served:
        _, key = removed(served, kind)
        assert not all_of(served, kind)
        back = served.browser.send(PLACES[kind], {"put_back": key})
        assert "as it was" in served.browser.follow(back).text
        after = all_of(served, kind)
        if kind == "alert":
            (rule,) = served.desk.alerts.all()
            assert (rule.query, rule.channels, rule.cap_per_day) == ("dam", (SECRET,), 7)
        elif kind == "feed":
            (feed,) = served.desk.feeds.all()
            assert (feed.title, feed.tags, feed.mute) == ("Mine", ("sea",), ("sport",))
            assert feed.headers == {"Authorization": "Bearer tops3cret"}
        else:
            assert after == {"water": "dam OR flood"}
        # Once is enough.
        assert served.browser.send(PLACES[kind], {"put_back": key}).status == 404
        assert all_of(served, kind) == after


@pytest.mark.parametrize("kind", PLACES)
def test_after_a_while_it_is_too_late_and_the_way_back_is_not_offered(kind: str) -> None:
    with page() as served:
        gone, key = removed(served, kind)
        now = served.desk.clock()
        passing = PassingRecords(table=served.store.access, clock=lambda: now + timedelta(minutes=11))
        late = App(msgspec.structs.replace(served.desk, passing=passing))
        try:
            browser = Browser(late.asgi())
            assert 'name="put_back"' not in browser.get(gone.headers["location"]).text
            answer = browser.send(PLACES[kind], {"put_back": key})
            assert answer.status == 404 and "too late" in answer.text
            assert not all_of(served, kind)
        finally:
            late.close()


@pytest.mark.parametrize("kind", PLACES)
def test_it_can_be_put_back_after_a_restart_but_by_nobody_else(kind: str) -> None:
    with page() as served:
        gone, key = removed(served, kind)
        with page_over(served.store) as again:
            assert 'name="put_back"' in again.browser.get(gone.headers["location"]).text
            ask = Ask(desk=again.desk, method="", path="", places={}, query={}, headers={})
            assert again.desk.removed.is_there(ask, KINDS[kind], key)
            assert not again.desk.removed.is_there(msgspec.structs.replace(ask, reader="anna"), KINDS[kind], key)
            assert again.browser.send(PLACES[kind], {"put_back": key}).status == 303
        assert all_of(served, kind)
        assert served.browser.send(PLACES[kind], {"put_back": key}).status == 404


def test_nothing_of_it_is_kept_longer_than_it_can_be_put_back() -> None:
    with page() as served:
        removed(served, "alert")
        assert any(b"tops3cret" in decoded(value) for _, value in served.store.access.items())
        now = served.desk.clock()
        later = PassingRecords(table=served.store.access, clock=lambda: now + timedelta(minutes=11))
        later.put("anything", b"", timedelta(1))
        assert not any(b"tops3cret" in decoded(value) for _, value in served.store.access.items())


def decoded(value: bytes) -> bytes:
    return msgspec.json.decode(value, type=Passing).value if b"until" in value else value


def test_another_of_its_name_stays_and_the_way_back_too() -> None:
    with page() as served:
        _, key = removed(served, "alert")
        served.browser.send("/alerts", {"name": "dams", "query": "flood"})
        assert served.browser.post("/alerts", put_back=key).status == 400
        assert [rule.query for rule in served.desk.alerts.all()] == ["flood"]
        served.browser.send("/alerts", {"opened": "dams", "name": "Floods", "query": "flood"})
        assert served.browser.post("/alerts", put_back=key).status == 303
        assert [rule.name for rule in served.desk.alerts.all()] == ["Dams", "Floods"]


def test_secret_of_a_channel_is_never_shown_and_stays_through_a_change() -> None:
    with page() as served:
        served.browser.send("/alerts", {"name": "Dams", "query": "dam", "channels": SECRET})
        form = served.browser.get("/alerts/new?name=Dams").text
        shown = re.search(r'name="channels"[^>]* value="([^"]*)"', form)
        assert shown is not None and "hook.example" in shown.group(1) and "tops3cret" not in form
        fields = {"opened": "Dams", "name": "Dams", "query": "dam OR flood", "channels": shown.group(1)}
        assert served.browser.send("/alerts", fields).status == 303
        (rule,) = served.desk.alerts.all()
        assert (rule.query, rule.channels) == ("dam OR flood", (SECRET,))
        # Programs that send back what they read change no channel, too.
        read = served.browser.get("/api/v1/alerts/Dams").json()
        body = msgspec.json.encode({"channels": [*read["channels"], "terminal:"], "query": "dam"})
        assert served.another().ask("PATCH", "/api/v1/alerts/Dams", body).status == 200
        (rule,) = served.desk.alerts.all()
        assert (rule.query, rule.channels) == ("dam", (SECRET, "terminal:"))
