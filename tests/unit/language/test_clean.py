"""A text is cleaned character by character, whichever way is the faster one for it."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.clean import cleaned

TEXTS = st.one_of(
    st.text(), st.text(st.characters(max_codepoint=0x7F)), st.text(st.sampled_from("a \t\r\n\0\x0b\x1f\x7f"))
)


@given(TEXTS)
def test_of_a_cleaned_text_every_character_is_seen_or_white_space(text: str) -> None:
    seen = [c for c in cleaned(text) if unicodedata.category(c) not in ("Cc", "Cs")]

    assert [c for c in cleaned(text) if c not in "\t\n\x85"] == seen


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_a_text_in_ascii_is_cleaned_as_one_that_is_not(text: str) -> None:
    assert cleaned(text + "é") == cleaned(text) + "é"
