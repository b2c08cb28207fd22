"""Markup of strangers: sanitized, with absolute links, and never deeper or longer than a parser can bear."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import nh3

from connectors.addresses import join
from connectors.formats.bounds import MAX_FIELD
from connectors.formats.characters import whole_references, without_halves

MAX_NESTING = 128
MAX_TAG_CHARS = 2_000
MAX_ATTRIBUTES = 30
_SCHEMES = {"http", "https", "mailto"}
_ADDRESSES = frozenset(("href", "src", "cite", "action", "background", "poster", "longdesc", "srcset"))
_WHOLE_ADDRESS = re.compile(r"(?:https?://[^\s/]|mailto:[^\s])", re.IGNORECASE)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
# What a browser would run or show as it is written: nothing that a reader is to see.
# A declaration begins a page; anywhere else it is quoted, and would hide what follows it.
_FIRST_DECLARATION = re.compile(r"^\s*<!DOCTYPE[^<>]{0,300}>", re.IGNORECASE)
_DECLARATION = re.compile(r"<!(?!--|\[CDATA\[)")
_RAW = ("iframe", "textarea", "noembed", "noframes", "template")
_UNWRAPPED = re.compile(
    r"</?(?:noscript|xmp|plaintext|listing|iframe|textarea|noembed|noframes)(?=[\s/>])[^<>]*>", re.IGNORECASE
)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)[^<>]*>")
_LONG_TAG = re.compile(rf"<([a-zA-Z][a-zA-Z0-9]{{0,20}})([^<>]{{{MAX_TAG_CHARS},}})>")
_ATTRIBUTE = re.compile(
    r"""\s(?:href|src|alt|title|width|height)\s*=\s*(?:"[^"]{0,8192}"|'[^']{0,8192}')""", re.IGNORECASE
)
# These end by themselves where the next begins, however many are left open.
_FLAT = frozenset(
    "area base br col dd dt embed hr img input li link meta option p param source tbody td tfoot th thead tr track "
    "wbr".split()
)
_KNOWN = (
    "a abbr address article aside audio b big blockquote br caption center cite code dd del div dl dt em embed "
    "figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr html i iframe img ins kbd li main mark nav "
    "noscript object ol p picture pre q s script section small source span strike strong style sub sup svg table tbody "
    "td textarea th thead time title tr tt u ul var video wbr xmp"
).split()
_VOID = "br|hr|img|wbr|embed|source"
_SURE_MARKUP = re.compile(
    rf"</(?:{'|'.join(name for name in _KNOWN if name not in _VOID.split('|'))})\s*>|<(?:{_VOID})(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ESCAPED = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|[lr][sd]quo|hellip|[mn]dash|#\d{2,5}|#x[0-9a-f]{2,4});", re.IGNORECASE
)
_TYPE_PARAMETER = re.compile(r"<(?!/)[A-Za-z][\w.,:&? \[\]]{0,60}>")
# A whole text that was escaped once too often: its first words are the tag of a block, its last close one.
_ESCAPED_TWICE = re.compile(
    r"\s*&lt;(?:p|div|table|ul|ol|h[1-6]|blockquote|figure|section|article|img|a|span|br)\b[^<>]*&lt;/?[a-z][a-z0-9]{0,11}\s*/?&gt;\s*",
    re.IGNORECASE,
)
_ESCAPED_PICTURE = re.compile(
    r"\s*&lt;(?:img|a)\s[^<>]{0,400}?\b(?:src|href)=(?:[\"']|&quot;|&#34;)https?:", re.IGNORECASE
)
_LIKELY = re.compile(rf"</?(?:{'|'.join(_KNOWN)})(?=[\s/>])", re.IGNORECASE)


def sanitized(markup: str | None, base: str | None = None) -> str | None:
    """Return HTML with nothing executable in it and links to http, https and mailto; relative ones are to ``base``."""
    if not markup:
        return None
    markup = markup[:MAX_FIELD]
    if "<" not in markup and "&" not in markup:
        return markup
    markup = _bearable(whole_references(without_halves(markup)))
    return nh3.clean(markup, url_schemes=_SCHEMES, attribute_filter=_attributes_of(base)) or None


def is_markup(text: str) -> bool:
    """Tell whether what is said to be plain text is HTML all the same: its elements are closed, or are empty."""
    return ("<" in text and _SURE_MARKUP.search(text) is not None) or (
        "&" in text and _ESCAPED.search(text) is not None
    )


def without_section(text: str) -> str:
    """Return what a CDATA section around all of a text holds, where one was written into its words."""
    inner = text.strip()
    if not inner.startswith("<![CDATA[") or inner.count("<![CDATA[") > 1:
        return text
    return inner[9:].removesuffix("]]>")


def unwrapped_markup(text: str) -> str:
    """Return a text without a CDATA section written into its words, and escaped once less where all of it is escaped.

    A text that only speaks of markup has words before its first tag or after its last.
    """
    text = without_section(text)
    is_escaped = "&lt;" in text[:100] and "<" not in text
    if is_escaped and (_ESCAPED_TWICE.fullmatch(text) or _ESCAPED_PICTURE.match(text)):
        text = html.unescape(text)
    return text


def is_plain(text: str) -> bool:
    """Tell whether what is said to be HTML has brackets, but only such as programmers write: ``List<String>``."""
    if "<" not in text or _LIKELY.search(text):
        return False
    return "<" not in _TYPE_PARAMETER.sub("", text) and not text.lstrip().startswith("<")


def _attributes_of(base: str | None) -> Callable[[str, str, str], str | None]:
    """Return a filter that keeps an address only if it is whole, or can be made so."""

    def kept(tag: str, name: str, value: str) -> str | None:
        if name not in _ADDRESSES or _WHOLE_ADDRESS.match(value):
            return value
        value = value.strip()
        if base is None or not value or value.startswith("#") or _SCHEME.match(value):
            return None
        try:
            whole = join(base, value)
        except ValueError:
            return None
        return whole if _WHOLE_ADDRESS.match(whole) else None

    return kept


def _bearable(markup: str) -> str:
    if "<!" in markup:
        markup = _DECLARATION.sub("&lt;!", _FIRST_DECLARATION.sub("", markup))
    lower = markup.lower()
    for name in _RAW:
        if f"<{name}" in lower:
            markup = _without_element(markup, name)
            lower = markup.lower()
    markup = _UNWRAPPED.sub("", markup)
    if len(markup) > MAX_TAG_CHARS:
        markup = _LONG_TAG.sub(_shortened, markup)
    return _flattened(markup) if markup.count("<") > MAX_NESTING else markup


def _without_element(markup: str, name: str) -> str:
    """Take elements off with all they hold, in one pass; of one that never ends only its tag is taken, later."""
    lower, kept, place = markup.lower(), [], 0
    while (start := lower.find(f"<{name}", place)) >= 0:
        end = lower.find(f"</{name}", start)
        close = lower.find(">", end) if end >= 0 else -1
        if close < 0:
            break
        kept.append(markup[place:start])
        place = close + 1
    return "".join((*kept, markup[place:]))


def _shortened(match: re.Match[str]) -> str:
    return f"<{match.group(1)}{''.join(_ATTRIBUTE.findall(match.group(2))[:MAX_ATTRIBUTES])}>"


def _flattened(markup: str) -> str:
    """Leave out the tags of elements that are nested too deep; their words stay."""
    kept: list[str] = []
    opened: list[str] = []
    dropped = place = 0
    for match in _TAG.finditer(markup):
        name = match.group(2).lower()
        if name in _FLAT:
            continue
        if match.group(1):
            if dropped:
                dropped -= 1
            else:
                if opened:
                    opened.pop()
                continue
        elif len(opened) < MAX_NESTING:
            opened.append(name)
            continue
        else:
            dropped += 1
        kept.append(markup[place : match.start()])
        place = match.end()
    return "".join((*kept, markup[place:])) if kept else markup
