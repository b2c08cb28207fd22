"""A fast road for the plain majority of feeds: well-formed XML in UTF-8 with nothing unusual in it.

It gives what feedparser gives, in feedparser's own shape, for the fields that ``connectors.formats.xmlfeed`` reads, and
declines whatever it is not sure to read the same. A differential test holds the two equal, field by field.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from feedparser.util import FeedParserDict

from connectors.formats.dates import parse_date

_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NAMESPACES = {
    "": "",
    "http://www.w3.org/2005/Atom": "",
    "http://purl.org/rss/1.0/": "",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
    "http://purl.org/rss/1.0/modules/slash/": "slash:",
    "http://wellformedweb.org/CommentAPI/": "wfw:",
    "http://search.yahoo.com/mrss/": "media:",
    "com-wordpress:feed-additions:1": "wordpress:",
}
_ROOTS = {"rss", "feed", "rdf:rdf"}
# What is about an entry or a feed but never in an article.
_PASSED_OVER = frozenset(
    "comments generator docs copyright rights lastbuilddate webmaster slash:comments wfw:commentrss image rdf:items "
    "media:thumbnail wordpress:post-id icon logo cloud source".split()
)
_FEED_ONLY = frozenset("description subtitle pubdate updated category dc:date dc:rights dc:publisher".split())
_KINDS = {None: None, "text": "text/plain", "text/plain": "text/plain", "html": "text/html", "text/html": "text/html"}
_PLAIN_ADDRESS = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[\w.~%!$'()*+,:@/=-]*)?(?:\?[\w.~%!$'()*+,:@/=&-]+)?", re.A
)
_PLAIN_ID = re.compile(r"(?:urn|tag):[A-Za-z0-9][\w.:,/@-]*", re.A)
_MAIL = re.compile("[@()<>]")
_CONTROL = re.compile(rb"\xc2[\x80-\x9f]|&#0*(?:1[2-5]\d|x0*[89][0-9a-f]);", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w-]+)[\"']")


class _UnusualError(Exception):
    """Decline: feedparser is to read this one."""


def parse_plain(body: bytes, content_type: str | None, url: str) -> tuple[Any, list[Any]] | None:
    """Return a feed and its entries as feedparser would give them, or ``None`` when it had better be asked."""
    declared = _DECLARED.search(body[:200])
    charset = _CHARSET.search(content_type or "")
    names = {declared.group(1).decode() if declared else "utf-8", charset.group(1) if charset else "utf-8"}
    if {name.lower() for name in names} != {"utf-8"} or b"<!DOCTYPE" in body[:2_000] or _CONTROL.search(body):
        return None
    try:
        return _read(fromstring(body), url)  # no DOCTYPE, no entities to expand
    except (_UnusualError, ParseError, ValueError, OverflowError):
        return None


def _read(root: Element, url: str) -> tuple[Any, list[Any]]:
    kind = _name(root)
    if kind not in _ROOTS:
        raise _UnusualError
    feed, entries = FeedParserDict(), []
    language = root.get(_LANG)
    if language and kind != "rdf:rdf":
        language = feed["language"] = language.replace("_", "-")
    reader = _Reader(url, language, atom=kind == "feed")
    channel = root
    if kind != "feed":
        channels = [child for child in root if _name(child) == "channel"]
        if len(channels) != 1 or (kind == "rss" and len(root) != 1) or set(channels[0].keys()) - {_RDF_ABOUT}:
            raise _UnusualError
        channel = channels[0]
        entries = [reader.entry(child) for child in root if _name(child) == "item"]
        if kind == "rdf:rdf" and any(_name(child) not in ("channel", "item", "image") for child in root):
            raise _UnusualError
    for element in channel:
        name = _name(element)
        if name in ("item", "entry"):
            entries.append(reader.entry(element))
        else:
            reader.feed_field(feed, name, element)
    return feed, entries


def _name(element: Element) -> str:
    tag = element.tag
    if not isinstance(tag, str):
        raise _UnusualError
    namespace, brace, local = tag.rpartition("}")
    prefix = _NAMESPACES.get(namespace[1:] if brace else "")
    if prefix is None:
        raise _UnusualError
    return prefix + local.lower()


class _Reader:
    """Read the elements of one feed into feedparser's dictionaries."""

    def __init__(self, url: str, language: str | None, *, atom: bool) -> None:
        self._url = url
        self._language = language
        self._atom = atom

    def entry(self, item: Element) -> Any:
        """Return one entry. Raises ``_UnusualError``."""
        entry = FeedParserDict()
        if item.keys():
            if item.keys() != [_RDF_ABOUT]:
                raise _UnusualError
            entry["id"] = item.get(_RDF_ABOUT)
        for element in item:
            name = _name(element)
            read = _ENTRY_FIELDS.get(name)
            if read is not None:
                read(self, entry, element)
            elif name not in _PASSED_OVER or len(element):
                raise _UnusualError
        return entry

    def feed_field(self, feed: Any, name: str, element: Element) -> None:
        """Read one thing that a feed says about itself. Raises ``_UnusualError``."""
        if name in ("title", "link", "id"):
            _ENTRY_FIELDS[name](self, feed, element)
        elif name == "author" and self._atom:
            self._author(feed, element)
        elif name in ("language", "ttl", "sy:updateperiod", "sy:updatefrequency"):
            key = name.replace(":", "_")
            _once(feed if key != "language" else {}, key)
            feed[key] = _text(element)
        elif name not in _PASSED_OVER and (name not in _FEED_ONLY or len(element)):
            raise _UnusualError

    def _title(self, entry: Any, element: Element) -> None:
        _once(entry, "title_detail")
        kind, value = self._content_of(element, "text/plain")
        if value:
            entry["title"] = value
        entry["title_detail"] = self._detail(kind, value)

    def _link(self, entry: Any, element: Element) -> None:
        links = entry.setdefault("links", [])
        link = FeedParserDict({name.lower(): value for name, value in element.items()})
        if {"base", "url", "uri"} & link.keys():
            raise _UnusualError
        link["rel"] = link.get("rel", "alternate").lower()
        link["type"] = link.get("type", "application/atom+xml" if link["rel"] == "self" else "text/html").lower()
        links.append(link)
        if "href" in link:
            if _text(element):
                raise _UnusualError
            link["href"] = _plain_address(link["href"])
            if link["rel"] == "alternate" and link["type"] in ("text/html", "application/xhtml+xml"):
                entry["link"] = link["href"]
        else:
            if element.keys() or not (value := _text(element)):
                raise _UnusualError
            entry["link"] = link["href"] = _plain_address(value)

    def _guid(self, entry: Any, element: Element) -> None:
        if element.keys() not in ([], ["isPermaLink"]) or "id" in entry:
            raise _UnusualError
        value = _text(element)
        is_address = element.get("isPermaLink", "true") == "true"
        if is_address and not (_PLAIN_ID.fullmatch(value) and self._atom):
            _plain_address(value)
        entry["id"] = value
        entry.setdefault("guidislink", is_address and "link" not in entry)
        if is_address:
            entry.setdefault("link", value)

    def _description(self, entry: Any, element: Element) -> None:
        _once(entry, "summary_detail")
        kind, value = self._content_of(element, "text/html" if _name(element) == "description" else "text/plain")
        entry["summary"] = value
        entry["summary_detail"] = self._detail(kind, value)

    def _content(self, entry: Any, element: Element) -> None:
        # A second text, or one that follows a summary in Atom's own words, is told apart by rules of feedparser's own.
        _once(entry, "content")
        kind, value = self._content_of(element, "text/plain" if _name(element) == "content" else "text/html")
        if element.get("src"):
            raise _UnusualError
        entry["content"] = [self._detail(kind, value)]
        entry.setdefault("summary", value)

    def _author(self, entry: Any, element: Element) -> None:
        _once(entry, "authors")
        if self._atom and _name(element) == "author":
            if [_name(child) for child in element] not in (["name"], ["name", "uri"], ["name", "uri", "email"]):
                raise _UnusualError
            value = _text(element[0])
            _blank(element)
        else:
            value = _text(element)
        if not value or element.keys() or _MAIL.search(value):
            raise _UnusualError
        entry["author"] = value
        entry["authors"] = [FeedParserDict(name=value)]

    def _category(self, entry: Any, element: Element) -> None:
        value, term, label = _text(element), element.get("term"), element.get("label")
        if value and term:
            raise _UnusualError
        tag = FeedParserDict(
            term=term or value or None, scheme=element.get("scheme", element.get("domain")), label=label
        )
        if not value and (tag.scheme or label) and not term:
            raise _UnusualError
        tags = entry.setdefault("tags", [])
        told_apart = not term and (tag.scheme or label)  # feedparser compares before it knows the term
        if (tag.term or tag.label) and (told_apart or tag not in tags):
            tags.append(tag)

    def _published(self, entry: Any, element: Element) -> None:
        _moment(entry, "published", element)

    def _updated(self, entry: Any, element: Element) -> None:
        _moment(entry, "updated", element)

    def _enclosure(self, entry: Any, element: Element) -> None:
        link = FeedParserDict({name.lower(): value for name, value in element.items()})
        if {"uri", "href", "rel"} & link.keys() or "url" not in link or len(element) or _text(element):
            raise _UnusualError
        link["href"] = link.pop("url")
        link["rel"] = "enclosure"
        entry.setdefault("links", []).append(link)

    def _content_of(self, element: Element, default: str) -> tuple[str, str]:
        kind = _KINDS.get((element.get("type") or "").lower() or None, "")
        if kind == "" or element.get("mode") or element.get(_LANG):
            raise _UnusualError
        return kind or default, _text(element)

    def _detail(self, kind: str, value: str) -> Any:
        return FeedParserDict(type=kind, language=self._language, base=self._url, value=value)


_ENTRY_FIELDS = {
    "title": _Reader._title,
    "link": _Reader._link,
    "guid": _Reader._guid,
    "id": _Reader._guid,
    "description": _Reader._description,
    "summary": _Reader._description,
    "content": _Reader._content,
    "content:encoded": _Reader._content,
    "author": _Reader._author,
    "dc:creator": _Reader._author,
    "category": _Reader._category,
    "dc:subject": _Reader._category,
    "pubdate": _Reader._published,
    "published": _Reader._published,
    "updated": _Reader._updated,
    "dc:date": _Reader._updated,
    "enclosure": _Reader._enclosure,
}


def _once(entry: Any, key: str) -> None:
    if dict.__contains__(entry, key):
        raise _UnusualError


def _text(element: Element) -> str:
    if len(element):
        raise _UnusualError
    raw = element.text or ""
    if not raw.isascii() and _is_twice_encoded(raw):
        raise _UnusualError
    return raw.strip()


def _is_twice_encoded(text: str) -> bool:
    """Tell whether this looks like UTF-8 taken for Latin-1, which feedparser mends in some feeds."""
    try:
        text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return False
    return True


def _blank(element: Element) -> None:
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise _UnusualError


def _plain_address(value: str) -> str:
    if not _PLAIN_ADDRESS.fullmatch(value):
        raise _UnusualError
    return value


def _moment(entry: Any, field: str, element: Element) -> None:
    _once(entry, field)
    value = _text(element)
    if parse_date(value) is None:
        raise _UnusualError
    entry[field] = value
