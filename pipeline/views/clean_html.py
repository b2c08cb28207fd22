"""Markup of strangers, made harmless for our own pages: words, lists, tables and links; nothing is loaded or run."""

from __future__ import annotations

import nh3

from pipeline.web_addresses import web_address

_TAGS = frozenset(
    "a abbr b bdi bdo blockquote br caption cite code dd del dfn div dl dt em figcaption figure h2 h3 h4 h5 h6 hr i "
    "ins kbd li ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr u ul var".split()
)
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "*": {"dir", "lang"}}


def clean_html(html: str) -> str:
    """Return markup without pictures, frames, scripts, styles, forms and classes; links lead to the web only."""
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "template", "noscript", "iframe", "object", "svg", "math"},
        attributes={name: set(values) for name, values in _ATTRIBUTES.items()},
        url_schemes={"http", "https"},
        attribute_filter=_kept,
        link_rel="noopener noreferrer nofollow",
    )


def _kept(tag: str, name: str, value: str) -> str | None:
    """Keep an attribute, but no address that leads elsewhere than to the web: not to a page of ours either."""
    return value if name != "href" else web_address(value) or None
