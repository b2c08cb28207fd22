"""What pages give out: addresses at which others follow or read, whole, working for strangers, and ended at once."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest

from pipeline.web.access_pages import outgoing_address
from tests.fakes.web import Page, page
from tests.unit.web.test_pages import PAYLOADS, article, check_harmless

BASE = "http://127.0.0.1:8765"


def given(served: Page, path: str) -> list[str]:
    """Return the addresses that a page gives out, as strangers ask for them."""
    answer = served.browser.get(path)
    assert answer.status == 200, answer.text
    found = [unescape(each) for each in re.findall(r'<input id="follow-\d+" readonly value="([^"]*)">', answer.text)]
    assert all(each.startswith(BASE) for each in found)
    return [each.removeprefix(BASE) for each in found]


@pytest.mark.parametrize("path", [
    "/search?q=dam", "/search?q=dam+OR+river", "/?saved=water", "/?tag=coast", "/?source=Harbour+Wire", "/alert/Dams",
    "/story/" + "5" * 32, "/?view=starred", "/?q=dam&lang=en",
])  # fmt: skip
def test_what_a_page_shows_can_be_followed_by_a_stranger_as_feed_and_as_calendar(path: str) -> None:
    with page() as served:
        served.put(
            article(1, "Dam fails", tags=("coast",), story_id="5" * 32), article(2, "Other", text=None, source="x")
        )
        served.browser.post("/searches", name="water", q="dam")
        served.browser.post("/alerts", name="Dams", query="dam")
        served.browser.post("/marks", article=f"{1:032x}", starred="yes")
        atom, feed, calendar = given(served, path)
        stranger = served.another()
        assert "Dam fails" in stranger.get(atom).text and "Other" not in stranger.get(atom).text
        assert [item["title"] for item in stranger.get(feed).json()["items"]] == ["Dam fails"]
        assert stranger.get(calendar).text.startswith("BEGIN:VCALENDAR")


@pytest.mark.parametrize("path", ["/", "/?view=unread", "/search", "/search?q=(("])
def test_what_is_no_view_of_its_own_gives_out_nothing(path: str) -> None:
    with page() as served:
        served.put(article(1))
        assert "follow-1" not in served.browser.get(path).text


def test_article_is_shared_by_an_address_that_shows_its_beginning_only() -> None:
    with page() as served:
        served.put(article(1, "Dam fails", text="word " * 2_000 + "secret end"))
        (place,) = given(served, f"/article/{1:032x}")
        text = served.another().get(place).text
        assert "Dam fails" in text and "secret end" not in text and 'class="rail"' not in text
        check_harmless(text)


def test_addresses_that_were_given_out_end_when_they_are_made_anew() -> None:
    with page() as served:
        served.put(article(1, "Dam fails"))
        places = [*given(served, "/search?q=dam"), *given(served, f"/article/{1:032x}")]
        stranger = served.another()
        assert {stranger.get(each).status for each in places} == {200}
        served.browser.post("/operation", anew="1")
        assert {stranger.get(each).status for each in places} == {404}
        anew = [*given(served, "/search?q=dam"), *given(served, f"/article/{1:032x}")]
        assert {stranger.get(each).status for each in anew} == {200}
        assert ("this machine", "make secret addresses anew", "") in served.audit


def test_operation_tells_who_is_told_of_news_but_no_secret_of_it() -> None:
    with page() as served:
        topic = BASE + outgoing_address(served.desk, "query", "dam", "atom")
        served.desk.hub.ask("subscribe", topic, "https://reader.example/push/s3cret", "", "s3cret")
        text = served.browser.get("/operation").text
        assert "query/dam.atom" in text and "reader.example" in text and "not confirmed yet" in text
        assert "s3cret" not in text and topic.rpartition("=")[2] not in text


def test_nobody_sees_what_another_reader_s_programs_follow() -> None:
    with page() as served:
        served.desk.readers.add("anna", "admin", "a long password")
        theirs = BASE + outgoing_address(served.desk.of("anna"), "alert", "Private", "atom")
        served.desk.hub.ask("subscribe", theirs, "https://reader.example/push", "", "")
        served.browser.post("/login", name="anna", password="a long password")
        assert "alert/Private.atom" in served.browser.get("/operation").text
        served.desk.readers.add("ben", "admin", "another password")
        other = served.another()
        other.post("/login", name="ben", password="another password")
        text = other.get("/operation").text
        assert "Secret addresses" in text and "Private" not in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_strangers_words_stay_words_in_what_is_given_out(payload: str) -> None:
    with page() as served:
        served.put(article(1, payload, text=payload, source=payload, tags=(payload,)))
        served.browser.post("/alerts", name=payload, query="dam")
        typed = quote(payload, safe="")
        for path in (
            f"/search?q={typed}",
            f"/?tag={typed}",
            f"/?source={typed}",
            f"/alert/{typed}",
            f"/article/{1:032x}",
        ):
            check_harmless(served.browser.get(path).text)
