"""From an article to an alert without typing: what is named in it, and what an alert of it is called."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Entity
from tests.fakes.web import page
from tests.unit.web.test_pages import article, titles


def test_names_of_an_article_are_searches_and_searches_are_alerts_with_a_name() -> None:
    named = tuple(
        Entity(text=name, type="LOC", name=name, start=0, end=3)
        for name in ("Port Ada", 'Al "Big" Lee', "Port Ada", "–")
    )
    with page() as served:
        served.put(article(1, text="Port Ada, said Al Big Lee, is open.", entities=named))
        text = served.browser.get(f"/article/{1:032x}").text
        links = re.findall(r'<a href="(/search[^"]*)" dir="auto">([^<]*)</a>', text)
        assert [name for _, name in links] == ["Port Ada", "Al Big Lee"]
        asked = links[0][0]
        assert titles(served, asked) == ["Dam fails"]
        form = "/alerts/new?" + asked.partition("?")[2]
        names = []
        for _ in range(3):
            found = re.search(r'id="f-name" name="name" value="([^"]*)"', served.browser.get(form).text)
            assert found is not None
            names.append(found.group(1))
            assert served.browser.post("/alerts", name=found.group(1), query='"Port Ada"').status == 303
        assert names == ["Port Ada", "Port Ada 2", "Port Ada 3"]
        assert 'name="name" value=""' in served.browser.get("/alerts/new").text


@given(st.text(min_size=1, max_size=300))
def test_name_that_an_alert_is_given_is_one_that_it_may_have(query: str) -> None:
    with page() as served:
        found = re.search(
            r'id="f-name" name="name" value="([^"]*)"',
            served.browser.get("/alerts/new?" + urlencode({"q": query}, errors="replace")).text,
        )
        assert found is not None
        name = unescape(found.group(1))
        if name.strip():
            answer = served.browser.post("/alerts", name=name, query="dam")
            assert answer.status == 303, answer.text
