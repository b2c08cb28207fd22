"""Wire the web page to an open store, and serve it: alone, or in a thread beside the pipeline."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline import private_files
from pipeline.config import Settings
from pipeline.errors import NewswireError, UnavailableError, UsageError
from pipeline.plain_words import os_words
from pipeline.services.alerts import stored_rules
from pipeline.services.article_feeds import ArticleFeeds
from pipeline.services.feed_numbers import FeedNumbers
from pipeline.services.hub import Hub
from pipeline.services.labels import Labels
from pipeline.services.marks import Marks
from pipeline.services.passing import PassingRecords
from pipeline.services.streams import Streams
from pipeline.wiring import connectors, services, session, stores
from pipeline.wiring.hub import telling
from pipeline.wiring.stores import Store, clock

if TYPE_CHECKING:
    import uvicorn

    from connectors.polling.subscription import Subscription
    from pipeline.services.feed_test import Step
    from pipeline.services.pictures import Pictures
    from pipeline.web.app import App
    from pipeline.web.desk import Check, Desk

AUDIT = "audit.jsonl"
BACKLOG = 128
STOP_S = 2
START_S = 10.0


def desk(opened: Store, host: str) -> Desk:
    """Wire what the page asks."""
    from pipeline.web.desk import Desk, Door
    from pipeline.web.security import is_loopback

    settings = opened.settings

    def marks(reader: str) -> Marks:
        return services.marks(opened, reader)

    feeds, numbers = services.feeds(opened), FeedNumbers(opened.access)
    article_feeds = ArticleFeeds(opened.arrivals, numbers, clock)

    def labels(reader: str) -> Labels:
        return Labels(
            numbers=numbers,
            feeds=feeds.all,
            alerts=lambda: list(stored_rules(services.own_rules(opened, reader))),
            searches=services.saved_searches(opened, reader),
            marks=marks(reader),
            reader=reader,
        )

    def streams(reader: str) -> Streams:
        return Streams(
            arrivals=opened.arrivals,
            article_feeds=article_feeds,
            feed_numbers=numbers,
            feeds=lambda: [feed.url for feed in feeds.all()],
            labels=labels(reader),
            marks=marks(reader),
            clock=clock,
        )

    def own(reader: str) -> dict[str, object]:
        wired = {
            "articles": services.articles, "stories": services.stories, "events": services.events,
            "searches": services.saved_searches, "alerts": services.alerts, "traces": services.traces,
        }  # fmt: skip
        return {name: wire(opened, reader) for name, wire in wired.items()}

    def explain(asked: Subscription) -> Sequence[Step]:
        steps: list[Step] = []
        connectors.explain_feed(settings, asked, steps.append, lambda line: None, fulltext=asked.fulltext or False)
        return steps

    return Desk(
        articles=services.articles(opened),
        stories=services.stories(opened),
        events=services.events(opened),
        feeds=feeds,
        feed_counts=services.feed_counts(opened),
        searches=services.saved_searches(opened),
        lists=services.lists(opened),
        alerts=services.alerts(opened),
        marks=marks,
        labels=labels,
        streams=streams,
        feed_numbers=numbers,
        arrivals=opened.arrivals,
        revisions=opened.revisions,
        access=services.access(opened),
        letters=lambda limit: services.dead_letters(opened).all(limit=limit),
        send_back=services.dead_letters(opened).send_back,
        clock=clock,
        door=Door(
            password=settings.web.password,
            hosts=(*settings.web.hosts, socket.gethostname(), *([host] if host else [])),
            is_loopback=is_loopback(host),
            user_header=settings.web.user_header,
            proxies=settings.web.proxies,
        ),
        audit=lambda who, what, subject: _note(settings, who, what, subject),
        publish=lambda articles: session.publish(opened, articles),
        find_feeds=lambda asked: connectors.find_feeds(settings, asked),
        explain_feed=explain,
        checks=lambda: _checks(opened),
        statuses=services.statuses(opened),
        traces=services.traces(opened),
        back_up=(lambda: _backup(settings)) if settings.runtime == "embedded" else None,
        channels=tuple(settings.channels),
        time_zone=settings.time_zone,
        pictures=_pictures(settings) if settings.web.pictures else None,
        demo=lambda: session.add_demo(opened),
        readers=services.readers(opened),
        own=lru_cache(maxsize=1_000)(own),
        hub=Hub(table=opened.access, clock=clock),
        passing=PassingRecords(table=opened.access, clock=clock, transaction=opened.transaction),
    )


def serve(settings: Settings, complain: Callable[[str], None]) -> None:
    """Serve the page until SIGTERM or SIGINT. Raises ``UsageError`` or ``UnavailableError`` before it starts."""
    from pipeline.records import learn_types

    with stores.store(settings) as opened:
        host, port = _address(settings.web.listen)
        _check_door(opened, host)
        try:
            listening = _listening(host, port)
        except OSError as exc:
            raise UnavailableError(_busy(settings, exc)) from exc
        learn_types()
        served = desk(opened, host)
        app, server = _server(served)
        complain(f"The page is at {_shown(listening)}")
        try:
            with telling(opened, served):
                server.run(sockets=[listening])
        finally:
            app.close()
            listening.close()


@contextmanager
def beside(opened: Store, complain: Callable[[str], None]) -> Iterator[None]:
    """Serve the page in a thread for as long as the block runs; where that cannot be, say so and go on without."""
    settings = opened.settings
    host, port = _address(settings.web.listen)
    try:
        _check_door(opened, host)
        listening = _listening(host, port)
    except UsageError as exc:
        complain(f"There is no page: {exc}")
        yield
        return
    except OSError as exc:
        complain(f"There is no page: {_busy(settings, exc)}")
        yield
        return
    served = desk(opened, host)
    app, server = _server(served)
    thread = threading.Thread(target=_run, args=(server, listening), name="web", daemon=True)
    thread.start()
    complain(f"The page is at {_shown(listening)}")
    try:
        with telling(opened, served):
            yield
    finally:
        app.close()
        server.should_exit = True
        thread.join(START_S)
        listening.close()


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    with suppress(asyncio.CancelledError):
        asyncio.run(server.serve(sockets=[listening]))


def _server(served: Desk) -> tuple[App, uvicorn.Server]:
    import uvicorn

    from pipeline.web.app import App

    app = App(served)
    config = uvicorn.Config(
        app.asgi(),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=STOP_S,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=1 << 16,
        proxy_headers=False,
    )
    return app, uvicorn.Server(config)


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"listen = {listen!r} under [web] is no address; write one such as 127.0.0.1:8765.")
    return host.strip("[]"), int(port)


def _check_door(opened: Store, host: str) -> None:
    from pipeline.web.forwarded import networks
    from pipeline.web.security import is_loopback

    networks(opened.settings.web.proxies)
    if is_loopback(host) or opened.settings.web.password or services.access(opened).tokens():
        return
    if services.readers(opened).are_any():
        return
    raise UsageError(
        f"{host or 'every address'} can be reached from other machines, so who comes in must know something: set "
        "password under [web], or make a token by `newswire token add NAME --scope admin`."
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def _shown(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _busy(settings: Settings, error: OSError) -> str:
    listen = settings.web.listen
    return f"{listen} cannot be had ({os_words(error)}); stop what uses it, or set another listen under [web]."


def _note(settings: Settings, who: str, what: str, subject: str) -> None:
    """Add a line to the audit; where that cannot be written, the change is made all the same."""
    line = msgspec.json.encode({"at": datetime.now(UTC), "who": who, "what": what, "subject": subject[:1_000]})
    path = settings.directory / AUDIT
    with suppress(OSError):
        private_files.make_directory(path.parent)
        private_files.create(path)
        with path.open("ab") as opened:
            opened.write(line + b"\n")


def _pictures(settings: Settings) -> Pictures:
    from pipeline.services.pictures import Pictures

    return Pictures(fetch=lambda url, most: connectors.fetch_part(settings, url, most), clock=clock)


def _backup(settings: Settings) -> Path:
    path = Path(tempfile.mkdtemp(prefix="newswire-")) / f"newswire-{clock():%Y-%m-%d}.db"
    with stores.database(settings) as database:
        database.back_up(path)
    return path


def _checks(opened: Store) -> Sequence[Check]:
    """Try what can be tried at once; `newswire doctor` tries all."""
    from pipeline.web.desk import Check
    from pipeline.wiring.checks import directory, full_text

    def attempt(name: str, probe: Callable[[], str]) -> Check:
        try:
            return Check(name, True, probe())
        except NewswireError as exc:
            return Check(name, False, str(exc))
        except OSError as exc:
            return Check(name, False, os_words(exc))

    def outdated() -> str:
        count = opened.renewal.outdated()
        return f"{count:,} articles are being indexed anew" if count else "all articles are indexed as they should be"

    return [
        attempt("data directory", lambda: directory(opened.settings)),
        attempt("full text", lambda: full_text(opened.settings)),
        attempt("index", outdated),
    ]
