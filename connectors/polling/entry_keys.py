"""What an entry may be known by: digests of its guid, its link, its title, and of all it says. Pure."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from connectors.addresses import former_keys, url_key
from connectors.polling.guids import names_site, without_time, without_version

if TYPE_CHECKING:
    from connectors.polling.identity import Candidate

TITLE_WORDS = 4
_SPECIFIC = re.compile(r"[/?#]")
_SCHEME = re.compile(r"^https?://(?:www\.)?")
# Hosts that show the articles of another on a telephone, or in AMP: m.news.example, en.m.wiki.example.
_SMALL_SCREEN = re.compile(r"^(?:[a-z]{2,3}\.(?=m\.))?(?:m|mobile|amp)\.(?=[\w-]+\.\w)", re.ASCII)


class Keys(msgspec.Struct, frozen=True):
    """Hold digests of what an entry may be known by; ``names`` are those that may become its identity, best first.

    ``former_guid`` is that of a guid with its version, as the first stores knew it.
    """

    guid: str | None
    former_guid: str | None
    link: str | None
    title: str | None
    names: tuple[str, ...]
    kept: tuple[str, ...]


def keys_of(candidate: Candidate, feed_url: str, home: str | None) -> Keys:
    entry = candidate.entry
    guid = former_guid = link = None
    if entry.guid and not names_site(entry.guid.strip(), home, feed_url):
        given = entry.guid.strip()
        lasting = without_version(given, entry.url)
        timeless = without_time(given, entry.url)
        # What goes by one address and the time of its last change is one article while its headline stays.
        guid = key_of("guid", timeless, entry.title or "") if timeless else key_of("guid", lasting)
        former_guid = key_of("guid", given) if timeless or lasting != given else None
    if entry.url:
        address = url_key(entry.url)
        bare = address.partition("://")[2]
        if _SPECIFIC.search(bare.rstrip("/")) and address.rstrip("/") not in ((home or "").rstrip("/"), feed_url):
            link = link_key(address)
    words = (entry.title or "").casefold().split()
    title = key_of("title", " ".join(words), "") if words else None
    names = [key for key in (guid, link) if key]
    if len(words) >= TITLE_WORDS and title:
        names.append(title)
    elif not names and (words or (entry.published and not candidate.telling)):
        names.append(key_of("title", " ".join(words), entry.published or ""))
    kept = dict.fromkeys((*names, title) if title else names)
    return Keys(guid, former_guid, link, title, tuple(names), tuple(kept))


def link_key(address: str) -> str:
    return key_of("url", _on_any_screen(_SCHEME.sub("", address)).rstrip("/"))


def former_link_keys(url: str) -> list[str]:
    """Return what an address may be known by since before keys said what they say now, the latest first."""
    addresses = (url_key(url), *former_keys(url))
    return [key_of("url", _SCHEME.sub("", address).rstrip("/")) for address in addresses]


def _on_any_screen(place: str) -> str:
    small = _SMALL_SCREEN.match(place)
    if small is None:
        return place
    language = place[: place.find(".") + 1] if small.group().count(".") > 1 else ""
    return language + place[small.end() :]


def wholes(candidate: Candidate) -> tuple[str, str]:
    """Return what tells an entry from all that differ in any part: without its date, and with it."""
    entry = candidate.entry
    whole = key_of("whole", entry.guid or "", entry.url or "", entry.title or "", candidate.content.hex())
    return whole, key_of("whole", whole, entry.published or "")


def key_of(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
