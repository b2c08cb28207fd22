"""Which way texts run on the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Document, derive_id
from pipeline.web.direction import direction
from tests.fakes.web import page

ARABIC = "فيضان يجتاح المدينة القديمة"
HEBREW = "שיטפון בעיר העתיקה"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ARABIC, "rtl"),
        (f"BBC: {ARABIC}", "rtl"),
        (f"NATO 2026 – {HEBREW} (UN)", "rtl"),
        ("سیلاب کا پانی UNICEF", "rtl"),
        ("Flood in the old town", "auto"),
        (f"The word {HEBREW[:6]} means flood in Hebrew", "auto"),
        ("Überschwemmung in Köln", "auto"),
        ("洪水が京都を襲う", "auto"),
        ("2026 – 11/24", "auto"),
        ("🔥🔥", "auto"),
        ("", "auto"),
        (None, "auto"),
    ],
)
def test_text_runs_as_most_of_its_letters_do(text: str | None, expected: str) -> None:
    assert direction(text) == expected


@given(
    st.text(alphabet="ابتثجحخدذرزس", min_size=10),
    st.text(alphabet="ABCDEFG 0123:-–\u200f\u202e", max_size=9),
    st.booleans(),
)
def test_a_few_letters_of_another_script_anywhere_turn_nothing(text: str, other: str, first: bool) -> None:
    assert direction(other + text if first else text + other) == "rtl"


@given(st.text())
def test_any_text_has_a_direction(text: str) -> None:
    assert direction(text) in ("rtl", "auto")


def test_report_in_arabic_that_begins_with_latin_letters_runs_to_the_left_wherever_it_stands() -> None:
    document = Document(
        id=derive_id("a"), title=f"BBC: {ARABIC}", text=f"CNN – {ARABIC}.\n\nUNICEF {ARABIC}.", source="x", revision=1,
        seen=datetime.now(UTC), language="ar",
    )  # fmt: skip
    with page() as served:
        served.put(document)
        shown = served.browser.get(f"/article/{document.id}").text + served.browser.get("/").text
    assert re.search(r'<h1 dir="rtl">', shown) and re.search(r'<h3 dir="rtl">', shown)
    assert re.search(r'<div class="words" lang="ar" dir="rtl">', shown)
