"""Plans of conditions for FTS5 and SQL, and how they are joined: as deep as the parsers of both can take."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.adapters.sqlite.generations import table_of

# The parsers of FTS5 and of SQL have stacks of 100: deeper brackets become subqueries, then are left to verification.
MAX_FTS_DEPTH = 8
MAX_SQL_DEPTH = 20


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Hold conditions that must both hold: an FTS5 expression, and SQL over ``documents AS d``.

    ``exact`` is false when rows that do not match may be among those found. What is found stands between the positions
    ``low`` and ``high``, where they are known: nothing else need be looked at.
    """

    match: str | None = None
    depth: int = 0
    where: str | None = None
    where_depth: int = 0
    params: tuple[str | int, ...] = ()
    exact: bool = True
    low: int | None = None
    high: int | None = None


def any_of(expressions: Sequence[str]) -> str:
    """Join FTS5 expressions by OR, in brackets."""
    if len(expressions) == 1:
        return expressions[0]
    # FTS5 copies the list at each OR: in groups, thousands of words stay linear enough.
    if len(expressions) > 100:
        expressions = [any_of(expressions[n : n + 100]) for n in range(0, len(expressions), 100)]
    return "(" + " OR ".join(expressions) + ")"


def conjunction(earlier: Sequence[int], plans: Sequence[tuple[bool, Plan]]) -> Plan:
    """Return the plan of what must all hold, or must not; ``earlier`` versions have tables of terms of their own."""
    plans = [(positive, _shallow(plan, earlier)) for positive, plan in plans]
    exact = all(plan.exact for _, plan in plans)
    wanted = [plan for positive, plan in plans if positive]
    # To exclude what an inexact plan finds would lose rows: the verification excludes them.
    unwanted = [plan for positive, plan in plans if not positive and plan.exact]
    texts = [plan.match for plan in wanted if plan.match is not None]
    excluded = [plan.match for plan in unwanted if plan.match is not None and plan.where is None]
    conditions = [(plan.where, plan.params) for plan in wanted if plan.where is not None]
    if not texts:
        conditions += [(f"NOT {sql}", params) for sql, params in (_as_sql(plan, earlier) for plan in unwanted)]
        excluded = []
    else:
        conditions += [
            (f"NOT {sql}", params)
            for sql, params in (_as_sql(plan, earlier) for plan in unwanted if plan.where is not None)
        ]
    match = None
    if texts:
        match = texts[0] if len(texts) == 1 else "(" + " AND ".join(texts) + ")"
        if excluded:
            match = f"({match} NOT {any_of(excluded)})"
    return Plan(
        match=match,
        depth=2 + max((plan.depth for _, plan in plans), default=0),
        where=" AND ".join(sql for sql, _ in conditions) or None,
        where_depth=1 + max((plan.where_depth for _, plan in plans), default=0),
        params=tuple(param for _, params in conditions for param in params),
        exact=exact,
        low=max((plan.low for plan in wanted if plan.low is not None), default=None),
        high=min((plan.high for plan in wanted if plan.high is not None), default=None),
    )


def disjunction(earlier: Sequence[int], plans: Sequence[Plan]) -> Plan:
    """Return the plan of what must hold at least in part."""
    if len(plans) == 1:
        return plans[0]
    plans = [_shallow(plan, earlier) for plan in plans]
    exact = all(plan.exact for plan in plans)
    texts = [plan.match for plan in plans if plan.match is not None and plan.where is None]
    depth = 1 + max(plan.depth for plan in plans)
    joined = Plan(match=any_of(texts), depth=depth, exact=exact) if texts else None
    rest = [plan for plan in plans if plan.where is not None or plan.match is None]
    if joined is not None and not rest:
        return joined
    lows, highs = [plan.low for plan in plans], [plan.high for plan in plans]
    branches = [_as_sql(plan, earlier) for plan in ([joined] if joined else []) + rest]
    return Plan(
        where="(" + " OR ".join(sql for sql, _ in branches) + ")",
        where_depth=1 + max(plan.where_depth for plan in plans),
        params=tuple(param for _, params in branches for param in params),
        exact=exact,
        low=None if None in lows else min(low for low in lows if low is not None),
        high=None if None in highs else max(high for high in highs if high is not None),
    )


def _shallow(plan: Plan, earlier: Sequence[int]) -> Plan:
    """Return a plan that the parsers can take among others."""
    if plan.where_depth > MAX_SQL_DEPTH:
        return Plan(exact=False)
    if plan.depth < MAX_FTS_DEPTH:
        return plan
    where, params = _as_sql(plan, earlier)
    return msgspec.structs.replace(
        plan, match=None, depth=0, where=where, where_depth=plan.where_depth + 1, params=params
    )


def _as_sql(plan: Plan, earlier: Sequence[int]) -> tuple[str, tuple[str | int, ...]]:
    if plan.match is None:
        return f"({plan.where or '1'})", plan.params
    found = "d.position IN (SELECT rowid FROM terms WHERE terms MATCH ?)"
    for version in earlier:
        table = table_of(version)
        found += f" OR (d.analysis = {version} AND d.position IN (SELECT rowid FROM {table} WHERE {table} MATCH ?))"
    matches = (plan.match,) * (1 + len(earlier))
    if plan.where is None:
        return f"({found})", matches
    return f"(({found}) AND {plan.where})", (*matches, *plan.params)
