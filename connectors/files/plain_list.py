"""Subscription lists that people write by hand or that newsboat keeps: an address a line, and what stands beside it."""

from __future__ import annotations

import csv
import re
from typing import NamedTuple

from connectors.discovery.platforms import platform_feeds

_COMMENT = re.compile(r"#|;|//(?!\S+\.\S)|--(?:\s|$)")
_BULLET = re.compile(r"\A(?:[-*+•·–—>]|\d{1,4}[.)])\s+")
_TOKEN = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))""")
_BRACKETS = re.compile(r"<([^<>\s]+)>")
_MARKDOWN = re.compile(r"\[([^\]]*)\]\((\S+?)\)")
_TITLE_FOLLOWS = re.compile(r"\s*(?:[,;|:–—-]|\t)\s*(?=\S)")
_WEB = re.compile(r"https?:(?=//[^/\s])", re.IGNORECASE)
_FEED = re.compile(r"(?:feed|rss|podcast|pcast|itpc):(?:(?://)?(?=https?:)|(?=//))", re.IGNORECASE)
# What stands in a line of nothing but addresses, and before an address at its end.
MAX_TITLED = 2_000
_ADDRESSES = re.compile(r"(?:https?://\S+?[,;]?(?:\s+|$)){2,}", re.IGNORECASE)
_TITLE_BEFORE = re.compile(r"(\S.*?)\s*[:|=\u2013\u2014-]\s*<?(https?://[^\s<>]+)>?", re.IGNORECASE)
_BARE = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d{1,5})?(?:[/?#]\S*)?")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_KINDS = {
    "query": "a query of newsboat; `newswire search --save` keeps one",
    "exec": "a program to run, which a list cannot ask for",
    "filter": "a program to run, which a list cannot ask for",
    "file": "a file of another machine; `newswire up FILE` reads one",
}


class Line(NamedTuple):
    """Hold what a line says: a feed, or why it says none."""

    url: str | None = None
    title: str | None = None
    tags: tuple[str, ...] = ()
    why: str | None = None


def web_address(text: str) -> str | None:
    """Return an address of a list in the one form feeds are followed by, or ``None`` for what is none of the web.

    ``HTTPS://``, ``feed://``, ``//`` before the host or nothing at all are understood; of line breaks nothing is kept.
    """
    text = re.sub(r"\s+(?=[?&#/])", "", text.strip()).replace(" ", "%20").replace("&amp;", "&")
    text = _FEED.sub("", text)
    if text.startswith("//"):
        text = f"https:{text}"
    if web := _WEB.match(text):
        return f"{web.group().lower()}{text[web.end() :]}"
    return f"https://{text}" if _BARE.fullmatch(text) else None


def why_not(text: str) -> str:
    """Say why something is no address that can be followed."""
    scheme = _SCHEME.match(text.strip())
    if scheme is None:
        return "no address"
    return _KINDS.get(scheme.group(1).lower(), f"{scheme.group(1)}: is no address of the web")


def lines_of(text: str) -> list[str]:
    """Return the lines that a line stands for: of several addresses side by side each has one."""
    text = text.strip()
    return [part.rstrip(",;") for part in text.split()] if _ADDRESSES.fullmatch(text) else [text]


def read_line(text: str) -> Line | None:
    """Read one line; ``None`` for one that is empty or a comment."""
    text = text.strip()
    if not text or _COMMENT.match(text):
        return None
    text = _BULLET.sub("", text, count=1)
    if markdown := _MARKDOWN.match(text):
        text = f"{markdown.group(2)} | {markdown.group(1)}"
    token = _TOKEN.match(text)
    if token is None:
        return None
    word = re.sub(r"\\(.)", r"\1", token.group(1)) if token.group(1) is not None else token.group(2)
    if brackets := _BRACKETS.fullmatch(word.rstrip(",;")):
        word = brackets.group(1)
    rest = text[token.end() :]
    if word.endswith((",", ";")) and rest.strip():
        word, rest = word[:-1], f" | {rest.strip()}"
    url = web_address(word)
    if url is None or ("," in word and web_address(word.split(",")[0]) is None):
        return _of_columns(text) or _after_title(text) or Line(why=why_not(word))
    return _beside(url, rest)


def _beside(url: str, rest: str) -> Line:
    """Return an address with what stands beside it: a title after a sign, or newsboat's tags and ~title."""
    if follows := _TITLE_FOLLOWS.match(rest):
        return Line(url=url, title=rest[follows.end() :].strip().strip('"') or None)
    title, tags = None, []
    for quoted, word in _TOKEN.findall(rest):
        if word.startswith("#"):
            break
        label = re.sub(r"\\(.)", r"\1", quoted) if quoted else word
        if label.startswith("~"):
            title = label[1:].strip() or None
        elif label not in ("!", ""):
            tags.append(label)
    return Line(url=url, title=title, tags=tuple(tags))


def _after_title(text: str) -> Line | None:
    """Read a line that ends with an address, by the title before it."""
    scheme = _SCHEME.match(text)
    if len(text) > MAX_TITLED or (scheme and not text[scheme.end() :][:1].isspace()):
        return None
    found = _TITLE_BEFORE.fullmatch(text)
    return Line(url=web_address(found[2]), title=found[1].strip("\"'")) if found else None


def _of_columns(text: str) -> Line | None:
    """Read a line of a table in which one column is an address with its scheme; a title is the last that is none."""
    try:
        columns = next(csv.reader([text]), [])
    except csv.Error:
        return None
    addresses = [column for column in columns if _WEB.match(column.strip())]
    if len(columns) < 2 or not addresses:
        return None
    url = addresses[0].strip()
    others = [column.strip() for column in columns if column not in addresses and column.strip()]
    feeds = platform_feeds(url)  # exports of platforms list their pages
    return Line(url=feeds[0] if feeds else web_address(url), title=others[-1] if others else None)
