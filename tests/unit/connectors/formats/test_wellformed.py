"""Where XML is ill-formed is told with the line; what is well-formed, or no XML, is not complained of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.wellformed import xml_fault


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<rss>\n<channel>\n<title>Salt & tar</title></channel></rss>", "line 3: not well-formed"),
        (b"<rss>\n<channel></rss>", "line 2: mismatched tag"),
        (b"<rss/>\n<rss/>", "line 2: junk after document element"),
        (b"<?xml version='1.0' encoding='quay-8'?><rss/>", "line 1: unknown encoding"),
    ],
)
def test_line_of_the_first_fault_is_told(body: bytes, words: str) -> None:
    assert (xml_fault(body) or "").startswith(words)


@pytest.mark.parametrize("body", [b"<rss>&nbsp;&eacute;</rss>", b"\xef\xbb\xbf <rss/>", b'{"items": []}', b"", b"text"])
def test_nothing_is_told_where_there_is_no_fault(body: bytes) -> None:
    assert xml_fault(body) is None


@given(st.binary(max_size=60))
def test_no_bytes_raise(body: bytes) -> None:
    xml_fault(b"<" + body)
