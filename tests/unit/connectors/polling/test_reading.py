"""What a reading brings: new and changed entries, once each, whatever the bytes around them do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.parsed import NotAFeedError
from connectors.polling.reading import FeedReading, Origin, read
from connectors.polling.schedule import interval_s
from connectors.polling.splitting import entries_left_out
from pipeline.model import Article

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
ORIGIN = Origin("https://news.example/feed")
Item = tuple[int, str]


def item(number: int, text: str) -> str:
    return (
        f"<item><title>Report number {number} of the harbour</title><link>https://news.example/{number}</link>"
        f"<guid>g{number}</guid><pubDate>Mon, 21 Feb 2022 10:{number % 60:02}:00 GMT</pubDate>"
        f"<description>{text}</description></item>"
    )


def feed(*items: str, built: str = "1") -> bytes:
    head = f"<channel><title>Harbour</title><lastBuildDate>{built}</lastBuildDate>"
    return f"<?xml version='1.0'?><rss version='2.0'>{head}{''.join(items)}</channel></rss>".encode()


def reading(body: bytes, recent: bytes | None = None) -> FeedReading:
    return read(body, "application/rss+xml", ORIGIN.url, ORIGIN, NOW, recent)


def texts(found: FeedReading) -> list[str | None]:
    return [article.html for article in found.articles]


def test_second_reading_of_a_feed_that_only_says_it_was_built_again_brings_nothing() -> None:
    first = reading(feed(item(1, "a"), item(2, "b")))
    again = reading(feed(item(2, "b"), item(1, "a"), built="2"), first.recent)
    assert (len(first.articles), again.articles, again.entries) == (2, (), 2)
    assert sorted(again.published) == sorted(first.published)


def test_entry_that_goes_back_to_what_it_said_is_told_of_both_times() -> None:
    recent, told = None, []
    for text in ("a", "b", "a", "a"):
        found = reading(feed(item(1, text)), recent)
        recent = found.recent
        told += texts(found)
    assert told == ["a", "b", "a"]


def test_changed_entry_keeps_its_id() -> None:
    first = reading(feed(item(1, "a"), item(2, "b")))
    again = reading(feed(item(1, "a"), item(2, "c")), first.recent)
    assert texts(again) == ["c"]
    assert again.articles[0].id == first.articles[1].id


def test_entry_with_the_guid_of_one_that_stands_unchanged_is_another_article() -> None:
    first = reading(feed(item(1, "a")))
    impostor = item(7, "b").replace("<guid>g7", "<guid>g1")
    again = reading(feed(item(1, "a"), impostor), first.recent)
    assert texts(again) == ["b"]
    assert again.articles[0].id != first.articles[0].id


def test_shared_guid_never_merges_entries_that_follow_each_other() -> None:
    def shared(number: int) -> str:
        return item(number, f"text {number}").replace(f"<guid>g{number}", "<guid>same")

    first = reading(feed(shared(1), shared(2)))
    again = reading(feed(shared(2), shared(3)), first.recent)
    third = reading(feed(shared(3), shared(4)), again.recent)
    ids = [article.id for found in (first, again, third) for article in found.articles]
    assert len(ids) == len(set(ids)) == 4


def test_entry_that_stands_twice_is_one_article_whichever_of_both_is_laid_out_anew() -> None:
    twice = [item(1, "a"), item(1, "a").replace("<item>", "<item><category>quay</category>")]
    first = reading(feed(*twice))
    assert len(first.articles) == 1
    for place in (0, 1):
        changed = [entry.replace("<item>", "<item> ") if n == place else entry for n, entry in enumerate(twice)]
        assert reading(feed(*changed), first.recent).articles == ()


@pytest.mark.parametrize(
    "trap",
    [
        "<description><![CDATA[how to write <item> in RSS </item>]]></description>",
        "<description><![CDATA[an open <item> only]]></description>",
        "<!-- <item><title>old</title></item> -->",
    ],
)
def test_markup_quoted_in_an_entry_does_not_tear_it(trap: str) -> None:
    odd = f"<item><title>About feeds and how to write them</title>{trap}<guid>x</guid></item>"
    first = reading(feed(item(1, "a"), odd, item(2, "b")))
    again = reading(feed(item(1, "a"), odd, item(2, "b"), built="2"), first.recent)
    assert (first.entries, len(first.articles), again.entries, again.articles) == (3, 3, 3, ())


def test_other_formats_are_told_by_their_content() -> None:
    items = ",".join(f'{{"id": "{n}", "title": "Title {n}", "content_text": "text {n}"}}' for n in range(3))
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{items}]}}'.encode()
    first = reading(body)
    again = reading(body.replace(b"text 1", b"text one"), first.recent)
    assert [article.text for article in again.articles] == ["text one"]


def test_unreadable_item_is_told_of_and_costs_only_itself() -> None:
    body = b'{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{"id": "1", "title": "One"}, 7]}'
    found = reading(body)
    assert (len(found.articles), list(found.parsed.errors)) == (1, [1])


def test_what_another_version_remembered_is_not_believed() -> None:
    first = reading(feed(item(1, "a")))
    assert len(reading(feed(item(1, "a")), b"\x92\x00\x90").articles) == len(first.articles) == 1


def test_no_feed_is_an_error_with_history_too() -> None:
    first = reading(feed(item(1, "a")))
    with pytest.raises(NotAFeedError):
        reading(b"<html><body>Not found</body></html>", first.recent)


@pytest.mark.parametrize("is_oldest_first", [True, False])
def test_of_too_many_entries_the_newest_are_read_wherever_they_stand(
    is_oldest_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.polling.splitting.MAX_ENTRIES", 5)
    entries = [item(number, "a") for number in range(8)]
    found = reading(feed(*(entries if is_oldest_first else entries[::-1])))
    assert (found.left_out, found.entries) == (3, 5)
    assert sorted(article.url[-1] for article in found.articles if article.url) == list("34567")
    assert entries_left_out(feed(*entries)) == 3
    new = feed(*([*entries, item(8, "a")] if is_oldest_first else [item(8, "a"), *entries[::-1]]))
    assert [article.url for article in reading(new, found.recent).articles] == ["https://news.example/8"]


items = st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["a", "b", "c"])), unique_by=lambda pair: pair[0])


@given(st.lists(items, min_size=1, max_size=6))
def test_every_version_of_every_entry_is_told_of_exactly_once(documents: list[list[Item]]) -> None:
    latest: dict[int, str] = {}
    ids: dict[int, str] = {}
    recent = None
    for number, document in enumerate(documents):
        found = reading(feed(*(item(*pair) for pair in document), built=str(number)), recent)
        recent = found.recent
        assert texts(found) == [text for n, text in document if latest.get(n) != text]
        assert found.entries == len(document)
        for article, (n, _) in zip(
            found.articles, [(n, text) for n, text in document if latest.get(n) != text], strict=True
        ):
            assert ids.setdefault(n, article.id) == article.id
        latest |= dict(document)


def test_what_cannot_be_finished_or_takes_too_long_costs_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    body = feed(*(item(number, f"text {number}") for number in range(3)))
    plain = reading(body)

    def finish(article: Article) -> bytes:
        if article.html == "text 1":
            raise ValueError(article.html)
        return (article.html or "").encode()

    finished = read(body, None, ORIGIN.url, ORIGIN, NOW, finish=finish)
    assert (plain.articles, (b"text 0", b"text 2")) == (finished.articles, finished.finished)
    monkeypatch.setattr("connectors.polling.reading.FINISHED_S", -1.0)
    late = read(body, None, ORIGIN.url, ORIGIN, NOW, finish=finish)
    assert (plain.articles, ()) == (late.articles, late.finished)


def test_entries_from_before_their_feed_was_followed_are_finished_as_history() -> None:
    origin = msgspec.structs.replace(ORIGIN, followed=NOW)
    body = feed(item(1, "a"))
    found = read(body, None, ORIGIN.url, origin, NOW, finish=lambda article: str(article.history).encode())
    assert ((b"True",), [True]) == (found.finished, [article.history for article in found.articles])


@settings(max_examples=200)
@given(st.lists(st.integers(min_value=-90 * 24, max_value=200), max_size=40), st.integers(min_value=0, max_value=48))
def test_dates_that_are_handed_on_pace_a_feed_as_all_of_them_would(hours: list[int], later: int) -> None:
    moments = [NOW + timedelta(hours=one) for one in hours]
    now = NOW + timedelta(hours=later)
    items = "".join(
        f"<item><guid>{n}</guid><pubDate>{format_datetime(m)}</pubDate></item>" for n, m in enumerate(moments)
    )
    body = f"<rss><channel><title>t</title>{items}</channel></rss>".encode()

    found = read(body, "text/xml", "https://news.example/feed", Origin("https://news.example/feed"), NOW).published

    assert interval_s(found, {}, None, now, 1.0, 1e9) == interval_s(moments, {}, None, now, 1.0, 1e9)
    passed = [moment for moment in moments if moment <= now]
    assert max((m for m in found if m <= now), default=None) == max(passed, default=None)
    assert len(found) <= 20 + sum(moment > NOW for moment in moments)
