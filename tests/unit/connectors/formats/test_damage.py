"""One bad byte costs one character, and what is broken in one entry costs no other."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connectors.formats.characters import text_of
from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError, ParsedEntry

URL = "https://news.example/feed"
TITLES = ("Größe zählt — naïve café", "«Порт» открыт 日本語", "A & B's “quay”", "Łódź 😀 fjörður")


def rss(count: int = 5, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    items = "".join(
        f"<item><title>{TITLES[n % 4].replace('&', '&amp;')} {n}</title><link>https://news.example/{n}</link>"
        f'<guid isPermaLink="false">g{n}</guid><pubDate>Mon, 21 Feb 2022 10:0{n}:00 GMT</pubDate>'
        f"<description><![CDATA[<p>Words of report {n}, für {TITLES[n % 4]}.</p>]]></description></item>\n"
        for n in range(count)
    )
    return f'{head}\n<rss version="2.0"><channel><title>Häfen</title><link>https://news.example/</link>\n{items}</channel></rss>'


def atom(count: int = 5) -> str:
    entries = "".join(
        f"<entry><title>{TITLES[n % 4].replace('&', '&amp;')} {n}</title><id>urn:x:{n}</id>"
        f'<link href="https://news.example/{n}"/><updated>2022-02-21T10:0{n}:00Z</updated><author><name>Ann {n}</name>'
        f'</author><content type="html">&lt;p&gt;Words of report {n}&lt;/p&gt;</content></entry>\n'
        for n in range(count)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Häfen</title><id>urn:x</id>\n{entries}</feed>'


def entries_of(body: bytes) -> list[ParsedEntry]:
    return list(parse_document(body, None, URL).entries)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([rss(), atom()]), st.data())
def test_one_changed_byte_leaves_all_other_entries_as_they_are(feed: str, data: st.DataObject) -> None:
    body = feed.encode()
    first, last = body.index(b"<item>" if b"<item>" in body else b"<entry>"), body.rindex(b"\n")
    place = data.draw(st.integers(first, last - 1))
    # A section of CDATA whose end is broken goes on to the next one's end, as XML has it: nothing is ill-formed there.
    assume(b"]]>" not in body[place - 2 : place + 3])
    changed = body[:place] + bytes([data.draw(st.integers(0, 255))]) + body[place + 1 :]
    touched = body.count(b"\n", first, place)
    before, after = entries_of(body), entries_of(changed)
    kept = [entry for number, entry in enumerate(before) if abs(number - touched) > 1]
    assert [entry for entry in kept if entry not in after] == []
    # The neighbours may be given a part of what was broken, but they are not lost.
    titles = [entry.title for entry in after]
    assert all(entry.title in titles for number, entry in enumerate(before) if number != touched)


@pytest.mark.parametrize(
    ("label", "codec", "title"),
    [
        ("x-sjis", "cp932", "大雪で船が欠航①"),
        ("Windows-31J", "cp932", "大雪で船が欠航①"),
        ("ISO-2022-JP", "iso2022_jp", "大雪で船が欠航"),
        ("x-euc-jp", "euc_jp", "大雪で船が欠航"),
        ("windows-949", "cp949", "부산항 재개똠"),
        ("windows-874", "cp874", "ท่าเรือเปิด"),
        ("ISO-8859-8-I", "iso8859-8", "הנמל נפתח"),
        ("x-mac-roman", "mac-roman", "Überblick"),
        ("x-mac-cyrillic", "mac-cyrillic", "Порт открыт"),
        ("x-cp1251", "cp1251", "Порт открыт"),
    ],
)
def test_encoding_is_known_by_all_its_names_in_the_document_and_in_the_header(
    label: str, codec: str, title: str
) -> None:
    feed = f"<rss><channel><item><title>{title}</title></item></channel></rss>"
    declared = f'<?xml version="1.0" encoding="{label}"?>{feed}'.encode(codec)
    told = parse_document(feed.encode(codec), f"text/xml; charset={label}", URL)
    assert [title, title] == [entries_of(declared)[0].title, told.entries[0].title]


@given(st.text(st.sampled_from("aé—日😀 Я"), min_size=1, max_size=40), st.data())
def test_a_stray_byte_in_utf_8_costs_one_character(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    stray = data.draw(st.sampled_from([0x80, 0x92, 0xA9, 0xE9, 0xFF]))
    follows = text[place : place + 1].encode()
    assume(not (stray >= 0xC2 and follows[:1] and 0x80 <= follows[0] < 0xC0))
    body = b"<rss>" + text[:place].encode() + bytes([stray]) + text[place:].encode() + b"</rss>"
    wanted = f"<rss>{text[:place]}{bytes([stray]).decode('cp1252', 'replace')}{text[place:]}</rss>"
    assert text_of(body) == wanted.replace("\x80", "€")


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32"]))
def test_what_comes_out_may_stand_in_xml(text: str, encoding: str) -> None:
    for character in text_of(f"<a>{text}".encode(encoding)):
        assert character in "\t\n\r" or character.isprintable() or ord(character) > 0x9F
        assert character not in "\ufffe\uffff"


@pytest.mark.parametrize("declared", ["utf-16", "utf-32", "us-ascii", "utf8mb4", "x-unknown", "windows-1252"])
def test_declaration_that_is_wrong_is_not_believed(declared: str) -> None:
    body = rss(2, f'<?xml version="1.0" encoding="{declared}"?>').encode()
    assert entries_of(body) == entries_of(rss(2).encode())


@pytest.mark.parametrize(
    ("written", "read"),
    [("&#55357;&#56832;", "😀"), ("&#xD83D;&#xDE00;", "😀"), ("&#xD83D;", "\ufffd"), ("&#8;x", "x"), ("&#146;", "’"),
     ("&#226;&#128;&#153;", "’"), ("&#x110000;", "\ufffd"), ("&nbsp;x", "x"), ("&hellip;", "…"), ("AT&T;", "AT&T;")],
)  # fmt: skip
def test_references_name_characters(written: str, read: str) -> None:
    body = f"<rss><channel><item><title>{written}</title></item><item><title>Next</title></item></channel></rss>"
    assert [entry.title for entry in entries_of(body.encode())] == [read, "Next"]


@pytest.mark.parametrize("quoted", ["<!DOCTYPE html>", "<html>", "<urlset>", "<nitf>", "<!ENTITY a 'b'>", "<rss>"])
def test_what_is_quoted_changes_nothing(quoted: str) -> None:
    plain = entries_of(rss().encode())
    assert entries_of(rss().replace("<rss", f"<!-- {quoted * 200} --><rss").encode()) == plain
    inside = entries_of(rss().replace("Words of report 2", f"Words {quoted} of report 2").encode())
    assert inside[:2] + inside[3:] == plain[:2] + plain[3:]


@pytest.mark.parametrize(
    "attribute", ["<ttl unit='min'>60</ttl>", "<language x='y'>en</language>", "<title a='b'>T</title>"]
)
def test_attribute_where_none_belongs_costs_nothing(attribute: str) -> None:
    body = rss().replace("<channel>", f"<channel>{attribute}")
    assert len(entries_of(body.encode())) == 5


@pytest.mark.parametrize(
    "body",
    [
        '{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","title":"Raw\nbreak","content_text":"x"}]}',
        '{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","title":"Raw break","content_text":"x"},]}',
        '{"version":"https://jsonfeed.org/version/1","items":{"0":{"id":"1","title":"Raw break"}},"x":NaN}',
    ],
)
def test_json_feed_that_is_no_json_is_read_and_told_of(body: str) -> None:
    parsed = parse_document(body.encode(), None, URL)
    assert ([entry.title for entry in parsed.entries], parsed.flaw is None) == (["Raw break"], False)


def test_bad_byte_and_half_a_pair_in_a_json_feed_cost_a_character_each() -> None:
    body = b'{"items":[{"id":"1","title":"caf\xe9 \\ud83d quay","content_text":"x"}]}'
    assert entries_of(body)[0].title == "café \ufffd quay"


def test_ill_formed_feed_says_where() -> None:
    assert "line 2" in (
        parse_document(rss().replace("</title><link>", "</titel><link>", 2).encode(), None, URL).flaw or ""
    )
    assert parse_document(rss().encode(), None, URL).flaw is None


def test_undeclared_prefix_is_read_as_it_is_meant() -> None:
    item = "<title>One</title><dc:creator>Ann</dc:creator><content:encoded>Words</content:encoded>"
    [entry] = entries_of(f"<rss><channel><item>{item}</item></channel></rss>".encode())
    assert (entry.authors, entry.html) == (("Ann",), "Words")


def test_nothing_in_a_page_is_a_feed() -> None:
    with pytest.raises(NotAFeedError):
        parse_document(b"<!doctype html><html><body>" + b"x" * 3_000 + b"<rss></rss></body></html>", None, URL)
