"""RSS 0.90-2.0, RDF and Atom 0.3/1.0, through feedparser; the traps it has are kept shut here.

feedparser may open a local file or address of the name it is given, so it only ever sees a stream of bytes; it resolves
and sanitises too little and too much, so both are off and nh3 cleans what is kept. ``bozo`` is true of half the real
feeds and says nothing.
"""

from __future__ import annotations

import html
import io
import re
from calendar import timegm
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import feedparser

from connectors.addresses import join
from connectors.formats.bounds import MAX_ENTRIES, MAX_FIELD, MAX_NAME
from connectors.formats.dates import parse_date
from connectors.formats.doctype import SEARCHED_BYTES, without_doctype
from connectors.formats.markup import _absolute_links, sanitised
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed
from connectors.formats.plainfeed import parse_plain
from connectors.formats.update_hints import update_hints

_CDATA = re.compile(rb"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)", re.DOTALL)
_STRAY_AMPERSAND = re.compile(rb"&(?!#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
# A field that no honest feed has this long is cut before feedparser's patterns meet it: they are quadratic.
_LONG_NAME = re.compile(
    rb"(<(?:[\w]+:)?(?:author|creator|name|managingEditor|webMaster)\b[^>]*>[^<]{2000})[^<]+", re.IGNORECASE
)
_ROOT = re.compile(rb"<(?:\w+:)?(rss|feed|RDF|channel)[\s>]", re.IGNORECASE)
_PAGES = (None, "text/html", "application/xhtml+xml")
# RFC 6721: an entry that its feed took back.
_DELETED = re.compile(
    r"""<(?:\w+:)?deleted-entry\s(?=[^>]*?\bref=["']([^"'<>]+)["'])(?:[^>]*?\bwhen=["']([^"'<>]+)["'])?""",
    re.IGNORECASE,
)
_EXTERNAL = re.compile(r"^https?://\S+$", re.IGNORECASE)


def looks_like_feed(body: bytes) -> bool:
    """Tell whether the beginning of a document is that of an XML feed."""
    return bool(_ROOT.search(without_doctype(body[:SEARCHED_BYTES].replace(b"\0", b""))))


def parse_feed(body: bytes, content_type: str | None, url: str, *, fast: bool = True) -> ParsedFeed:
    """Parse an XML feed. Raises ``NotAFeedError``; an entry that cannot be read costs only itself.

    ``fast`` allows the parser of plain feeds, which makes no difference but to time.
    """
    plain = parse_plain(body, content_type, url) if fast else None
    feed, found = plain or _parse_any(body, content_type, url)
    home = _address(feed.get("link"), url, url)
    base = home or url
    entries: list[ParsedEntry] = []
    errors: dict[int, str] = {}
    for number, entry in enumerate(found[:MAX_ENTRIES]):
        try:
            entries.append(_entry(entry, base, feed))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as exc:
            errors[number] = repr(exc)
    entries += _tombstones(body)
    links = [(link.get("rel"), link.get("href")) for link in feed.get("links", ())]
    told = {name: _addresses(links, name, url) for name in ("hub", "self")}
    return ParsedFeed(
        title=_name(feed.get("title")),
        home=home,
        language=feed.get("language") or None,
        hubs=told["hub"],
        topic=next(iter(told["self"]), None),
        next_page=next((page for name in ("next", "prev-archive") for page in _addresses(links, name, url)), None),
        ttl_s=_minutes(feed.get("ttl")),
        hints=update_hints(body),
        entries=tuple(entries),
        errors=errors,
    )


def _tombstones(body: bytes) -> list[ParsedEntry]:
    if b"deleted-entry" not in body:
        return []
    found = [match.groups() for match in _DELETED.finditer(body.decode("utf-8", "replace"))][:MAX_ENTRIES]
    return [
        ParsedEntry(identity=Entry(html.unescape(ref), None, None, when), updated=parse_date(when), withdrawn=True)
        for ref, when in found
    ]


def _parse_any(body: bytes, content_type: str | None, url: str) -> tuple[Any, list[Any]]:
    # Without a type feedparser assumes Latin-1, as HTTP once did; XML is in UTF-8 unless it says otherwise.
    headers = {"content-location": url, "content-type": content_type or "application/xml"}
    parsed: Any = feedparser.parse(
        io.BytesIO(_repaired(body)), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not parsed.version and not parsed.entries:
        raise NotAFeedError(f"{url} is no feed that Newswire can read.")
    return parsed.feed, parsed.entries


def _repaired(body: bytes) -> bytes:
    """Escape stray ampersands outside CDATA, cut absurd names, and drop a DOCTYPE with its entities."""
    body = without_doctype(body)
    if b"\0" in body[:200]:
        return body  # UTF-16 or UTF-32: byte patterns do not apply
    body = _LONG_NAME.sub(rb"\1", body)
    if b"&" not in body:
        return body
    pieces = _CDATA.split(body)
    pieces[::2] = [_STRAY_AMPERSAND.sub(b"&amp;", piece) for piece in pieces[::2]]
    return b"".join(pieces)


def _entry(entry: Any, base: str, feed: Any) -> ParsedEntry:
    link = _link(entry, base)
    guid = entry.get("id") or entry.get("dc_identifier") or None
    content, is_text = _content(entry)
    published_raw = entry.get("published") or entry.get("created") or entry.get("date")
    published = _time(entry, "published") or _time(entry, "created") or _time(entry, "issued")
    updated = _time(entry, "updated")
    title = entry.get("title") or None
    return ParsedEntry(
        identity=Entry(guid, link, title, published_raw or entry.get("updated")),
        url=link,
        title=title[:MAX_FIELD] if title else None,
        authors=_authors(entry) or _authors(feed),
        published=published or updated,
        updated=updated,
        html=None if is_text else sanitised(_absolute_links(content, link or base) if content else None),
        text=content[:MAX_FIELD] if is_text and content else None,
        tags=tuple(name for tag in entry.get("tags", ())[:50] if (name := _name(tag.get("label") or tag.get("term")))),
        language=entry.get("language") or entry.get("title_detail", {}).get("language") or None,
    )


def _link(entry: Any, base: str) -> str | None:
    alternates = [link for link in entry.get("links", ()) if link.get("rel") in (None, "alternate")]
    # The first page of several is the article's own; FeedBurner keeps the address that it replaced by its counter.
    candidates = [entry.get("feedburner_origlink")]
    candidates += [link.get("href") for link in alternates if link.get("type") in _PAGES]
    candidates += [entry.get("link"), *(link.get("href") for link in alternates)]
    if _EXTERNAL.match(entry.get("id") or ""):
        candidates.append(entry["id"])
    candidates += [link.get("href") for link in entry.get("links", ()) if link.get("rel") == "enclosure"]
    for candidate in candidates:
        address = _address(candidate, base, entry.get("title_detail", {}).get("base") or base)
        if address:
            return address
    return None


def _content(entry: Any) -> tuple[str | None, bool]:
    """Return the fullest text an entry has and whether it is plain text: content before summary before media."""
    options = [(c.get("value"), c.get("type")) for c in entry.get("content", ())]
    detail = entry.get("summary_detail") or {}
    options.append((entry.get("summary"), detail.get("type")))
    options.append((entry.get("googleplay_description"), "text/plain"))
    options += [(m.get("content") if isinstance(m, dict) else None, None) for m in entry.get("media_description", ())]
    given = [(value, kind) for value, kind in options if value]
    if not given:
        return None, False
    value, kind = max(given, key=lambda option: len(option[0]))
    return value, kind == "text/plain" and "<" not in value and "&" not in value


def _authors(source: Any) -> tuple[str, ...]:
    names = [person.get("name") or person.get("email") for person in source.get("authors", ())[:50]]
    names = names if any(names) else [source.get("author")]
    return tuple(dict.fromkeys(cleaned for name in names if (cleaned := _name(name))))


def _time(entry: Any, field: str) -> datetime | None:
    # dict.get: feedparser answers a missing "updated" with "published".
    raw, parsed = dict.get(entry, field), dict.get(entry, f"{field}_parsed")
    found = parse_date(raw)
    try:
        return found or (datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None)
    except (ValueError, OverflowError, TypeError, OSError):
        return None


def _address(link: str | None, base: str, inner_base: str) -> str | None:
    if not link:
        return None
    try:
        joined = join(join(base, inner_base), link.strip())
    except ValueError:
        return None
    return joined if _EXTERNAL.match(joined) else None


def _addresses(links: Iterable[tuple[str | None, str | None]], relation: str, url: str) -> tuple[str, ...]:
    found = (_address(href, url, url) for rel, href in links if relation in (rel or "").lower().split())
    return tuple(address for address in found if address)


def _name(value: str | None) -> str | None:
    if not value:
        return None
    return " ".join(html.unescape(re.sub(r"<[^>]{0,200}>", " ", value[: MAX_NAME * 2])).split())[:MAX_NAME] or None


def _minutes(value: str | None) -> int | None:
    return int(value) * 60 if value and value.strip().isdecimal() and len(value) < 7 else None
