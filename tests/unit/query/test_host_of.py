"""The host of an address is read the same at a glance as by taking it apart."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.query import conditions
from pipeline.query.conditions import host_of

parts = st.sampled_from(
    [
        "http://",
        "https://",
        "HTTP://",
        "//",
        "a",
        "b-c",
        ".",
        "example",
        "com",
        ":80",
        "@",
        "/",
        "?q=1",
        "#x",
        "\n",
        " ",
    ]
)


@given(st.lists(parts, max_size=9).map("".join))
@example("https://www.example.com")
@example("https://a.example.com\n/b")
@example("https://a.example.com.")
def test_host_of_usual_addresses_is_that_of_all_others(address: str) -> None:
    seen = host_of(address)
    usual, conditions._USUAL_HOST = conditions._USUAL_HOST, re.compile("(?!)")
    try:
        assert host_of(address) == seen
    finally:
        conditions._USUAL_HOST = usual
