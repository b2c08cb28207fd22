"""Read a feed of a rare format through feedparser; the traps it has are kept shut here.

feedparser may open a local file or address of the name it is given, so it only ever sees a stream of bytes: a tree that
was decoded and mended before, without what misleads it. It resolves and sanitises too little and too much, so both are
off, and its dates are guesses, so none is taken.
"""

from __future__ import annotations

import io
from copy import deepcopy
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

import feedparser
import msgspec

from connectors.formats.bounds import newest
from connectors.formats.contents import regained
from connectors.formats.dates import parse_date
from connectors.formats.entries import Found, Link, Source, Words, domain_of, entry_of, is_image, line_of, meant
from connectors.formats.media import is_picture
from connectors.formats.names import PREFIXES, RDF, is_atom, name_of
from connectors.formats.parsed import NotAFeedError, ParsedEntry, ParsedFeed
from connectors.formats.people import people
from connectors.formats.plainfeed import ONCE, home_of, links_of, minutes
from connectors.formats.zones import Home

# What feedparser does not keep, or not as words, if it has an attribute.
_NO_ATTRIBUTES = frozenset(("ttl", "dc:identifier", "feedburner:origlink", "googleplay:description", "language"))
_AUTHORS = frozenset(("author", "managingeditor", "dc:creator", "dc:author", "itunes:author"))
_TEXTS = frozenset(
    "description dc:description summary content content:encoded itunes:summary abstract xhtml:body body fullitem"
    "".split()
)
_ONCE_A_FEED = ONCE | {"language", "ttl"}
_SAYING = ONCE | _TEXTS | _AUTHORS
# What it does not know, and the same by a name that it knows.
_ALIASES = {
    "dcterms:creator": f"{{{PREFIXES['dc']}}}creator",
    "date": f"{{{PREFIXES['dc']}}}date",
    "yandex:full-text": "fullitem",
}
# What a link without an address is said to be.
_BLANK = "blank"
_RESERVED = frozenset(("", "xml"))
for _prefix, _uri in PREFIXES.items():
    if _prefix not in _RESERVED and _uri and len(_prefix) > 2:
        register_namespace(_prefix, _uri)


def read_by_feedparser(root: Element, url: str) -> ParsedFeed:
    """Return the feed of a tree. Raises ``NotAFeedError``; an entry that cannot be read costs only itself."""
    links = links_of(root, url)
    base = home_of(links) or url
    try:
        body = tostring(_understandable(root, base), encoding="utf-8")
    except (RecursionError, ValueError) as exc:
        raise NotAFeedError(f"{url} nests its elements too deep to be a feed.") from exc
    parsed: Any
    try:
        parsed = feedparser.parse(
            io.BytesIO(body),
            response_headers={"content-location": base, "content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (LookupError, AttributeError, TypeError, ValueError, RecursionError) as exc:  # it trips over odd nestings
        raise NotAFeedError(f"{url} is no feed that Newswire can read.") from exc
    return _feed(parsed.feed, parsed.entries, base, links, is_atom_feed=parsed.version.startswith("atom"))


def _understandable(root: Element, base: str) -> Element:
    root = deepcopy(root)
    for element in root.iter():
        name = name_of(element.tag)
        prefix, colon, _ = name.rpartition(":")
        if colon and PREFIXES.get(prefix):
            element.tag = f"{{{PREFIXES[prefix]}}}{element.tag.rpartition('}')[2]}"
        elif not colon and not is_atom(element.tag):
            element.tag = element.tag.rpartition("}")[2]
        if name in _ALIASES:
            element.tag = _ALIASES[name]
            name = name_of(element.tag)
        if name in ("guid", "id") and not _is_permalink(element):
            element.tag = f"{{{PREFIXES['dc']}}}identifier"  # or it is made an address
            element.attrib.clear()
        if name == "link":
            _mean_address(element, base)
        if name in _NO_ATTRIBUTES:
            element.attrib.clear()
        elif name in _AUTHORS and not len(element) and "@" in (element.text or ""):
            _name_persons(element)
        elif name in ("feed", "channel"):
            _without_others(element, is_feed=True)
        elif name in ("item", "entry"):
            _without_captions(element)
            _without_others(element)
            if any(name_of(child.tag) in ("guid", "id") for child in element):
                element.attrib.pop(f"{{{RDF}}}about", None)
    return root


def _mean_address(link: Element, base: str) -> None:
    """Put the address that was meant before feedparser joins it with another; of none, make none."""
    for name, value in list(link.items()):
        if name.lower() in ("href", "url", "uri"):
            link.set(name, meant(value, base))
        elif name.lower() == "rel":
            link.set(name, value.strip())
    if not len(link):
        link.text = meant(link.text or "", base)
    if not link.get("href", "x").strip():
        link.set("rel", _BLANK)  # feedparser makes it the address of the document


def _without_others(entry: Element, *, is_feed: bool = False) -> None:
    """Leave the first of several titles, guids and dates that say something, and no text that says nothing."""
    seen: set[str] = set()
    once = _ONCE_A_FEED if is_feed else ONCE
    for child in list(entry):
        name = name_of(child.tag).replace("dc:language", "language")
        is_blank = name in _SAYING | once and not "".join(child.itertext()).strip()
        if is_blank or (name in seen and name in once):
            entry.remove(child)
        else:
            seen.add(name)


def _is_permalink(element: Element) -> bool:
    flag = next((value for name, value in element.items() if name.lower() == "ispermalink"), "true")
    return flag.strip().lower() == "true" and (element.text or "").strip().startswith(("http://", "https://"))


def _name_persons(element: Element) -> None:
    names = people([element.text])
    element.text = " ".join(names) if not is_atom(element.tag) else None
    if is_atom(element.tag):
        SubElement(element, element.tag.replace("author", "name")).text = " ".join(names)


def _without_captions(entry: Element) -> None:
    """Take off what stands under pictures, where there is another text: feedparser takes the one for the other."""
    has_text = any(name_of(child.tag) in _TEXTS and "".join(child.itertext()).strip() for child in entry)
    for holder in list(entry.iter()):
        names = ("media:description", "media:title") if has_text else ("media:title",) if is_picture(holder) else ()
        for child in [child for child in holder if name_of(child.tag) in names]:
            holder.remove(child)


def _feed(
    feed: Any, entries: list[Any], url: str, links: list[tuple[list[str], str | None]], *, is_atom_feed: bool
) -> ParsedFeed:
    home = home_of(links)
    source = Source(home or url, Home(_str(feed.get("language")), domain_of(home or url)), people(_authors(feed)))
    read: list[ParsedEntry] = []
    errors: dict[int, str] = {}
    chosen = newest(
        entries, lambda entry: parse_date(_str(dict.get(entry, "published")) or _str(dict.get(entry, "updated")))
    )
    for number, entry in enumerate(chosen):
        try:
            read.append(entry_of(_found(entry, url, is_atom_feed, _str(feed.get("language"))), source))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as exc:
            errors[number] = repr(exc)

    def told(relation: str) -> tuple[str, ...]:
        return tuple(address for relations, address in links if relation in relations and address)

    return ParsedFeed(
        title=line_of(_title(feed, is_atom_feed)),
        home=home,
        language=_str(feed.get("language")),
        hubs=told("hub"),
        topic=next(iter(told("self")), None),
        next_page=next(iter((*told("next"), *told("prev-archive"))), None),
        ttl_s=minutes(_str(feed.get("ttl"))),
        entries=tuple(read),
        errors=errors,
        left_out=len(entries) - len(chosen),
    )


def _found(entry: Any, url: str, is_atom_feed: bool, around: str | None) -> Found:
    guid = _str(entry.get("id")) or _str(entry.get("dc_identifier"))
    source = entry.get("source", {})
    title = entry.get("title_detail", {})
    own = _str(title.get("base"))
    summary = entry.get("summary_detail") or {}
    details = [*entry.get("content", ()), summary]
    texts = [_words(content, is_atom_feed) for content in entry.get("content", ())]
    texts.append(_words({"value": entry.get("summary"), "type": summary.get("type")}, is_atom_feed))
    texts.append(Words(_str(entry.get("googleplay_description")) or "", "guess"))
    fields = {
        name: _str(dict.get(entry, name)) for name in ("published", "created", "updated", "prism_publicationdate")
    }
    languages = [(_str(one.get("language")) or "").replace("_", "-") for one in (entry, title, *details)]
    return Found(
        document=url,
        guid=guid,
        permalink=_str(entry.get("id")),
        title=_title(entry, is_atom_feed),
        original=_str(entry.get("feedburner_origlink")),
        links=[
            Link(_str(link.get("href")) or "", link.get("rel") or "alternate", _type(link), link.get("length"))
            for link in entry.get("links", ())
        ],
        texts=texts,
        captions=[
            _str(one.get("content")) or "" for one in entry.get("media_description", ()) if isinstance(one, dict)
        ],
        base=own if own != url else None,
        text_base=next((base for one in details if (base := _str(one.get("base"))) and base != url), None),
        people=_authors(entry),
        source_people=_authors(source),
        source_title=_source_title(source, is_atom_feed),
        source_links=[
            _str(link.get("href")) or ""
            for link in (source, *source.get("links", ()), {"href": source.get("id")})
            if link.get("rel") != _BLANK
        ],
        published=[fields["published"] or ""],
        created=[fields["created"] or fields["prism_publicationdate"] or ""],
        updated=[fields["updated"] or ""],
        tags=[_str(tag.get("label")) or _str(tag.get("term")) or "" for tag in entry.get("tags", ())],
        language=next((tag for tag in languages if tag and tag != around), None),
        images=[_str(one.get("url")) or "" for one in entry.get("media_thumbnail", ())]
        + [_str(entry.get("image", {}).get("href")) or ""],
        media=[_media(one) for one in entry.get("media_content", ())],
    )


def _type(link: Any) -> str | None:
    """Return the type that a link says it has; feedparser makes pages of all that say nothing."""
    kind = link.get("type")
    return None if kind == "text/html" and link.get("rel") == "enclosure" else kind


def _media(media: Any) -> Link:
    kind = media.get("type") or media.get("medium")
    file = Link(media.get("url") or "", "enclosure", kind, media.get("filesize"))
    return msgspec.structs.replace(file, relation="image") if is_image(file) else file


def _title(source: Any, is_atom_feed: bool) -> Words | None:
    detail = source.get("title_detail")
    return _words(detail, is_atom_feed) if detail and detail.get("value") else None


def _source_title(source: Any, is_atom_feed: bool) -> Words | None:
    name = _str(source.get("title"))
    return _title(source, is_atom_feed) or (Words(name, "guess") if name else None)


def _words(detail: Any, is_atom_feed: bool) -> Words:
    kind = detail.get("type")
    marked = kind in ("text/html", "application/xhtml+xml")
    return Words(_str(detail.get("value")) or "", "html" if marked else "text" if is_atom_feed else "guess")


def _authors(source: Any) -> list[str]:
    names = [person.get("name") or person.get("email") for person in source.get("authors", ())]
    return [regained(name) for name in (names if any(names) else [_str(source.get("author"))]) if name]


def _str(value: object) -> str | None:
    return value or None if isinstance(value, str) else None
