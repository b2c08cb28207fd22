"""Ask and read a feed by the connector it belongs to, through the network that all share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from connectors.connector import Connector, Fetched, FetchError, Request
from connectors.door import DEADLINE_S, FEED, Connectors, fetched_by, parsed_by
from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetcher
from connectors.formats.document import parse_document
from connectors.polling.network import PoliteNetwork
from connectors.polling.outcome import EMPTY_BELIEVED
from connectors.polling.reading import Parse
from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription

if TYPE_CHECKING:
    from connectors.fetch.robots import Robots  # needs the extra

Enter = Callable[[], Awaitable[None]]


class Sources:
    """Find the connector of a feed, and give it its network; ``spacing_s`` is kept between pages of one site."""

    def __init__(
        self,
        *,
        connectors: Connectors,
        fetcher: Fetcher,
        limits: HostLimits,
        robots: Robots | None = None,
        spacing_s: float = 0.0,
    ) -> None:
        self.connectors = connectors
        self._fetcher = fetcher
        self._limits = limits
        self._robots = robots
        self._spacing_s = spacing_s

    def connector_of(self, subscription: Subscription) -> Connector:
        """Return who reads a feed. Raises ``NotAFeedError``."""
        return self.connectors.of(subscription.url, subscription.connector)

    def parse_of(self, subscription: Subscription) -> Parse:
        """Return what reads an answer of a feed, as it may be called in another process. Raises ``NotAFeedError``."""
        connector = self.connector_of(subscription)
        # What our own reading of feeds returns is harmless already.
        return parse_document if self._is_ours(connector) else partial(parsed_by, connector)

    def network(self, subscription: Subscription, enter: Enter | None = None) -> PoliteNetwork:
        """Return the network for a feed; ``enter`` is waited for before its first fetch."""
        return PoliteNetwork(
            subscription,
            fetcher=self._fetcher,
            limits=self._limits,
            robots=self._robots,
            spacing_s=self._spacing_s,
            enter=enter,
        )

    async def fetch(self, subscription: Subscription) -> Fetched:
        """Fetch a feed whole. Raises ``FetchError`` and ``NotAFeedError``."""
        request = Request(address=subscription.url)
        connector = self.connector_of(subscription)
        return await fetched_by(connector, request, self.network(subscription), self._deadline_s(connector))

    async def ask(self, subscription: Subscription, poll: Poll, enter: Enter) -> Fetched:
        """Ask for a feed where it is now, for what has changed since the last poll. Raises as ``fetch`` does."""
        connector = self.connector_of(subscription)
        request = Request(address=poll.address(subscription.url), etag=poll.etag, modified=poll.modified)
        network = self.network(subscription, enter)
        fetched = await fetched_by(connector, request, network, self._deadline_s(connector))
        if fetched.sent_nothing and fetched.status != 304 and poll.unchanged >= EMPTY_BELIEVED:
            times = f"{poll.unchanged + 1} times in a row"
            raise FetchError(
                "body",
                f"{request.address} answered {fetched.status} without content {times}; look for its new address.",
            )
        return fetched

    def _is_ours(self, connector: Connector) -> bool:
        return connector.name == FEED and self.connectors.is_own(connector)

    def _deadline_s(self, connector: Connector) -> float | None:
        return None if self._is_ours(connector) else DEADLINE_S
