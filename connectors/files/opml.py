"""Subscription lists: OPML 1.0-2.0 with folders, titles and tags, and plain lists of addresses."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Mapping
from xml.parsers import expat

import msgspec

from connectors.files.plain_list import lines_of, read_line, web_address, why_not
from connectors.files.table import rows_of
from connectors.formats.characters import text_of
from connectors.formats.titles import line_of_markup
from pipeline.errors import UsageError

MAX_BYTES = 10_000_000
MAX_OUTLINES = 100_000
MAX_DEPTH = 50
MAX_ADDRESS = 8_192
MAX_NAME = 500
MAX_TAGS = 100
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OUTLINE = re.compile(r"<(?=/?outline\b)", re.IGNORECASE)
_ATTRIBUTES = {
    name: re.compile(rf"""\s{name}\s*+=\s*+(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
    for name in ("xmlurl", "url", "htmlurl", "type", "title", "text", "category")
}


class Outline(msgspec.Struct, frozen=True):
    """Hold one subscription of a list."""

    url: str
    title: str | None = None
    tags: tuple[str, ...] = ()


class LeftOut(msgspec.Struct, frozen=True):
    """Tell what of a list was not followed, and why; ``line`` counts from 1."""

    line: int
    text: str
    why: str


class ListRead(msgspec.Struct, frozen=True):
    """Hold the subscriptions of a list and what was left out; ``entries`` counts all that could have been one."""

    outlines: list[Outline]
    left_out: tuple[LeftOut, ...]
    entries: int


def is_list(body: bytes) -> bool:
    """Tell whether a document is OPML."""
    begins = text_of(body[:10_000]).lstrip("\ufeff \t\r\n")
    return begins.startswith("<") and re.search(r"<opml[\s>]", begins[:5_000], re.IGNORECASE) is not None


def read_list(body: bytes, name: str) -> list[Outline]:
    """Return the subscriptions of a list, as ``read_whole_list`` does."""
    return read_whole_list(body, name).outlines


def read_whole_list(body: bytes, name: str) -> ListRead:
    """Read OPML, or one address a line. Raises ``UsageError`` that says what is wrong with the file."""
    if len(body) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; split it.")
    if not body.strip():
        raise UsageError(f"{name} is empty; give an OPML file or one address a line.")
    text = text_of(body).lstrip("\ufeff")
    if "<opml" in text[:5_000].lower() or text.lstrip()[:1] == "<":
        return _read_opml(text, name)
    if text.lstrip()[:1] in ("{", "["):
        raise UsageError(f"{name} is JSON; give OPML or one address a line.")
    collector = _Collector(name)
    if (rows := rows_of(text)) is not None:
        for row in rows:
            collector.follow(row.line, row.url, row.title, row.tags)
        return collector.result(f"{name} is a table in which no line has the address of a feed.")
    numbered = enumerate(text.splitlines(), 1)
    for number, written in ((number, one) for number, whole in numbered for one in lines_of(whole)):
        line = read_line(written)
        if line is None:
            continue
        if line.url is None:
            collector.leave_out(number, written, line.why or "no address")
        else:
            collector.follow(number, line.url, line.title, line.tags)
    return collector.result(f"{name} is neither OPML nor a list of addresses, one a line.")


def write_opml(outlines: Iterable[Outline], title: str = "Newswire subscriptions") -> str:
    """Write subscriptions as OPML 2.0; a first tag becomes the folder, the rest the category attribute."""
    folders: dict[tuple[str, ...], list[Outline]] = {}
    for outline in outlines:
        folders.setdefault(_folders(outline.tags), []).append(outline)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">', "  <head>"]
    lines += [f"    <title>{_quoted(title)[1:-1]}</title>", "  </head>", "  <body>"]
    for path in sorted(folders):
        inside = sorted(folders[path], key=lambda outline: (outline.title or outline.url).casefold())
        lines += [f"    <outline text={_quoted(folder)} title={_quoted(folder)}>" for folder in path]
        for outline in inside:
            name, categories = _quoted(outline.title or outline.url), outline.tags[len(path) :]
            category = f" category={_quoted(','.join(categories))}" if categories else ""
            lines.append(
                f'      <outline type="rss" text={name} title={name} xmlUrl={_quoted(outline.url)}{category}/>'
            )
        lines += ["    </outline>"] * len(path)
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _folders(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return which tags become folders, one within the other: the first, or all where categories cannot hold them."""
    return tags if any("," in tag or tag != tag.strip("/") for tag in tags[1:]) else tags[:1]


class _Collector:
    """Gather the feeds of a list, each with the folders around it as its tags."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folders: list[str | None] = []
        self._found: dict[str, Outline] = {}
        self._left_out: list[LeftOut] = []
        self._entries = 0

    def start(self, values: Mapping[str, str], line: int) -> None:
        address, title = values.get("xmlurl"), line_of_markup(values.get("title")) or line_of_markup(values.get("text"))
        is_feed = values.get("type", "").lower() in ("rss", "atom", "feed", "")
        if not address and is_feed:
            address = values.get("url")
        page = values.get("htmlurl")
        if address:
            written = line_of_markup(values.get("category")) or ""
            categories = [part.strip().strip("/") for part in written.split(",")]
            tags = [*(folder for folder in self._folders if folder), *(part for part in categories if part)]
            self.follow(line, address, title if title != address else None, tags)
        elif page or (values.get("url") and not is_feed):
            why = f"it has no feed; `newswire add {page}` looks for one" if page else "it is a link and no feed"
            self.leave_out(line, title or page or "", why)
        self._folders.append(None if address else title)
        if len(self._folders) > MAX_DEPTH:
            raise UsageError(f"{self._name} nests folders more than {MAX_DEPTH} deep; it was not read.")

    def follow(self, line: int, address: str, title: str | None, tags: Iterable[str]) -> None:
        url = web_address(address) if len(address) <= MAX_ADDRESS else None
        if url is None:
            self.leave_out(line, address, why_not(address) if len(address) <= MAX_ADDRESS else "too long an address")
            return
        self._entries += 1
        before = self._found.get(url)
        name = (before.title if before else None) or title
        all_tags = [*(before.tags if before else ()), *tags]
        kept = itertools.islice(dict.fromkeys(tag[:MAX_NAME] for tag in all_tags), MAX_TAGS)
        self._found[url] = Outline(url, name[:MAX_NAME] if name else None, tuple(kept))
        if len(self._found) > MAX_OUTLINES:
            raise UsageError(f"{self._name} lists more than {MAX_OUTLINES:,} feeds; split it.")

    def leave_out(self, line: int, text: str, why: str) -> None:
        self._entries += 1
        if len(self._left_out) < MAX_OUTLINES:
            self._left_out.append(LeftOut(line, text.strip()[:MAX_NAME], why))

    def end(self) -> None:
        if self._folders:
            self._folders.pop()

    def result(self, nothing: str | None = None) -> ListRead:
        if not self._found:
            raise UsageError(nothing or f"{self._name} lists no feeds: it has no outline with an xmlUrl.")
        return ListRead(list(self._found.values()), tuple(self._left_out), self._entries)


def _read_opml(text: str, name: str) -> ListRead:
    collector = _Collector(name)
    parser = expat.ParserCreate()

    def refuse(*arguments: object) -> None:
        raise UsageError(f"{name} declares XML entities, which no honest subscription list needs; it was not read.")

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.lower() == "outline":
            values = {key.lower(): value.strip() for key, value in attributes.items()}
            collector.start(values, parser.CurrentLineNumber)

    def end(tag: str) -> None:
        if tag.lower() == "outline":
            collector.end()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]
    try:
        parser.Parse(re.sub(r"&(?!#?\w{1,8};)", "&amp;", text), True)
    except expat.ExpatError as exc:
        if "<!ENTITY" in text:
            refuse()
        try:
            return _read_ill_formed(text, name)
        except UsageError as nothing:
            if "lists no feeds" not in str(nothing):
                raise
            raise UsageError(f"{name} is no well-formed OPML: {exc}.") from exc
    return collector.result()


def _read_ill_formed(text: str, name: str) -> ListRead:
    """Read a list whose descriptions hold quotes and markup as they are, as real lists' do: outline by outline."""
    collector = _Collector(name)
    before, *pieces = _OUTLINE.split(text)
    line = 1 + before.count("\n")
    for piece in pieces:
        place, line = line, line + piece.count("\n")
        if piece.startswith("/"):
            collector.end()
            continue
        found = {key: pattern.search(piece) for key, pattern in _ATTRIBUTES.items()}
        collector.start(
            {
                key: html.unescape(match.group(1) or match.group(2) or "").strip()
                for key, match in found.items()
                if match
            },
            place,
        )
        if "/>" in piece[piece.rfind(">") - 1 :]:
            collector.end()
    return collector.result()


def _quoted(text: str) -> str:
    from xml.sax.saxutils import quoteattr  # only for who writes a list: it brings a whole HTTP client

    return quoteattr(_UNPRINTABLE.sub("", text))
