"""Articles written as they come: for a terminal, as lines, or as JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from pipeline.model import Document


def writer(columns: int | None, *, as_json: bool) -> Callable[[Document], None]:
    """Return what writes an article: for a person with so many columns, else one line each, or as JSON."""
    from pipeline.views.lines import article_line
    from pipeline.views.listing import Listing

    listing = Listing(columns) if columns is not None and not as_json else None

    def write(document: Document) -> None:
        if listing is not None:
            click.echo("\n".join(listing.lines(document, datetime.now(UTC))))
        else:
            click.echo(msgspec.json.encode(document) if as_json else article_line(document))

    return write
