"""Which article an entry is, and canonical addresses."""

from __future__ import annotations

import random

import pytest

from connectors.formats.parsed import Entry
from connectors.polling.identity import identify_entries

FEED = "https://news.example/feed"


def entries(count: int = 20, **changed: object) -> list[Entry]:
    return [
        Entry(
            guid=changed.get("guid", f"g{n}"),  # type: ignore[arg-type]
            url=f"https://news.example/story/{n}",
            title=f"The title of report number {n}",
            published=None,
        )
        for n in range(count)
    ]


def known_after(found: list[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    return {key: identity for identity, keys in found for key in keys}


def test_shuffled_feed_yields_the_same_identities() -> None:
    before = entries()
    first = identify_entries(before, {}, FEED)
    order = list(range(20))
    random.Random(1).shuffle(order)
    again = identify_entries([before[n] for n in order], known_after(first), FEED)
    assert [first[n][0] for n in order] == [identity for identity, _ in again]


@pytest.mark.parametrize("guid", [None, "same for all"])
def test_missing_or_repeated_guids_do_not_merge_entries(guid: str | None) -> None:
    found = identify_entries(entries(guid=guid), {}, FEED)
    assert len({identity for identity, _ in found}) == 20


def test_entry_is_known_again_when_its_guid_or_its_link_changes() -> None:
    first = identify_entries(entries(), {}, FEED)
    other_guids = [Entry(f"new{n}", e.url, e.title, None) for n, e in enumerate(entries())]
    other_links = [Entry(e.guid, f"{e.url}?token={n * 7}", e.title, None) for n, e in enumerate(entries())]
    for changed in (other_guids, other_links):
        again = identify_entries(changed, known_after(first), FEED)
        assert [identity for identity, _ in first] == [identity for identity, _ in again]


def test_identity_without_history_is_the_same_every_time() -> None:
    assert identify_entries(entries(), {}, FEED) == identify_entries(entries(), {}, FEED)
