"""What articles said before they were revised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.model import Document


class Revisions(Protocol):
    """Look back at an article's revisions. Raises ``UnavailableError`` or ``TransientError``."""

    def of(self, article_id: str) -> Sequence[Document]:
        """Return the revisions that were kept, the newest included, oldest first; nothing for an unknown article.

        An index keeps a revision when a newer one takes its place: what an earlier version of this program replaced is
        missing. Revisions go with their article when that is pruned.
        """
