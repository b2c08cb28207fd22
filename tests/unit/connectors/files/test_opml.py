"""Subscription lists: what is written is read again, what is broken is read as far as it goes, and nothing hangs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.opml import MAX_BYTES, MAX_TAGS, Outline, is_list, read_list, read_whole_list, write_opml
from pipeline.errors import UsageError

LABELS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=20
).map(lambda text: " ".join(text.split()))
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


LINES: list[tuple[str, Outline | None]] = [
    ("# my feeds", None),
    ("// and these", None),
    ("", None),
    ("https://a.example/rss.xml", Outline("https://a.example/rss.xml")),
    ('https://a.example/f news "~The Quay"', Outline("https://a.example/f", "The Quay", ("news",))),
    ('https://a.example/f?x=1 "two words" boats !', Outline("https://a.example/f?x=1", None, ("two words", "boats"))),
    ('"https://a.example/f" tech', Outline("https://a.example/f", None, ("tech",))),
    ("a.example/atom.xml", Outline("https://a.example/atom.xml")),
    ("a.example", Outline("https://a.example")),
    ("HTTPS://A.example/F", Outline("https://A.example/F")),
    ("//a.example/feed", Outline("https://a.example/feed")),
    ("feed://a.example/feed", Outline("https://a.example/feed")),
    ("feed:https://a.example/feed", Outline("https://a.example/feed")),
    ("- https://a.example/f", Outline("https://a.example/f")),
    ("  * a.example/f", Outline("https://a.example/f")),
    ("12. https://a.example/f", Outline("https://a.example/f")),
    ("<https://a.example/f>", Outline("https://a.example/f")),
    ("[The Quay](https://a.example/f)", Outline("https://a.example/f", "The Quay")),
    ("https://a.example/f, The Quay", Outline("https://a.example/f", "The Quay")),
    ("https://a.example/f - The Quay", Outline("https://a.example/f", "The Quay")),
    ("https://a.example/f # the quay", Outline("https://a.example/f")),
    ("id7,https://a.example/f,The Quay", Outline("https://a.example/f", "The Quay")),
]
LINES += [
    ("The Quay: https://a.example/f", Outline("https://a.example/f", "The Quay")),
    ("- The Quay - <https://a.example/f>", Outline("https://a.example/f", "The Quay")),
    ("pcast://a.example/f", Outline("https://a.example/f")),
    ("https://a.example/f?x=1&amp;y=2", Outline("https://a.example/f?x=1&y=2")),
]
REFUSED = [
    ('"query:Unread:unread = \\"yes\\""', "query of newsboat"),
    ("exec:~/bin/x.sh local", "a program to run"),
    ("filter:x.py:https://a.example/f", "a program to run"),
    ("file:///home/me/feed.xml", "newswire up FILE"),
    ("gopher://a.example/", "gopher"),
    ("Channel Id,Channel Url,Channel Title", "no address"),
    ("some words", "no address"),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_line_of_a_list_made_by_hand_or_by_newsboat_is_followed(line: str, expected: Outline | None) -> None:
    read = read_whole_list(f"https://first.example/\n{line}\n".encode(), "urls")
    assert (read.outlines[1:], read.left_out) == ([expected] if expected else [], ())


@pytest.mark.parametrize("between", [" ", ", ", ";  ", "\t"])
def test_each_of_several_addresses_side_by_side_is_followed(between: str) -> None:
    addresses = ["https://a.example/f", "https://b.example/f", "https://c.example/f"]
    assert [outline.url for outline in read_list(between.join(addresses).encode(), "urls")] == addresses


@pytest.mark.parametrize(("line", "why"), REFUSED)
def test_line_that_is_left_out_is_told_with_the_reason(line: str, why: str) -> None:
    read = read_whole_list(f"https://first.example/\n\n{line}\n".encode(), "urls")
    assert [(one.line, one.text, why in one.why) for one in read.left_out] == [(3, line, True)]
    assert read.entries == 2


@given(st.lists(st.sampled_from([line for line, _ in LINES] + [line for line, _ in REFUSED]), max_size=9))
def test_every_line_is_followed_told_of_or_a_comment(lines: list[str]) -> None:
    read = read_whole_list("\n".join(["https://first.example/", *lines]).encode(), "urls")
    said = [line for line in lines if line and not line.startswith(("# ", "// "))]
    assert read.entries == 1 + len(said)
    assert len(read.left_out) == sum(line in dict(REFUSED) for line in lines)


@given(st.text(max_size=60))
def test_no_line_raises(line: str) -> None:
    assert read_whole_list(f"https://first.example/\n{line}".encode("utf-8", "replace"), "urls").outlines


@pytest.mark.parametrize(
    ("outline", "url"),
    [
        ('xmlUrl="HTTPS://a.example/RSS"', "https://a.example/RSS"),
        ('xmlUrl="a.example/feed.xml"', "https://a.example/feed.xml"),
        ('xmlUrl="https://a.example/feed?x=1&amp;amp;y=2"', "https://a.example/feed?x=1&y=2"),
        ('xmlUrl="itpc://a.example/feed"', "https://a.example/feed"),
        ('xmlUrl="//a.example/feed"', "https://a.example/feed"),
        ('type="rss" url="https://a.example/feed"', "https://a.example/feed"),
        ('xmlUrl=" https://a.example/feed "', "https://a.example/feed"),
        ('xmlUrl="https://a.example/feed\n?x=1"', "https://a.example/feed?x=1"),
    ],
)
@pytest.mark.parametrize("end", ["</body></opml>", ""])
def test_address_of_an_outline_is_understood_however_it_is_written(outline: str, url: str, end: str) -> None:
    read = read_whole_list(f"<opml><body><outline text='The Quay' {outline}/>{end}".encode(), "list")
    assert (read.outlines, read.left_out) == ([Outline(url, "The Quay")], ())


def test_outlines_that_are_left_out_are_told_with_their_lines() -> None:
    body = b"""<opml><body>
<outline text="ok" xmlUrl="https://a.example/f"/><outline text="folder"><outline text="again" xmlUrl="https://a.example/f"/></outline>
<outline text="page" type="rss" htmlUrl="https://b.example/"/>
<outline text="link" type="link" url="https://c.example/"/>
<outline text="local" xmlUrl="file:///etc/passwd"/></body></opml>"""
    read = read_whole_list(body, "list")
    assert (read.entries, [outline.tags for outline in read.outlines]) == (5, [("folder",)])
    whys = ["newswire add https://b.example/", "a link and no feed", "a file of another machine"]
    assert [(one.line, why in one.why) for one, why in zip(read.left_out, whys, strict=True)] == [
        (3, True),
        (4, True),
        (5, True),
    ]


def test_json_is_no_list() -> None:
    with pytest.raises(UsageError, match="is JSON"):
        read_list(b'["https://a.example/f"]', "list")


ENCODED = '<?xml version="1.0" encoding="{}"?><opml version="1.0"><body><outline text="{}" xmlUrl="https://x.test/f"/></body></opml>'
ALPHABETS = {"windows-1251": "Новости дня", "iso-8859-2": "Żółta łódź", "koi8-r": "Вести", "shift_jis": "港のニュース"}


@pytest.mark.parametrize("encoding", ALPHABETS)
def test_list_is_read_in_the_encoding_it_declares(encoding: str) -> None:
    body = ENCODED.format(encoding, ALPHABETS[encoding]).encode(encoding)
    assert [outline.title for outline in read_list(body, "a.opml")] == [ALPHABETS[encoding]]


WORDS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters='<>&"'), min_size=1, max_size=20)


@given(
    WORDS,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    st.sampled_from(["utf-8", "utf-16", "no-such-code"]),
)
def test_what_the_bytes_are_counts_before_what_is_declared(title: str, encoding: str, declared: str) -> None:
    body = ENCODED.format(declared, f"Ä {title}").encode(encoding)
    assert is_list(body)
    assert [outline.title for outline in read_list(body, "a.opml")] == [f"Ä {title}"]


@pytest.mark.parametrize(("bad", "meant"), [(b"\xe4", "ä"), (b"\0", ""), (b"\x0b", ""), (b"&#55357;&#56832;", "😀")])
def test_one_bad_character_costs_one_character(bad: bytes, meant: str) -> None:
    body = ENCODED.format("utf-8", "Übersicht HERE über").encode().replace(b"HERE", bad)
    assert [outline.title for outline in read_list(body, "a.opml")] == [" ".join(f"Übersicht {meant} über".split())]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Fish &amp;amp; Chips", "Fish & Chips"),
        ("Ann&amp;#39;s blog", "Ann's blog"),
        ("Use of &amp;lt;head&amp;gt; in HTML", "Use of <head> in HTML"),
        ("&lt;b&gt;Quay&lt;/b&gt;", "Quay"),
        ("Quay&#10;  and&nbsp;port &eacute;", "Quay and port é"),
    ],
)
def test_title_and_folder_are_the_words_that_were_meant(written: str, meant: str) -> None:
    feed = f'<outline text="{written}" xmlUrl="https://x.test/f"/>'
    body = f'<opml><body><outline text="{written}">{feed}</outline></body></opml>'.encode()
    assert [(outline.title, outline.tags) for outline in read_list(body, "a.opml")] == [(meant, (meant,))]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_plain_list_is_read_as_editors_save_it(encoding: str) -> None:
    body = "https://x.test/f | Übersicht\r\nhttps://y.test/f\r\n".encode(encoding)
    assert [(outline.url, outline.title) for outline in read_list(body, "a.txt")] == [
        ("https://x.test/f", "Übersicht"),
        ("https://y.test/f", None),
    ]


@pytest.mark.parametrize(
    "table",
    [
        'url,title\nhttps://a.example/f,A\nhttps://b.example/f?x=1,"B, the other"\n',
        'Title;Feed URL\r\nA;https://a.example/f\r\n\r\n"B, the other";https://b.example/f?x=1\r\n',
        "name\txmlUrl\tfolder\nA\thttps://a.example/f\t\nB, the other\thttps://b.example/f?x=1\t\n",
    ],
)
def test_table_is_read_by_the_names_of_its_columns(table: str) -> None:
    found = [(outline.url, outline.title) for outline in read_list(table.encode(), "feeds.csv")]
    assert found == [("https://a.example/f", "A"), ("https://b.example/f?x=1", "B, the other")]


def test_column_of_folders_gives_tags_and_a_row_without_an_address_is_left_out() -> None:
    read = read_whole_list(b"url,title,tags\nhttps://a.example/f,A,news|local\nnone yet,B,\n", "feeds.csv")
    assert [outline.tags for outline in read.outlines] == [("news", "local")]
    assert [left.line for left in read.left_out] == [3]
