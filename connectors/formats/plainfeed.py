"""Read RSS, RDF and Atom from their tree: the fast road that nearly all feeds take, and those that were mended.

It finds what feedparser finds; ``connectors.formats.entries`` says for both what it means. A differential test holds
the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from connectors.addresses import join
from connectors.formats.bounds import newest
from connectors.formats.channels import beside, channel_of, outermost
from connectors.formats.characters import text_of
from connectors.formats.contents import content_of, date_of, inner_markup, words_of
from connectors.formats.entries import (
    ALTERNATE,
    Found,
    Link,
    Source,
    Words,
    absolute,
    domain_of,
    entry_of,
    fullness,
    line_of,
)
from connectors.formats.media import media_elements, media_file
from connectors.formats.names import RDF, XML, name_of
from connectors.formats.parsed import ParsedEntry, ParsedFeed
from connectors.formats.people import people
from connectors.formats.xmltree import tree_of
from connectors.formats.zones import Home

MAX_MEDIA = 50
ONCE = frozenset(("title", "guid", "id", "pubdate", "published", "updated", "dc:date"))
_HEAD_FIELDS = frozenset("title dc:title link author managingeditor dc:creator dcterms:creator itunes:author".split())
_LANG, _BASE, _ABOUT = f"{{{XML}}}lang", f"{{{XML}}}base", f"{{{RDF}}}about"


def parse_plain(body: bytes, content_type: str | None, url: str) -> ParsedFeed | None:
    """Return the feed in some bytes, or ``None`` where feedparser knows better or there is none."""
    tree = tree_of(text_of(body, content_type))
    return read_tree(tree.root, url) if tree is not None else None


def read_tree(root: Element, url: str) -> ParsedFeed | None:
    """Return the feed of a tree, or ``None`` where it is of a format that feedparser knows better."""
    channel = channel_of(root)
    if channel is None:
        return None
    kind = name_of(root.tag)
    base = _based(None, root, url)
    language = root.get(_LANG)
    own = channel if channel is not root else None
    if own is not None:
        base, language = _based(base, own, url), own.get(_LANG) or language
    head = Found(document=url, language=language, base=base)
    items: list[Element] = [root] if kind in ("entry", "item") else []
    fields: dict[str, str] = {}
    for element in channel if not items else ():
        name = name_of(element.tag)
        if name in ("item", "entry"):
            items.append(element)
        else:
            _feed_field(head, fields, name, element)
    if own is not None:
        items += beside(root, own)
    if not items:
        items = outermost(root)
    links = _addressed(head.links, base or url)
    home = home_of(links)
    source = Source(
        home or url, Home(head.language or fields.get("language"), domain_of(home or url)), people(head.people)
    )
    chosen = newest(items, date_of)
    entries, errors = _entries(list(chosen), base, language, url, source)

    def told(relation: str) -> tuple[str, ...]:
        return tuple(address for relations, address in links if relation in relations and address)

    return ParsedFeed(
        title=line_of(head.title),
        home=home,
        language=fields.get("language") or (head.language or "").replace("_", "-") or None,
        hubs=told("hub"),
        topic=next(iter(told("self")), None),
        next_page=next(iter((*told("next"), *told("prev-archive"))), None),
        ttl_s=minutes(fields.get("ttl")),
        entries=tuple(entries),
        errors=errors,
        left_out=len(items) - len(chosen),
    )


def links_of(root: Element, url: str) -> list[tuple[list[str], str | None]]:
    """Return the links of a feed itself: what each is for, and where it leads from the address of the document."""
    channel = channel_of(root)
    if name_of(root.tag) in ("entry", "item"):
        return []
    base = _based(None, root, url)
    head = Found(document=url, base=_based(base, channel, url) if channel not in (None, root) else base)
    for element in channel if channel is not None else ():
        if name_of(element.tag) == "link":
            _link(head, element)
    return _addressed(head.links, head.base or url)


def home_of(links: list[tuple[list[str], str | None]]) -> str | None:
    """Return the address of the site that a feed says it belongs to."""
    return next((address for relations, address in links if set(relations) & set(ALTERNATE) and address), None)


def _addressed(links: list[Link], base: str) -> list[tuple[list[str], str | None]]:
    return [(link.relation.lower().split(), absolute(link.href, base, link.base)) for link in links]


def minutes(value: str | None) -> int | None:
    """Return a number of minutes in seconds, or nothing for what is no number."""
    value = (value or "").strip()
    return int(value) * 60 if value.isascii() and value.isdecimal() and len(value) < 7 else None


def _entries(
    items: list[Element], base: str | None, language: str | None, url: str, source: Source
) -> tuple[list[ParsedEntry], dict[int, str]]:
    entries: list[ParsedEntry] = []
    errors: dict[int, str] = {}
    for number, item in enumerate(items):
        found = Found(
            document=url, base=_based(base, item, url), language=_language_of(item, language), guid=item.get(_ABOUT)
        )
        if found.guid and found.guid.startswith("http"):
            found.permalink = found.guid
        try:
            seen: set[str] = set()
            for element in item:
                name = name_of(element.tag)
                read = _ENTRY_FIELDS.get(name)
                if read is None or name in seen:
                    continue
                read(found, element)
                if name in ONCE and words_of(element):
                    seen.add(name)  # the first of several counts
            entries.append(entry_of(found, source))
        except (ValueError, OverflowError, RecursionError) as exc:
            errors[number] = repr(exc)
    return entries, errors


def _feed_field(head: Found, fields: dict[str, str], name: str, element: Element) -> None:
    if name in _HEAD_FIELDS:
        if name != "title" or head.title is None:
            _ENTRY_FIELDS[name](head, element)
    elif name in ("language", "dc:language", "ttl") and (words := words_of(element)):
        fields.setdefault(name.removeprefix("dc:"), words)


def _title(found: Found, element: Element) -> None:
    words = content_of(element, "guess")
    if words.value and (found.title is None or name_of(element.tag) == "title"):
        found.title = words


def _link(found: Found, element: Element) -> None:
    attributes = {name.lower(): value for name, value in element.items()}
    href = attributes.get("href") or attributes.get("url") or attributes.get("uri")
    if href is None:
        href = attributes.get(f"{{{RDF}}}resource") or words_of(element)
    if href.strip():
        found.links.append(
            Link(
                href,
                (attributes.get("rel") or "").strip() or "alternate",
                attributes.get("type"),
                attributes.get("length"),
                _based(found.base, element, found.document) if _BASE in element.attrib else None,
            )
        )


def _guid(found: Found, element: Element) -> None:
    value = words_of(element)
    if not value:
        return
    found.guid = value
    is_address = next((flag for name, flag in element.items() if name.lower() == "ispermalink"), "true")
    found.permalink = value if is_address.strip().lower() == "true" else None


def _identifier(found: Found, element: Element) -> None:
    found.guid = found.guid or words_of(element) or None


def _original(found: Found, element: Element) -> None:
    found.original = words_of(element) or None


def _description(found: Found, element: Element) -> None:
    _add_text(found, element, content_of(element, "html"))


def _summary(found: Found, element: Element) -> None:
    _add_text(found, element, content_of(element, "guess"))


def _content(found: Found, element: Element) -> None:
    src = element.get("src")
    words = content_of(element, "guess")
    if src and not words.value:
        found.links.append(Link(src, "content", element.get("type")))
    else:
        _add_text(found, element, words)


def _body(found: Found, element: Element) -> None:
    _add_text(found, element, Words(inner_markup(element), "html"))


def _add_text(found: Found, element: Element, words: Words) -> None:
    if not words.value:
        return
    is_fullest = all(fullness(words) > fullness(one) for one in found.texts)
    found.texts.append(words)
    if is_fullest:
        if _BASE in element.attrib:
            found.text_base = _based(found.base, element, found.document)
        if element.get(_LANG):
            found.language = element.get(_LANG)


def _author(found: Found, element: Element) -> None:
    names = {name_of(child.tag): words_of(child) for child in element}
    if names:
        found.people.append(names.get("name") or names.get("email") or "")
    else:
        found.people.append(words_of(element))


def _source(found: Found, element: Element) -> None:
    inner = Found(document=found.document)
    for child in element:
        name = name_of(child.tag)
        if name in ("author", "title", "link", "id"):
            _ENTRY_FIELDS[name](inner, child)
    found.source_people += inner.people
    address = next((value for name, value in element.items() if name.lower() == "url"), "")
    found.source_title = inner.title or (Words(words_of(element), "guess") if not len(element) else None)
    found.source_links = [address, *(link.href for link in inner.links), inner.guid or ""]


def _category(found: Found, element: Element) -> None:
    found.tags.append(element.get("label") or element.get("term") or words_of(element))


def _keywords(found: Found, element: Element) -> None:
    found.tags += [word.strip() for word in words_of(element).split(",")]


def _published(found: Found, element: Element) -> None:
    found.published.append(words_of(element))


def _created(found: Found, element: Element) -> None:
    found.created.append(words_of(element))


def _updated(found: Found, element: Element) -> None:
    found.updated.append(words_of(element))


def _language(found: Found, element: Element) -> None:
    found.language = words_of(element) or found.language


def _enclosure(found: Found, element: Element) -> None:
    href = element.get("url") or element.get("href") or element.get(f"{{{RDF}}}resource") or ""
    if href.strip():
        found.links.append(Link(href, "enclosure", element.get("type"), element.get("length"), found.base))


def _thumbnail(found: Found, element: Element) -> None:
    found.images.append(element.get("url") or element.get("href") or words_of(element))


def _image(found: Found, element: Element) -> None:
    inner = next((words_of(child) for child in element if name_of(child.tag) == "url"), "")
    found.images.append(
        element.get("href") or element.get("url") or inner or ("" if len(element) else words_of(element))
    )


def _media(found: Found, element: Element) -> None:
    """Take in files, pictures and what is said of them, however they are grouped."""
    for inner in media_elements(element):
        name = name_of(inner.tag)
        if name == "media:content" and (inner.get("url") or "").strip() and len(found.media) < MAX_MEDIA:
            found.media.append(media_file(inner))
        elif name == "media:thumbnail":
            _thumbnail(found, inner)
        elif name == "media:description":
            found.captions.append(words_of(inner))
        elif name == "media:title":
            found.media_title = found.media_title or content_of(inner, "guess")
        elif name == "media:keywords":
            _keywords(found, inner)
        elif name == "media:category":
            _category(found, inner)


_Field = Callable[[Found, Element], None]
_ENTRY_FIELDS: dict[str, _Field] = {
    "title": _title,
    "dc:title": _title,
    "itunes:title": _title,
    "link": _link,
    "guid": _guid,
    "id": _guid,
    "dc:identifier": _identifier,
    "feedburner:origlink": _original,
    "description": _description,
    "dc:description": _description,
    "summary": _summary,
    "abstract": _summary,
    "dcterms:abstract": _summary,
    "itunes:summary": _summary,
    "googleplay:description": _summary,
    "content": _content,
    "content:encoded": _description,
    "fullitem": _description,
    "yandex:full-text": _description,
    "body": _body,
    "xhtml:body": _body,
    "xhtml:div": _body,
    "author": _author,
    "managingeditor": _author,
    "dc:creator": _author,
    "dcterms:creator": _author,
    "dc:author": _author,
    "itunes:author": _author,
    "source": _source,
    "category": _category,
    "dc:subject": _category,
    "itunes:keywords": _keywords,
    "pubdate": _published,
    "published": _published,
    "issued": _published,
    "dcterms:issued": _published,
    "prism:publicationdate": _created,
    "created": _created,
    "dcterms:created": _created,
    "updated": _updated,
    "modified": _updated,
    "dc:date": _updated,
    "date": _updated,
    "dcterms:modified": _updated,
    "lastbuilddate": _updated,
    "dc:language": _language,
    "language": _language,
    "enclosure": _enclosure,
    "image": _image,
    "itunes:image": _image,
    **dict.fromkeys(
        (f"media:{name}" for name in "group content thumbnail description title keywords category".split()), _media
    ),
}


def _language_of(element: Element, around: str | None) -> str | None:
    """Return the language that an element has of its own."""
    own = (element.get(_LANG) or "").replace("_", "-") or None
    return own if own != (around or "").replace("_", "-") else None


def _based(base: str | None, element: Element, url: str) -> str | None:
    """Return the base that holds in an element, given the one around it; ``None`` where nothing names one."""
    own = element.get(_BASE)
    if own is None or not own.strip():
        return base
    try:
        return join(base or url, own.strip())
    except ValueError:
        return base
