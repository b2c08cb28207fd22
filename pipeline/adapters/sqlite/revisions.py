"""The Revisions port on the store: what a newer revision took the place of is kept beside it."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.writer import unpack
from pipeline.model import Document


class SqliteRevisions:
    """Read what the writer kept."""

    def __init__(self, database: Database, index: SqliteIndex) -> None:
        self._database = database
        self._index = index

    def of(self, article_id: str) -> Sequence[Document]:
        """Return the revisions of an article, oldest first."""
        newest = self._index.get(article_id)
        if newest is None:
            return ()
        rows = self._database.connection.execute(
            "SELECT value FROM revisions WHERE article = ? AND revision < ? ORDER BY revision",
            (article_id, newest.revision),
        ).fetchall()
        return (*(unpack(value) for (value,) in rows), newest)
