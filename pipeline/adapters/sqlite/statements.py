"""The statements that find the documents of a plan."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from pipeline.adapters.sqlite.compile import quoted
from pipeline.adapters.sqlite.generations import CURRENT, table_of
from pipeline.adapters.sqlite.plans import Plan
from pipeline.adapters.sqlite.terms import COPY
from pipeline.query.days import count_by_day

# A word in the title says more than one in the text; keywords and event codes say nothing about relevance.
_RANK = "bm25({table}, 4, 1, 1, 1, 0, 0, 0, 0, 0, 0)"

# A condition on ``{position}`` with its parameters.
Bound = tuple[str, tuple[str | int, ...]]


def narrowed(plan: Plan, *, copies: bool) -> Plan:
    """Return the plan for those copies, or those originals, that a plan finds."""
    if plan.match is not None:
        return msgspec.structs.replace(plan, match=f"({plan.match}) {'AND' if copies else 'NOT'} {quoted(COPY)}")
    where = f"d.original IS {'NOT ' if copies else ''}NULL" + (f" AND {plan.where}" if plan.where else "")
    return msgspec.structs.replace(plan, where=where)


def selected(
    plan: Plan, bound: Bound | None, rank: bool = False, earlier: Sequence[int] = ()
) -> tuple[str, tuple[str | int, ...]]:
    """Write the SELECT of matching positions, within a bound on ``{position}``; with ``rank``, their score too.

    Terms of ``earlier`` versions of the analysis count for the documents that were indexed by them.
    """
    bound = _bounds(plan, bound)
    if plan.match is None:
        conditions = [bound[0].format(position="d.position")] if bound is not None else []
        conditions += [plan.where] if plan.where is not None else []
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        scored = ", 0 AS rank" if rank else ""
        params = (*(bound[1] if bound is not None else ()), *plan.params)
        return f"SELECT d.position AS position{scored} FROM documents AS d{where}", params
    found = [_select_terms(plan, bound, rank, CURRENT, None)]
    found += [_select_terms(plan, bound, rank, table_of(version), version) for version in earlier]
    return " UNION ALL ".join(sql for sql, _ in found), tuple(param for _, params in found for param in params)


def _bounds(plan: Plan, bound: Bound | None) -> Bound | None:
    """Add the positions that a plan is known to lie between to a bound."""
    found = [("{position} >= ?", (plan.low,))] if plan.low is not None else []
    found += [("{position} <= ?", (plan.high,))] if plan.high is not None else []
    both = [*([bound] if bound is not None else []), *found]
    return (" AND ".join(sql for sql, _ in both), tuple(param for _, each in both for param in each)) if both else None


def _select_terms(
    plan: Plan, bound: Bound | None, rank: bool, table: str, version: int | None
) -> tuple[str, tuple[str | int, ...]]:
    assert plan.match is not None
    position = f"{table}.rowid"
    conditions = [f"{table} MATCH ?"]
    params: list[str | int] = [plan.match, *(bound[1] if bound is not None else ())]
    if bound is not None:
        conditions.append(bound[0].format(position=position))
    within = [f"d.analysis = {version}"] if version is not None else []
    if plan.where is not None:
        within.append(f"({plan.where})")
        params += plan.params
    if within:
        # A row at a time, in the order FTS5 finds them; a join could be turned round.
        inner = f"SELECT 1 FROM documents AS d WHERE d.position = {position} AND {' AND '.join(within)}"
        conditions.append(f"EXISTS ({inner})")
    scored = f", {_RANK.format(table=table)} AS rank" if rank else ""
    return f"SELECT {position} AS position{scored} FROM {table} WHERE {' AND '.join(conditions)}", tuple(params)


def day_of(column: str) -> str:
    """Return the SQL of the day, in UTC, that a position stands for."""
    return f"strftime('%Y-%m-%d', {column} >> 30, 'unixepoch')"


def count_days(connection: sqlite3.Connection, found: str, params: Sequence[str | int], zone: str) -> dict[str, int]:
    """Count the positions that SQL finds by the days of a time zone."""
    if zone == "UTC":
        return dict(connection.execute(f"SELECT {day_of('position')}, count(*) FROM ({found}) GROUP BY 1", params))
    seconds = connection.execute(f"SELECT position >> 30 FROM ({found}) ORDER BY 1", params)
    return {f"{day:%Y-%m-%d}": count for day, count in count_by_day((second for (second,) in seconds), zone).items()}
