"""What a guid is worth as a name of an entry. Pure."""

from __future__ import annotations

import re

from connectors.addresses import url_key

_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_SCHEME = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)
# A version behind the address of an article. Longer numbers are dates and ids, which tell entries apart.
_VERSION = re.compile(r"(?P<address>https?://[^\s#]+)#\d{1,3}", re.IGNORECASE)
# The time of the last change there, to the minute at least, as governments' feeds have it.
_TIME = re.compile(
    r"(?P<address>https?://[^\s#]+)#\d{4}-\d\d-\d\dT\d\d:?\d\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
# A word or two for a place in the feed, such as "top-story": nothing in it counts, and nothing is its own.
_COUNT = re.compile(r"\d{1,3}", re.ASCII)
_PLACE = re.compile(r"[^\W\d]{1,12}(?:[-_ ][^\W\d]{1,12})?")


def names_site(guid: str, home: str | None, feed_url: str) -> bool:
    """Tell whether a guid is the address of the site or of the feed, which all entries share sooner or later."""
    if not _ADDRESS.match(guid):
        return False
    address = _bare(guid)
    return not re.search(r"[/?#]", address) or address in (_bare(home or ""), _bare(feed_url))


def without_version(guid: str, link: str | None) -> str:
    """Return a guid without the count of versions that stands behind the address of its own article."""
    return _own_address(_VERSION, guid, link) or guid


def without_time(guid: str, link: str | None) -> str | None:
    """Return a guid without the time that stands behind the address of its own article, or nothing where none does."""
    return _own_address(_TIME, guid, link)


def names_place(guid: str) -> bool:
    """Tell whether a guid may be that of a place in the feed, where one article follows another."""
    return _PLACE.fullmatch(guid) is not None


def is_number(guid: str) -> bool:
    """Tell whether a guid is a number so small that it may count the entries of each document."""
    return _COUNT.fullmatch(guid) is not None


def _own_address(form: re.Pattern[str], guid: str, link: str | None) -> str | None:
    found = form.fullmatch(guid) if "#" in guid else None
    return found["address"] if found is not None and link and _bare(link) == _bare(found["address"]) else None


def _bare(address: str) -> str:
    return _SCHEME.sub("", url_key(address)).rstrip("/") if address else ""
