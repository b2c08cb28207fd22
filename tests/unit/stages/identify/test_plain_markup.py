"""Plain markup is read as a parser of HTML reads it, or left to the parser."""

from __future__ import annotations

import nh3
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.stages.identify.normalize import _break, _parsed_text, _words
from pipeline.stages.identify.plain_markup import plain_pieces

NAMES = "a b em strong span br hr img p div ul ol li h1 h2 blockquote figure table td tr pre script code nobr".split()
texts = st.text(st.sampled_from("ab \n\t\f\u00a0\u2003\r\0é<>&;\"'\ufeff"), max_size=8) | st.sampled_from(
    ["One sentence here. ", "&amp;", "&nbsp;", "&lt;b&gt;", "&#39;", "&copy", "&", " &nbsp; "]
)
tags = st.builds("<{}{}{}>".format, st.sampled_from(["", "", "/"]), st.sampled_from(NAMES), st.sampled_from(
    ["", "", ' href="https://a.example/?b=1"', ' title="a &amp; b"', ' alt="">', " a='1'", ' a="', "/", " /"]
))  # fmt: skip
elements = st.recursive(
    texts,
    lambda inner: st.builds("<{0}>{1}</{0}>".format, st.sampled_from(NAMES), st.lists(inner, max_size=4).map("".join)),
    max_leaves=10,
)
markups = st.lists(texts | tags | elements, max_size=8).map("".join)


def text_of(markup: str) -> str | None:
    pieces = plain_pieces(markup, _words, _break)
    return "".join(pieces) if pieces is not None else None


@settings(max_examples=600, deadline=None)
@given(markups)
@example("  \n <p>a  b</p>\n<ul><li>c</li></ul> ")
@example("<p>a<p>b</p></p>")
@example("<b><b>a</b></b>")
@example("<a>1<p>2</p></a>")
def test_text_of_plain_markup_is_that_of_the_parser(markup: str) -> None:
    found = text_of(markup)
    assert found is None or _parsed_text(markup) == found


@settings(max_examples=200, deadline=None)
@given(markups)
def test_text_of_sanitized_markup_is_that_of_the_parser(markup: str) -> None:
    clean = nh3.clean(markup)
    found = text_of(clean)
    assert found is None or _parsed_text(clean) == found


def test_what_feeds_mostly_hold_needs_no_parser() -> None:
    several = (
        '<p>One. <a href="https://a.example/?a=1&amp;b=2" rel="noopener noreferrer">More</a></p> <p>Two<br>lines</p>',
        'Words <b>alone</b>&nbsp;&amp; no block <img src="https://a.example/a.png" alt="A">',
        "<h2>Head</h2><ul><li>one</li><li><em>two</em></li></ul><blockquote><p>said</p></blockquote>",
    )
    assert all(text_of(markup) is not None for markup in several)
