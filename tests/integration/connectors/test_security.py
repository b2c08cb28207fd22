"""Published attacks through the real parse path: nothing executable comes out, nothing expands, nothing is read."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from xml.sax.saxutils import escape

from selectolax.lexbor import LexborHTMLParser

from connectors.document import articles_of, parse_document
from connectors.feed import NotAFeedError, sanitised
from connectors.parser import Parser
from pipeline.bootstrap import clock
from pipeline.stages.normalize import normalize

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
    assert [] == [(text, found) for text in texts if (found := dangers(sanitised(text) or ""))]


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


def test_xml_attacks_neither_expand_nor_read_files(shared_data: Path) -> None:
    files = sorted((shared_data / "security/xml-attacks/xmltestdata").iterdir())
    assert len(files) > 8
    parser = Parser(deadline_s=10)
    started = time.monotonic()
    try:
        for file in files:
            attack = file.read_bytes()
            inside = attack + feed("x")[len(b'<rss version="2.0">') - 1 :]
            for body in (attack, inside, attack.replace(b"</", b"<rss/></", 1)):
                try:
                    parsed = parser.parse(body, "application/xml", URL)
                except NotAFeedError:
                    continue
                assert sum(len(str(entry)) for entry in parsed.entries) < 100_000
                assert "root:" not in str(parsed)
    finally:
        parser.close()
    assert time.monotonic() - started < 60
