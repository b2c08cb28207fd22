"""Link headers (RFC 8288)."""

from __future__ import annotations

import re

import msgspec

from connectors.addresses import join

_NAME = r"[\w!#$&+.^`|~*-]++"
_VALUE = r'(?:"((?:[^"\\]|\\.)*+)"|([^\s",;<>]*+))'
_PARAMETER = re.compile(rf";\s*+({_NAME})\s*+(?:=\s*+{_VALUE})?")
_LINK = re.compile(rf"<([^<>]*+)>((?:\s*+;\s*+{_NAME}\s*+(?:=\s*+{_VALUE})?)*+)")


class Link(msgspec.Struct, frozen=True):
    """Hold one link: where it leads, in what relations (lower case), to what type (lower case), under what title."""

    url: str
    relations: tuple[str, ...]
    type: str = ""
    title: str | None = None


def header_links(value: str, url: str) -> list[Link]:
    """Return the links of a Link header of ``url``, in order; what cannot be read is passed over."""
    found = []
    for address, text, *_ in _LINK.findall(value):
        parameters: dict[str, str] = {}
        for name, quoted, bare in _PARAMETER.findall(text):
            parameters.setdefault(name.lower(), quoted or bare)  # of several, the first counts
        try:
            joined = join(url, address.strip())
        except ValueError:
            continue
        relations = tuple(parameters.get("rel", "").lower().split())
        found.append(Link(joined, relations, parameters.get("type", "").lower(), parameters.get("title") or None))
    return found
