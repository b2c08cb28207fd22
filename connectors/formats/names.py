"""The names of elements, whatever prefix and spelling a feed gives their namespaces."""

from __future__ import annotations

from functools import lru_cache

ATOM = "http://www.w3.org/2005/Atom"
XML = "http://www.w3.org/XML/1998/namespace"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# The prefix that stands for each namespace here; what RSS and Atom share goes by its name alone.
NAMESPACES = {
    "": "",
    ATOM: "",
    "http://purl.org/atom/ns#": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://my.netscape.com/publish/formats/rss-0.91.dtd": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "https://cyber.harvard.edu/rss/rss.html": "",
    "http://cyber.law.harvard.edu/rss": "",
    RDF: "rdf",
    XML: "xml",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/elements/1.0/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://purl.org/syndication/thread/1.0": "thr",
    "http://wellformedweb.org/CommentAPI/": "wfw",
    "http://search.yahoo.com/mrss/": "media",
    "http://search.yahoo.com/mrss": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://www.itunes.com/DTDs/Podcast-1.0.dtd": "itunes",
    "http://example.com/DTDs/PodCast-1.0.dtd": "itunes",
    "http://www.google.com/schemas/play-podcasts/1.0": "googleplay",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://prismstandard.org/namespaces/1.2/basic/": "prism",
    "http://prismstandard.org/namespaces/basic/2.0/": "prism",
    "http://www.georss.org/georss": "georss",
    "com-wordpress:feed-additions:1": "wordpress",
    "http://purl.org/atompub/tombstones/1.0": "at",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://creativecommons.org/ns#": "cc",
    "http://backend.userland.com/creativeCommonsRssModule": "creativecommons",
    "http://www.youtube.com/xml/schemas/2015": "yt",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "http://webfeeds.org/rss/1.0": "webfeeds",
    "http://news.yandex.ru": "yandex",
    "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
}
_LOWER = {uri.lower(): prefix for uri, prefix in NAMESPACES.items()}
# What feeds call them: a prefix that nobody declared, or that is bound to another address, still says what is meant.
PREFIXES = {prefix: uri for uri, prefix in reversed(NAMESPACES.items()) if prefix} | {
    "": "", "rss": "http://purl.org/rss/1.0/", "atom": ATOM, "atom10": ATOM, "a10": ATOM, "a": ATOM,
    "fb": "http://rssnamespace.org/feedburner/ext/1.0", "mrss": "http://search.yahoo.com/mrss/",
    "dct": "http://purl.org/dc/terms/", "dcq": "http://purl.org/dc/terms/", "wp": "com-wordpress:feed-additions:1",
}  # fmt: skip


@lru_cache(4096)
def name_of(tag: str) -> str:
    """Return the known name of an element or attribute in ElementTree's notation: ``dc:date``, ``title``.

    One of a namespace that is not known keeps its address before its name.
    """
    namespace, brace, local = tag.rpartition("}")
    if not brace:
        return local.lower()
    prefix = prefix_of(namespace[1:])
    if prefix is None:
        return f"{namespace[1:]}:{local.lower()}"
    return f"{prefix}:{local.lower()}" if prefix else local.lower()


def prefix_of(uri: str) -> str | None:
    """Return the prefix that stands for a namespace here, or nothing for one that is not known."""
    found = NAMESPACES.get(uri)
    if found is None:
        lower = uri.lower()
        found = _LOWER.get(lower, "" if "backend.userland.com/rss" in lower else None)
    return found


@lru_cache(4096)
def is_atom(tag: str) -> bool:
    """Tell whether an element is Atom's, in which text is no markup unless it says so."""
    return tag.startswith((f"{{{ATOM}}}", "{http://purl.org/atom/ns#}"))
