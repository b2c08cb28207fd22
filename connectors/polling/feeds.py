"""The connector of feeds: RSS, Atom, RDF, JSON Feed, sitemaps and the formats of agencies, at an address of the web."""

from __future__ import annotations

from pathlib import Path

from connectors.connector import Fetched, FetchError, Network, ParsedFeed, Request
from connectors.formats.document import parse_document


class FeedConnector:
    """Feeds of every format at http:// and https:// addresses."""

    name = "feed"

    def __init__(self, directory: Path | None = None) -> None:
        pass

    def claims(self, address: str) -> bool:
        """Claim every address of the web that nobody else does."""
        return address.lower().startswith(("http://", "https://"))

    async def fetch(self, request: Request, network: Network) -> Fetched:
        """Ask only for what has changed, and for all where a server takes that question amiss."""
        address, conditions = request.address, request.conditions
        try:
            fetched = await network.get(address, conditions)
        except FetchError as exc:
            if exc.status != 412 or not conditions:
                raise
            return await network.get(address)
        if fetched.status == 304 and not conditions:
            raise FetchError(
                "body", f"{address} answered 304 (not changed) when it was asked for all; it is tried again."
            )
        return fetched

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        """Read a feed by what it contains."""
        return parse_document(body, content_type, address)
