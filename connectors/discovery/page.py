"""Find the feeds of a web page: what it declares, what it links to, and where its platform keeps them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from connectors.addresses import join
from connectors.discovery.links import header_links
from connectors.discovery.platforms import fediverse_feeds, platform_feeds
from connectors.formats.characters import decoded

MAX_BYTES = 2_000_000
MAX_CANDIDATES = 200
MAX_TITLE = 80
# As they are and as they are miswritten: application/rss, text/rss+xml, application/x-rss+xml, application/atom.
_FEED_TYPE = re.compile(r"[\w.-]+/(?:x[.-])?(?:rss|atom|rdf|feed)(?:\+(?:xml|json))?")
_MAYBE_TYPES = ("application/json", "text/xml", "application/xml", "")
_FEED_LIKE = re.compile(
    r"(?:/feeds?(?:[/.?]|$)|//(?:feeds?|rss)\.|/(?:rss|atom|rdf|xml)(?:[/.?]|$)|\.(?:rss|atom|rdf)(?:$|[?/])"
    r"|(?:atom|rss|feed|rss2|index)\.xml|feed\.json|[?&](?:format|feed|type|output|alt)=(?:rss|atom|feed|xml)\b)",
    re.IGNORECASE,
)
_FEED_WORD = re.compile(r"\b(?:rss(?: ?[12]\.0)?|atom|(?:news|web) ?feed|json feed|feed)\b", re.IGNORECASE)
# WordPress declares its programming interface as another form of each page.
_NO_FEED = re.compile(r"/wp-json/|/xmlrpc|/osd\.xml|opensearch|/oembed|\.(?:png|jpe?g|gif|svg|css|js)$", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|kommentar|commentaire|comentario|replies", re.IGNORECASE)
# Where a page without words of its own sends who opens it.
_REFRESH = re.compile(r"""\burl\s*=\s*["']?([^"'\s]+)""", re.IGNORECASE)
_CHANNEL = "meta[itemprop=channelId],meta[itemprop=identifier]"
WELL_KNOWN = (
    "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json", "/feeds/posts/default",
    "/index.rdf", "/blog/feed", "/news/rss", "/?format=rss", "/blog-feed.xml", "/news-sitemap.xml", "/sitemap_news.xml",
)  # fmt: skip
NEAR = ("feed", "rss", "feed.xml", "index.xml")


class Candidate(msgspec.Struct, frozen=True):
    """Offer one address that may be a feed; ``score`` orders them, best first."""

    url: str
    title: str | None
    score: int


class _Found:
    """Gather addresses, each with its best score and the first title it is given."""

    def __init__(self, url: str) -> None:
        self.base = url
        self._candidates: dict[str, Candidate] = {}

    def add(self, address: str | None, title: str | None, score: int) -> None:
        joined = _joined(self.base, address)
        if joined is None or _NO_FEED.search(joined):
            return
        if _COMMENTS.search(f"{urlsplit(joined).path} {title or ''}"):
            score -= 80
        before = self._candidates.get(joined)
        title = (before.title if before else None) or " ".join((title or "").split())[:MAX_TITLE] or None
        if before is not None or len(self._candidates) < MAX_CANDIDATES:
            self._candidates[joined] = Candidate(joined, title, max(score, before.score if before else score))

    def best_first(self) -> list[Candidate]:
        return sorted(self._candidates.values(), key=lambda candidate: -candidate.score)


def discover(body: bytes, url: str, link_header: str | None = None) -> list[Candidate]:
    """Return the feeds that a page declares or links to, best first; comment feeds come last."""
    found = _Found(url)
    for link in header_links(link_header or "", url):
        if _is_declared(set(link.relations), link.type, link.url, link.title):
            found.add(link.url, link.title, 100)
    tree = LexborHTMLParser(_markup(body[:MAX_BYTES]))
    links = [(set((node.attributes.get("rel") or "").lower().split()), node) for node in tree.css("link[href]")]
    for page in dict.fromkeys((url, *_pages_meant(url, tree, links))):
        for candidate in platform_candidates(page):
            found.add(candidate.url, None, candidate.score)
    base = tree.css_first("base[href]")
    found.base = (_joined(url, base.attributes.get("href")) or url) if base is not None else url
    for position, (relations, node) in enumerate(links):
        kind, address = node.attributes.get("type") or "", node.attributes.get("href") or ""
        if _is_declared(relations, kind, address, node.attributes.get("title")):
            sure = bool(_FEED_TYPE.fullmatch(_essence(kind)))
            found.add(address, node.attributes.get("title"), (86 if sure else 70) - min(position, 20))
    for node in tree.css("meta[http-equiv=refresh i][content]"):
        leads = _REFRESH.search(node.attributes.get("content") or "")
        if leads and _joined(found.base, leads.group(1)) != url:
            found.add(leads.group(1), None, 60)
    for node in tree.css("a[href]"):
        _add_from_body(found, node)
    return found.best_first()


def platform_candidates(url: str) -> list[Candidate]:
    """Return where the platform of a page keeps its feeds, for which the page need not be read."""
    sure = [Candidate(address, None, 90 - place) for place, address in enumerate(platform_feeds(url))]
    return [*sure, *(Candidate(address, None, 66) for address in fediverse_feeds(url))]


def well_known(url: str) -> list[Candidate]:
    """Return the places to try on a site whose pages declare nothing: near the page first, then the usual ones."""
    path = urlsplit(url).path.rstrip("/")
    near = [join(url, f"{path}/{name}") for name in NEAR] if path else []
    return [Candidate(address, None, 10) for address in (*near, *(join(url, usual) for usual in WELL_KNOWN))]


def _pages_meant(url: str, tree: LexborHTMLParser, links: list[tuple[set[str], LexborNode]]) -> list[str]:
    """Return other addresses of what a page is about: its canonical one, the channel of a video or of a handle."""
    pages = [_joined(url, node.attributes.get("href")) for relations, node in links if "canonical" in relations]
    if (urlsplit(url).hostname or "").endswith("youtube.com"):
        channels = [node.attributes.get("content") or "" for node in tree.css(_CHANNEL)]
        pages += [f"https://www.youtube.com/channel/{channel}" for channel in channels]
    return [page for page in pages if page]


def _markup(body: bytes) -> bytes | str:
    """Return a page as it can be parsed: one in UTF-16 or UTF-32 is decoded."""
    is_wide = b"\0" in body[:200] or body.startswith((b"\xff\xfe", b"\xfe\xff"))
    return decoded(body) if is_wide else body


def _is_declared(relations: set[str], kind: str, address: str, title: str | None) -> bool:
    """Tell whether a link says that it is a feed, or another form of the page that looks like one."""
    essence = _essence(kind)
    if "feed" in relations:
        return "stylesheet" not in relations
    if "alternate" not in relations or "stylesheet" in relations:
        return False
    if _FEED_TYPE.fullmatch(essence):
        return True
    is_named = essence.endswith("/xml") and _FEED_WORD.search(title or "") is not None
    return is_named or (essence in _MAYBE_TYPES and bool(_FEED_LIKE.search(address)))


def _add_from_body(found: _Found, node: LexborNode) -> None:
    """Take a link of the text that names a feed by its address, its type, its words or its picture."""
    address = node.attributes.get("href") or ""
    words = " ".join((node.text() or "")[: 2 * MAX_TITLE].split()) or node.attributes.get("title") or ""
    likely = bool(_FEED_LIKE.search(address))
    typed = bool(_FEED_TYPE.fullmatch(_essence(node.attributes.get("type") or "")))
    named = _FEED_WORD.search(
        " ".join((words[:40], *(node.attributes.get(name) or "" for name in ("class", "aria-label", "title"))))
    )
    if not (likely or typed or named):
        return
    found.add(address, words, 20 + 20 * typed + 10 * likely + 5 * bool(named))


def _essence(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _joined(url: str, address: str | None) -> str | None:
    """Return an address of the web made whole, without a fragment, or nothing."""
    if not address or not address.strip():
        return None
    address = re.sub(r"^feed:(?://)?(?=https?:)|^feed:(?=//)", "", address.strip())
    try:
        joined = join(url, address).partition("#")[0]
        parts = urlsplit(joined)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return joined if whole else None
