"""How many articles a plan finds: exactly, or going by the newest, for to count is to read every posting of a word."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.groups import listed, orphans
from pipeline.adapters.sqlite.plans import Plan
from pipeline.adapters.sqlite.statements import Bound, narrowed
from pipeline.adapters.verified_search import MAX_FOLDED
from pipeline.ports.search import SearchRequest

# Of so many documents it does not matter to an estimate how many came within a minute; to count them would cost most.
MANY, LASTS_S = 100_000, 60.0
SAMPLED = 500
LEAST, GREATEST = -(1 << 63), (1 << 63) - 1
Select = tuple[str, tuple[str | int, ...]]


class Totals:
    """Count what plans find; ``select`` writes the SELECT of a plan's positions within a bound."""

    def __init__(self, database: Database, select: Callable[[Plan, Bound | None], Select]) -> None:
        self._database = database
        self._select = select
        self._all: tuple[float, int] = (-LASTS_S, 0)

    def total(self, plan: Plan, request: SearchRequest, newest: Sequence[int] | None) -> tuple[int, bool]:
        """Return how many an exact plan finds, and whether that is an estimate; each group once, or every copy.

        ``newest`` are the newest positions that it finds, one more than the request has to have counted or all.
        """
        if request.counted is not None and newest is not None:
            if len(newest) <= request.counted:
                return (len(newest) if request.copies else self._groups(newest)), False
            found = len(newest) if request.copies else self._originals(newest)
            return max(request.counted + 1, round(found * self._documents(plan) / self._since(newest[-1], plan))), True
        if request.copies:
            return self.count(plan), False
        originals, copies = self.count(narrowed(plan, copies=False)), self.count(narrowed(plan, copies=True))
        alone = len(self.orphans(plan)) if copies else 0
        if copies <= MAX_FOLDED:
            return originals + alone, False
        return originals + round(alone * copies / MAX_FOLDED), True

    def count(self, plan: Plan) -> int:
        """Count what a plan finds, exact or not."""
        sql, params = self._select(plan, None)
        (count,) = self._database.connection.execute(f"SELECT count(*) FROM ({sql})", params).fetchone()
        return int(count)

    def orphans(self, plan: Plan) -> list[int]:
        """Return the copies that stand for their groups, of the newest copies that an exact plan finds."""
        copies, originals = narrowed(plan, copies=True), narrowed(plan, copies=False)
        return orphans(self._database.connection, self._select(copies, None), self._select(originals, None), MAX_FOLDED)

    def about(self, plan: Plan, most: int) -> int:
        """Count what a plan finds; about, where it is more than ``most``.

        The newest ``most`` of them are taken to be spread among all documents as the others are.
        """
        sql, params = self._select(plan, None)
        row = self._database.connection.execute(f"{sql} ORDER BY 1 DESC LIMIT 1 OFFSET ?", (*params, most)).fetchone()
        if row is None:
            return self.count(plan)
        return max(most + 1, round((most + 1) * self._documents(plan) / self._since(row[0], plan)))

    def _groups(self, positions: Sequence[int]) -> int:
        row = self._database.connection.execute(
            "SELECT count(DISTINCT ifnull(original, id)) FROM documents "
            "WHERE position IN (SELECT value FROM json_each(?))",
            (listed(positions),),
        ).fetchone()
        return int(row[0])

    def _originals(self, positions: Sequence[int]) -> float:
        """Return about how many of some positions are no copies: what some of them are tells enough of all."""
        every = max(1, len(positions) // SAMPLED)
        row = self._database.connection.execute(
            "SELECT count(*) FROM documents WHERE position IN (SELECT value FROM json_each(?)) AND original IS NULL",
            (listed(positions[::every]),),
        ).fetchone()
        return float(row[0]) * len(positions) / len(positions[::every])

    def _documents(self, plan: Plan) -> int:
        """Count the documents that stand where a plan finds any."""
        if plan.low is None and plan.high is None:
            return self._everything()
        return self._between(plan.low, plan.high)

    def _everything(self) -> int:
        """Count all documents: of many, as of a minute ago at most."""
        counted, count = self._all
        if count < MANY or time.monotonic() - counted > LASTS_S:
            (count,) = self._database.connection.execute("SELECT count(*) FROM documents").fetchone()
            self._all = time.monotonic(), count
        return count

    def _since(self, position: int, plan: Plan) -> int:
        """Count them from a position on that is one of theirs."""
        return max(1, self._between(position, plan.high))

    def _between(self, low: int | None, high: int | None) -> int:
        # The rows of this table of FTS5 are the smallest that there are one of for each document.
        (count,) = self._database.connection.execute(
            "SELECT count(*) FROM terms_docsize WHERE id BETWEEN ? AND ?",
            (LEAST if low is None else low, GREATEST if high is None else high),
        ).fetchone()
        return int(count)
