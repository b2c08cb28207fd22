"""Where connectors come in: ours and those of others, found by entry point, and kept from harming each other.

Whatever a connector does wrong is the failure of the feed it was asked for, told with the connector's name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from connectors.connector import Connector, Fetched, FetchError, Network, NotAFeedError, ParsedFeed, Request
from connectors.fetch.origin import ADDRESSES_KEPT
from connectors.formats.bounds import bounded
from connectors.formats.markup import sanitized
from connectors.formats.parsed import ParsedEntry
from connectors.formats.titles import plain_line

GROUP = "newswire.connectors"
FEED = "feed"
# In the order in which they are asked; what others install is asked before them, and may not take their names.
OWN = (
    EntryPoint("page", "connectors.pages.lists:PageConnector", GROUP),
    EntryPoint("mail", "connectors.files.maildir:MailConnector", GROUP),
    EntryPoint(FEED, "connectors.polling.feeds:FeedConnector", GROUP),
)
# A connector's own work over one answer; waiting for hosts and servers does not count.
DEADLINE_S = 60.0


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a connector that was found, or why it cannot be used; ``distribution`` is ``None`` for our own."""

    name: str
    distribution: str | None = None
    version: str | None = None
    connector: Connector | None = None
    error: str | None = None

    @property
    def words(self) -> str:
        """Say in a line what it reads, as its author put it."""
        written = (type(self.connector).__doc__ or "") if self.connector is not None else ""
        return written.strip().split("\n")[0]


class Connectors:
    """Find who reads an address among the connectors that were found."""

    def __init__(self, found: Sequence[Installed]) -> None:
        self.found = tuple(found)
        self._usable = [one for one in found if one.connector is not None]
        # Asked for each poll, and the same for an address each time.
        self.claiming = lru_cache(maxsize=ADDRESSES_KEPT)(self._claiming)
        self._own = [one.connector for one in self._usable if one.distribution is None]

    def _claiming(self, address: str) -> Connector | None:
        """Return the first connector that claims an address."""
        for one in self._usable:
            # One that cannot even say so is not the one that is meant.
            with suppress(Exception):
                if one.connector is not None and one.connector.claims(address):
                    return one.connector
        return None

    def of(self, address: str, name: str | None = None) -> Connector:
        """Return who reads an address: whom its subscription names, else who claims it. Raises ``NotAFeedError``."""
        if name is None:
            if (claiming := self.claiming(address)) is not None:
                return claiming
            raise NotAFeedError(
                f"{address[:200]!r} is no address that can be fetched; it must be http:// or https://, or of a kind "
                "that `newswire feed connectors` lists."
            )
        for one in self.found:
            if one.name == name:
                if one.connector is not None:
                    return one.connector
                raise NotAFeedError(f"{address} is read by the connector {name}, which cannot be used: {one.error}")
        raise NotAFeedError(
            f"{address} is read by the connector {name}, which is not installed here; install it again, or "
            f"`newswire feed remove {address}`."
        )

    def is_own(self, connector: Connector) -> bool:
        """Tell whether a connector came with the program."""
        return any(own is connector for own in self._own)


def find_connectors(directory: Path, others: Iterable[EntryPoint] | None = None) -> Connectors:
    """Load every connector that is installed; each is made with the data directory, where it may have settings.

    One that cannot be loaded costs only itself.
    """
    own = [_loaded(point, directory) for point in OWN]
    taken, found = {point.name: "the program itself" for point in OWN}, []
    for point in sorted(entry_points(group=GROUP) if others is None else others, key=lambda point: point.name):
        name, by = point.name, point.dist.name if point.dist is not None else "?"
        if name in taken:
            found.append(_refused(point, f"its name is taken by {taken[name]}; its author must choose another."))
            continue
        taken[name] = by
        found.append(_loaded(point, directory))
    return Connectors((*found, *own))


def _loaded(point: EntryPoint, directory: Path) -> Installed:
    try:
        connector: Connector = point.load()(directory)
        if connector.name != point.name:
            raise TypeError(f"it calls itself {connector.name!r}, its entry point {point.name!r}")
        if lacking := [step for step in ("claims", "fetch", "parse") if not callable(getattr(connector, step, None))]:
            raise TypeError(f"it has no {' and no '.join(lacking)}")
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - the code of others may fail in any way
        return _refused(point, f"{point.value} cannot be loaded ({_told(exc)}); ask its author.")
    return _described(point, connector, None)


def _refused(point: EntryPoint, why: str) -> Installed:
    return _described(point, None, why)


def _described(point: EntryPoint, connector: Connector | None, error: str | None) -> Installed:
    dist = point.dist
    by, version = (dist.name, dist.version) if dist is not None else (None, None)
    return Installed(name=point.name, distribution=by, version=version, connector=connector, error=error)


async def fetched_by(
    connector: Connector, request: Request, network: Network, deadline_s: float | None = DEADLINE_S
) -> Fetched:
    """Let a connector fetch. Raises ``FetchError``, whatever goes wrong in it; waiting for hosts is not counted.

    One that does nothing but ask needs no deadline.
    """
    deadline: asyncio.Timeout | None = None
    try:
        if deadline_s is None:
            answer = await connector.fetch(request, network)
        else:
            async with asyncio.timeout(deadline_s) as deadline:
                answer = await connector.fetch(request, _Counted(network, deadline))
    except (FetchError, NotAFeedError):
        raise
    except TimeoutError as exc:
        if deadline is not None and deadline.expired():
            words = f"was not done with it in {deadline_s:g} s; it is tried again later"
            raise FetchError("body", f"{request.address}: the connector {connector.name} {words}.") from exc
        raise _fault(connector, request.address, exc) from exc
    except (Exception, SystemExit) as exc:
        raise _fault(connector, request.address, exc) from exc
    if not isinstance(answer, Fetched):
        raise _fault(connector, request.address, TypeError(f"it returned {type(answer).__name__} in place of Fetched"))
    return answer


def parsed_by(connector: Connector, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
    """Let a connector read a body, and keep what it returns to what an article may be. Raises ``NotAFeedError``."""
    try:
        parsed = connector.parse(body, content_type, address)
        if not isinstance(parsed, ParsedFeed):
            raise TypeError(f"it returned {type(parsed).__name__} in place of ParsedFeed")
        return bounded(_harmless(parsed))
    except NotAFeedError:
        raise
    except (Exception, SystemExit) as exc:
        raise NotAFeedError(str(_fault(connector, address, exc))) from exc


def _fault(connector: Connector, address: str, exc: BaseException) -> FetchError:
    return FetchError("body", f"{address} could not be read: the connector {connector.name} failed ({_told(exc)}).")


def _told(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}"[:500] if str(exc) else type(exc).__name__


def _harmless(parsed: ParsedFeed) -> ParsedFeed:
    """Return a feed of the right types in which nothing is executable and no address leads to another scheme."""
    checked = msgspec.convert(msgspec.to_builtins(parsed), ParsedFeed)
    entries = tuple(
        msgspec.structs.replace(
            entry,
            url=_web(entry.url),
            image=_web(entry.image),
            enclosures=tuple(enclosure for enclosure in entry.enclosures if _web(enclosure.address)),
            html=sanitized(entry.html, _web(entry.url) or _web(parsed.home)),
            title=plain_line(entry.title),
            published=_aware(entry.published),
            updated=_aware(entry.updated),
        )
        for entry in checked.entries
        if _says_something(entry)
    )
    return msgspec.structs.replace(checked, entries=entries, home=_web(checked.home))


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _says_something(entry: ParsedEntry) -> bool:
    return entry.withdrawn or any((entry.title, entry.text, entry.html, entry.url))


def _web(url: str | None) -> str | None:
    try:
        return url if url and urlsplit(url).scheme.lower() in ("http", "https") else None
    except ValueError:
        return None


class _Counted:
    """Get documents while the clock of who asks stands still: it is the host's time that passes."""

    def __init__(self, network: Network, deadline: asyncio.Timeout) -> None:
        self._network = network
        self._deadline = deadline
        self._asking = 0
        self._left_s = 0.0

    async def get(self, url: str, headers: Mapping[str, str] | None = None, *, robots: bool = False) -> Fetched:
        until = self._deadline.when()
        self._asking += 1
        if self._asking == 1 and until is not None:
            self._left_s = until - asyncio.get_running_loop().time()
            self._deadline.reschedule(None)
        try:
            return await self._network.get(url, headers, robots=robots)
        finally:
            self._asking -= 1
            if not self._asking and not self._deadline.expired():
                self._deadline.reschedule(asyncio.get_running_loop().time() + self._left_s)
