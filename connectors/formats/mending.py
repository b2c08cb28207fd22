"""Build a tree from XML that is ill-formed: what is broken costs its own element, at most its own entry.

Entries are the joints: one ends where the next begins, whatever is open within it. A name or a quote that lost a
character is told by what it stands between.
"""

from __future__ import annotations

import re
from html.entities import html5
from xml.etree.ElementTree import Element

from connectors.formats.names import PREFIXES, prefix_of

MAX_DEPTH = 200
_ROOTS = frozenset(("rss", "feed", "rdf", "channel"))
_ENTRIES = frozenset(("item", "entry"))
_LEAVES = frozenset(
    "title link guid id pubdate published updated issued created description summary content encoded category creator "
    "subject date comments identifier origlink".split()
)
_PEOPLE = frozenset(("author", "contributor"))
_BESIDE = _LEAVES | _PEOPLE | frozenset("managingeditor language ttl generator copyright webmaster enclosure".split())
_HOLDERS = frozenset("image textinput source group contributor".split())
MAX_HOISTED = 50
_TAG = re.compile(r"<(/?)([A-Za-z_][A-Za-z0-9_:.-]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+)>")
_BROKEN_TAG = re.compile(r"<(/?)([A-Za-z_][A-Za-z0-9_:.-]*)([^<>]*)>?")
_ATTRIBUTE = re.compile(r"""([A-Za-z_][A-Za-z0-9_:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)'|([^\s"'<>]+))""")
_NAMED = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_COMMENT, _COMMENT_END = "<!--", "-->"


def mended(text: str) -> Element | None:
    """Return the tree of a document, or nothing if it has no element. Linear in its length, never an error."""
    builder = _Builder()
    place, length = 0, len(text)
    while place < length:
        start = text.find("<", place)
        if start < 0:
            builder.data(text[place:])
            break
        if start > place:
            builder.data(text[place:start])
        place = _construct(text, start, builder)
    if builder.root is not None:
        _hoist(builder.root)
    return builder.root


def _hoist(root: Element) -> None:
    """Take out what stands in an element that no feed has: its name is broken, and it did not end where it should."""
    if _local_of(root) in ("rss", "rdf") and not any(_local_of(child) == "channel" for child in root):
        for child in root:
            if _is_misspelt(child) and _local_of(child[0]) not in _ENTRIES:
                child.tag = f"{child.tag.rpartition('}')[0]}}}channel".removeprefix("}")
                break
    holders = [root, *(one for one in root if _local_of(one) in _ROOTS)]
    for holder in holders:
        _take_out(holder)
        for child in holder:
            if _local_of(child) in _ENTRIES:
                _take_out(child)


def _take_out(holder: Element) -> None:
    place = 0
    for _ in range(MAX_HOISTED):
        while place < len(holder) and not _is_misspelt(holder[place]):
            place += 1
        if place == len(holder):
            return
        inner = list(holder[place])
        del holder[place][:]
        holder[place + 1 : place + 1] = inner


def _is_misspelt(element: Element) -> bool:
    local = _local_of(element)
    if (
        not len(element)
        or local in _BESIDE | _HOLDERS | _ENTRIES | _ROOTS
        or prefix_of(_namespace_of(element)) not in ("", None)
    ):
        return False
    return any(_local_of(child) in _BESIDE | _ENTRIES | _ROOTS for child in element)


def _local_of(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def _namespace_of(element: Element) -> str:
    return element.tag.rpartition("}")[0][1:]


def unescaped(text: str) -> str:
    """Return characters in place of references that end as they should; what is none stays as it is."""
    return _NAMED.sub(_referred, text) if "&" in text else text


def _construct(text: str, start: int, builder: _Builder) -> int:
    """Read what begins with a bracket and return where it ends."""
    if text[start : start + len(_CDATA)].upper() == _CDATA:
        content, end = _quotation(text, start + len(_CDATA), _CDATA, _CDATA_END, builder.closing(), builder.endless)
        builder.raw(content)
        return end
    if text.startswith(_COMMENT, start):
        return _quotation(text, start + len(_COMMENT), _COMMENT, _COMMENT_END, "<", builder.endless)[1]
    if text.startswith(("<?", "<!"), start):
        end, opening = text.find(">", start), text.find("<", start + 1)
        if end < 0 or -1 < opening < end:
            builder.data(text[start : start + 2])
            return start + 2
        return end + 1
    match = _TAG.match(text, start) or _BROKEN_TAG.match(text, start)
    if match is None:
        builder.data("<")
        return start + 1
    closing, name, rest = match.groups()
    name = name.rstrip(":.-")
    if closing:
        builder.end(name)
    else:
        builder.start(name, rest)
        if rest.endswith("/"):
            builder.end(name)
    return match.end()


def _quotation(text: str, start: int, opening: str, ending: str, closing: str, endless: set[str]) -> tuple[str, int]:
    """Return what a section quotes and where it ends; one that lost its end stops where its element does."""
    end = -1 if ending in endless else text.find(ending, start)
    if end < 0:
        endless.add(ending)
    again = text.find(opening, start, end) if end >= 0 else start
    if end >= 0 and again < 0:
        return text[start:end], end + len(ending)
    limit = end if end >= 0 else len(text)
    stop = text.find(closing, start, limit)
    if stop < 0 or (end >= 0 and stop > again):
        return text[start:limit], limit + len(ending) if end >= 0 else limit
    return text[start:stop], stop


def _referred(match: re.Match[str]) -> str:
    name = match.group(1)
    if name[0] != "#":
        return html5.get(f"{name};", match.group())
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    return chr(code) if 0x20 <= code < 0xD800 or 0xE000 <= code < 0x110000 or code in (9, 10, 13) else ""


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


_Open = tuple[str, Element, dict[str, str]]


class _Builder:
    """Put elements together.

    ``_open`` holds those not closed yet, each with the name it was written with and the namespaces that hold in it.
    """

    def __init__(self) -> None:
        self.root: Element | None = None
        self.endless: set[str] = set()  # endings that do not come any more
        self._open: list[_Open] = []
        self._after_entry: int | None = None
        self._entry_prefix: str | None = None

    def closing(self) -> str:
        return f"</{self._open[-1][0]}" if self._open else "</"

    def data(self, text: str) -> None:
        self.raw(unescaped(text))

    def raw(self, text: str) -> None:
        if not self._open:
            return
        element = self._open[-1][1]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text

    def start(self, name: str, rest: str) -> None:
        local = _local(name)
        if not self._open and (self.root is not None or local not in _ROOTS | _ENTRIES):
            return  # what stands before or after the feed
        if self._is_entry(name) and self.root is not None:
            self._close_to(self._place_of_entries())
        elif self._open and local in _BESIDE and self._is_unfinished(self._open[-1]):
            self._open.pop()
        if len(self._open) >= MAX_DEPTH:
            return
        # Without quotes the mark that closes an element looks like the end of a value.
        attributes, namespaces = _attributes(rest.removesuffix("/"), self._open[-1][2] if self._open else {})
        element = Element(_clark(name, namespaces), attributes)
        if self._open:
            self._open[-1][1].append(element)
        else:
            self.root = element
        self._open.append((name, element, namespaces))

    def end(self, name: str) -> None:
        if self._is_entry(name):
            self._end_entry(name)
            return
        lowest = self._place_of_entries() if self._in_entry() else -1
        for place in range(len(self._open) - 1, lowest, -1):
            if self._open[place][0] == name:
                self._close_to(place)
                return
        local = _local(name)
        if local in _LEAVES and self._open and self._parent_is_entry() and _local(self._open[-1][0]) not in _LEAVES:
            self._open[-1][1].tag = self._named(name)  # the beginning lost a letter
            self._open.pop()

    def _end_entry(self, name: str) -> None:
        place = self._place_of_entries()
        if len(self._open) > place:
            opened, element, _ = self._open[place]
            if not self._is_entry(opened):
                element.tag = self._named(name)
            self._close_to(place)
        elif self._open:
            self._gather_entry(name)
        if self._open:
            self._after_entry = len(self._open[-1][1])

    def _gather_entry(self, name: str) -> None:
        """Make an entry of what stands by itself since the last one: its beginning was lost."""
        holder = self._open[-1][1]
        begin = self._after_entry
        if begin is None:
            titles = [place for place, child in enumerate(holder) if _local(child.tag.rpartition("}")[2]) == "title"]
            begin = titles[-1] if len(titles) > 1 else len(holder)
        children = list(holder)[begin:]
        if not children:
            return
        entry = Element(self._named(name))
        entry.extend(children)
        holder[begin:] = [entry]

    def _is_entry(self, name: str) -> bool:
        prefix, _, local = name.rpartition(":")
        if local.lower() not in _ENTRIES:
            return False
        if self._entry_prefix is None:
            self._entry_prefix = prefix
        return prefix == self._entry_prefix

    def _place_of_entries(self) -> int:
        """Return how many elements are open around the entries: the root, and RSS's channel."""
        for place, (name, _, _) in enumerate(self._open[:3]):
            if _local(name) == "channel":
                return place + 1
        return min(1, len(self._open))

    def _in_entry(self) -> bool:
        place = self._place_of_entries()
        return len(self._open) > place and self._is_entry(self._open[place][0])

    def _parent_is_entry(self) -> bool:
        return len(self._open) > 1 and self._is_entry(self._open[-2][0])

    def _is_unfinished(self, opened: _Open) -> bool:
        """Tell whether an element of an entry or feed should have ended before another of them begins."""
        if len(self._open) < 2 or not (self._parent_is_entry() or _local(self._open[-2][0]) in _ROOTS):
            return False
        local = _local(opened[0])
        return local in _PEOPLE or (local in _LEAVES and "xhtml" not in opened[1].get("type", ""))

    def _named(self, name: str) -> str:
        return _clark(name, self._open[-1][2] if self._open else {})

    def _close_to(self, place: int) -> None:
        del self._open[place:]


def _attributes(rest: str, namespaces: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the attributes of an element, and the namespaces that hold in it given those around it."""
    found = []
    for match in _ATTRIBUTE.finditer(rest):
        name, value = match.group(1), next((part for part in match.groups()[1:] if part is not None), "")
        if name == "xmlns" or name.startswith("xmlns:"):
            namespaces = namespaces | {name[6:]: unescaped(value)}
        else:
            found.append((name, unescaped(value)))
    return {_clark(name, namespaces, attribute=True): value for name, value in found}, namespaces


def _clark(name: str, namespaces: dict[str, str], *, attribute: bool = False) -> str:
    prefix, _, local = name.rpartition(":")
    if not prefix and attribute:
        return local
    uri = namespaces.get(prefix, "")
    if not uri or prefix_of(uri) is None:
        uri = PREFIXES.get(prefix, uri or f"urn:undeclared:{prefix}")
    return f"{{{uri}}}{local}" if uri else local
