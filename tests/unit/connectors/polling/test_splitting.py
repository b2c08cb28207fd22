"""Entries that are found in one go are found as they are found tag by tag."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.polling import splitting
from connectors.polling.splitting import split_at_entries

PARTS = (
    "<item>", "</item>", "<item/>", "<item />", "</item >", "<item a='1'>", '<item about="it\'s">', '<item a="/x">',
    "<item a='<b'>", "<item a='>'>", "<item a=/>", "<entry>", "</entry>", "<entry xml:base='/b'>", "<a:entry>",
    "</a:entry>", "<b:item>", "</b:item>", "<items>", "</items>", "<item-x>", "<title>", "</title>", "<x:title>",
    "<img src='a>b'/>", "<link/>", "<e>", "</e>", "<i>", "<!-- <item> -->", "<!--", "-->", "<![CDATA[", "]]>", "]]",
    "]", "<![CDATA[ </item> <entry> ]]>", "<![CDATA[]]]]>", "<?x <item>?>", "<?", "?>", "<!DOCTYPE a>", "<!x", "words",
    " ", "\n", "&lt;item&gt;", "<", ">", "</", "'", '"',
)  # fmt: skip
WHOLE = ("<item>words<b>x</b></item>", "<item><![CDATA[</item>]]></item>", "<entry><title>t</title></entry>", "\n", " ")


@settings(max_examples=1_500)
@given(st.lists(st.sampled_from(PARTS) | st.sampled_from(WHOLE), max_size=14).map("".join))
@example("<item><entry></item>")
@example("<item>a</item> <!-- </item><item> --> <item>b</item>")
@example("<item>a</item><a:item>b</a:item>")
@example("<item a='\"'></item>")
@example("<item>a</item>words<item>b</item>")
def test_entries_found_at_once_are_those_found_tag_by_tag(inside: str) -> None:
    body = f"<rss><channel><title>t</title>{inside}</channel></rss>".encode()

    at_once = split_at_entries(body, "origin")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(splitting, "_WHOLE", re.compile(rb"(?!)"))
        by_tags = split_at_entries(body, "origin")

    assert at_once == by_tags


@pytest.mark.parametrize("kind", ["item", "entry", "a:entry"])
def test_usual_entries_are_found_without_looking_at_their_tags(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"<{kind} n='1'>\n<title>Words</title><b:x c=\"d\"/><![CDATA[ <p>]] > </{kind}> ]]></{kind}>"
    body = f"<rss>{f'{text} '.join([''] * 4)}</rss>".encode()
    seen: list[bytes] = []

    class Tokens:
        def search(self, body: bytes, place: int) -> re.Match[bytes] | None:
            found = tokens.search(body, place)
            seen.extend([found[0]] if found is not None else [])
            return found

    tokens = splitting._TOKEN
    monkeypatch.setattr(splitting, "_TOKEN", Tokens())

    assert [body[start:end] for start, end in split_at_entries(body, "origin").pieces] == [text.encode()] * 3
    assert len(seen) == 1
