"""What needs no mending is told from what does without looking for each fault."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from connectors.formats.characters import allowed, mended

ODD = st.sampled_from(
    "\0\x08\x0b\x0c\x1f\x7f\x80\x9f\xa0\xc2\xe2\ud83d\ude00\udfff\ufffd\ufffe\uffff\ufeff\u2028é日\t\r\n <&"
)


@given(st.text(st.one_of(ODD, st.characters(exclude_categories=[]))))
@example("Â\x80")
@example("\ud83d\ude00")
@example("caf\u00e9 \u00a0 \u0085")
def test_a_text_that_is_taken_as_it_is_has_nothing_to_mend(text: str) -> None:
    assert allowed(text) == mended(text)
