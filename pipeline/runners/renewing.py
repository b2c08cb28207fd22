"""Index anew, in slices between other work, what another version of the text analysis wrote."""

from __future__ import annotations

import logging

from pipeline.ports.search import Renewal

log = logging.getLogger(__name__)

SLICE = 100
# While articles come, one slice in so many batches: fresh before old, and yet it ends.
BUSY_STEPS = 20


class Renewing:
    """Renew an index a slice at a time, until none is left; then asking costs nothing."""

    def __init__(self, index: Renewal) -> None:
        self._index = index
        self._left: int | None = None
        self._busy = 0

    def step(self, *, busy: bool = False) -> bool:
        """Renew a slice, or with other work waiting only now and then; tell whether one was renewed.

        Raises what the index raises.
        """
        if self._left == 0:
            return False
        self._busy = self._busy + 1 if busy else 0
        if self._busy % BUSY_STEPS:
            return False
        if self._left is None:
            self._left = self._index.outdated()
            if self._left:
                log.info("indexing anew documents=%d reason=another version of the text analysis", self._left)
        if not self._left:
            return False
        renewed = self._index.renew(SLICE)
        self._left = max(self._left - renewed, 1) if renewed else 0
        if not renewed:
            log.info("indexed anew")
        return bool(renewed)
