"""Which article an entry is, and canonical addresses."""

from __future__ import annotations

import random
from random import Random
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.addresses import canonical_url
from connectors.formats.parsed import Entry
from connectors.polling.identity import identify_entries

FEED = "https://news.example/feed"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://News.Example:80/a?utm_source=rss&id=3#top", "http://news.example/a?id=3"),
        ("https://www.google.com/url?rct=j&url=https://x.example/a%3Fstory%3D12&ct=ga", "https://x.example/a?story=12"),
        ("https://x-example.cdn.ampproject.org/c/s/x.example/story", "https://x.example/story"),
        ("https://x.example/story/amp/", "https://x.example/story"),
        ("https://x.example/ä b", "https://x.example/%C3%A4%20b"),
        ("https://x.example/?p=1&fbclid=abc", "https://x.example/?p=1"),
    ],
)
def test_canonical_url(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@given(st.text(max_size=80))
def test_canonical_url_is_idempotent(rest: str) -> None:
    once = canonical_url(f"https://news.example/{rest}")
    assert once == canonical_url(once)


TRACKERS = (
    "utm_source utm_medium fbclid gclid gad_source mc_cid mtm_campaign pk_kwd twclid _gl igshid srsltid hsa_acc".split()
)
PARAMETERS = st.lists(
    st.tuples(st.sampled_from("id page p q article lang".split()), st.text("ab1é &=", max_size=5)), max_size=4
)


@given(PARAMETERS, st.lists(st.tuples(st.sampled_from(TRACKERS), st.text("ab1", max_size=4)), max_size=4), st.randoms())
def test_trackers_change_nothing_wherever_they_stand(
    pairs: list[tuple[str, str]], trackers: list[tuple[str, str]], random: Random
) -> None:
    mixed = list(pairs)
    for tracker in trackers:
        mixed.insert(random.randrange(len(mixed) + 1), tracker)
    address = "https://news.example/a?" + urlencode(pairs)
    assert canonical_url("https://News.example:443/a?" + urlencode(mixed) + "#top") == canonical_url(address)


@given(PARAMETERS, PARAMETERS)
def test_what_may_matter_keeps_addresses_apart(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    addresses = {canonical_url("https://news.example/a?" + urlencode(pairs)) for pairs in (one, other)}
    assert (len(addresses) == 1) == (one == other)


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://www.google.com/url?rct=j&url={}&usg=x",
        "https://l.facebook.com/l.php?u={}&h=AT0",
        "https://www.youtube.com/redirect?event=video&q={}",
        "https://duckduckgo.com/l/?uddg={}&rut=1",
        "https://vk.com/away.php?to={}",
        "https://out.reddit.com/t3_x?token=1&url={}",
    ],
)
@given(pairs=PARAMETERS)
def test_redirectors_are_unwrapped(wrapped: str, pairs: list[tuple[str, str]]) -> None:
    address = "https://news.example/a?" + urlencode(pairs)
    assert canonical_url(wrapped.format(quote(address, safe=""))) == canonical_url(address)
    assert canonical_url(wrapped.format("javascript%3Ax")).startswith(wrapped.partition("?")[0])


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_addresses_that_differ_in_a_meaningful_parameter_stay_different(one: int, other: int) -> None:
    urls = [canonical_url(f"https://news.example/read?story={n}&utm_medium=x") for n in (one, other)]
    assert (one == other) == (urls[0] == urls[1])


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
