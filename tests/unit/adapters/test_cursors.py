"""Cursors lead back to their place, and whatever else is given for one is refused in words."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.adapters import cursors
from pipeline.adapters.verified_search import Cursor
from pipeline.errors import UsageError


@given(st.integers(-(2**63), 2**63 - 1), st.text(st.characters(exclude_categories=["Cs"])))
def test_cursor_leads_back_to_its_place(key: int, article_id: str) -> None:
    text = cursors.written(Cursor(key=key, id=article_id))
    assert text.replace("-", "").replace("_", "").isalnum()
    assert cursors.read(text, Cursor) == Cursor(key=key, id=article_id)


@given(st.text() | st.binary(max_size=60).map(lambda content: base64.urlsafe_b64encode(content).decode()))
@example(base64.urlsafe_b64encode(b'[1, "a", ' + b"[" * 20_000).decode())
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="The cursor is not one that was given out"):
        cursors.read(text, Cursor)
