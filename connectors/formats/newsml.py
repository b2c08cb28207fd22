"""IPTC NewsML-G2 and NITF: the XML that agencies exchange.

NewsML-G2 2.x: newsMessage, newsItem and packageItem; a body is inline XML (NITF or XHTML) or inline text.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.dates import parse_date
from connectors.formats.markup import sanitized
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed
from connectors.formats.xmltree import prolog_end

NEWSML_ROOTS = ("newsmessage", "newsitem", "packageitem", "nitf")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_CANCELED = "canceled"


def parse_newsml(text: str, url: str) -> ParsedFeed:
    """Read the items of a message. Raises ``NotAFeedError``; a package only names items, so it has none itself."""
    try:
        # Without a DOCTYPE there are no entities to expand and nothing outside to fetch.
        root = _bare(fromstring(text[prolog_end(text) :]))
    except (ParseError, ValueError) as exc:
        raise NotAFeedError(f"{url} is no well-formed NewsML or NITF: {exc}.") from exc
    items = [root] if root.tag in ("newsItem", "nitf") else list(root.iter("newsItem"))
    entries: list[ParsedEntry] = []
    errors: dict[int, str] = {}
    for number, item in enumerate(items[:MAX_ENTRIES]):
        entry = _nitf(item) if item.tag == "nitf" else _item(item)
        if entry.title or entry.html or entry.text or entry.withdrawn:
            entries.append(entry)
        else:
            errors[number] = f"item {item.get('guid')} has neither a headline nor a text"
    return ParsedFeed(entries=tuple(entries), errors=errors, kind="NITF" if root.tag == "nitf" else "NewsML-G2")


def _item(item: Element) -> ParsedEntry:
    guid = item.get("guid")
    status = (_attribute(item, "itemMeta/pubStatus", "qcode") or "").rpartition(":")[2]
    created = _words(item, "itemMeta/firstCreated", "contentMeta/contentCreated", "itemMeta/versionCreated")
    link = _attribute(item, "itemMeta/link", "href") or guid
    body = item.find("contentSet/inlineXML")
    inline = item.find("contentSet/inlineData")
    title = _words(item, "contentMeta/headline", "itemMeta/title", ".//hedline/hl1", "contentMeta/slugline")
    markup = _markup(body) if body is not None else None
    plain = _all(inline) if inline is not None and "html" not in (inline.get("contenttype") or "") else None
    if inline is not None and plain is None:
        markup = markup or _all(inline)
    if not markup and not plain:
        plain = _words(item, "contentMeta/description")
    names = [_words(subject, "name") for subject in item.findall("contentMeta/subject")]
    keywords = [_all(keyword) for keyword in item.findall("contentMeta/keyword")]
    return ParsedEntry(
        identity=Entry(guid, link, title, created),
        url=link if link and link.startswith(("http://", "https://")) else None,
        title=title,
        authors=_authors(item),
        published=parse_date(created),
        updated=parse_date(_words(item, "itemMeta/versionCreated")),
        html=sanitized(markup),
        text=None if markup else plain,
        tags=tuple(dict.fromkeys(tag for tag in (*names, *keywords) if tag))[:50],
        language=_attribute(item, "contentMeta/language", "tag") or item.get(_LANGUAGE),
        withdrawn=status == _CANCELED,
    )


def _authors(item: Element) -> tuple[str, ...]:
    people = [person for kind in ("creator", "contributor") for person in item.findall(f"contentMeta/{kind}")]
    names = [_words(person, "name") or "" for person in people if person.find("name") is not None]
    by = (_words(item, "contentMeta/by") or "").removeprefix("By ").removeprefix("by ")
    return tuple(dict.fromkeys(name for name in ([by] if by else names) if name))


def _nitf(root: Element) -> ParsedEntry:
    title = _words(root, "body/body.head/hedline/hl1", "head/title", ".//hl1")
    date = next(
        (found.get("norm") for found in root.iter() if found.tag in ("date.issue", "story.date") and found.get("norm")),
        None,
    )
    guid = _attribute(root, "head/docdata/doc-id", "id-string")
    by = (_words(root, "body/body.head/byline/person", "body/body.head/byline") or "").removeprefix("By ")
    return ParsedEntry(
        identity=Entry(guid, None, title, date),
        title=title,
        authors=(by,) if by else (),
        published=parse_date(date),
        html=sanitized(_markup(root)),
        language=root.get(_LANGUAGE),
    )


def _markup(holder: Element) -> str | None:
    """Return the body as HTML: NITF's paragraphs are called as HTML's, and other elements give their text."""
    for path in (".//body.content", ".//body"):
        body = holder.find(path)
        if body is not None:
            return _inner(body)
    return _inner(holder) or None


def _inner(element: Element) -> str:
    return (element.text or "") + "".join(tostring(child, encoding="unicode", method="html") for child in element)


def _bare(root: Element) -> Element:
    """Take the namespaces off all names: items mix those of NewsML, NITF and XHTML, and some none."""
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def _words(element: Element, *paths: str) -> str | None:
    """Return the text of the first of the paths that has one."""
    for path in paths:
        for found in element.findall(path):
            if text := _all(found):
                return text
    return None


def _all(element: Element) -> str:
    return "\n".join(line for raw in "".join(element.itertext()).splitlines() if (line := " ".join(raw.split())))


def _attribute(element: Element, path: str, name: str) -> str | None:
    found = element.find(path)
    return found.get(name) if found is not None else None
