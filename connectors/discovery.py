"""Find the feeds of a web page: what it declares, what it links to, and where its platform keeps them."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser

MAX_BYTES = 2_000_000
_FEED_TYPES = {
    "application/rss+xml": 3, "application/atom+xml": 3, "application/feed+json": 3, "application/json": 1,
    "application/rdf+xml": 2, "text/xml": 1, "application/xml": 1,
}  # fmt: skip
_FEED_LIKE = re.compile(
    r"(?:/feeds?(?:/|$|\.)|/rss(?:/|$|\.)|\.rss$|\.atom$|/atom(?:/|$)|atom\.xml|rss\.xml|feed\.(?:xml|json)|index\.rdf)",
    re.I,
)
_LINK_HEADER = re.compile(r'<([^>]+)>\s*;([^,]*rel="?[^",]*alternate[^,]*)', re.IGNORECASE)
WELL_KNOWN = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json")


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

    for address, parameters in _LINK_HEADER.findall(link_header or ""):
        if any(kind in parameters for kind in _FEED_TYPES):
            add(address, None, 100)
    for address in _platform_feeds(url):
        add(address, None, 90)
    tree = LexborHTMLParser(body[:MAX_BYTES])
    base = tree.css_first("base[href]")
    if base is not None:
        url = urljoin(url, base.attributes.get("href") or "")
    for position, node in enumerate(tree.css("link[rel~=alternate][href]")):
        kind = (node.attributes.get("type") or "").lower().partition(";")[0].strip()
        if kind in _FEED_TYPES:
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
    """Return the places to try on a site whose pages declare nothing."""
    return [Candidate(urljoin(url, path), None, 10) for path in WELL_KNOWN]


def _platform_feeds(url: str) -> list[str]:
    """Return where the large platforms keep the feed of a page."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path.rstrip("/")
    if host.endswith("youtube.com"):
        match = re.match(r"/channel/([\w-]+)", path)
        return [f"https://www.youtube.com/feeds/videos.xml?channel_id={match.group(1)}"] if match else []
    if host.endswith("reddit.com"):
        return [f"https://www.reddit.com{path}.rss"] if path.startswith(("/r/", "/user/")) else []
    if host == "github.com" and path.count("/") == 2:
        return [f"{url.rstrip('/')}/releases.atom", f"{url.rstrip('/')}/commits.atom"]
    if host == "medium.com" and path:
        return [f"https://medium.com/feed{path}"]
    if host.endswith((".substack.com", ".wordpress.com", ".medium.com")):
        return [f"https://{host}/feed"]
    if host.endswith((".tumblr.com", ".blogspot.com")):
        return [f"https://{host}/rss" if "tumblr" in host else f"https://{host}/feeds/posts/default"]
    return [f"{url.rstrip('/')}.rss"] if re.match(r"/@[\w.]+$", path) else []
