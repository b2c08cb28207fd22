"""Entries whose bytes are known are not parsed again, and what is read is what parsing all of them would read."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.parsed import ParsedFeed
from connectors.formats.xmlfeed import read_feed
from connectors.polling.reading import Origin, read, read_whole
from connectors.polling.splitting import split_at_entries

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
ORIGIN = Origin("https://news.example/feed")
SPACES = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
ATOM = "http://www.w3.org/2005/Atom"


class Item(msgspec.Struct, frozen=True):
    """Say how one entry is written."""

    number: int
    text: str
    date: str
    guid: str
    trap: str


class Feed(msgspec.Struct, frozen=True):
    """Say how a feed is written: what it says of itself, and around and between its entries."""

    kind: str
    base: str
    language: str
    home: str
    title: str
    person: str
    built: str
    prolog: str
    between: str
    tail: str
    items: tuple[Item, ...]


def written(feed: Feed) -> bytes:
    entries = feed.between.join(entry(feed.kind, item) for item in feed.items)
    base = f' xml:base="{feed.base}"' if feed.base else ""
    head = f"<title>{feed.title}</title>{feed.person}"
    language = f"<language>{feed.language}</language>" if feed.language else ""
    link = f"<link>{feed.home}</link>" if feed.home else ""
    if feed.kind == "rss":
        about = f"{head}{link}{language}<lastBuildDate>{feed.built}</lastBuildDate>"
        text = f"<rss version='2.0' {SPACES}{base}><channel>{about}{entries}{feed.tail}</channel></rss>"
    elif feed.kind == "rdf":
        numbers = "".join(f"<rdf:li rdf:resource='{item.number}'/>" for item in feed.items)
        about = f"{head}{link}{language}<items><rdf:Seq>{numbers}</rdf:Seq></items>"
        spaces = f"xmlns='http://purl.org/rss/1.0/' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' {SPACES}"
        text = f"<rdf:RDF {spaces}{base}><channel>{about}</channel>{entries}{feed.tail}</rdf:RDF>"
    else:
        tongue = f' xml:lang="{feed.language}"' if feed.language else ""
        link = f"<link href='{feed.home}'/>" if feed.home else ""
        about = f"{head}{link}<updated>{feed.built}</updated>"
        text = f"<feed xmlns='{ATOM}' {SPACES}{base}{tongue}>{about}{entries}{feed.tail}</feed>"
    return (feed.prolog + text).encode("latin-1" if "8859" in feed.prolog else "utf-8", "replace")


def entry(kind: str, item: Item) -> str:
    title = f"Report {item.number} of the harbour"
    names = {
        "own": f"g{item.number}",
        "shared": "same",
        "link": "",
        "none": "",
    }
    link = f"/{item.number}" if item.guid != "none" else ""
    guid = names[item.guid]
    if kind == "atom":
        inside = (f"<id>{guid}</id>" if guid else "") + (f"<link href='{link}'/>" if link else "")
        inside += f"<published>{item.date}</published><content type='html'>{item.text}</content>"
        return f"<entry><title>{title}</title>{inside}{item.trap}</entry>"
    inside = (f"<guid isPermaLink='false'>{guid}</guid>" if guid else "") + (f"<link>{link}</link>" if link else "")
    inside += f"<pubDate>{item.date}</pubDate><description>{item.text}</description>"
    return f"<item><title>{title}</title>{inside}{item.trap}</item>"


texts = st.sampled_from(
    [
        "plain words",
        "other words",
        "&lt;p&gt;the &lt;a href='quay'&gt;quay&lt;/a&gt;&lt;/p&gt;",
        "<![CDATA[<p>how to write </item> and <item> or </entry></p>]]>",
        "<![CDATA[<img src='a.png'> <!-- -->]]>",
        "<!-- <item> --> quiet <!-- </entry> -->",
        "caf\xe9",
        "AT&T and&nbsp;more",
        "an <b>open",
        "",
    ]
)
dates = st.sampled_from(
    ["Mon, 21 Feb 2022 10:00:00 GMT", "Mon, 21 Feb 2022 10:00:00 IST", "2022-02-22T08:00:00Z", "03/04/2022", ""]
)
traps = st.sampled_from(
    [""] * 12
    + [
        "<dc:creator>Ada Roe</dc:creator>",
        "<content:encoded><![CDATA[<p>long <a href='b'>b</a></p>]]></content:encoded>",
        "<x:note xmlns:x='urn:x'>n</x:note>",
        "<link xmlns='urn:unknown'>z</link>",
        "<div xmlns='http://www.w3.org/1999/xhtml'><p>in <a href='c'>c</a></p></div>",
        "<source><item>nested</item></source>",
        "<dc:language>he</dc:language>",
        "<?php <item> ?>",
        "<![CDATA[ <!-- ]]>",
        "<category term='a>b'/>",
        "<at:deleted-entry xmlns:at='http://purl.org/atompub/tombstones/1.0' ref='g1'/>",
    ]
)
items = st.builds(
    Item,
    number=st.integers(0, 4),
    text=texts,
    date=dates,
    guid=st.sampled_from(["own"] * 5 + ["shared", "link", "none"]),
    trap=traps,
)
feeds = st.builds(
    Feed,
    kind=st.sampled_from(["rss", "atom", "rdf"]),
    base=st.sampled_from(["", "", "https://one.example/a/", "https://two.example/b/"]),
    language=st.sampled_from(["", "en-us", "he", "en-ie"]),
    home=st.sampled_from(["", "https://news.example/", "https://news.example/other/", "https://paper.il/"]),
    title=st.sampled_from(["Harbour", "Harbour", "Quay <![CDATA[<item> ]]>"]),
    person=st.sampled_from(["", "<author>Ada Roe</author>", "<author><name>Bo Lee</name></author>"]),
    built=st.sampled_from(["Mon, 21 Feb 2022 10:00:00 GMT", "2022-02-24T10:00:00Z"]),
    prolog=st.sampled_from(
        ["<?xml version='1.0'?>"] * 6
        + [
            "",
            "<?xml version='1.0' encoding='iso-8859-1'?>",
            "<?xml version='1.0'?><!-- <item> built 10:00 -->",
            "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY quay 'the quay'>]>",
            "<?xml version='1.0'?><?style <item> ?>",
        ]
    ),
    between=st.sampled_from(["", "\n", "\n", " <!-- next --> ", "<ttl>60</ttl>"]),
    tail=st.sampled_from(
        ["", "", "\n", "<!-- took 0.1 s -->", "<language>he</language>", "<skipDays><day>Monday</day></skipDays>"]
    ),
    items=st.lists(items, max_size=5).map(tuple),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Feed]:
    """Return how one feed is written from poll to poll: mostly as it was, with one part of it changed."""
    told = [draw(feeds)]
    for _ in range(draw(st.integers(1, 4))):
        last, other = told[-1], draw(feeds)
        part = draw(st.sampled_from(["items", "items", "one", "order", *Feed.__struct_fields__]))
        if part == "one" and last.items:
            place = draw(st.integers(0, len(last.items) - 1))
            changed = (*last.items[:place], draw(items), *last.items[place + 1 :])
            told.append(msgspec.structs.replace(last, items=changed))
        elif part == "order":
            told.append(msgspec.structs.replace(last, items=tuple(draw(st.permutations(last.items)))))
        elif part == "items":
            told.append(msgspec.structs.replace(last, items=(*other.items[:2], *last.items)))
        elif part != "one":
            told.append(msgspec.structs.replace(last, **{part: getattr(other, part)}))
    return told


@settings(max_examples=200)
@given(
    histories(),
    st.lists(st.sampled_from(["https://news.example/feed", "https://cdn.example/x/feed"]), min_size=5, max_size=5),
)
def test_what_is_read_is_what_parsing_every_entry_would_read(told: list[Feed], urls: list[str]) -> None:
    recent = None
    for feed, url in zip(told, urls, strict=False):
        body = written(feed)
        given_ = (body, "application/xml", url, ORIGIN, NOW, recent)
        quick, whole = read(*given_), read_whole(*given_)
        assert msgspec.structs.asdict(whole) == msgspec.structs.asdict(quick), body
        recent = quick.recent


def plain(number: int, text: str = "plain words") -> Item:
    return Item(number, text, "Mon, 21 Feb 2022 10:00:00 GMT", "own", "")


def harbour(*items: Item, **changed: str) -> Feed:
    feed = Feed("rss", "", "en", "https://news.example/", "Harbour", "", "1", "<?xml version='1.0'?>", "\n", "", items)
    return msgspec.structs.replace(feed, **changed)


@pytest.fixture
def parsed_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts of the feeds that were parsed."""
    told = list[str]()

    def counted(text: str, url: str) -> ParsedFeed:
        told.append(text)
        return read_feed(text, url)

    monkeypatch.setattr("connectors.formats.document.read_feed", counted)
    return told


@pytest.mark.parametrize("kind", ["rss", "atom", "rdf"])
@pytest.mark.parametrize("text", ["plain words", "<![CDATA[<p></item> <entry> <!-- </p>]]>", "<!-- <item> --> caf\xe9"])
def test_three_new_entries_in_a_feed_of_hundred_cost_three(kind: str, text: str, parsed_texts: list[str]) -> None:
    old = [plain(number, text) for number in range(97)]
    first = read(written(harbour(*old, kind=kind)), None, ORIGIN.url, ORIGIN, NOW)
    new = harbour(*(plain(number, text + "!") for number in range(97, 100)), *old, kind=kind, built="2")
    parsed_texts.clear()
    found = read(written(new), None, ORIGIN.url, ORIGIN, NOW, first.recent)
    assert (100, 3) == (found.entries, len(found.articles))
    assert [3] == [text.count("<title>Report") for text in parsed_texts]


@pytest.mark.parametrize(
    "changed",
    [
        {"base": "https://two.example/"},
        {"language": "he"},
        {"home": "https://other.example/"},
        {"tail": "<language>he</language>"},
        {"prolog": "<?xml version='1.0' encoding='iso-8859-1'?>"},
    ],
)
def test_what_entries_take_over_from_their_feed_has_all_read_again(
    changed: dict[str, str], parsed_texts: list[str]
) -> None:
    linked = [plain(number, "&lt;a href='quay'&gt;quay&lt;/a&gt;") for number in range(9)]
    first = read(written(harbour(*linked)), None, ORIGIN.url, ORIGIN, NOW)
    parsed_texts.clear()
    again = read(written(harbour(*linked, **changed)), None, ORIGIN.url, ORIGIN, NOW, first.recent)
    assert 9 == again.entries
    assert 9 == parsed_texts[-1].count("<title>Report")


@pytest.mark.parametrize(
    "between",
    ["<ttl>1</ttl>", "</channel><channel>", "<item", "<![CDATA[", "<!-- ", "<x:item>z</x:item>", "<![CDATA[]]>"],
)
def test_what_cannot_be_told_apart_by_its_bytes_is_not_split(between: str) -> None:
    assert 2 == len(split_at_entries(written(harbour(plain(1), plain(2))), "").raws)
    assert () == split_at_entries(written(harbour(plain(1), plain(2), between=between)), "").raws
