"""Words of strangers do nothing, wherever they come in and whatever shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.fakes.dom import harms, part_harms
from tests.fakes.strangers import PLACES, wrong_with
from tests.fakes.web import page

PAYLOADS = Path(__file__).parents[2] / "data" / "web" / "payloads.txt"
OURS = [line for line in PAYLOADS.read_text("utf-8").splitlines() if line and not line.startswith("# ")]
# What markup and the values in it are made of.
PIECES = st.lists(
    st.sampled_from([*"<>\"'&=/ \t\n`{}[]:;", "<!--", "-->", "]]>", "<![CDATA[", "script", "style", "svg", "onload",
                     "a", "href", "javascript:", "data:", "</textarea>", "</title>", "</option>", "{{", "{%", "&lt;",
                     "&#60;", "&quot;", "\\u003c", "\u2028", "\x00", "\x0c", "//", "/\\", "\r\n"]),
    min_size=1, max_size=12,
).map("".join)  # fmt: skip


def troubles(place: str, words: list[str]) -> list[str]:
    with page() as served:
        answers = list(PLACES[place](served, words))
        assert [] == [(where, answer.text) for where, answer in answers if answer.status >= 500]
        return [each for where, answer in answers for each in wrong_with(where, answer)]


@pytest.mark.parametrize("place", PLACES)
def test_no_payload_does_anything(place: str) -> None:
    assert troubles(place, OURS) == []


@pytest.mark.parametrize("place", PLACES)
def test_no_markup_however_made_does_anything(place: str) -> None:
    # A shorter case would cost minutes of pages and say no more.
    @settings(max_examples=3, phases=[Phase.explicit, Phase.generate])
    @given(st.lists(PIECES, min_size=4, max_size=4))
    def nothing(words: list[str]) -> None:
        assert troubles(place, words) == []

    nothing()


def test_an_address_with_a_line_break_leads_nowhere() -> None:
    with page() as served:
        for path in ("/api/v1/lists/a%0Ab%2F%2F", "/a%0A/", "/search%0A//"):
            answer = served.browser.ask("PUT", path, b'{"names": []}', {"content-type": "application/json"})
            assert (answer.status, wrong_with(path, answer)) == (404, [])


# Where nothing but an answer in headers shows them.
@pytest.mark.parametrize("place", [each for each in PLACES if each != "ways in"])
def test_words_are_shown_where_they_are_looked_for(place: str) -> None:
    with page() as served:
        shown = [where for where, answer in PLACES[place](served, ["Zebrafinch"]) if "Zebrafinch" in answer.text]
    assert len(shown) >= 3, shown


def test_payloads_would_be_noticed_were_they_not_escaped() -> None:
    places = ("<p>{}</p>", '<p title="{}">x</p>', "<p title='{}'>x</p>", '<a href="{}">x</a>')
    unnoticed = [each for each in OURS if not any(part_harms(place.format(each)) for place in places)]
    # What runs in markup that was cut in two, or as XML, is none in one piece of HTML.
    assert len(unnoticed) <= len(OURS) // 10, unnoticed


@pytest.mark.parametrize(
    "inside", ['<a href="javascript:x">x</a>', "<a href=' java\tscript:x'>x</a>", "<a href='//x.example/'>x</a>",
               "<img src=x>",
               '<a href="data:text/html,x">x</a>', "<form action=https://x.example/></form>", "<textarea>", "<title>",
               "<p style=color:red>", "<base href=/x>", "<meta http-equiv=refresh content=0>", "<select>", "<!--"],
)  # fmt: skip
def test_what_runs_loads_leads_away_or_swallows_the_page_is_noticed(inside: str) -> None:
    whole = (
        '<!doctype html><head><script src="/static/app.js"></script></head><body><div class="frame"><main id="main">{}'
        '</main></div><div id="live"></div></body>'
    )
    assert harms(whole.format("<p>x</p>")) == []
    assert harms(whole.format(inside)) != []
