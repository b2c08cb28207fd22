"""Which article an entry is: different entries are different articles, for ever, however a feed names them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.addresses import url_key
from connectors.formats.parsed import Entry, ParsedEntry
from connectors.polling.entry_keys import key_of, link_key
from connectors.polling.identity import Candidate, Seen, candidate_of, content_of, identify_entries

FEED = "https://news.example/feed"
DAY = datetime(2022, 2, 24, 6, tzinfo=UTC)


class Reader:
    """Poll a feed document by document and remember what a poll does; no entry is known by its bytes alone."""

    def __init__(self) -> None:
        self._memory: dict[str, Seen] = {}

    def poll(self, *entries: ParsedEntry, unchanged: tuple[str, ...] = ()) -> list[str]:
        """Return the identities of a document's entries; those ``unchanged`` stand in it as they were."""
        beside = [self._memory[identity] for identity in unchanged]
        found = identify_entries([candidate_of(entry) for entry in entries], self._memory.values(), FEED, None, beside)
        for entry, (identity, keys) in zip(entries, found, strict=True):
            before = self._memory.pop(identity, None)
            kept = tuple(dict.fromkeys((*keys, *(before.keys if before else ()))))
            published = int(entry.published.timestamp()) if entry.published else 0
            self._memory[identity] = Seen(identity, b"", content_of(entry), published, kept)
        return [identity for identity, _ in found]


def item(
    guid: str | None = None,
    url: str | None = None,
    title: str | None = None,
    text: str | None = None,
    day: int | None = None,
) -> ParsedEntry:
    published = DAY + timedelta(days=day) if day is not None else None
    raw = published.isoformat() if published else None
    return ParsedEntry(identity=Entry(guid, url, title, raw), url=url, title=title, text=text, published=published)


def reports(count: int = 20, *, guid: str | None = "g{}", host: str = "news.example") -> list[ParsedEntry]:
    return [
        item(
            guid.format(n) if guid else None,
            f"https://{host}/story/{n}",
            f"The title of report number {n}",
            f"Text {n}",
            n,
        )
        for n in range(count)
    ]


def test_shuffled_feed_yields_the_same_identities() -> None:
    reader, before = Reader(), reports()
    first = dict(zip(before, reader.poll(*before), strict=True))
    random.Random(1).shuffle(before)
    assert reader.poll(*before) == [first[entry] for entry in before]


@pytest.mark.parametrize("guid", [None, "same for all"])
def test_missing_or_repeated_guids_do_not_merge_entries(guid: str | None) -> None:
    assert len(set(Reader().poll(*reports(guid=guid)))) == 20


def test_identity_without_history_is_the_same_every_time() -> None:
    assert Reader().poll(*reports()) == Reader().poll(*reports())


NAMES = st.none() | st.sampled_from(["a", "b", "http://x.example/1", "https://x.example/1"])
LINKS = st.none() | st.sampled_from(
    [
        "https://x.example/1",
        "https://x.example/2",
        "https://x.example/1#b",
        "https://x.example/?q=%CF",
        "https://x.example/",
    ]
)
TITLES = st.none() | st.sampled_from(
    ["", "雾", "道路封闭", "道路封闭通知", "Fog", "Fog at the river mouth", "fog at the river mouth"]
)
TEXTS = st.none() | st.sampled_from(["x", "y", "磨坊路挖到五月"])
DAYS = st.none() | st.integers(0, 2)
ITEMS = st.builds(item, NAMES, LINKS, TITLES, TEXTS, DAYS)


def told(entry: ParsedEntry) -> tuple[str, str, str, str]:
    return entry.identity.guid or "", entry.url or "", entry.title or "", entry.text or ""


@given(st.lists(ITEMS, max_size=7), st.lists(ITEMS, max_size=7))
def test_entries_of_one_poll_that_differ_are_different_articles(
    earlier: list[ParsedEntry], entries: list[ParsedEntry]
) -> None:
    reader = Reader()
    for document in (earlier, entries):
        ids = reader.poll(*document)
        for one, other in ((a, b) for a in range(len(ids)) for b in range(a)):
            assert ids[one] != ids[other] or told(document[one]) == told(document[other])


@given(st.lists(st.lists(ITEMS, max_size=6), max_size=4))
def test_document_read_again_brings_no_article(documents: list[list[ParsedEntry]]) -> None:
    reader = Reader()
    for document in documents:
        first = reader.poll(*document)
        assert set(reader.poll(*reversed(document))) == set(first)


NUMBERS = st.integers(0, 5)
GUIDED = st.dictionaries(NUMBERS, st.tuples(LINKS, TITLES, TEXTS, DAYS), max_size=6)


@given(st.lists(GUIDED, max_size=5))
def test_known_guid_keeps_its_article_whatever_else_changes(
    documents: list[dict[int, tuple[None, None, None, None]]],
) -> None:
    reader, known, shared = Reader(), dict[int, str](), set[int]()
    said: dict[int, set[tuple[None, None, None, None]]] = {}
    for document in documents:
        # Guids that come to entries which had others before are those of places in the feed.
        moved = [n for n, rest in document.items() if any(rest in said[other] for other in said if other != n)]
        if len(moved) > 1:
            return
        for n, rest in document.items():
            said.setdefault(n, set()).add(rest)
        held = len(document.keys() & known.keys())
        ids = dict(zip(document, reader.poll(*(item(f"g{n}", *rest) for n, rest in document.items())), strict=True))
        # Guids of one article, as a feed that had named it anew has them, are those of two if both stand in a document.
        shared |= {n for n in known for other in known if n != other and known[n] == known[other]}
        sole = ids.keys() & known.keys() - shared
        assert {n: ids[n] for n in sole} == {n: known[n] for n in sole}
        new = document.keys() - known.keys()
        if held >= len(new):
            assert not {ids[n] for n in new} & set(known.values())
        known |= ids


@given(st.lists(st.tuples(LINKS, TITLES, TEXTS), min_size=2, max_size=6), st.integers(1, 5))
def test_new_guid_beside_known_ones_is_a_new_article(stories: list[tuple[str, str, str]], copied: int) -> None:
    reader = Reader()
    known = [item(f"g{n}", *story, n) for n, story in enumerate(stories)]
    ids = reader.poll(*known)
    twin = item("new", *stories[copied % len(stories)], copied % len(stories))
    others = [entry for n, entry in enumerate(known) if n != copied % len(stories)]
    assert reader.poll(twin, *others)[0] not in ids


def test_recurring_headline_with_a_new_guid_and_link_is_a_new_article_each_day() -> None:
    reader, title = Reader(), "Morning news from the lock keepers"
    days = [reader.poll(item(f"g{n}", f"https://x.example/b/{n}", title, f"News of day {n}.", n)) for n in range(5)]
    assert len({identity for ids in days for identity in ids}) == 5


@pytest.mark.parametrize("title", ["Lock {} shut", "Lock {} is shut for works until May", "船闸{}关闭", None])
@pytest.mark.parametrize("guid", [None, "https://x.example/board"])
@pytest.mark.parametrize("link", [None, "https://x.example/board"])
def test_notices_that_share_guid_and_link_stay_the_articles_they_are(
    title: str | None, guid: str | None, link: str | None
) -> None:
    reader = Reader()
    notices = [item(guid, link, title and title.format(n), f"Notice {n}", n) for n in range(6)]
    first = reader.poll(*notices[:5])
    assert len(set(first)) == 5
    again = reader.poll(*reversed(notices))
    assert (again[1:], again[0] in first) == (first[::-1], False)


def test_entries_that_stand_as_they_were_count_where_others_share_their_guid() -> None:
    reader = Reader()
    (first,) = reader.poll(item("g", None, "Lock two shut", "a", 1))
    assert reader.poll(item("g", None, "Lock six shut", "b", 2), unchanged=(first,)) != [first]
    assert reader.poll(item("g", None, "Lock two shut", "a", 1), unchanged=(first,)) == [first]


def renamed_guids(entries: list[ParsedEntry]) -> list[ParsedEntry]:
    return [item(f"new{n}", e.url, e.title, e.text, n) for n, e in enumerate(entries)]


def secured(entries: list[ParsedEntry]) -> list[ParsedEntry]:
    return [item(f"https://x.example/{n}", e.url, e.title, e.text, n) for n, e in enumerate(entries)]


def moved_home(entries: list[ParsedEntry]) -> list[ParsedEntry]:
    return [item(f"uuid{n}", f"https://new.example/a/{n}.html", e.title, e.text, n) for n, e in enumerate(entries)]


def moved_home_with_its_links(entries: list[ParsedEntry]) -> list[ParsedEntry]:
    return [
        item(f"uuid{n}", f"https://new.example/a/{n}.html", e.title, f"{e.text}!", n) for n, e in enumerate(entries)
    ]


def moved_in_time(entries: list[ParsedEntry]) -> list[ParsedEntry]:
    return [item(e.identity.guid, e.url, e.title, e.text, n + 1) for n, e in enumerate(entries)]


def given_tokens(entries: list[ParsedEntry]) -> list[ParsedEntry]:
    return [item(e.identity.guid, f"{e.url}?token={n * 7}", e.title, e.text, n) for n, e in enumerate(entries)]


@pytest.mark.parametrize("guid", ["http://x.example/{}", None])
@pytest.mark.parametrize("count", [1, 2, 20])
@pytest.mark.parametrize(
    "change", [renamed_guids, secured, moved_home, moved_home_with_its_links, moved_in_time, given_tokens]
)
def test_feed_that_evidently_named_its_entries_anew_brings_nothing_new(
    change: object, count: int, guid: str | None
) -> None:
    reader, before = Reader(), reports(count, guid=guid)
    first = reader.poll(*before)
    after = change(before)  # type: ignore[operator]
    new = item("new", "https://x.example/new", "A tug has run aground", "All are well.", 30)
    assert reader.poll(*after) == first
    assert reader.poll(new, *after)[1:] == first


def test_entry_of_old_memory_without_a_key_for_its_short_title_is_known_again() -> None:
    notices = [item(None, "https://x.example/board", f"Lock {n} shut", f"Notice {n}", n) for n in range(3)]
    ((_, (link, *_)),) = identify_entries([candidate_of(notices[0])], (), FEED)
    known = [Seen(f"old{n}", b"", content_of(entry), 0, (link, f"all{n}")) for n, entry in enumerate(notices)]
    found = identify_entries([candidate_of(entry) for entry in notices], known, FEED)
    assert [identity for identity, _ in found] == ["old0", "old1", "old2"]


def test_link_whose_key_says_more_than_it_did_is_known_by_what_it_was() -> None:
    link = "https://x.example/find?name=%CF%F0"
    former = item(None, "https://x.example/find?name=%EF%BF%BD%EF%BF%BD", "Lock shut", "a")
    ((identity, keys),) = identify_entries([candidate_of(former)], (), FEED)
    known = [Seen(identity, b"", content_of(former), 0, keys)]
    same, other = item(None, link, "Lock shut", "b"), item(None, link, "Quay open", "c")
    assert [identify_entries([candidate_of(entry)], known, FEED)[0][0] == identity for entry in (same, other)] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("link", "former"),
    [
        ("https://m.x.example/a/1", "m.x.example/a/1"),
        ("https://en.m.x.example/a/1", "en.m.x.example/a/1"),
        ("https://x.example/a?s=x&id=1", "x.example/a?s=x&id=1"),
    ],
)
def test_link_is_known_by_the_key_it_had_before_screens_and_orders_were_left_out(link: str, former: str) -> None:
    entry = item(None, link, "Lock shut", "a")
    ((_, keys),) = identify_entries([candidate_of(entry)], (), FEED)
    assert key_of("url", former) not in keys
    known = [Seen("old", b"", content_of(entry), 0, (key_of("url", former), *keys[1:]))]
    edited = item(None, link, "Lock shut", "b")
    assert identify_entries([candidate_of(edited)], known, FEED)[0][0] == "old"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://news.example/a/1", "https://m.news.example/a/1", True),
        ("https://www.news.example/a/1", "https://mobile.news.example/a/1", True),
        ("https://amp.news.example/a/1", "http://news.example/a/1/", True),
        ("https://en.m.wiki.example/wiki/Quay", "https://en.wiki.example/wiki/Quay", True),
        ("https://m.example/a", "https://example/a", False),
        ("https://amp.dev/a", "https://dev/a", False),
        ("https://am.news.example/a", "https://news.example/a", False),
    ],
)
def test_link_is_the_same_on_any_screen(one: str, other: str, is_same: bool) -> None:
    assert (link_key(url_key(one)) == link_key(url_key(other))) == is_same


def test_guid_with_the_time_of_the_last_change_is_that_of_its_page_while_the_headline_stays() -> None:
    reader, page, title = Reader(), "https://gov.example/news/quay", "News story: Quay opens"
    first = reader.poll(item(f"{page}#2026-11-25T08:00:00+00:00", page, title, "Old.", 1))
    assert reader.poll(item(f"{page}#2026-11-26T09:00:00Z", page, title, "New.", 2)) == first
    other = reader.poll(item(f"{page}#2026-11-26T10:00:00Z", page, "News story: Quay shuts", "Other.", 3))
    assert other != first
    days = [reader.poll(item(f"{page}#2026-11-2{n}", page, title, f"Day {n}.", n)) for n in (4, 5)]
    assert len({*map(tuple, days), tuple(first)}) == 3


def test_nothing_is_known_of_an_empty_document() -> None:
    assert identify_entries([], [Seen("a", b"", b"", 0, ("k",))], FEED) == []
    assert identify_entries([Candidate(Entry(None, None, None, None))] * 3, (), FEED)[0][0]


def test_notices_at_one_link_with_one_headline_are_articles_of_their_own() -> None:
    reader = Reader()
    found = [
        reader.poll(item(f"g{n}", "https://x.example/live", "Live from the harbour", f"At {n}", n)) for n in (1, 2, 3)
    ]
    assert len({identity for identities in found for identity in identities}) == 3


@pytest.mark.parametrize(("text", "when"), [("The same text.", 2), ("Another text.", 1)])
def test_new_guid_at_the_same_link_with_the_same_date_or_text_is_the_same_article(text: str, when: int) -> None:
    reader = Reader()
    first = reader.poll(item("g1", "https://x.example/1", "The quay is open", "The same text.", 1))
    assert reader.poll(item("g2", "https://x.example/1", "The quay is open", text, when)) == first


def test_entries_that_say_nothing_but_another_address_are_not_taken_for_each_other() -> None:
    reader, nothing, home = Reader(), item(), item(None, "https://x.example/")
    first = reader.poll(nothing, home)
    assert reader.poll(home, nothing) == first[::-1]
    assert [reader.poll(nothing), reader.poll(nothing)] == [first[:1], first[:1]]
