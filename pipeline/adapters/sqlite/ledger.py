"""The Ledger port as rows of the store: one per alert and channel, entered before anything is sent.

Entering waits for the disk. Claiming and marking do not: undone by a power cut, a message goes again with its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pipeline.adapters.sqlite.database import Database
from pipeline.errors import UsageError
from pipeline.model import Alert
from pipeline.moments import from_microseconds, microseconds
from pipeline.ports.alerts import (
    COUNTED,
    About,
    DeliveriesPage,
    DeliveriesRequest,
    Delivery,
    Earlier,
    Tally,
    independent_source,
)

_COLUMNS = "id, channel, alert, state, due, changed, attempts, error, digest, priority, receipt"


class SqliteLedger:
    """Keep deliveries in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, deliveries: Sequence[Delivery]) -> int:
        """Keep those whose id is not yet known, in one transaction; return how many were new."""
        rows = [
            (
                *_row(delivery),
                delivery.alert.rule_id,
                delivery.alert.rule,
                delivery.alert.subject,
                independent_source(delivery),
            )
            for delivery in deliveries
        ]
        with self._database.transaction():
            entered = self._database.connection.executemany(
                f"INSERT OR IGNORE INTO deliveries ({_COLUMNS}, rule_id, rule, subject, source) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return max(entered.rowcount, 0)

    def waiting(self, now: datetime) -> Sequence[str]:
        """Return the channels that have queued deliveries whose time has come."""
        rows = self._database.connection.execute(
            "SELECT DISTINCT channel FROM deliveries WHERE state = 'queued' AND due <= :now AND claimed <= :now",
            {"now": microseconds(now)},
        )
        return [channel for (channel,) in rows]

    def claim(self, channel: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Return a channel's queued deliveries whose time has come, and put them off ``until`` then."""
        with self._database.repeatable_transaction():
            rows = self._database.connection.execute(
                f"SELECT {_COLUMNS} FROM deliveries WHERE state = 'queued' AND channel = :channel "
                "AND due <= :now AND claimed <= :now ORDER BY due, number LIMIT :limit",
                {"channel": channel, "now": microseconds(now), "limit": limit},
            ).fetchall()
            self._database.connection.executemany(
                "UPDATE deliveries SET claimed = ? WHERE id = ?", [(microseconds(until), row[0]) for row in rows]
            )
        return [_delivery(row) for row in rows]

    def mark(self, deliveries: Sequence[Delivery]) -> None:
        """Replace deliveries by their newer states."""
        rows = [
            (
                each.state,
                microseconds(each.due),
                microseconds(each.changed),
                each.attempts,
                each.error,
                each.receipt,
                each.digest,
                each.id,
                each.state,
            )
            for each in deliveries
        ]
        with self._database.repeatable_transaction():
            self._database.connection.executemany(
                "UPDATE deliveries SET state = ?, due = ?, changed = ?, attempts = ?, error = ?, receipt = ?, "
                "digest = ?, "
                # A sender whose claim had run out may come late: what another has sent by then stays sent.
                "claimed = 0 WHERE id = ? AND (state <> 'sent' OR ? = 'sent')",
                rows,
            )

    def requeue(self, ids: Sequence[str], now: datetime) -> int:
        """Queue anew those of some deliveries that still are failed; return how many."""
        with self._database.transaction():
            queued = self._database.connection.executemany(
                "UPDATE deliveries SET state = 'queued', due = :now, changed = :now, attempts = 0, error = NULL, "
                "claimed = 0 WHERE id = :id AND state = 'failed'",
                [{"id": each, "now": microseconds(now)} for each in ids],
            )
        return max(queued.rowcount, 0)

    def entries(self, limit: int, rule: str | None = None, subjects: Sequence[str] | None = None) -> Sequence[Delivery]:
        """Return the latest deliveries, newest first, of one rule and about any of some subjects, if given."""
        conditions = []
        if rule is not None:
            conditions.append("(rule_id = :rule OR rule = :rule)")
        if subjects is not None:
            conditions.append("subject IN (SELECT value FROM json_each(:subjects))")
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._database.connection.execute(
            f"SELECT {_COLUMNS} FROM deliveries {where} ORDER BY number DESC LIMIT :limit",
            {"rule": rule, "subjects": msgspec.json.encode(subjects).decode(), "limit": limit},
        )
        return [_delivery(row) for row in rows]

    def page(self, request: DeliveriesRequest) -> DeliveriesPage:
        """Return one page, the last entered first; a cursor is the number of the row after which it goes on."""
        conditions: list[str] = []
        params: dict[str, object] = {"limit": request.limit + 1}
        if request.rule is not None:
            conditions.append("(rule_id = :rule OR rule = :rule)")
            params["rule"] = request.rule
        if request.states:
            conditions.append("state IN (SELECT value FROM json_each(:states))")
            params["states"] = msgspec.json.encode(request.states).decode()
        if request.cursor is not None:
            conditions.append("number < :cursor")
            params["cursor"] = _read_cursor(request.cursor)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._database.connection.execute(
            f"SELECT number, {_COLUMNS} FROM deliveries {where} ORDER BY number DESC LIMIT :limit", params
        ).fetchall()
        found = rows[: request.limit]
        cursor = str(found[-1][0]) if len(rows) > len(found) and found else None
        return DeliveriesPage(deliveries=tuple(_delivery(row[1:]) for row in found), cursor=cursor)

    def earlier(self, about: Sequence[About]) -> Sequence[Earlier]:
        """Sum up what is known about each, from an index that holds all it asks for."""
        found = []
        for each in about:
            rows = self._database.connection.execute(
                "SELECT DISTINCT source, state <> 'withheld' FROM deliveries "
                "WHERE rule_id = ? AND subject = ? AND channel = ?",
                (each.rule_id, each.subject, each.channel),
            ).fetchall()
            sources = frozenset(source for source, _ in rows if source is not None)
            found.append(Earlier(delivered=any(was_sent for _, was_sent in rows), sources=sources))
        return found

    def paged(self, rule_id: str, channel: str, since: datetime) -> int:
        """Count a rule's messages to a channel that were or are due after ``since``; a digest is one message."""
        (count,) = self._database.connection.execute(
            "SELECT count(DISTINCT CASE WHEN digest THEN due ELSE id END) FROM deliveries "
            "WHERE rule_id = ? AND channel = ? AND due >= ? AND state IN ('queued', 'sent')",
            (rule_id, channel, microseconds(since)),
        ).fetchone()
        return int(count)

    def tallies(self, since: datetime) -> Mapping[str, Tally]:
        """Count by rule id what changed to a state, or was entered, after a moment."""
        rows = self._database.connection.execute(
            "SELECT rule_id, state, sum(CASE WHEN substr(subject, 1, ?) = ? THEN attempts ELSE 1 END) "
            "FROM deliveries WHERE changed >= ? GROUP BY rule_id, state",
            (len(COUNTED), COUNTED, microseconds(since)),
        )
        found: dict[str, dict[str, int]] = {}
        for rule_id, state, count in rows:
            found.setdefault(rule_id, {})[state] = count
        return {rule_id: Tally(**counts) for rule_id, counts in found.items()}

    def prune_withheld(self, before: datetime, limit: int) -> int:
        """Forget at most ``limit`` of the deliveries that were withheld before a moment; return how many."""
        with self._database.transaction():
            return self._database.connection.execute(
                "DELETE FROM deliveries WHERE number IN "
                "(SELECT number FROM deliveries WHERE state = 'withheld' AND due < ? ORDER BY number LIMIT ?)",
                (microseconds(before), limit),
            ).rowcount

    def prune(self, before: datetime) -> int:
        """Forget deliveries that were due before a moment and are not queued any more; return how many."""
        return self._database.delete_in_slices(
            "DELETE FROM deliveries WHERE number IN "
            "(SELECT number FROM deliveries WHERE state <> 'queued' AND due < :before LIMIT :slice)",
            before=microseconds(before),
        )


def _read_cursor(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise UsageError("The cursor is not one that an earlier page gave; start again without it.")
    return int(text)


def _row(delivery: Delivery) -> tuple[object, ...]:
    return (
        delivery.id,
        delivery.channel,
        msgspec.json.encode(delivery.alert),
        delivery.state,
        microseconds(delivery.due),
        microseconds(delivery.changed),
        delivery.attempts,
        delivery.error,
        delivery.digest,
        delivery.priority,
        delivery.receipt,
    )


def _delivery(row: tuple[Any, ...]) -> Delivery:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["alert"] = msgspec.json.decode(values["alert"], type=Alert)
    for name in ("due", "changed"):
        values[name] = from_microseconds(values[name])
    values["digest"] = bool(values["digest"])
    return msgspec.convert(values, Delivery)
