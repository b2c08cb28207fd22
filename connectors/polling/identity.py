"""Which article an entry is, however its feed treats guids, links and order; and one canonical form per address."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from connectors.addresses import url_key
from connectors.formats.parsed import Entry

_SPECIFIC = re.compile(r"[/?#]")
TITLE_WORDS = 4


def identify_entries(
    entries: Sequence[Entry],
    known: Mapping[str, str],
    feed_url: str,
    home: str | None = None,
    beside: Mapping[str, Sequence[str]] | None = None,
) -> list[tuple[str, tuple[str, ...]]]:
    """Return for each entry its identity and the keys it may be recognised by next time.

    ``known`` maps keys of earlier polls to identities; ``beside`` maps the identities of entries of this document that
    need no second look to their keys. An entry is recognised by its guid, its canonical address or its title, in that
    order, each only while it is unique in this document; so a feed may change any of them but not all.
    """
    beside = beside or {}
    candidates = [_keys(entry, feed_url, home) for entry in entries]
    counts = Counter(key for keys in (*candidates, *beside.values()) for key in set(keys))
    taken = set(beside)
    found = []
    for keys in candidates:
        unique = tuple(key for key in keys if counts[key] == 1) or (_combined(keys),)
        identity = next((known[key] for key in unique if key in known and known[key] not in taken), None)
        identity = identity or next(key for key in unique if key not in taken or key == unique[-1])
        if identity in taken:
            identity = _combined((identity, *keys))
        taken.add(identity)
        found.append((identity, tuple(dict.fromkeys((*keys, *unique)))))
    return found


def _keys(entry: Entry, feed_url: str, home: str | None) -> tuple[str, ...]:
    keys = []
    if entry.guid:
        keys.append(_key("guid", entry.guid.strip()))
    if entry.url:
        address = url_key(entry.url)
        bare = address.partition("://")[2]
        if _SPECIFIC.search(bare.rstrip("/")) and address.rstrip("/") not in ((home or "").rstrip("/"), feed_url):
            keys.append(_key("url", re.sub(r"^https?://(?:www\.)?", "", address).rstrip("/")))
    words = (entry.title or "").casefold().split()
    if len(words) >= TITLE_WORDS or not keys:
        keys.append(_key("title", " ".join(words), "" if len(words) >= TITLE_WORDS else entry.published or ""))
    return tuple(keys)


def _key(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _combined(keys: Iterable[str]) -> str:
    return _key("all", *keys)
