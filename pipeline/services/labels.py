"""What a reader's articles can be listed by, by name: folders of feeds, tags, alerts and saved searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.ports.marks import TAG
from pipeline.query.scope import query_of
from pipeline.query.tree import Query
from pipeline.services.feed_numbers import FeedNumbers
from pipeline.services.marks import Marks, tags_named
from pipeline.services.saved_searches import SavedSearches

if TYPE_CHECKING:
    from connectors.polling.subscription import Subscription

ALERTS = "Alerts/"
SEARCHES = "Searches/"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a label: ``feeds`` are the addresses in it; ``query`` reads what it asks for, ``None`` for none."""

    name: str
    feeds: tuple[str, ...] = ()
    is_folder: bool = False
    query: Callable[[], Query] | None = None

    @property
    def mark(self) -> str:
        """Return the mark of the reader's own tag of this name; nothing where no tag can be called so."""
        try:
            return TAG + tags_named((self.name,))[0]
        except UsageError:
            return ""


class Labels:
    """Name labels for one reader. Names differ by more than small and capital letters."""

    def __init__(
        self,
        *,
        numbers: FeedNumbers,
        feeds: Callable[[], Sequence[Subscription]],
        alerts: Callable[[], Sequence[AlertRule]],
        searches: SavedSearches,
        marks: Marks,
        reader: str = "",
    ) -> None:
        self._reader = reader
        self._numbers = numbers
        self._feeds = feeds
        self._alerts = alerts
        self._searches = searches
        self._marks = marks

    def all(self) -> list[Listed]:
        """Return all labels: folders, tags, then alerts and saved searches."""
        found = {label.name.casefold(): label for label in self.folders()}
        written = self.written()
        for tag in self._marks.tags():
            found.setdefault(tag, Listed(name=written.get(tag, tag)))
        for label in self._asking():
            found[label.name.casefold()] = label
        return list(found.values())

    def folders(self) -> list[Listed]:
        """Return the folders, which are the tags of feeds, by name; a tag is written as its first feed has it."""
        feeds: dict[str, list[str]] = {}
        names = self._numbers.folders()
        empty = {key: Listed(name=name, is_folder=True) for key, name in names.items()}
        for feed in self._feeds():
            for tag in feed.tags:
                names.setdefault(tag.casefold(), tag)
                feeds.setdefault(tag.casefold(), []).append(feed.url)
        found = empty | {
            key: Listed(name=names[key], feeds=tuple(addresses), is_folder=True) for key, addresses in feeds.items()
        }
        return [found[key] for key in sorted(found)]

    def named(self, name: str) -> Listed:
        """Return a label by name, which may be a tag of the reader's that no article has."""
        key = name.casefold()
        for label in (*self._asking(), *self.folders()):
            if label.name.casefold() == key:
                return label
        return Listed(name=name)

    def is_known(self, name: str) -> bool:
        """Tell whether there is a label of a name."""
        return any(label.name.casefold() == name.casefold() for label in self.all())

    def asking(self) -> list[Listed]:
        """Return alerts and saved searches as labels."""
        return list(self._asking())

    def written(self) -> Mapping[str, str]:
        """Return how the reader writes tags, by name in small letters."""
        return self._numbers.tags(self._reader)

    def keep(self, name: str, *, is_folder: bool) -> None:
        """Remember a folder, which stays without feeds, or how the reader writes a tag."""
        if is_folder:
            self._numbers.keep_folder(name)
        else:
            self._numbers.keep_tag(self._reader, name)

    def forget(self, name: str) -> None:
        """Forget what was kept of a reader's tag."""
        self._numbers.forget_tag(self._reader, name)

    def forget_folder(self, name: str) -> None:
        """Forget a folder that was kept, which is everybody's."""
        self._numbers.forget_folder(name)

    def _asking(self) -> list[Listed]:
        rules = (rule for rule in self._alerts() if rule.kind == "match")
        found = [Listed(name=ALERTS + rule.name, query=partial(self._of_alert, rule)) for rule in rules]
        return found + [
            Listed(name=SEARCHES + name, query=partial(self._of_search, name)) for name in self._searches.all()
        ]

    def _of_alert(self, rule: AlertRule) -> Query:
        return query_of(rule, self._searches.all())

    def _of_search(self, name: str) -> Query:
        return self._searches.parse(f"search:{name}")
