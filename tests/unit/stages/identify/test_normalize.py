"""The normal form of an article."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Article
from pipeline.stages.identify.normalize import html_to_text, normalize

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def article(**fields: object) -> Article:
    return Article(**({"id": "a", "source": "s", "seen": NOW} | fields))  # type: ignore[arg-type]


@given(title=st.none() | st.text(), text=st.none() | st.text(), html=st.none() | st.text())
def test_normalizing_twice_changes_nothing_more(title: str | None, text: str | None, html: str | None) -> None:
    once = normalize(article(title=title, text=text, html=html))
    assert once == normalize(once)


def test_paragraph_printed_twice_is_kept_once() -> None:
    lead = "Ministers agreed in principle to a summit of their leaders."
    assert normalize(article(title="T", text=f"{lead}\n{lead}\nMore.")).text == f"{lead}\n\nMore."


def test_short_lines_may_repeat() -> None:
    assert normalize(article(text="La la la\n\nOh\n\nLa la la")).text == "La la la\n\nOh\n\nLa la la"


def test_body_does_not_begin_with_the_title_again() -> None:
    assert normalize(article(title="Big News", text="BIG NEWS\n\nThe rest.")).text == "The rest."


def test_wrapped_lines_are_one_paragraph_and_lines_that_end_are_not() -> None:
    wrapped = (
        "This week we talk about salt and pepper\nshakers, comparing, contrasting,\nand more.\nÉcoles next.\n* one"
    )
    found = normalize(Article(id="a", source="s", seen=NOW, text=wrapped)).text
    assert found == (
        "This week we talk about salt and pepper shakers, comparing, contrasting, and more.\n\nÉcoles next.\n\n* one"
    )


def test_markup_becomes_paragraphs_without_scripts() -> None:
    html = "<p>One <b>two</b>\n three</p><script>alert(1)</script><p>Four<br>five</p><ul><li>a<li>b</ul>"
    assert normalize(article(html=html)).text == "One two three\n\nFour five\n\na b"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("A &amp; B", "A & B"), ("<b>Bold</b> claim", "Bold claim"), ("AT&T", "AT&T"), (" \n ", None), ("5 < 6", "5 < 6")],
)
def test_title_is_one_line_of_plain_text(raw: str, expected: str | None) -> None:
    assert normalize(article(title=raw)).title == expected


def test_dates_are_utc_and_absurd_ones_dropped() -> None:
    local = datetime(2026, 11, 20, 13, tzinfo=timezone(timedelta(hours=1)))
    assert normalize(article(published=local)).published == NOW
    assert normalize(article(published=NOW + timedelta(days=400))).published is None
    assert normalize(article(published=datetime(1900, 1, 1, tzinfo=UTC))).published is None


def test_language_is_told_from_the_text_when_the_feed_declares_its_default() -> None:
    text = "Die Waffenruhe an der Grenze ist um dreißig Tage verlängert worden, sagte das Ministerium."
    assert normalize(article(text=text, language="en-us")).language == "de"


def test_five_megabytes_end_in_bounded_time() -> None:
    assert len(normalize(article(text="word " * 1_000_000)).text or "") <= 2_000_000


def test_hostile_markup_ends() -> None:
    assert html_to_text("<div>" * 10_000 + "deep") != ""


@given(st.text(st.sampled_from(" \t\n\r\x0b\x0c\x1c\x85\u00a0\u2028\u3000"), min_size=1))
def test_white_space_within_markup_is_one_blank(space: str) -> None:
    assert html_to_text(f"<b>{space}{space}</b>a{space}<i>b</i>{space}c").split("\n")[-1] == " a b c"
