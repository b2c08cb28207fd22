"""Make one readable shape of whatever a source published: plain text, clean title, sane dates, known language."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pipeline.language.blocks import BLOCK_ELEMENTS
from pipeline.language.clean import cleaned
from pipeline.language.codes import normalize_language
from pipeline.model import Article
from pipeline.stages.identify.plain_markup import plain_pieces

MAX_TEXT_CHARS = 2_000_000
MAX_TITLE_CHARS = 1_000
MAX_SOURCE_CHARS = 200
UNESCAPED = 4
# A repeated paragraph is an editing accident; a repeated line such as "* * *" or a refrain is not.
REPEATED_CHARS = 30
WRAPPED_CHARS = 30
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=2)

_BLANK_LINE = re.compile(r"\n\s*\n")
_TAG = re.compile(r"<[a-zA-Z/!][^>]*>")
_LINES = ("br", "td", "th", "li", "tr")
_HIDDEN = "script, style, noscript, template, iframe, object, embed, svg, math, head, select, textarea"


def normalize(article: Article) -> Article:
    """Return the article in its normal form; doing it twice changes nothing more.

    Text is paragraphs separated by one blank line, without markup, without a repeat of the title at its head and with
    no paragraph twice. Empty strings become ``None``, dates are UTC, absurd dates are dropped.
    """
    from pipeline.language.detect import detect  # not for commands that only read a store, which import this as well

    title = _one_line(article.title) if article.title_is_text else normal_title(article.title)
    text = _normal_text(article, title)
    published = _normal_date(article.published, article.seen)
    return msgspec.structs.replace(
        article,
        source=" ".join(cleaned(article.source).split())[:MAX_SOURCE_CHARS] or "unknown",
        title=title,
        title_is_text=True,
        text=text,
        url=article.url or None,
        authors=tuple(dict.fromkeys(name for raw in article.authors if (name := normal_title(raw)))),
        tags=tuple(dict.fromkeys(name for raw in article.tags if (name := normal_title(raw)))),
        published=published,
        updated=_normal_date(article.updated, article.seen),
        language=detect(f"{title or ''}\n{text or ''}", article.language) or normalize_language(article.language),
    )


def normal_title(title: str | None) -> str | None:
    """Return one line of plain text: markup and entities resolved, white space collapsed; ``None`` when empty."""
    if not title:
        return None
    plain = title[: MAX_TITLE_CHARS * 4]
    for _ in range(UNESCAPED):  # feeds escape titles once, twice or not at all; what is left over is text
        before = plain
        if _TAG.search(plain):
            plain = html_to_text(plain)
        if "&" in plain:
            plain = html.unescape(plain)
        if plain == before:
            break
    return _one_line(plain)


def _one_line(text: str | None) -> str | None:
    return " ".join(cleaned(text[: MAX_TITLE_CHARS * 4]).split())[:MAX_TITLE_CHARS].strip() or None if text else None


def html_to_text(markup: str) -> str:
    """Return the readable text of an HTML fragment, block elements on lines of their own. Linear in its length."""
    markup = markup[:MAX_TEXT_CHARS]
    plain = plain_pieces(markup, _words, _break)
    return "".join(plain) if plain is not None else _parsed_text(markup)


def _parsed_text(markup: str) -> str:
    tree = LexborHTMLParser(markup)
    body = tree.body
    if body is None:
        return ""
    for node in body.css(_HIDDEN):
        node.decompose()
    return "".join(_pieces(body))


def _pieces(body: LexborNode) -> Iterator[str]:
    for node in body.traverse(include_text=True):
        if node.tag == "-text":
            yield _words(node.text_content or "")
        elif node.tag in BLOCK_ELEMENTS:
            yield _break(node.tag)


def _words(text: str) -> str:
    """Return a text on one line, each run of white space in it a blank."""
    words = text.split()
    if not words:
        return " " if text else ""
    return f"{' ' * text[0].isspace()}{' '.join(words)}{' ' * text[-1].isspace()}"


def _break(tag: str) -> str:
    return "\n" if tag in _LINES else "\n\n"


def _normal_text(article: Article, title: str | None) -> str | None:
    """Return the text the source gave, or failing that what its markup says."""
    text = _tidied(article.text, title) if article.text else None
    return text or (_tidied(html_to_text(article.html), title) if article.html else None)


def _tidied(source: str, title: str | None) -> str | None:
    paragraphs = list(_paragraphs(cleaned(source[:MAX_TEXT_CHARS])))
    if title and len(paragraphs) > 1 and paragraphs[0].casefold() == title.casefold():
        del paragraphs[0]
    seen: set[str] = set()
    kept = []
    for paragraph in paragraphs:
        if len(paragraph) >= REPEATED_CHARS:
            if paragraph in seen:
                continue
            seen.add(paragraph)
        kept.append(paragraph)
    return "\n\n".join(kept) or None


def _paragraphs(text: str) -> Iterator[str]:
    """Split at blank lines where there are any (lines within are then only wrapped), else at lines that end."""
    blocks = _BLANK_LINE.split(text) if _BLANK_LINE.search(text) else _unwrapped(text.split("\n"))
    for block in blocks:
        paragraph = " ".join(block.split())
        if paragraph:
            yield paragraph


def _unwrapped(lines: Sequence[str]) -> Iterator[str]:
    """Join a long line that stops in the middle of a sentence with the one that goes on in lower case."""
    whole = ""
    for line in map(str.strip, lines):
        if len(whole) >= WRAPPED_CHARS and (whole[-1].isalnum() or whole[-1] in ",-–") and line[:1].islower():
            whole = f"{whole} {line}"
            continue
        yield whole
        whole = line
    yield whole


def _normal_date(moment: datetime | None, seen: datetime) -> datetime | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
        return moment if EARLIEST <= moment <= seen + LATEST_AHEAD else None
    except (OverflowError, ValueError):
        return None
