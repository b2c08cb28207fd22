"""Where a feed says what it is, and where it holds its entries."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from connectors.formats.names import name_of


def channel_of(root: Element) -> Element | None:
    """Return the element that holds what a feed says of itself; nothing of a format that feedparser knows better."""
    kind = name_of(root.tag)
    if kind == "channel" and (root.get("href") or root.get("HREF")):
        return None  # Microsoft's CDF
    if kind in ("feed", "channel", "entry", "item"):
        return root
    direct = next((child for child in root if name_of(child.tag) == "channel"), None)
    return direct if direct is not None else next((one for one in root.iter() if name_of(one.tag) == "channel"), root)


def beside(root: Element, own: Element) -> list[Element]:
    """Return the entries that stand beside a channel, or in others."""
    around = [element for element in root if element is not own]
    channels = [element for channel in around if name_of(channel.tag) == "channel" for element in channel]
    return [element for element in (*around, *channels) if name_of(element.tag) in ("item", "entry")]


def outermost(root: Element) -> list[Element]:
    """Return the entries of a feed that holds them in an element of its own."""
    found, rest = [], [root]
    while rest:
        element = rest.pop()
        if name_of(element.tag) in ("item", "entry"):
            found.append(element)
        else:
            rest.extend(reversed(element))
    return found
