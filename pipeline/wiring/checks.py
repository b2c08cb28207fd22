"""Check that everything that the settings need is there and works."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import msgspec

from pipeline.config import Settings
from pipeline.errors import NewswireError
from pipeline.plain_words import os_words
from pipeline.private_files import make_directory
from pipeline.wiring import connectors, stores

ENOUGH_BYTES = 1_000_000_000


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


def _channels(settings: Settings) -> Iterator[Check]:
    """Look at every channel of the settings and of the alerts, without sending."""
    from pipeline.services.alerts import stored_rules
    from pipeline.wiring.runners import channels

    known = channels(settings)
    asked = dict.fromkeys(settings.channels)
    with suppress(NewswireError), stores.store(settings) as store:
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
    make_directory(directory)
    probe = directory / ".doctor"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(directory).free
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
    with stores.database(settings) as database:
        return database.check()


def _kafka(settings: Settings) -> str:
    from pipeline.adapters.kafka.topics import missing_topics
    from pipeline.topics import TOPICS

    missing = missing_topics(settings.kafka, TOPICS, prefix=settings.prefix)
    if missing:
        raise NewswireError(f"{settings.kafka} lacks {', '.join(missing)}; run `newswire admin setup`.")
    return f"{settings.kafka}, all topics there"


def _elasticsearch(settings: Settings) -> str:
    from pipeline.ports.search import SearchRequest

    with stores.store(settings) as store:
        page = store.index.search(SearchRequest(query=None, now=stores.clock(), limit=1))
    return f"{settings.elasticsearch}, {page.total} articles"
