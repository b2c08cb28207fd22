"""Wire what a person can ask or change to an open store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.wiring.connectors import check_full_text
from pipeline.wiring.server_access import kafka_access
from pipeline.wiring.stores import Store, clock, is_running

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.services.access import Access
    from pipeline.services.alerts import Alerts
    from pipeline.services.arrivals import Arrivals
    from pipeline.services.articles import Articles
    from pipeline.services.backups import Backups
    from pipeline.services.dead_letters import DeadLetters
    from pipeline.services.events import Events
    from pipeline.services.feed_counts import FeedCounts
    from pipeline.services.feeds import Feeds
    from pipeline.services.lists import Lists
    from pipeline.services.marks import Marks
    from pipeline.services.owned import OwnDeliveries, OwnRules
    from pipeline.services.readers import Readers
    from pipeline.services.retention import Kept, Removed
    from pipeline.services.saved_searches import SavedSearches
    from pipeline.services.status import Statuses
    from pipeline.services.stories import Stories
    from pipeline.services.trace import Traces
    from pipeline.services.whole_setup import Setups


def feeds(opened: Store) -> Feeds:
    """Wire the questions about subscriptions."""
    from connectors.polling.schedule import Pace
    from pipeline.services.feeds import Feeds

    def forget(url: str) -> None:
        from pipeline.runners.polling.gathering import forget

        forget(opened.recent, url)

    return Feeds(
        feeds=opened.feeds,
        polls=opened.polls,
        pushes=opened.pushes,
        transaction=opened.transaction,
        clock=clock,
        forget=forget,
        check_full_text=check_full_text,
        pace=Pace(opened.settings.fetch.min_interval_s, opened.settings.fetch.max_interval_s),
    )


def feed_counts(opened: Store) -> FeedCounts:
    """Wire the questions of how much feeds bring."""
    from pipeline.services.feed_counts import FeedCounts

    return FeedCounts(counts=opened.feed_counts, marks=opened.marks, clock=clock)


def saved_searches(opened: Store, reader: str = "") -> SavedSearches:
    """Wire the saved searches of a reader."""
    from pipeline.services.owned import OwnSearches
    from pipeline.services.saved_searches import SavedSearches

    table = OwnSearches(opened.searches, reader)
    zone, rules = opened.settings.time_zone, own_rules(opened, reader)
    return SavedSearches(table, lists(opened).all, zone, rules, marks(opened, reader).filled, opened.transaction)


def own_rules(opened: Store, reader: str = "") -> OwnRules:
    """Wire the alert rules of a reader."""
    from pipeline.services.owned import OwnRules, RuleOwners

    return OwnRules(opened.rules, RuleOwners(opened.access), reader)


def own_deliveries(opened: Store, reader: str = "") -> OwnDeliveries:
    """Wire what became of a reader's alerts."""
    from pipeline.services.owned import OwnDeliveries, RuleOwners

    return OwnDeliveries(opened.ledger, RuleOwners(opened.access), reader)


def marks(opened: Store, reader: str = "") -> Marks:
    """Wire what a reader has read, starred and tagged."""
    from pipeline.services.marks import Marks

    return Marks(marks=opened.marks, arrivals=opened.arrivals, clock=clock, reader=reader)


def readers(opened: Store) -> Readers:
    """Wire the readers with names."""
    from pipeline.services.readers import Readers

    return Readers(table=opened.access, access=access(opened), clock=clock)


def remove_reader(opened: Store, name: str) -> None:
    """Remove a reader with all that is theirs alone. Raises ``NotFoundError``."""
    from pipeline.services.feed_numbers import FeedNumbers
    from pipeline.services.owned import OwnSearches

    reader = readers(opened).remove(name).name
    for table in (own_rules(opened, reader), OwnSearches(opened.searches, reader)):
        table.update({key: None for key, _ in list(table.items())})
    opened.marks.forget(reader)
    FeedNumbers(opened.access).forget_tags(reader)


def owner_of_token(opened: Store, name: str, scope: str) -> str:
    """Return the reader whom a token is for. Raises ``UsageError`` for no reader, and for more than the reader may."""
    from pipeline.services.access import SCOPES

    if not name:
        return ""
    reader = readers(opened).get(name)
    if reader is None:
        raise UsageError(f"There is no reader {name!r}; `newswire user list` shows them.")
    if [*SCOPES].index(scope) > [*SCOPES].index(reader.scope):  # type: ignore[arg-type]
        raise UsageError(f"{reader.name} is {reader.role} and may have tokens of the scope {reader.scope} at most.")
    return reader.name


def spared(opened: Store) -> frozenset[str]:
    """Return the articles that stay however old they are, since a reader starred or tagged them."""
    from pipeline.services.readers import names_of

    return frozenset().union(*(marks(opened, name).spared() for name in names_of(readers(opened).all())))


def access(opened: Store) -> Access:
    """Wire the tokens and keys of the web page."""
    from pipeline.services.access import Access

    return Access(table=opened.access, clock=clock, transaction=opened.transaction)


def lists(opened: Store) -> Lists:
    """Wire the lists of names."""
    from pipeline.services.lists import Lists

    return Lists(lists=opened.lists, rules=opened.rules, searches=opened.searches, transaction=opened.transaction)


def articles(opened: Store, reader: str = "") -> Articles:
    """Wire the questions about articles."""
    from pipeline.services.articles import Articles

    return Articles(
        index=opened.index,
        stories=stories(opened, reader),
        rules=own_rules(opened, reader),
        searches=saved_searches(opened, reader),
        clock=clock,
    )


def alerts(opened: Store, reader: str = "") -> Alerts:
    """Wire the alert rules of a reader."""
    from pipeline.services.alerts import Alerts
    from pipeline.services.owned import NamedChannels
    from pipeline.wiring.runners import channels, limits

    known = channels(opened.settings)
    return Alerts(
        rules=own_rules(opened, reader),
        searches=saved_searches(opened, reader),
        lists=lists(opened),
        index=opened.index,
        deliveries=own_deliveries(opened, reader),
        channels=NamedChannels(known, opened.settings.channels) if reader else known,
        clock=clock,
        transaction=opened.transaction,
        limits=limits(opened.settings),
    )


def setups(opened: Store) -> Setups:
    """Wire the whole setup as one file."""
    from pipeline.services.whole_setup import Setups
    from pipeline.wiring.runners import channels

    return Setups(
        feeds=opened.feeds,
        alerts=alerts(opened),
        searches=saved_searches(opened).all(),
        lists=lists(opened),
        label=channels(opened.settings).label,
    )


def queues(settings: Settings) -> list[tuple[str, str, str]]:
    """Return where records may wait: the reader's name, the topic, and the group that reads it."""
    from pipeline.flow import FLOW
    from pipeline.runners.embedded import GROUP
    from pipeline.runners.feeder import GROUP as FEEDER_GROUP
    from pipeline.topics import EARLY_INDEX, HISTORY, INDEX, NOTIFY, WORKER_GROUP

    embedded = settings.runtime == "embedded"
    group = GROUP if embedded else WORKER_GROUP
    found = [(stage.name, stage.reads.name, group) for stage in FLOW if not (embedded and stage.reads.indexed)]
    found += [("older articles", HISTORY.name, FEEDER_GROUP), (NOTIFY.name, NOTIFY.reads.name, NOTIFY.name)]
    outlets = () if embedded else (EARLY_INDEX, INDEX)
    return found + [(outlet.name, outlet.reads.name, outlet.name) for outlet in outlets]


def statuses(opened: Store) -> Statuses:
    """Wire the question how it is."""
    import shutil

    from pipeline.services.status import Place, Statuses

    settings = opened.settings
    embedded = settings.runtime == "embedded"
    return Statuses(
        place=Place(
            runtime=settings.runtime,
            disk_bound=settings.keep.disk_bytes,
            is_running=(lambda: is_running(settings)) if embedded else lambda: None,
            missing=tuple if embedded else lambda: _missing_roles(settings),
            disk_free=lambda: shutil.disk_usage(_there(settings.directory)).free,
        ),
        feeds=feeds(opened),
        index=opened.index,
        log=opened.log,
        queues=queues(settings),
        rules=opened.rules,
        deliveries=opened.ledger,
        dead=dead_letters(opened),
        clock=clock,
        upkeep=opened.upkeep,
        backups=backups(opened) if opened.backups is not None else None,
    )


def _missing_roles(settings: Settings) -> tuple[str, ...]:
    """Return the roles that no process has; each is called as the group that it reads for."""
    from pipeline.adapters.kafka.topics import groups_without_readers
    from pipeline.topics import INDEX, NOTIFY, WORKER_GROUP

    roles = (WORKER_GROUP, INDEX.name, NOTIFY.name)
    return groups_without_readers(settings.kafka, roles, prefix=settings.prefix, access=kafka_access(settings))


def _there(directory: Path) -> Path:
    """Return a directory, or the nearest above it that is there."""
    return next((place for place in (directory, *directory.absolute().parents) if place.exists()), Path("/"))


def traces(opened: Store, reader: str = "") -> Traces:
    """Wire the question what happened to an article."""
    from pipeline.services.trace import Traces

    def story_size(story_id: str) -> int:
        summary = opened.stories.story(story_id, clock())
        return summary.articles if summary is not None else 0

    return Traces(
        articles=articles(opened, reader),
        index=opened.index,
        rules=own_rules(opened, reader),
        deliveries=own_deliveries(opened, reader),
        dead=dead_letters(opened),
        clock=clock,
        similarity=opened.settings.deduplicate.similarity,
        records=opened.records,
        revisions=opened.revisions,
        story_size=story_size,
    )


def stories(opened: Store, reader: str = "") -> Stories:
    """Wire the questions about stories."""
    from pipeline.services.stories import Stories

    return Stories(stories=opened.stories, searches=saved_searches(opened, reader), clock=clock)


def arrivals(opened: Store, query: str | None) -> Arrivals:
    """Wire what follows the articles that a query finds."""
    from pipeline.services.arrivals import Arrivals

    return Arrivals(query, arrivals=opened.arrivals, index=opened.index, clock=clock)


def dead_letters(opened: Store) -> DeadLetters:
    """Wire the records that a stage gave up on; a server may need a moment for the first, a file does not."""
    from pipeline.services.dead_letters import FIRST_WAIT_S, DeadLetters

    wait_s = 0.0 if opened.settings.runtime == "embedded" else FIRST_WAIT_S
    return DeadLetters(log=opened.log, transaction=opened.transaction, first_wait_s=wait_s)


def prune(opened: Store, progress: Callable[[Removed], None] = lambda removed: None) -> Removed:
    """Remove what is older than the settings say."""
    from pipeline.services import retention

    if opened.upkeep is None:
        return retention.prune(kept(opened.settings), opened.log, opened.index, opened.ledger, clock())
    removed, pruner = (
        retention.NOTHING,
        retention.Pruner(kept(opened.settings), opened.upkeep, clock, lambda: spared(opened), opened.transaction),
    )
    while gone := pruner.step():
        removed += gone
        progress(removed)
    while opened.upkeep.tidy():
        progress(removed)
    return removed


def kept(settings: Settings) -> Kept:
    """Return how long the settings ask for things to be kept."""
    from pipeline.services.retention import Kept

    return Kept(
        articles_days=settings.keep.articles_days,
        index_months=settings.keep.index_months,
        deliveries_days=settings.keep.deliveries_days,
        disk_bytes=settings.keep.disk_bytes,
    )


def backups(opened: Store) -> Backups:
    """Wire the backups of the store. Raises ``UsageError`` where servers make their own."""
    from pipeline.moments import duration
    from pipeline.services.backups import Backups

    if opened.backups is None:
        raise UsageError("A backup of the distributed runtime is made with the snapshots of Kafka and Elasticsearch.")
    asked = opened.settings.backup
    every = duration(asked.every) if asked.every != "never" else None
    return Backups(opened.backups, clock, every=every, keep=asked.keep)


def events(opened: Store, reader: str = "") -> Events:
    """Wire the questions about events."""
    from pipeline.services.events import Events

    return Events(events=opened.events, searches=saved_searches(opened, reader), clock=clock)
