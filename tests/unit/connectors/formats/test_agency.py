"""What agencies send: ninjs, NewsML-G2, NITF; and what feeds take back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError
from connectors.polling.reading import Origin, read

URL = "https://agency.example/wire"
NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
TEN = datetime(2022, 2, 21, 10, tzinfo=UTC)

NINJS_1 = b"""{"uri": "http://agency.example/1", "type": "text", "headline": "Cranes stand still",
 "byline": "By Ann Lee", "versioncreated": "2022-02-21T11:00:00Z", "firstcreated": "2022-02-21T10:00:00Z",
 "language": "en", "pubstatus": "usable",
 "body_xhtml": "<p>Cranes stood still.</p><script>x()</script>", "body_text": "Cranes stood still.",
 "subject": [{"name": "labour"}], "keywords": ["harbour"],
 "associations": {"picture": {"uri": "http://agency.example/p", "type": "picture", "headline": "A crane"}}}"""
NINJS_2 = b"""[{"uri": "urn:a:2",
 "headlines": [{"role": "short", "value": "Cranes"}, {"role": "main", "value": "Cranes stand still"}],
 "by": "Ann Lee", "contentCreated": "2022-02-21T10:00:00+00:00", "subjects": [{"name": "labour"}],
 "bodies": [{"contentType": "text/plain", "value": "Cranes stood still."}]},
 {"uri": "urn:a:3", "pubStatus": "canceled", "headlines": []}, {"nonsense": 1}]"""
NEWSML = b"""<?xml version="1.0"?><!DOCTYPE newsMessage [<!ENTITY a "b">]>
<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header/><itemSet>
<newsItem guid="urn:newsml:agency:1" version="3" xml:lang="en">
<itemMeta><versionCreated>2022-02-21T11:00:00Z</versionCreated><firstCreated>2022-02-21T10:00:00Z</firstCreated>
<pubStatus qcode="stat:usable"/><link rel="irel:seeAlso" href="https://agency.example/1"/></itemMeta>
<contentMeta><headline>Cranes stand still</headline><by>By Ann Lee</by><language tag="en"/>
<subject qcode="medtop:1"><name>labour</name></subject></contentMeta>
<contentSet><inlineXML contenttype="application/nitf+xml"><nitf xmlns="http://iptc.org/std/NITF/2006-10-18/">
<body><body.head><hedline><hl1>Cranes stand still</hl1></hedline></body.head><body.content><p>Cranes stood
 <em>still</em>.</p><p>All day.</p></body.content></body></nitf></inlineXML></contentSet></newsItem>
<newsItem guid="urn:newsml:agency:2"><contentMeta><headline>In HTML</headline></contentMeta><contentSet>
<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>
<body><p>By the quay.</p></body></html></inlineXML></contentSet></newsItem>
<newsItem guid="urn:newsml:agency:3"><itemMeta><pubStatus qcode="stat:canceled"/></itemMeta></newsItem>
<newsItem guid="urn:newsml:agency:4"><itemMeta/></newsItem>
<packageItem guid="urn:newsml:agency:5"/></itemSet></newsMessage>"""
NITF = b"""<nitf><head><title>Cranes stand still</title><docdata><doc-id id-string="n1"/>
<date.issue norm="20220221T100000Z"/></docdata></head><body><body.head><hedline><hl1>Cranes stand still</hl1></hedline>
<byline>By Ann Lee</byline></body.head>
<body.content><p>Cranes stood still.</p></body.content></body></nitf>"""


def test_ninjs_item_with_its_body_and_without_its_picture() -> None:
    parsed = parse_document(NINJS_1, "application/json", URL)
    (entry,) = parsed.entries
    assert (parsed.kind, entry.title, entry.url) == ("ninjs", "Cranes stand still", "http://agency.example/1")
    assert (entry.html, entry.authors, entry.published) == ("<p>Cranes stood still.</p>", ("Ann Lee",), TEN)
    assert (entry.tags, entry.language, entry.withdrawn) == (("labour", "harbour"), "en", False)


def test_ninjs_of_later_versions_and_what_is_none_costs_only_itself() -> None:
    parsed = parse_document(NINJS_2, "application/json", URL)
    entry, canceled = parsed.entries
    assert (entry.title, entry.text, entry.published) == ("Cranes stand still", "Cranes stood still.", TEN)
    assert (entry.identity.guid, entry.authors, canceled.withdrawn, list(parsed.errors)) == (
        "urn:a:2",
        ("Ann Lee",),
        True,
        [2],
    )


def test_newsml_items_in_nitf_and_html() -> None:
    parsed = parse_document(NEWSML, "application/xml", URL)
    first, second, third = parsed.entries
    assert (parsed.kind, first.title, first.authors, first.tags) == (
        "NewsML-G2", "Cranes stand still", ("Ann Lee",), ("labour",)
    )  # fmt: skip
    assert (first.published, first.updated, first.url, first.language) == (
        TEN, datetime(2022, 2, 21, 11, tzinfo=UTC), "https://agency.example/1", "en"
    )  # fmt: skip
    assert first.html == "<p>Cranes stood\n <em>still</em>.</p><p>All day.</p>"
    assert (second.html or "").strip() == "<p>By the quay.</p>"
    assert (third.withdrawn, list(parsed.errors)) == (True, [3])


def test_nitf_by_itself() -> None:
    parsed = parse_document(NITF, None, URL)
    (entry,) = parsed.entries
    assert (parsed.kind, entry.title, entry.authors, entry.published) == (
        "NITF",
        "Cranes stand still",
        ("Ann Lee",),
        TEN,
    )
    assert entry.html == "<p>Cranes stood still.</p>"


@pytest.mark.parametrize("body", [b"<newsItem><unclosed></newsItem>", b"[1, 2]", b'{"uri": "x"}', b"[]"])
def test_what_only_looks_like_it_is_refused(body: bytes) -> None:
    with pytest.raises(NotAFeedError):
        parse_document(body, None, URL)


def test_entry_that_a_feed_takes_back_is_withdrawn_once() -> None:
    def feed(*entries: str) -> bytes:
        spaces = 'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"'
        return f"<feed {spaces}><title>T</title>{''.join(entries)}</feed>".encode()

    def entry(number: int) -> str:
        return f"<entry><id>urn:e:{number}</id><title>Report number {number} of the harbour</title></entry>"

    gone = '<at:deleted-entry ref="urn:e:1" when="2022-02-21T10:00:00Z"/><at:deleted-entry when="x" ref="urn:never"/>'
    first = read(feed(entry(1), entry(2)), None, URL, Origin(URL), NOW)
    second = read(feed(entry(2), gone), None, URL, Origin(URL), NOW, first.recent)
    assert [(a.id, a.withdrawn, a.updated) for a in second.articles] == [(first.articles[0].id, True, TEN)]
    third = read(feed(entry(2), gone, "<!-- -->"), None, URL, Origin(URL), NOW, second.recent)
    assert third.articles == ()
