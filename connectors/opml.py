"""Subscription lists: OPML 1.0-2.0 with folders, titles and tags, and plain lists of addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

import msgspec

from pipeline.errors import UsageError

MAX_BYTES = 10_000_000
MAX_OUTLINES = 100_000
MAX_DEPTH = 50


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
    if b"<opml" in body[:5_000].lower() or body.lstrip()[:1] == b"<":
        return _read_opml(body, name)
    lines = body.decode("utf-8-sig", "replace").splitlines()
    found = [Outline(line.strip()) for line in lines if re.match(r"\s*https?://\S+\s*$", line)]
    if not found:
        raise UsageError(f"{name} is neither OPML nor a list of addresses, one a line.")
    return found


def write_opml(outlines: Iterable[Outline], title: str = "Newswire subscriptions") -> str:
    """Write subscriptions as OPML 2.0; a first tag becomes the folder, the rest the category attribute."""
    folders: dict[str, list[Outline]] = {}
    for outline in outlines:
        folders.setdefault(outline.tags[0] if outline.tags else "", []).append(outline)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">', "  <head>"]
    lines += [f"    <title>{_escaped(title)}</title>", "  </head>", "  <body>"]
    for folder in sorted(folders):
        inside = sorted(folders[folder], key=lambda outline: (outline.title or outline.url).casefold())
        indent = "    " if not folder else "      "
        if folder:
            lines.append(f"    <outline text={quoteattr(folder)} title={quoteattr(folder)}>")
        for outline in inside:
            name = quoteattr(outline.title or outline.url)
            category = f" category={quoteattr(','.join(outline.tags[1:]))}" if len(outline.tags) > 1 else ""
            lines.append(
                f'{indent}<outline type="rss" text={name} title={name} xmlUrl={quoteattr(outline.url)}{category}/>'
            )
        if folder:
            lines.append("    </outline>")
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _read_opml(body: bytes, name: str) -> list[Outline]:
    found: list[Outline] = []
    folders: list[str | None] = []
    parser = expat.ParserCreate()

    def refuse(*arguments: object) -> None:
        raise UsageError(f"{name} declares XML entities, which no honest subscription list needs; it was not read.")

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.lower() != "outline":
            return
        values = {key.lower(): value.strip() for key, value in attributes.items()}
        address, title = values.get("xmlurl"), values.get("title") or values.get("text") or None
        if address and address.startswith(("http://", "https://", "feed:")):
            categories = [part.strip().strip("/") for part in values.get("category", "").split(",")]
            tags = [folder for folder in folders if folder] + [part for part in categories if part]
            found.append(
                Outline(re.sub(r"^feed:(//)?(?=https?:)|^feed:", "", address), title, tuple(dict.fromkeys(tags)))
            )
            if len(found) > MAX_OUTLINES:
                raise UsageError(f"{name} lists more than {MAX_OUTLINES:,} feeds; split it.")
        folders.append(None if address else title)
        if len(folders) > MAX_DEPTH:
            raise UsageError(f"{name} nests folders more than {MAX_DEPTH} deep; it was not read.")

    def end(tag: str) -> None:
        if tag.lower() == "outline":
            folders.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]
    try:
        parser.Parse(re.sub(rb"&(?!#?\w{1,8};)", b"&amp;", body), True)
    except expat.ExpatError as exc:
        if not found:
            raise UsageError(f"{name} is no well-formed OPML: {exc}.") from exc
    if not found:
        raise UsageError(f"{name} lists no feeds: it has no outline with an xmlUrl.")
    return list({outline.url: outline for outline in reversed(found)}.values())[::-1]


def _escaped(text: str) -> str:
    return quoteattr(text)[1:-1]
