"""What both parsers of XML feeds make of what they find: one reading of links, words, people, files and dates."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from connectors.addresses import is_plain_address, join
from connectors.formats.bounds import MAX_ADDRESS, MAX_FIELD, MAX_NAME
from connectors.formats.dates import MAX_CHARS as MAX_DATE_CHARS
from connectors.formats.dates import parse_date
from connectors.formats.markup import is_markup, is_plain, sanitized, unwrapped_markup
from connectors.formats.parsed import Entry, ParsedEntry
from connectors.formats.people import people
from connectors.formats.titles import line_of_markup, plain_line
from connectors.formats.zones import Home
from pipeline.model import Enclosure

MAX_ENCLOSURES = 20
MAX_LENGTH = 10**15
ALTERNATE = ("alternate", "http://www.iana.org/assignments/relation/alternate")
_PAGES = (None, "", "text/html", "application/xhtml+xml", "html", "xhtml")
_PERMALINK = re.compile(r"https?://[^\s/]", re.IGNORECASE)
# The front page of a site, FeedBurner's counter, which nobody serves any more, and the page of an article.
_SITE = re.compile(r"https?://[^\s/?#]+/?")
_COUNTER = re.compile(
    r"https?://(?:feedproxy\.google\.com|feeds?\.feedburner\.com|feedproxy\.feedburner\.com)/", re.IGNORECASE
)
_PAGE = re.compile(r"https?://[^\s/?#]+/?[^\s/?#]", re.IGNORECASE)
_EXTERNAL = re.compile(r"^https?://[^\s/]\S*$", re.IGNORECASE)
# An address as it would be without what it was wrapped in: escaped once too often, broken over lines, its scheme twice.
_AMPERSANDS = re.compile(r"&(?:amp;|#0*38;|#x0*26;)(?:amp;|#0*38;|#x0*26;)*", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"[\t\r\n]+")
_TWO_SCHEMES = re.compile(r"(?:feed:|https?:/+)(?=https?://)", re.IGNORECASE)
# With a slash or the colon too few, or something too many, before what can only be a host.
_BROKEN_SCHEME = re.compile(r"^(https?)(?::/(?:/\s+|//)?|//)(?=[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}/)", re.IGNORECASE)
# The link of a page, put where its address belongs; and what addresses are quoted or listed with.
_ANCHOR = re.compile(r"""<a\s[^<>]*?\bhref\s*=\s*["']?([^"'\s<>]+)""", re.IGNORECASE)
_AROUND = "<>\"'\ufeff\u200b\u200e\u200f\u2060"
_NOWHERE = re.compile(r"https?:?/*", re.IGNORECASE)
_NEXT_ADDRESS = re.compile(r"(?<=\S)\s+https?://.*", re.IGNORECASE)
_HOST = re.compile(r"www\d?(?:\.[\w-]+){2,}(?=[/?#:]|$)", re.IGNORECASE)
_ROOTED = re.compile(r"(?:https?:)?/", re.IGNORECASE)
# All of a text that has no word in it: elements, and what stands for blanks.
_WORDLESS = re.compile(r"(?:<[^<>]*+>|\s++|&nbsp;|&#160;)++", re.IGNORECASE)
_IMAGES = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:$|\?)", re.IGNORECASE)


class Words(msgspec.Struct, frozen=True):
    """Hold words and what they are said to be: ``text``, or ``html``, or ``guess`` where the format leaves it open."""

    value: str
    kind: str


class Link(msgspec.Struct, frozen=True):
    """Hold one link as it was written, and the base it has of its own."""

    href: str
    relation: str = "alternate"
    type: str | None = None
    length: str | None = None
    base: str | None = None


class Found(msgspec.Struct, kw_only=True):
    """Gather what one entry of a ``document`` says, as it was written.

    ``source_title`` names the feed that an entry was taken over from, ``source_links`` are addresses of it.
    ``permalink`` is a guid that is to be an address; ``base`` and ``text_base`` are what addresses in the entry and in
    its text are relative to, where it says so.
    """

    document: str
    guid: str | None = None
    permalink: str | None = None
    title: Words | None = None
    media_title: Words | None = None
    original: str | None = None
    links: list[Link] = []
    texts: list[Words] = []
    captions: list[str] = []
    base: str | None = None
    text_base: str | None = None
    people: list[str] = []
    source_people: list[str] = []
    source_title: Words | None = None
    source_links: list[str] = []
    published: list[str] = []
    created: list[str] = []
    updated: list[str] = []
    tags: list[str] = []
    language: str | None = None
    images: list[str] = []
    media: list[Link] = []


class Source(msgspec.Struct, frozen=True):
    """Tell what the entries of a feed share: the base of relative addresses, where it is at home, and its authors."""

    base: str
    home: Home
    people: tuple[str, ...] = ()


def entry_of(found: Found, source: Source) -> ParsedEntry:
    """Return an entry as it is to be understood. Raises ``ValueError`` where that cannot be."""
    base = found.base or source.base
    link = _link(found, base)
    inner = found.text_base or found.base or link or base
    marked, plain = _text(found, inner)
    home = Home(found.language, source.home.domain) if found.language else source.home
    published = _first_date((*found.published, *found.created), home)
    updated = _first_date(found.updated, home)
    raw = next((text for text in (*found.published, *found.created, *found.updated) if text), None)
    title = line_of(found.title) or line_of(found.media_title)
    return ParsedEntry(
        identity=Entry(found.guid, link, title, raw),
        url=link,
        title=title,
        authors=people(found.people) or people(found.source_people) or source.people,
        published=published or updated,
        updated=updated,
        html=marked,
        text=plain,
        tags=tuple(dict.fromkeys(name for tag in found.tags[:50] if (name := (line_of_markup(tag) or "")[:MAX_NAME]))),
        language=found.language,
        image=_image(found, base),
        enclosures=_enclosures(found, base),
        unread_date=" ".join(raw.split())[:MAX_DATE_CHARS] if raw and not (published or updated) else None,
        source=_publisher(found, link, source) if found.source_title is not None else None,
    )


def _publisher(found: Found, link: str | None, feed: Source) -> str | None:
    """Return who published an entry that its feed took over from elsewhere, as planets and searches of news do.

    A feed of a site's own sections names these sources, too: what stands at the site of the feed is the feed's.
    """
    given = [address for href in found.source_links if (address := absolute(href, found.document))]
    hosts = {host for address in given or [link or ""] if (host := _site(address))}
    own = {host for address in (found.document, feed.base) if (host := _site(address))}
    if not hosts or any(_is_of_one_site(one, other) for one in hosts for other in own):
        return None
    title = line_of(found.source_title)
    return title[:MAX_NAME] if title else None


def _site(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _is_of_one_site(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def line_of(words: Words | None) -> str | None:
    """Return a title as plain words."""
    if words is None:
        return None
    return plain_line(words.value) if words.kind == "text" else line_of_markup(words.value)


def absolute(href: str | None, base: str, own_base: str | None = None) -> str | None:
    """Return an address of the web made whole, or nothing; one that is blank names nothing."""
    if href and len(href) <= MAX_ADDRESS and is_plain_address(href):
        return href  # as most are: there is nothing to mend and nothing to join
    href = meant(href or "", base)
    if not href or len(href) > MAX_ADDRESS:
        return None
    try:
        joined = join(join(base, own_base), href) if own_base else join(base, href)
        return joined if _EXTERNAL.match(joined) and urlsplit(joined).netloc else None
    except ValueError:
        return None


def meant(href: str, base: str) -> str:
    """Return the address that somebody meant to write, as browsers read it; nothing where it is words."""
    href = _AMPERSANDS.sub("&", href.strip()) if "&" in href else href.strip()
    if "<" in href and (anchor := _ANCHOR.match(href)):
        href = anchor[1]
    href = _TWO_SCHEMES.sub("", _LINE_BREAKS.sub("", href.strip(_AROUND)), count=1)
    href = _BROKEN_SCHEME.sub(r"\1://", href, count=1)
    if _NOWHERE.fullmatch(href):
        return ""  # joined it would be the address of its base
    if "\\" in href:
        href = href.replace("\\/", "/")  # as JSON may write it
        place = next((place for place, char in enumerate(href) if char in "?#"), len(href))
        href = href[:place].replace("\\", "/") + href[place:]
    if " " in href and _EXTERNAL.match(first := _NEXT_ADDRESS.sub("", href)):
        href = first  # of several side by side
    if " " in href:
        return href.replace(" ", "%20") if _ROOTED.match(href) else ""
    if "//" not in href[:8] and "." in href and (_HOST.match(href) or _begins_with_host(href, base)):
        return f"{base.partition(':')[0]}://{href}"
    return href


def _begins_with_host(href: str, base: str) -> bool:
    host = base.partition("://")[2].partition("/")[0].lower()
    return bool(host) and href.lower().startswith(host) and href[len(host) : len(host) + 1] in ("", "/", "?", "#")


def domain_of(url: str | None) -> str | None:
    """Return the last part of a host's name, such as ``in``, where it is one of a country."""
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:
        return None
    last = host.rpartition(".")[2]
    return last if len(last) == 2 and last.isalpha() else None


def _link(found: Found, base: str) -> str | None:
    alternates = [link for link in found.links if link.relation.lower() in ALTERNATE]
    # The first page of several is the article's own; FeedBurner keeps the address that it replaced by its counter.
    candidates = [Link(found.original)] if found.original else []
    candidates += [link for link in alternates if (link.type or "").partition(";")[0].strip().lower() in _PAGES]
    candidates += alternates
    permalink = (found.permalink or "").strip()
    if _PERMALINK.match(permalink):
        candidates.append(Link(permalink))
    candidates += [link for link in found.links if link.relation == "content" and link.type in _PAGES]
    candidates += [link for link in found.links if link.relation.lower() == "enclosure"]
    whole = (absolute(link.href, base, link.base) for link in candidates)
    address = next((address for address in whole if address), None)
    if address and (_SITE.fullmatch(address) or _COUNTER.match(address)) and _PAGE.match(permalink):
        return absolute(permalink, base) or address
    return address


def fullness(words: Words) -> tuple[bool, int, str]:
    """Return what texts are compared by, the fullest last; not by their order, which feedparser does not keep.

    However long the markup of a picture is, it says less than a word.
    """
    return _WORDLESS.fullmatch(words.value) is None, len(words.value), words.value


def _text(found: Found, base: str) -> tuple[str | None, str | None]:
    """Return the fullest text of an entry, as HTML or plain; what stands under a picture only failing others."""
    given = [words for words in found.texts if words.value] or [Words(text, "html") for text in found.captions if text]
    if not given:
        return None, None
    words = max(given, key=fullness) if len(given) > 1 else given[0]
    value = unwrapped_markup(words.value[:MAX_FIELD])
    if words.kind == "text" and not is_markup(value):
        return None, value
    if is_plain(value):
        return None, html.unescape(value)
    return sanitized(value, base), None


def _first_date(texts: Iterable[str], home: Home) -> datetime | None:
    return next((date for text in texts if (date := parse_date(text, home))), None)


def _image(found: Found, base: str) -> str | None:
    pictures = [*found.images, *(link.href for link in (*found.media, *found.links) if is_image(link))]
    return next((address for href in pictures if (address := absolute(href, base))), None)


def is_image(link: Link) -> bool:
    """Tell whether a file is a picture, by its type or else by its name."""
    if link.relation not in ("enclosure", "image"):
        return False
    kind = (link.type or "").lower()
    return kind.startswith("image/") or kind == "image" or (not kind and bool(_IMAGES.search(link.href)))


def _enclosures(found: Found, base: str) -> tuple[Enclosure, ...]:
    files: dict[str, Enclosure] = {}
    links: Sequence[Link] = [link for link in (*found.links, *found.media) if link.relation.lower() == "enclosure"]
    for link in links:
        address = absolute(link.href, base, link.base)
        if address and address not in files and len(files) < MAX_ENCLOSURES:
            files[address] = Enclosure(
                address=address, type=(link.type or "").strip()[:100] or None, length=length_of(link.length)
            )
    return tuple(files.values())


def length_of(text: str | None) -> int | None:
    """Return a length in bytes; one that is zero was not known to who wrote it."""
    text = (text or "").strip()
    length = int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
    return length if 0 < length < MAX_LENGTH else None
