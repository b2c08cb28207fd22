"""Published attacks through the real parse path: nothing executable comes out, nothing expands, nothing is read."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import re
import time
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from selectolax.lexbor import LexborHTMLParser

from connectors.formats.document import parse_document
from connectors.formats.markup import sanitized
from connectors.formats.parsed import NotAFeedError
from connectors.pages.fulltext import PageError, extract_page
from connectors.pages.site_rules import NO_RULE, SiteRule
from connectors.polling.articles import articles_of
from connectors.polling.parser import Parser
from pipeline.stages.identify.normalize import normalize
from pipeline.wiring.stores import clock

URL = "https://news.example/feed"
ADDRESSES = ("href", "src", "action", "formaction", "background", "poster", "cite", "data", "xlink:href", "srcset")


def dangers(markup: str) -> list[str]:
    """Return what a browser might execute in some markup."""
    found = []
    for node in LexborHTMLParser(f"<body>{markup}</body>").css("body *"):
        tag = node.tag or ""
        if tag in (
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "link",
            "meta",
            "base",
            "form",
            "svg",
            "math",
            "template",
        ):
            found.append(tag)
        for name, value in node.attributes.items():
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name in ("style", "srcdoc"):
                found.append(f"{tag} {name}")
            if (
                name in ADDRESSES
                and ":" in address.split("/")[0]
                and not address.startswith(("http:", "https:", "mailto:"))
            ):
                found.append(f"{tag} {name}={value}")
    return found


def feed(markup: str) -> bytes:
    item = (
        f"<item><title>{escape(markup)}</title><link>{URL}/1</link><description>{escape(markup)}</description></item>"
    )
    return f'<rss version="2.0"><channel><title>T</title>{item}</channel></rss>'.encode("utf-8", "replace")


def test_no_payload_survives_the_sanitiser(shared_data: Path) -> None:
    payloads = json.loads((shared_data / "security/xss/dompurify/payloads.json").read_text())
    texts = [payload["payload"] for payload in payloads]
    texts += json.loads((shared_data / "security/xss/blns/blns.json").read_text())
    assert len(texts) > 500
    assert [] == [(text, found) for text in texts if (found := dangers(sanitized(text) or ""))]


def test_no_payload_survives_a_feed(shared_data: Path) -> None:
    payloads = json.loads((shared_data / "security/xss/dompurify/payloads.json").read_text())
    texts = [payload["payload"] for payload in payloads]
    texts += json.loads((shared_data / "security/xss/blns/blns.json").read_text())
    left = []
    for text in texts:
        clean = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", text)
        try:
            parsed = parse_document(feed(clean), None, URL)
        except NotAFeedError:
            continue
        for article in articles_of(parsed, URL, clock()):
            normal = normalize(article)
            if dangers(normal.html or "") or not (normal.url or "").startswith("https://"):
                left.append((text, normal.html))
    assert left == []


ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
# Where a text may stand in each format, and how.
FORMATS = {
    "rss": '<rss version="2.0"><channel><title>T</title><item><guid>1</guid><title>{0}</title><link>{1}</link>'
    "<description>{0}</description><author>{0}</author><category>{0}</category></item></channel></rss>",
    "atom": f'<feed xmlns="{ATOM}"><title>{{0}}</title><entry><id>1</id><title type="html">{{0}}</title>'
    '<link href="{1}"/><content type="html">{0}</content><author><name>{0}</name></author></entry></feed>',
    "newsml": '<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="x"><contentMeta><headline>{0}</headline>'
    "<description>{0}</description></contentMeta></newsItem>",
    "nitf": "<nitf><body><body.head><hedline><hl1>{0}</hl1></hedline></body.head>"
    "<body.content><p>{0}</p></body.content></body></nitf>",
    "sitemap": f'<urlset xmlns="{SITEMAP}"><url><loc>{{1}}</loc><title>{{0}}</title><keywords>{{0}}</keywords></url>'
    "</urlset>",
}  # fmt: skip
# Before the DOCTYPE: nothing, more than is looked at at first, what seems to be an element, both.
PADDING = ("", f"<!-- {'x' * 30_000} -->", "<!-- <rss> -->", f"<!-- <rss {'x' * 3_000} -->")


def json_feed(text: str, url: str) -> object:
    item = {"id": "1", "url": url, "title": text, "content_html": text, "authors": [{"name": text}], "tags": [text]}
    return {"items": [item]}


def ninjs(text: str, url: str) -> object:
    return {"uri": "x:1", "canonicalurl": url, "headline": text, "body_xhtml": text}


JSON = {"json feed": json_feed, "ninjs": ninjs}


def payloads(shared_data: Path) -> list[str]:
    texts = [
        payload["payload"] for payload in json.loads((shared_data / "security/xss/dompurify/payloads.json").read_text())
    ]
    texts += json.loads((shared_data / "security/xss/blns/blns.json").read_text())
    assert len(texts) > 500
    return [re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", text) for text in texts]


@pytest.mark.parametrize("kind", [*FORMATS, *JSON])
def test_no_payload_survives_any_format(shared_data: Path, kind: str) -> None:
    left, read = [], 0
    for text in payloads(shared_data):
        url = re.sub(r"\s", "", text)[:200] or URL  # a payload may stand where an address belongs
        if kind in JSON:
            body = json.dumps(JSON[kind](text, url)).encode()
        else:
            body = FORMATS[kind].format(escape(text), escape(url, {'"': "&quot;"})).encode("utf-8", "replace")
        try:
            parsed = parse_document(body, None, URL)
        except NotAFeedError:
            continue
        for article in articles_of(parsed, URL, clock()):
            normal = normalize(article)
            read += 1
            if dangers(normal.html or "") or (normal.url and not normal.url.startswith(("http://", "https://"))):
                left.append((text, normal.html, normal.url))
    assert left == []
    assert read > 300 or kind == "sitemap"  # whose entries have an address or are none


def test_no_payload_survives_a_page(shared_data: Path) -> None:
    words = "The council agreed on Monday to build the new harbour after a night of talks that went on until dawn."
    left, read = [], 0
    for text in payloads(shared_data):
        page = f"<html><body><article><p>{words}</p>{text}<p>{words}</p></article></body></html>"
        for rule in (SiteRule(keep=("article",)), NO_RULE):
            try:
                found = extract_page(page.encode("utf-8", "replace"), "text/html; charset=utf-8", URL, rule)
            except PageError:
                continue
            read += 1
            if dangers(found.html):
                left.append((text, found.html))
    assert left == []
    assert read > 500


def test_xml_attacks_neither_expand_nor_read_files(shared_data: Path) -> None:
    files = sorted((shared_data / "security/xml-attacks/xmltestdata").iterdir())
    assert len(files) > 8
    parser = Parser(deadline_s=10)
    started = time.monotonic()
    try:
        for file in files:
            attack = file.read_bytes()
            inside = attack + feed("x")[len(b'<rss version="2.0">') - 1 :]
            for body in (attack, inside, attack.replace(b"</", b"<rss/></", 1), gzip.compress(attack)):
                try:
                    parsed = parser.parse(body, "application/xml", URL)
                except NotAFeedError:
                    continue
                assert sum(len(str(entry)) for entry in parsed.entries) < 100_000
                assert "root:" not in str(parsed)
    finally:
        parser.close()
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("kind", FORMATS)
def test_entities_are_nowhere_expanded(tmp_path: Path, kind: str, encoding: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("LAUGH")
    laughs = '<!ENTITY a0 "LAUGH">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    attacks = (
        f"<!DOCTYPE x [{laughs}]>",
        f'<!DOCTYPE x [<!ENTITY a8 "{"LAUGH" * 20_000}">]>',
        f'<!DOCTYPE x [<!ENTITY a8 SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE x SYSTEM "{secret.as_uri()}">',
        f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p; <!ENTITY a8 "]>LAUGH">]>',
        "<!DOCTYPE x [<!ENTITY b \"&#60;!ENTITY a8 'LAUGH'>\">]>",
    )
    for attack, padding, text in itertools.product(attacks, PADDING, ("&a2;", "&a8;")):
        body = f'<?xml version="1.0"?>{padding}{attack}{FORMATS[kind].format(text, URL)}'.encode(encoding)
        started = time.process_time()
        try:
            entries = parse_document(body, "application/xml", URL).entries
        except NotAFeedError:
            entries = ()
        assert "LAUGH" not in str(entries)
        assert time.process_time() - started < 5


def test_word_of_entities_in_an_article_stays() -> None:
    told = '<![CDATA[Write <!ENTITY a "b"> to declare one]]>'
    [entry] = parse_document(
        f"<rss><channel><item><title>{told}</title></item></channel></rss>".encode(), None, URL
    ).entries
    assert "declare one" in (entry.title or "")


def test_documents_that_take_too_long_are_given_up_and_the_next_is_read() -> None:
    slow = (
        b"<urlset>" + b"<url><loc>" * 400_000,
        b"<rss><channel><item>" + b"<![CDATA[" * 400_000,
        b"<rss><channel>" + b"<item><author>" * 200_000,
        b'{"items": ' + b"[" * 1_000_000,
        b"<newsItem>" + b"<a>" * 1_000_000,
        b"<rss>" + b"<!DOCTYPE [" * 300_000,
        b"<rss><!ENTITY " + b"<!ENTITY '" * 300_000,
        b"<feed>" + b"<a:deleted-entry ref=" * 200_000,
        b"<rss><channel>" + b"<a xmlns:b='" * 200_000,
    )
    parser = Parser(deadline_s=3)
    try:
        for body in slow:
            started = time.monotonic()
            with contextlib.suppress(NotAFeedError):
                parser.parse(body, "application/xml", URL)
            assert time.monotonic() - started < 8, body[:40]
        assert len(parser.parse(feed("x"), None, URL).entries) == 1
    finally:
        parser.close()
