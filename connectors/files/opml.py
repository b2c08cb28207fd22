"""Subscription lists: OPML 1.0-2.0 with folders, titles and tags, and plain lists of addresses."""

from __future__ import annotations

import codecs
import html
import itertools
import re
from collections.abc import Iterable, Mapping
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

import msgspec

from pipeline.errors import UsageError

MAX_BYTES = 10_000_000
MAX_OUTLINES = 100_000
MAX_DEPTH = 50
MAX_ADDRESS = 8_192
MAX_NAME = 500
MAX_TAGS = 100
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding=["']([\w.:-]{1,40})["']""")
_OUTLINE = re.compile(r"<(?=/?outline\b)", re.IGNORECASE)
_ATTRIBUTES = {
    name: re.compile(rf"""\s{name}\s*+=\s*+(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
    for name in ("xmlurl", "title", "text", "category")
}


class Outline(msgspec.Struct, frozen=True):
    """Hold one subscription of a list."""

    url: str
    title: str | None = None
    tags: tuple[str, ...] = ()


def read_list(body: bytes, name: str) -> list[Outline]:
    """Read OPML, or one address a line. Raises ``UsageError`` that says what is wrong with the file."""
    if len(body) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; split it.")
    if not body.strip():
        raise UsageError(f"{name} is empty; give an OPML file or one address a line.")
    body = _utf8(body)
    if b"<opml" in body[:5_000].lower() or body.lstrip()[:1] == b"<":
        return _read_opml(body, name)
    collector = _Collector(name)
    for line in map(str.strip, body.decode("utf-8-sig", "replace").splitlines()):
        if re.fullmatch(r"https?://\S+", line):
            collector.start({"xmlurl": line})
            collector.end()
    return collector.outlines(f"{name} is neither OPML nor a list of addresses, one a line.")


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


def _utf8(body: bytes) -> bytes:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if body.startswith(mark):
            text = body[2:].decode(encoding, "replace")
            return re.sub(r"""(<\?xml[^>]{0,200}?)\s+encoding=["'][^"']*["']""", r"\1", text, count=1).encode()
    return body


class _Collector:
    """Gather the feeds of a list, each with the folders around it as its tags."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folders: list[str | None] = []
        self._found: dict[str, Outline] = {}

    def start(self, values: Mapping[str, str]) -> None:
        address, title = values.get("xmlurl"), values.get("title") or values.get("text") or None
        if address and len(address) <= MAX_ADDRESS and address.startswith(("http://", "https://", "feed:")):
            url = re.sub(r"^feed:(//)?(?=https?:)|^feed:", "", address)
            if url.startswith("//"):
                url = f"http:{url}"
            categories = [part.strip().strip("/") for part in values.get("category", "").split(",")]
            before = self._found.get(url)
            tags = [*(before.tags if before else ()), *(folder for folder in self._folders if folder)]
            tags += [part for part in categories if part]
            name = (before.title if before else None) or (title if title != address else None)
            kept = itertools.islice(dict.fromkeys(tag[:MAX_NAME] for tag in tags), MAX_TAGS)
            self._found[url] = Outline(url, name[:MAX_NAME] if name else None, tuple(kept))
            if len(self._found) > MAX_OUTLINES:
                raise UsageError(f"{self._name} lists more than {MAX_OUTLINES:,} feeds; split it.")
        self._folders.append(None if address else title)
        if len(self._folders) > MAX_DEPTH:
            raise UsageError(f"{self._name} nests folders more than {MAX_DEPTH} deep; it was not read.")

    def end(self) -> None:
        if self._folders:
            self._folders.pop()

    def outlines(self, nothing: str | None = None) -> list[Outline]:
        if not self._found:
            raise UsageError(nothing or f"{self._name} lists no feeds: it has no outline with an xmlUrl.")
        return list(self._found.values())


def _read_opml(body: bytes, name: str) -> list[Outline]:
    collector = _Collector(name)
    parser = expat.ParserCreate()

    def refuse(*arguments: object) -> None:
        raise UsageError(f"{name} declares XML entities, which no honest subscription list needs; it was not read.")

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.lower() == "outline":
            collector.start({key.lower(): value.strip() for key, value in attributes.items()})

    def end(tag: str) -> None:
        if tag.lower() == "outline":
            collector.end()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]
    try:
        parser.Parse(re.sub(rb"&(?!#?\w{1,8};)", b"&amp;", body), True)
    except expat.ExpatError as exc:
        if b"<!ENTITY" in body:
            refuse()
        try:
            return _read_ill_formed(body, name)
        except UsageError as nothing:
            if "lists no feeds" not in str(nothing):
                raise
            raise UsageError(f"{name} is no well-formed OPML: {exc}.") from exc
    return collector.outlines()


def _read_ill_formed(body: bytes, name: str) -> list[Outline]:
    """Read a list whose descriptions hold quotes and markup as they are, as real lists' do: outline by outline."""
    declared = _DECLARED.search(body[:300])
    try:
        text = body.decode(declared.group(1).decode() if declared else "utf-8", "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    collector = _Collector(name)
    for piece in _OUTLINE.split(text)[1:]:
        if piece.startswith("/"):
            collector.end()
            continue
        found = {key: pattern.search(piece) for key, pattern in _ATTRIBUTES.items()}
        collector.start(
            {
                key: html.unescape(match.group(1) or match.group(2) or "").strip()
                for key, match in found.items()
                if match
            }
        )
        if "/>" in piece[piece.rfind(">") - 1 :]:
            collector.end()
    return collector.outlines()


def _quoted(text: str) -> str:
    return quoteattr(_UNPRINTABLE.sub("", text))
