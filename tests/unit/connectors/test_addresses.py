"""Addresses are joined as the standard says and stay as their publishers wrote them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.addresses import join

# Also what other programs would quote, unquote or drop.
PIECES = st.text(st.sampled_from("abZ09-_~.!$&'()*,=@%+| é語\"<>[]{}"), min_size=1, max_size=8).filter(
    lambda piece: piece.strip(". ") == piece
) | st.sampled_from(["%7E", "%2F", "%c3%a9", "%zz"])
PATHS = st.lists(PIECES, min_size=1, max_size=5).map("/".join)
TAILS = st.sampled_from(["", "?a=b&c=%20d+e", "?q=é x", "#part", "?a=1#part"])
HOSTS = st.sampled_from(
    ["news.example", "News.Example:8080", "user:p%40ss@news.example", "例え.example", "[2001:db8::1]:80"]
)


@given(HOSTS, PATHS, PATHS, TAILS)
def test_every_character_of_an_address_stays_as_it_is_written(host: str, place: str, path: str, tail: str) -> None:
    base = f"https://{host}/{place}/feed"
    assert join(base, f"{path}{tail}") == f"https://{host}/{place}/{path}{tail}"
    assert join(base, f"/{path}{tail}") == f"https://{host}/{path}{tail}"
    assert join("https://elsewhere.example/feed", f"//{host}/{path}{tail}") == f"https://{host}/{path}{tail}"
    assert join("https://elsewhere.example/feed", f"{base}{tail}") == f"{base}{tail}"


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_no_address_raises_nothing_but_value_errors(base: str, link: str) -> None:
    with suppress(ValueError):
        assert isinstance(join(base, link), str)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("?page=2", "https://a.example/x/feed?page=2"),
        ("/Caf%C3%A9/caf%c3%a9?a=b+c%20d", "https://a.example/Caf%C3%A9/caf%c3%a9?a=b+c%20d"),
        ("../y/./feed", "https://a.example/y/feed"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_address_is_joined_to_that_of_its_document(link: str, expected: str) -> None:
    assert join("https://a.example/x/feed?q=1#top", link) == expected
