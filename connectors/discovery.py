"""Find the feeds of a web page: what it declares, what it links to, and where its platform keeps them."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from connectors.links import header_links
from connectors.platforms import fediverse_feeds, platform_feeds

MAX_BYTES = 2_000_000
_FEED_TYPES = {
    "application/rss+xml": 3, "application/atom+xml": 3, "application/feed+json": 3, "application/json": 1,
    "application/rdf+xml": 2, "text/xml": 1, "application/xml": 1,
}  # fmt: skip
_FEED_LIKE = re.compile(
    r"(?:/feeds?(?:/|$|\.)|/rss(?:/|$|\.)|\.rss$|\.atom$|/atom(?:/|$)|atom\.xml|rss\.xml|feed\.(?:xml|json)|index\.rdf)",
    re.I,
)
WELL_KNOWN = (
    "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json", "/feeds/posts/default",
    "/index.rdf", "/blog/feed", "/news/rss", "/?format=rss", "/news-sitemap.xml",
)  # fmt: skip
NEAR = ("feed", "rss", "feed.xml", "index.xml")


class Candidate(msgspec.Struct, frozen=True):
    """Offer one address that may be a feed; ``score`` orders them, best first."""

    url: str
    title: str | None
    score: int


def discover(body: bytes, url: str, link_header: str | None = None) -> list[Candidate]:
    """Return the feeds that a page declares or links to, best first; comment feeds come last."""
    found: dict[str, Candidate] = {}

    def add(address: str | None, title: str | None, score: int) -> None:
        if not address:
            return
        try:
            joined = urljoin(url, address.strip())
        except ValueError:
            return
        if not joined.startswith(("http://", "https://")):
            return
        if re.search(r"comment", f"{joined} {title or ''}", re.IGNORECASE):
            score -= 50
        if joined not in found or found[joined].score < score:
            found[joined] = Candidate(joined, title or None, score)

    for link in header_links(link_header or "", url):
        if {"alternate", "feed"} & set(link.relations) and link.type.partition(";")[0].strip() in _FEED_TYPES:
            add(link.url, link.title, 100)
    tree = LexborHTMLParser(body[:MAX_BYTES])
    links = [(set((node.attributes.get("rel") or "").lower().split()), node) for node in tree.css("link[href]")]
    for page in (url, *(_joined(url, node) for relations, node in links if "canonical" in relations)):
        for place, address in enumerate(platform_feeds(page)):
            add(address, None, 90 - place)
        for address in fediverse_feeds(page):
            add(address, None, 70)
    base = tree.css_first("base[href]")
    if base is not None:
        url = _joined(url, base)
    for position, (relations, node) in enumerate(links):
        kind = (node.attributes.get("type") or "").lower().partition(";")[0].strip()
        if kind in _FEED_TYPES and {"alternate", "feed"} & relations:
            add(
                node.attributes.get("href"),
                node.attributes.get("title"),
                80 + _FEED_TYPES[kind] * 2 - min(position, 20),
            )
    for node in tree.css("a[href]"):
        address = node.attributes.get("href") or ""
        if _FEED_LIKE.search(urlsplit(address).path if ":" not in address[:6] else address):
            add(address, " ".join((node.text() or "").split())[:80] or None, 30)
    return sorted(found.values(), key=lambda candidate: -candidate.score)


def well_known(url: str) -> list[Candidate]:
    """Return the places to try on a site whose pages declare nothing: near the page first, then the usual ones."""
    path = urlsplit(url).path.rstrip("/")
    near = [urljoin(url, f"{path}/{name}") for name in NEAR] if path else []
    return [Candidate(address, None, 10) for address in (*near, *(urljoin(url, usual) for usual in WELL_KNOWN))]


def _joined(url: str, node: LexborNode) -> str:
    try:
        return urljoin(url, (node.attributes.get("href") or "").strip())
    except ValueError:
        return url
