"""Earlier revisions of articles in the store: each compressed with the next one as its dictionary, so that only the
difference takes room.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence

import msgspec

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.packing import unpack
from pipeline.model import Article
from pipeline.moments import from_microseconds
from pipeline.ports.revisions import KEPT, Revision

_WINDOW = 32_768  # how far back deflate looks
_article = msgspec.json.Decoder(Article)


class SqliteRevisions:
    """Keep the newest ``kept`` earlier revisions of each article."""

    def __init__(self, database: Database, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept

    def keep(self, older: Article, newer: Article) -> None:
        """Keep a revision that is replaced, in the transaction that is open; the oldest beyond the bound go."""
        connection = self._database.connection
        if self._kept:
            deflate = zlib.compressobj(9, zdict=_content(newer)[-_WINDOW:])
            value = deflate.compress(_content(older)) + deflate.flush()
            connection.execute(
                "INSERT OR REPLACE INTO revisions (article, revision, written, value) VALUES (?, ?, ?, ?)",
                (older.id, older.revision, time.time_ns() // 1000, value),
            )
        connection.execute(
            "DELETE FROM revisions WHERE article = :article AND revision <= ifnull((SELECT revision FROM revisions "
            "WHERE article = :article ORDER BY revision DESC LIMIT 1 OFFSET :kept), -1)",
            {"article": older.id, "kept": self._kept},
        )

    def of(self, article_id: str) -> Sequence[Revision]:
        """Return the revisions that are kept of an article, newest first, beginning with the present one."""
        connection = self._database.connection
        row = connection.execute(
            "SELECT value FROM documents JOIN bodies USING (position) WHERE id = ?", (article_id,)
        ).fetchone()
        if row is None:
            return ()
        newest = _article.decode(unpack(row[0]))
        known = _content(newest)
        found = [_revision(newest.revision, known)]
        rows = connection.execute(
            "SELECT revision, written, value FROM revisions WHERE article = ? AND revision < ? ORDER BY revision DESC",
            (article_id, newest.revision),
        )
        for number, written, value in rows:
            inflate = zlib.decompressobj(zdict=known[-_WINDOW:])
            known = inflate.decompress(value) + inflate.flush()
            found.append(msgspec.structs.replace(_revision(number, known), until=from_microseconds(written)))
        return found


def _content(article: Article) -> bytes:
    return msgspec.msgpack.encode((article.title, article.text, article.withdrawn))


def _revision(number: int, content: bytes) -> Revision:
    title, text, withdrawn = msgspec.msgpack.decode(content, type=tuple[str | None, str | None, bool])
    return Revision(revision=number, title=title, text=text, withdrawn=withdrawn)
