"""The one list of metrics: what is measured, in the names that Prometheus, the dashboard and the alert rules use."""

from __future__ import annotations

from typing import Literal

import msgspec

PREFIX = "newswire_"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """Name a metric, say what it is, and by what it is broken down. ``unit`` is Grafana's."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    unit: str = "short"

    @property
    def full_name(self) -> str:
        """Return the name as it is written in the text form: a counter's ends in ``_total``."""
        return PREFIX + self.name + ("_total" if self.kind == "counter" else "")


STAGE_RECORDS = Metric(
    name="stage_records", kind="counter", help="Records that a stage has handled.", labels=("stage",), unit="ops"
)
STAGE_ERRORS = Metric(
    name="stage_errors", kind="counter", help="Records that a stage gave up on.", labels=("stage",), unit="ops"
)
STAGE_SECONDS = Metric(name="stage_seconds", kind="counter", help="Time spent in a stage.", labels=("stage",), unit="s")
OUTCOMES = Metric(
    name="outcomes", kind="counter", help="What became of records: indexed, unchanged, duplicate, dead-lettered.",
    labels=("outcome",), unit="ops",
)  # fmt: skip
BACKLOG = Metric(name="backlog", kind="gauge", help="Records that wait for a reader.", labels=("reader", "topic"))
QUEUE_AGE = Metric(
    name="queue_age_seconds", kind="gauge", help="How long the oldest record waits for a reader.",
    labels=("reader", "topic"), unit="s",
)  # fmt: skip
TABLE_ROWS = Metric(
    name="table_rows", kind="gauge", help="Rows of the tables that people fill: feeds, alerts, searches, lists.",
    labels=("table",),
)  # fmt: skip
DEAD_LETTERS = Metric(name="dead_letters", kind="gauge", help="Records given up on and not yet sent back.")
FEEDS = Metric(name="feeds", kind="gauge", help="Feeds by how they fare.", labels=("state",))
FEED_DELAY = Metric(
    name="feed_delay_seconds", kind="gauge", help="How long after publication a feed's entries are seen, the median.",
    labels=("feed",), unit="s",
)  # fmt: skip
FEED_FAILURES = Metric(
    name="feed_failures", kind="gauge", help="Polls of a feed that failed in a row.", labels=("feed",)
)
FEED_AGE = Metric(
    name="feed_success_age_seconds", kind="gauge", help="Time since a feed was last read.", labels=("feed",), unit="s"
)
ARTICLES = Metric(name="articles", kind="gauge", help="Articles that search finds, copies folded.")
DELIVERIES = Metric(
    name="deliveries_day", kind="gauge", help="Messages of alerts in the last day, by what became of them.",
    labels=("state",),
)  # fmt: skip
ALERT_LATENCY = Metric(
    name="alert_latency_seconds", kind="histogram", help="From seeing an article to the message being sent.", unit="s"
)
STORE_BYTES = Metric(
    name="store_bytes", kind="gauge", help="Size of the store: taken on disk, free inside, and its bound.",
    labels=("part",), unit="bytes",
)  # fmt: skip
BACKUP_AGE = Metric(name="backup_age_seconds", kind="gauge", help="Age of the newest backup.", unit="s")
READY = Metric(name="ready", kind="gauge", help="1 while the role does its work, as /readyz says.")

METRICS: tuple[Metric, ...] = (
    STAGE_RECORDS,
    STAGE_ERRORS,
    STAGE_SECONDS,
    OUTCOMES,
    BACKLOG,
    QUEUE_AGE,
    DEAD_LETTERS,
    FEEDS,
    FEED_DELAY,
    FEED_FAILURES,
    FEED_AGE,
    ARTICLES,
    DELIVERIES,
    ALERT_LATENCY,
    STORE_BYTES,
    TABLE_ROWS,
    BACKUP_AGE,
    READY,
)
LATENCY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)


class AlertOn(msgspec.Struct, frozen=True, kw_only=True):
    """Ask Prometheus to tell somebody: ``expr`` names metrics of the list above."""

    name: str
    expr: str
    for_: str
    summary: str
    severity: Literal["warning", "critical"] = "warning"


ALERT_RULES: tuple[AlertOn, ...] = (
    AlertOn(
        name="NewswireNotReady", expr=f"{READY.full_name} == 0", for_="5m", severity="critical",
        summary="A role does not do its work: what waits for it does not move, or a server does not answer.",
    ),
    AlertOn(
        name="NewswireBacklogGrows", expr=f"{BACKLOG.full_name} > 1000 and delta({BACKLOG.full_name}[30m]) > 0",
        for_="30m", summary="More comes than is handled: add workers, or see what {{ $labels.reader }} waits for.",
    ),
    AlertOn(
        name="NewswireDeadLetters", expr=f"delta({DEAD_LETTERS.full_name}[1h]) > 0", for_="0m",
        summary="A stage gave up on records: `newswire admin dead` tells why.",
    ),
    AlertOn(
        name="NewswireFeedsFail", expr=f'sum({FEEDS.full_name}{{state=~"broken|gone"}}) > 0.2 * sum({FEEDS.full_name})',
        for_="1h", summary="A fifth of the feeds fail: look at the network, then at `newswire feed list`.",
    ),
    AlertOn(
        name="NewswireMessagesFail", expr=f'{DELIVERIES.full_name}{{state="failed"}} > 0', for_="5m",
        summary="Messages of alerts could not be delivered: `newswire alert log`.",
    ),
    AlertOn(
        name="NewswireAlertsAreLate",
        expr=f"histogram_quantile(0.95, rate({ALERT_LATENCY.full_name}_bucket[15m])) > 60",
        for_="15m", summary="One message in twenty goes out over a minute after its article was seen.",
    ),
    AlertOn(
        name="NewswireStoreIsFull",
        expr=f'{STORE_BYTES.full_name}{{part="taken"}} > 1.1 * ({STORE_BYTES.full_name}{{part="bound"}} > 0)',
        for_="1h", summary="The store stays larger than keep.disk allows.",
    ),
    AlertOn(
        name="NewswireBackupIsOld", expr=f"{BACKUP_AGE.full_name} > 3 * 86400", for_="1h",
        summary="The newest backup is over three days old.",
    ),
)  # fmt: skip
