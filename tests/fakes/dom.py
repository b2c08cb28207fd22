"""A page as a browser reads it: what in it could run, load or lead where no page of ours does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

# Elements that our templates and the cleaned markup of articles have; all else is a stranger's.
ELEMENTS = frozenset(
    "circle g path "
    "html head meta title link script body a abbr article b bdi bdo blockquote br button caption cite code datalist "
    "dd del details dfn div dl dt em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr i img input "
    "ins kbd label legend li main mark nav ol option p pre q rect s samp section select small span strong sub summary "
    "sup svg table tbody td textarea tfoot th thead time tr u ul var".split()
)
ADDRESSES = frozenset(
    "action background cite data data-part data-url formaction href longdesc manifest poster src srcset "
    "xlink:href".split()
)
# What is fetched or sent without anybody pressing a link is ours.
OWN_ONLY = frozenset({"action", "formaction", "src", "srcset", "data-part", "poster", "background", "data"})
FORBIDDEN = frozenset({"style", "srcdoc", "autofocus", "http-equiv", "is", "ping", "target"})
# Who comes in types at once.
AUTOFOCUS = ("autofocus", "password")
METAS = frozenset({"viewport", "color-scheme", "charset"})
_WHITE = re.compile(r"[\x00-\x20\x7f]")


def harms(html: str) -> list[str]:
    """Return what in a page could run, load or lead elsewhere, and where its own end is swallowed."""
    tree = LexborHTMLParser(html)
    root = tree.root
    found = [trouble for node in _nodes(root) for trouble in _troubles(node)]
    if len(tree.css("main#main")) != 1:
        found.append("there is not one main part")
    found += [f"script {(node.html or '')[:100]}" for node in tree.css("script") if (node.text() or "").strip()]
    return found + _unclosed(tree, html)


def part_harms(html: str) -> list[str]:
    """Return the same of a piece of a page, or of markup given to other programs."""
    body = LexborHTMLParser(html).body
    return [trouble for node in _nodes(body) for trouble in _troubles(node)] if body is not None else []


def _nodes(root: LexborNode | None) -> Iterator[LexborNode]:
    if root is not None:
        yield from (node for node in root.traverse(include_text=False) if not (node.tag or "").startswith(("-", "!")))


def _troubles(node: LexborNode) -> Iterator[str]:
    tag = (node.tag or "").casefold()
    shown = (node.html or "")[:160]
    if tag not in ELEMENTS:
        yield f"element {tag}: {shown}"
    for name, value in node.attributes.items():
        name, value = name.casefold(), value or ""
        if (name.startswith("on") or name in FORBIDDEN) and (name, node.attributes.get("id")) != AUTOFOCUS:
            yield f"attribute {name}: {shown}"
        if name in ADDRESSES and not _leads_well(value, own=name in OWN_ONLY or tag in ("link", "script", "img")):
            yield f"address {name}={value[:100]}: {shown}"
    if tag == "meta" and not METAS & {"charset" if "charset" in node.attributes else "", node.attributes.get("name")}:
        yield f"meta: {shown}"
    if tag in ("script", "link") and not (node.attributes.get("src") or node.attributes.get("href") or "").startswith(
        "/static/"
    ):
        yield f"foreign {tag}: {shown}"


def _leads_well(address: str, own: bool) -> bool:
    plain = _WHITE.sub("", address)
    if plain.casefold().startswith(("http://", "https://")):
        return not own
    return not plain or (plain.startswith(("/", "#", "?")) and not plain.replace("\\", "/").startswith("//"))


def _unclosed(tree: LexborHTMLParser, html: str) -> list[str]:
    """Tell where text or a field of a page holds what should have come after it."""
    last = tree.css_first("body > #live") if 'id="live"' in html else tree.css_first("body > .frame > main#main")
    return [] if last is not None else ["the end of the page is inside something"]
