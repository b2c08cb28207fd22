"""Keep the copies of one language as they came, so that they can be decided anew when their original is revised.

A copy that turns out to be an article of its own flows on a second time, and by then the log has passed it.
"""

from __future__ import annotations

import zlib

import msgspec

from pipeline.model import Article

COPY_KEY = "copy "
COPY_VERSION = 1
# More copies of one original, and longer ones, keep their link whatever becomes of it.
COPIES_KEPT_MAX = 200
COPY_BYTES_MAX = 1 << 15


class CopyFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Keep one copy: its original, the Unix time it was first seen, and the article, compressed."""

    version: int
    original: str
    seen: float
    article: bytes


class Copies:
    """Hold one language's copies by original; filled with the same facts in any order, it holds the same."""

    def __init__(self) -> None:
        self._facts: dict[str, bytes] = {}
        self._of: dict[str, set[str]] = {}

    def __contains__(self, article_id: str) -> bool:
        return article_id in self._facts

    def learn(self, article_id: str, value: bytes | None) -> None:
        """Take in one copy's fact."""
        before = self._facts.pop(article_id, None)
        if before is not None:
            original = msgspec.msgpack.decode(before, type=CopyFact).original
            self._of[original].discard(article_id)
            if not self._of[original]:
                del self._of[original]
        fact = msgspec.msgpack.decode(value, type=CopyFact) if value is not None else None
        if value is not None and fact is not None and fact.version == COPY_VERSION:
            self._facts[article_id] = value
            self._of.setdefault(fact.original, set()).add(article_id)

    def of(self, original: str) -> list[Article]:
        """Return the copies of an original, the earliest first."""
        facts = [msgspec.msgpack.decode(self._facts[key], type=CopyFact) for key in self._of.get(original, ())]
        articles = [msgspec.msgpack.decode(zlib.decompress(fact.article), type=Article) for fact in facts]
        return sorted(articles, key=lambda article: (article.seen, article.id))

    def ids_of(self, original: str) -> list[str]:
        """Return the ids of the copies of an original, in no order that would say anything."""
        return sorted(self._of.get(original, ()))

    def kept(self, article: Article, original: str) -> bytes | None:
        """Return the fact of a copy, ``None`` if it is not to be kept."""
        if len(self._of.get(original, ())) >= COPIES_KEPT_MAX and article.id not in self._of[original]:
            return None
        packed = zlib.compress(msgspec.msgpack.encode(article), 1)
        if len(packed) > COPY_BYTES_MAX:
            return None
        fact = CopyFact(version=COPY_VERSION, original=original, seen=article.seen.timestamp(), article=packed)
        return msgspec.msgpack.encode(fact)


def copy_key(language: str, article_id: str) -> str:
    """Return the key of a copy's fact."""
    return f"{COPY_KEY}{language} {article_id}"
