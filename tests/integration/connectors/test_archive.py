"""WARC archives become articles, record by record."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from connectors.files.files import read_files
from pipeline.errors import UsageError
from pipeline.model import Article
from pipeline.stages.identify.normalize import normalize
from tests.integration.feed_server import FEED

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEXT = "The cranes of the harbour stood still all day, because their drivers wanted more money and shorter nights. "
PAGE = f"""<html lang="en"><head><title>Harbour - The Paper</title><link rel="canonical" href="/harbour">
<meta property="article:published_time" content="2022-02-21T10:00:00Z">
<script type="application/ld+json">{{"@graph": [{{"@type": "WebSite"}}, {{"@type": ["NewsArticle"],
"headline": "Cranes stand still", "author": [{{"name": "Ann Lee"}}],
"dateModified": "2022-02-21T11:00:00Z"}}]}}</script></head>
<body><nav>Home</nav><article><h1>Cranes stand still</h1><p>{TEXT}</p>
<p>{TEXT.replace("cranes", "ferries")}</p></article></body></html>""".encode()


def archive(path: Path, records: list[tuple[str, str, str, bytes]]) -> Path:
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=path.name.endswith(".gz"))
        for url, status, kind, body in records:
            http = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1")
            dated = {"WARC-Date": "2022-03-01T00:00:00Z"}
            writer.write_record(
                writer.create_warc_record(url, "response", BytesIO(body), http_headers=http, warc_headers_dict=dated)
            )
    return path


@pytest.mark.parametrize("name", ["news.warc", "news.warc.gz"])
def test_pages_and_feeds_are_read_and_the_rest_passed_over(tmp_path: Path, name: str) -> None:
    undated = PAGE.replace(b"article:published_time", b"x").replace(b"/harbour", b"/other")
    path = archive(
        tmp_path / name,
        [
            ("https://paper.example/harbour?utm_source=x", "200 OK", "text/html; charset=utf-8", PAGE),
            ("https://paper.example/gone", "404 Not Found", "text/html", PAGE),
            ("https://paper.example/logo.png", "200 OK", "image/png", b"\x89PNG"),
            ("https://paper.example/empty", "200 OK", "text/html", b"<html><body><p>Menu</p></body></html>"),
            ("https://www.paper.example/feed", "200 OK", "application/rss+xml", FEED),
            ("https://paper.example/other", "200 OK", "text/html", undated),
        ],
    )
    page, first, second, other = map(normalize, read_files(path, NOW))
    assert (page.title, page.url, page.authors) == ("Cranes stand still", "https://paper.example/harbour", ("Ann Lee",))
    assert page.published == datetime(2022, 2, 21, 10, tzinfo=UTC)
    assert page.updated == datetime(2022, 2, 21, 11, tzinfo=UTC)
    assert (page.language, page.source, (page.text or "").count("stood still")) == ("en", "paper.example", 2)
    assert (first.title, second.title) == ("First report of the harbour", "Second report of the harbour")
    assert other.published == datetime(2022, 3, 1, tzinfo=UTC)


def test_damaged_archive_gives_what_stood_before_the_damage_and_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path / "cut.warc.gz", [("https://paper.example/feed", "200 OK", "text/xml", FEED)] * 3)
    path.write_bytes(path.read_bytes()[:-300])
    found: list[Article] = []
    with pytest.raises(UsageError, match=r"cut\.warc\.gz"):
        found.extend(read_files(path, NOW))
    assert len(found) >= 2
    (tmp_path / "no.warc").write_bytes(b"this is no archive")
    with pytest.raises(UsageError, match=r"no\.warc"):
        list(read_files(tmp_path / "no.warc", NOW))
