"""`newswire import|export`: subscription lists, from and to other programs."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from connectors.files.opml import MAX_BYTES, Outline, read_list, write_opml
from connectors.polling.subscription import Subscription, merged, whole_address, without_credentials
from pipeline.commands.context import open_store
from pipeline.commands.feeds import subscriptions, with_fetcher
from pipeline.errors import UsageError


@click.command("import")
@click.argument("source", metavar="FILE|URL")
def import_(source: str) -> None:
    """Subscribe to every feed of an OPML file or list of URLs.

    Folders and categories become tags.
    """
    from pipeline.wiring.stores import clock

    outlines = read_list(_fetched(source) if "://" in source else _read(Path(source)), source)
    now = clock()
    with open_store() as store:
        known = {subscription.url: subscription for subscription in subscriptions(store)}
        followed: dict[str, Subscription] = {}
        for outline in outlines:
            url, headers = without_credentials(whole_address(outline.url))
            before = followed.get(url) or known.get(url) or Subscription(url=url, added=now)
            followed[url] = _followed(before, outline, headers)
        with store.transaction():
            store.feeds.update({url: msgspec.json.encode(subscription) for url, subscription in followed.items()})
    click.echo(f"Following {len(followed)} feeds of {source}.")


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path | None) -> None:
    """Write the subscriptions as OPML."""
    with open_store() as store:
        text = write_opml(Outline(s.url, s.title, s.tags) for s in subscriptions(store))
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{file} cannot be written: {exc.strerror}.") from exc


def _followed(before: Subscription, outline: Outline, headers: dict[str, str]) -> Subscription:
    """Return a subscription with the title, tags and credentials of a list, where that has some."""
    return msgspec.structs.replace(
        before,
        title=outline.title or before.title,
        tags=outline.tags or before.tags,
        headers=merged(before.headers, headers),
    )


def _fetched(url: str) -> bytes:
    fetched = with_fetcher(lambda fetcher, _: fetcher.fetch(url, keep_bytes=MAX_BYTES + 1))
    return fetched.body or b""


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{file} cannot be read: {exc.strerror}.") from exc
