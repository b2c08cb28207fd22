"""Check that everything that the settings need is there and works."""

from __future__ import annotations

import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from tempfile import TemporaryDirectory

import msgspec

from pipeline.config import Settings
from pipeline.errors import NewswireError
from pipeline.networks import masked
from pipeline.plain_words import os_words
from pipeline.ports.arrivals import NumbersRequest
from pipeline.wiring import connectors, stores
from pipeline.wiring.server_access import elasticsearch_access, kafka_access

ENOUGH_BYTES = 1_000_000_000
CLOCK_OFF_S = 300.0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how one check went, and what to do when it did not go well."""

    name: str
    ok: bool
    detail: str


def checks(settings: Settings) -> Iterator[Check]:
    """Try everything that the settings need, one after the other."""
    yield Check(name="python", ok=sys.version_info >= (3, 11), detail=platform.python_version())
    yield _attempt("data directory", lambda: directory(settings))
    yield _attempt("full text", lambda: full_text(settings))
    yield _attempt("connectors", lambda: _connectors(settings))
    if settings.runtime == "embedded":
        yield _attempt("store", lambda: _store(settings))
    else:
        yield _attempt("kafka", lambda: _kafka(settings))
        yield _attempt("elasticsearch", lambda: _elasticsearch(settings))
    yield from _channels(settings)
    yield _attempt("clock", lambda: _clock(settings))
    yield from _of_status(settings)


def _clock(settings: Settings) -> str:
    """Compare the clock with the newest thing that was written: news from the future means a clock that was wrong."""
    with stores.store(settings, reading=True) as store:
        newest = store.arrivals.numbers(NumbersRequest(now=stores.clock(), limit=1))
    ahead_s = newest[0] / 1e6 - time.time() if newest else 0.0
    if ahead_s > CLOCK_OFF_S:
        raise NewswireError(
            f"The newest article came {ahead_s / 60:,.0f} minutes in the future: this clock is behind, or was ahead "
            "then; have the machine keep time (`timedatectl set-ntp true`)."
        )
    return f"{stores.clock():%Y-%m-%d %H:%M:%S} UTC"


def _of_status(settings: Settings) -> Iterator[Check]:
    """Look at feeds, growth and backups."""
    from pipeline.views.words import counted, size_words
    from pipeline.wiring import services

    try:
        with stores.store(settings, reading=True) as store:
            now = services.statuses(store).now()
    except NewswireError as exc:
        yield Check(name="feeds", ok=False, detail=str(exc))
        return
    for feed in now.feeds.trouble:
        mild = feed.state in ("quiet", "restless")
        yield Check(name=f"feed {feed.url}", ok=mild, detail=f"{feed.state}: {feed.words}")
    if not now.feeds.trouble:
        yield Check(name="feeds", ok=True, detail=f"{counted(now.feeds.all, 'feed')}, none in trouble")
    if (disk := now.disk) is not None:
        growth = f"a year adds {size_words(disk.per_year)} at this rate" if disk.per_year else "hardly grows"
        room = disk.free_on_disk
        fits = room is None or not disk.per_year or bool(disk.bound) or disk.per_year < room
        advice = "" if fits else f", but {size_words(room or 0)} are free; set `disk` or `index_months` under [keep]"
        yield Check(name="growth", ok=fits, detail=f"{size_words(disk.taken)}, {growth}{advice}")
    if (backups := now.backups) is not None and backups.every_s is not None:
        late = "the newest is older than [backup] asks for; see to the directory, `newswire admin backup` makes one now"
        yield Check(name="backups", ok=not backups.late, detail=late if backups.late else f"{backups.kept} there")


def _channels(settings: Settings) -> Iterator[Check]:
    """Look at every channel of the settings and of the alerts, without sending."""
    from pipeline.services.alerts import stored_rules
    from pipeline.wiring.runners import channels

    known = channels(settings)
    asked = dict.fromkeys(settings.channels)
    with suppress(NewswireError), stores.store(settings, reading=True) as store:
        asked |= {channel: None for rule in stored_rules(store.rules) for channel in rule.channels}
    for channel in asked:
        yield _attempt(f"channel {known.label(channel)}", partial(known.probe, channel))


def _attempt(name: str, probe: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=probe())
    except NewswireError as exc:
        return Check(name=name, ok=False, detail=str(exc))
    except OSError as exc:
        where = f"{exc.filename}: " if exc.filename else ""
        return Check(name=name, ok=False, detail=f"{where}{os_words(exc)}; set another --data, or see to that one.")


def directory(settings: Settings) -> str:
    """Return where the data is and how much room there is. Raises ``NewswireError`` or ``OSError``."""
    directory = settings.directory
    there = next(each for each in (directory, *directory.parents) if each.exists())  # who only looks makes none
    with TemporaryDirectory(dir=there, prefix=".doctor-"):
        free = shutil.disk_usage(there).free
    if free < ENOUGH_BYTES:
        raise NewswireError(f"{directory} has only {free / 1e6:,.0f} MB left; make room or set another --data.")
    return f"{directory}, {free / 1e9:,.0f} GB free"


def full_text(settings: Settings) -> str:
    """Return whether pages can be read. Raises ``NewswireError``."""
    rules = connectors.site_rules(settings)
    if rules.errors:
        raise NewswireError(f"{rules.user_file}: {' '.join(rules.errors)}")
    installed = connectors.has_full_text()
    return "installed, site rules are usable" if installed else "not installed; pip install 'newswire[fulltext]'"


def _connectors(settings: Settings) -> str:
    found = connectors.found_connectors(settings).found
    if broken := [f"{one.name}: {one.error}" for one in found if one.error is not None]:
        raise NewswireError(" ".join(broken))
    return ", ".join(one.name for one in found)


def _store(settings: Settings) -> str:
    if not stores.exists(settings):
        return f"none in {settings.directory} yet; `newswire up URL` makes it"
    with stores.database(settings, reading=True) as database:
        return database.check()


def _kafka(settings: Settings) -> str:
    from pipeline.adapters.kafka.topics import broker_version, missing_topics
    from pipeline.topics import TOPICS

    missing = missing_topics(settings.kafka, TOPICS, prefix=settings.prefix, access=kafka_access(settings))
    if missing:
        raise NewswireError(f"{settings.kafka} lacks {', '.join(missing)}; run `newswire admin setup`.")
    version = broker_version(settings.kafka, kafka_access(settings))
    return f"{settings.kafka}, version {version}, all topics there"


def _elasticsearch(settings: Settings) -> str:
    from pipeline.adapters.elasticsearch.client import server_version
    from pipeline.ports.search import SearchRequest

    with stores.store(settings) as store:
        page = store.index.search(SearchRequest(query=None, now=stores.clock(), limit=1))
    version = server_version(settings.elasticsearch, elasticsearch_access(settings))
    told = f"version {version}" if version is not None else "its key may not ask for the version"
    return f"{masked(settings.elasticsearch)}, {told}, {page.total} articles"
