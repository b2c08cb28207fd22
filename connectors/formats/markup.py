"""Markup of strangers: sanitised, with absolute links."""

from __future__ import annotations

import html
import re

import nh3

from connectors.addresses import join
from connectors.formats.bounds import MAX_FIELD

_SCHEMES = {"http", "https", "mailto"}
_ADDRESSES = frozenset(("href", "src", "cite", "action", "background", "poster", "longdesc", "srcset"))
_WHOLE_ADDRESS = re.compile(r"(?:https?://[^\s/]|mailto:[^\s])", re.IGNORECASE)


def sanitised(markup: str | None) -> str | None:
    """Return HTML with nothing executable in it, links only to http, https and mailto."""
    if not markup:
        return None
    markup = markup[:MAX_FIELD]
    if "<" not in markup and "&" not in markup:
        return markup
    return nh3.clean(markup, url_schemes=_SCHEMES, attribute_filter=_kept_attribute) or None


def _kept_attribute(tag: str, name: str, value: str) -> str | None:
    """Keep an address only if it is whole: what is left of a relative one means nothing away from its site."""
    if name in _ADDRESSES and not _WHOLE_ADDRESS.match(value):
        return None
    return value


def _absolute_links(markup: str, base: str) -> str:
    def resolve(match: re.Match[str]) -> str:
        try:
            return match.group(1) + html.escape(join(base, html.unescape(match.group(2)))) + match.group(3)
        except ValueError:
            return match.group()

    return re.sub(r"""(\s(?:href|src)=["'])(?!https?:|mailto:|#|data:|javascript:)([^"'<>]*)(["'])""", resolve, markup)
