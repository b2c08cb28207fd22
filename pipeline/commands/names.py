"""Names that the shell can complete: of alerts, feeds, tags, saved searches and lists; none where that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

import click

from pipeline.commands.context import current_settings
from pipeline.wiring.stores import Store, store

MOST = 200
Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _completing(names: Callable[[Store], Iterable[str]]) -> Complete:
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        start = incomplete.casefold()
        # Completion that complains helps nobody who is in the middle of a line.
        with suppress(Exception), store(current_settings(), reading=True) as opened:
            found = (name for name in names(opened) if name.casefold().startswith(start))
            return [name for name, _ in zip(found, range(MOST), strict=False)]
        return []

    return complete


def _alerts(store: Store) -> Iterable[str]:
    from pipeline.services.alerts import stored_rules

    return sorted(rule.name for rule in stored_rules(store.rules))


def _feeds(store: Store) -> Iterable[str]:
    return (url for url, _ in store.feeds.items())


def _tags(store: Store) -> Iterable[str]:
    from pipeline.wiring import services

    return sorted({tag for feed in services.feeds(store).all() for tag in feed.tags})


def _searches(store: Store) -> Iterable[str]:
    return (name for name, _ in store.searches.items() if "/" not in name)


def _lists(store: Store) -> Iterable[str]:
    return (name for name, _ in store.lists.items())


def _articles(store: Store) -> Iterable[str]:
    from pipeline.wiring import services

    articles = services.articles(store)
    return (document.id[:8] for document in articles.search(articles.request(None, limit=50)).documents)


alert_names = _completing(_alerts)
feed_addresses = _completing(_feeds)
tags = _completing(_tags)
search_names = _completing(_searches)
list_names = _completing(_lists)
article_ids = _completing(_articles)
