"""Subscription lists: what is written is read again, what is broken is read as far as it goes, and nothing hangs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.opml import MAX_BYTES, MAX_TAGS, Outline, read_list, write_opml
from pipeline.errors import UsageError

LABELS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).map(
    lambda text: " ".join(text.split())
)
TAGS = st.lists(LABELS.filter(bool), max_size=4, unique=True).map(tuple)
ADDRESSES = st.text("abc/?&=<>\"'é%-", max_size=15).map("https://a.example/{}".format)


@given(
    st.lists(
        st.builds(Outline, ADDRESSES, st.none() | LABELS.filter(bool), TAGS), min_size=1, unique_by=lambda o: o.url
    )
)
def test_what_is_written_is_read_again(outlines: list[Outline]) -> None:
    read = {outline.url: outline for outline in read_list(write_opml(outlines).encode(), "list")}
    wanted = {o.url: Outline(o.url, o.title if o.title != o.url else None, o.tags) for o in outlines}
    assert {url: (o.title, o.tags) for url, o in read.items()} == {url: (o.title, o.tags) for url, o in wanted.items()}


@given(st.text(max_size=50))
def test_any_title_can_be_written_and_the_list_still_be_read(title: str) -> None:
    text = write_opml([Outline("https://a.example/f", title, (title,))], title)
    assert [outline.url for outline in read_list(text.encode("utf-8"), "list")] == ["https://a.example/f"]


def test_feed_in_two_folders_has_the_tags_of_both() -> None:
    body = b"""<opml><body><outline text="World"><outline text="A" xmlUrl="https://a.example/f"/></outline>
    <outline text="Press"><outline text="Daily"><outline xmlUrl="https://a.example/f"/></outline></outline></body></opml>"""
    assert read_list(body, "list") == [Outline("https://a.example/f", "A", ("World", "Press", "Daily"))]


@pytest.mark.parametrize(
    ("description", "note"),
    [
        (b'description="<p>All about <a href="https://x.example/" title="no">it</a></p>"', "markup and quotes"),
        (b'description="In "Hardcore History" he says"', "quotes"),
        (b"description=\"a < b & c\"", "a bare less-than"),
        (b'description="\xff\xfe"', "bytes of no encoding"),
        (b'description="a" description="b"', "an attribute twice"),
    ],
)  # fmt: skip
def test_list_with_ill_formed_descriptions_loses_no_feed(description: bytes, note: str) -> None:
    outlines = b"".join(
        b'<outline title="N&amp;%d" %s xmlUrl="https://a.example/%d?a=1&amp;b=2"/>' % (number, description, number)
        for number in range(3)
    )
    body = b'<opml><body><outline text="Folder">' + outlines + b'</outline><outline xmlUrl="http://b.example/"/></body>'
    read = read_list(body, "list")
    assert read == [
        *(Outline(f"https://a.example/{number}?a=1&b=2", f"N&{number}", ("Folder",)) for number in range(3)),
        Outline("http://b.example/"),
    ], note


def test_lists_in_other_encodings_are_read() -> None:
    text = '<?xml version="1.0" encoding="{}"?><opml><body><outline text="Häfen №1" xmlUrl="http://a.example/"/></body></opml>'
    wanted = [Outline("http://a.example/", "Häfen №1")]
    assert read_list(text.format("utf-16").encode("utf-16"), "list") == wanted
    assert read_list(text.format("utf-8").encode("utf-8-sig"), "list") == wanted
    cyrillic = text.format("windows-1251").replace("Häfen", "Порты").encode("windows-1251")
    assert read_list(cyrillic, "list") == [Outline("http://a.example/", "Порты №1")]


HOSTILE = {
    "ampersands": (b"<opml>", b"&"),
    "outlines": (b"<opml>", b"<outline "),
    "quotes": (b"<opml><outline ", b'title="'),
    "spaces": (b"<opml><outline title", b" "),
    "depth": (b"<opml><body>", b"<outline text='a'>"),
    "names": (b"<opml><outline ", b" title"),
}


@pytest.mark.parametrize(("start", "repeated"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("size", [MAX_BYTES // 20, pytest.param(MAX_BYTES * 9 // 10, marks=pytest.mark.slow)])
def test_hostile_list_is_refused_in_time_that_grows_as_its_size(start: bytes, repeated: bytes, size: int) -> None:
    started = time.process_time()
    with pytest.raises(UsageError):
        read_list(start + repeated * (size // len(repeated)), "list")
    assert time.process_time() - started < 20 * size / MAX_BYTES


@pytest.mark.parametrize(
    "body",
    [
        b'<opml><!DOCTYPE x [<!ENTITY a "b">]><body><outline xmlUrl="http://a.example/"/></body></opml>',
        b'<!DOCTYPE x [<!ENTITY a "b">]><opml><body><outline xmlUrl="http://a.example/&a;"/></body></opml>',
        b'<opml><body><outline xmlUrl="javascript:alert(1)"/><outline xmlUrl="file:///etc/passwd"/></body></opml>',
        b"x" * (MAX_BYTES + 1),
    ],
    ids=["late doctype", "entities", "schemes", "size"],
)
def test_list_that_is_none_or_reaches_out_is_refused(body: bytes) -> None:
    with pytest.raises(UsageError):
        read_list(body, "list")


def test_plain_list_has_the_bounds_of_any_other() -> None:
    for body in (b"".join(b"http://a.example/%d\n" % number for number in range(100_001)), b"http://a/" + b"a" * 9_000):
        with pytest.raises(UsageError):
            read_list(body, "list")


def test_feed_that_is_listed_endlessly_is_one_with_so_many_tags() -> None:
    outlines = b"".join(b"<outline xmlUrl='http://a.example/' category='t%d'/>" % number for number in range(3_000))
    [outline] = read_list(b"<opml><body>" + outlines + b"</body></opml>", "list")
    assert (len(outline.tags), outline.tags[0]) == (MAX_TAGS, "t0")


def test_plain_list_is_read_line_by_line_each_address_once() -> None:
    body = "\ufeff# mine\r\n http://a.example/ \nhttps://b.example/é\n\nhttp://a.example/\nftp://c.example/\nwords http://d/\n"
    assert [outline.url for outline in read_list(body.encode(), "l")] == ["http://a.example/", "https://b.example/é"]
