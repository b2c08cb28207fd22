"""Subscriptions: added, changed, found by name, moved, imported; what is secret goes to its own origin only."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files.opml import Outline
from connectors.polling.schedule import Poll
from connectors.websub import Push
from pipeline.errors import UsageError
from pipeline.services.feed_settings import CLEARED, FeedOptions
from pipeline.services.feeds import Feeds
from pipeline.services.find_feeds import FoundFeed
from tests.fakes.table import MemoryTable

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
URL = "https://site.example/feed"
PLAIN = FeedOptions()


class Desk:
    """Hold the service with the tables it writes."""

    def __init__(self) -> None:
        self.feeds, self.polls, self.pushes = MemoryTable(), MemoryTable(), MemoryTable()
        self.forgotten: list[str] = []
        self.has_full_text = True
        self.service = Feeds(
            feeds=self.feeds,
            polls=self.polls,
            pushes=self.pushes,
            transaction=self.transaction,
            clock=lambda: NOW,
            forget=self.forgotten.append,
            check_full_text=self.check,
        )

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def check(self) -> None:
        if not self.has_full_text:
            raise UsageError("install it")

    def polled(self, url: str, **fields: object) -> None:
        poll = msgspec.convert({"next_check": NOW + timedelta(hours=1), **fields}, Poll)
        self.polls.put(url, msgspec.json.encode(poll))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def found(url: str, moved_to: str | None = None) -> FoundFeed:
    return FoundFeed(url=url, title="Site", entries=3, moved_to=moved_to)


def test_feed_is_followed_under_its_own_title(desk: Desk) -> None:
    followed = desk.service.follow(found(URL), PLAIN, desk.service.asked(URL))
    assert followed.subscription is not None
    assert [(s.url, s.title, s.added) for s in desk.service.all()] == [(URL, "Site", NOW)]


def test_options_given_again_change_what_was_and_leave_the_rest(desk: Desk) -> None:
    desk.service.subscribe(URL, FeedOptions(tags=("war",), interval=60))
    desk.service.subscribe(URL, FeedOptions(language="uk"))
    (kept,) = desk.service.all()
    assert (kept.tags, kept.interval_s, kept.language) == (("war",), 60, "uk")


def test_feed_that_moved_to_one_that_is_followed_is_not_followed_twice(desk: Desk) -> None:
    desk.service.subscribe("https://new.example/feed")
    followed = desk.service.follow(found(URL, "https://new.example/feed"), PLAIN, desk.service.asked(URL))
    assert (followed.subscription, followed.elsewhere) == (None, "https://new.example/feed")
    assert len(desk.service.all()) == 1


@pytest.mark.parametrize(
    ("feed", "headers", "kept_back"),
    [(URL, {"X-Key": "secret"}, False), ("https://other.example/feed", {}, True)],
)
def test_headers_of_the_address_asked_for_go_to_feeds_of_its_origin_only(
    desk: Desk, feed: str, headers: dict[str, str], kept_back: bool
) -> None:
    asked = desk.service.asked("https://site.example/", FeedOptions(headers=("X-Key: secret",)))
    followed = desk.service.follow(found(feed), PLAIN, asked)
    assert followed.subscription is not None
    assert (followed.subscription.headers, followed.headers_kept_back) == (headers, kept_back)


def test_full_text_is_refused_where_it_cannot_be_had_and_nothing_is_kept(desk: Desk) -> None:
    desk.has_full_text = False
    with pytest.raises(UsageError, match="install it"):
        desk.service.subscribe(URL, FeedOptions(fulltext=True))
    assert desk.service.all() == []


@pytest.mark.parametrize("name", [URL, "SITE", "site.example", "site"])
def test_feed_is_known_by_address_title_and_part(desk: Desk, name: str) -> None:
    desk.service.subscribe(URL, title="Site")
    desk.service.subscribe("https://another.example/rss", title="Another")
    assert desk.service.known(name).url == URL


@pytest.mark.parametrize(("name", "says"), [("nowhere", "not followed"), (".example", "more than one feed")])
def test_unknown_feed_is_told_apart_from_one_of_several(desk: Desk, name: str, says: str) -> None:
    desk.service.subscribe(URL)
    desk.service.subscribe("https://another.example/rss")
    with pytest.raises(UsageError, match=says):
        desk.service.known(name)


def test_edit_says_whether_anything_is_different(desk: Desk) -> None:
    desk.service.subscribe(URL, FeedOptions(tags=("war",), language="uk"))
    assert desk.service.edit(URL, FeedOptions(tags=("war",)))[1] is False
    after, different = desk.service.edit(URL, FeedOptions(tags=("peace",)), ("language",))
    assert (different, after.tags, after.language) == (True, ("peace",), None)
    assert desk.service.all() == [after]


def test_removed_feed_leaves_neither_poll_nor_entries(desk: Desk) -> None:
    desk.service.subscribe(URL)
    desk.polled(URL)
    desk.service.remove(URL)
    assert (desk.feeds.values, desk.polls.values, desk.forgotten) == ({}, {}, [URL])


def test_refreshed_feed_is_due_and_asked_for_in_full(desk: Desk) -> None:
    desk.service.subscribe(URL)
    desk.polled(URL, retired=True, etag="e", body_hash="h")
    desk.feeds.changes()
    assert desk.service.refresh() == 1
    poll = desk.service.poll_of(URL)
    assert poll is not None
    assert (poll.next_check, poll.retired, poll.etag, poll.body_hash) == (NOW, False, None, None)
    assert [key for key, _ in desk.feeds.changes()] == [URL]  # a running process looks at it


def test_paused_feed_is_told_of_as_paused(desk: Desk) -> None:
    desk.service.subscribe(URL)
    desk.service.pause(URL)
    assert desk.service.status(URL).health.state == "paused"
    desk.service.pause(URL, paused=False)
    assert [status.health.state for status in desk.service.statuses()] == ["new"]


def test_steps_of_a_test_tell_of_the_hub(desk: Desk) -> None:
    desk.service.subscribe(URL)
    desk.polled(URL, hubs=["https://hub.example/"])
    assert [step.detail for step in desk.service.push_steps(URL)] == ["has a hub"]
    push = Push(
        callback="id",
        feed=URL,
        hub="https://hub.example/",
        topic=URL,
        secret="s",
        since=NOW,
        next_ask=NOW,
        note="it is closed",
    )
    desk.pushes.put("id", msgspec.json.encode(push))
    assert [step.detail for step in desk.service.push_steps(URL)] == ["not pushed: it is closed"]


def test_imported_list_keeps_what_a_feed_had(desk: Desk) -> None:
    desk.service.subscribe(URL, FeedOptions(interval=60, tags=("mine",)))
    count = desk.service.take_over(
        [Outline(URL, "New title", ()), Outline("https://user:pw@b.example/f", None, ("b",))]
    )
    second, first = desk.service.all()
    assert (count, first.title, first.tags, first.interval_s) == (2, "New title", ("mine",), 60)
    assert (second.url, second.tags, list(second.headers)) == ("https://b.example/f", ("b",), ["Authorization"])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), max_size=12))
def test_exported_list_brings_the_same_feeds_back(names: list[tuple[str, bool]]) -> None:
    before, after = Desk().service, Desk().service
    for name, tagged in names:
        before.subscribe(f"https://{name}.example/", FeedOptions(tags=("t",) if tagged else ()), title=name)
    after.take_over(before.outlines())
    assert after.all() == before.all()


@settings(max_examples=50, deadline=None)
@given(
    st.builds(
        FeedOptions,
        title=st.none() | st.text(min_size=1),
        # A tag of nothing but space is refused, which the next test shows.
        tags=st.lists(st.text(min_size=1).filter(str.strip), max_size=3).map(tuple),
        interval=st.none() | st.integers(30, 10**6),
        language=st.none() | st.sampled_from(["en", "uk"]),
        user_agent=st.none() | st.text(min_size=1).filter(str.isprintable),
        auth=st.none() | st.just("user:password"),
        mute=st.lists(st.sampled_from(["sport", "title:horoscope"]), max_size=2).map(tuple),
    )
)
def test_options_given_twice_change_nothing_and_cleared_ones_are_gone(options: FeedOptions) -> None:
    service = Desk().service
    plain = service.subscribe(URL)
    service.edit(URL, options)
    assert service.edit(URL, options)[1] is False
    assert service.edit(URL, PLAIN, tuple(CLEARED))[0] == plain


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (FeedOptions(tags=("",)), "--tag was given nothing"),
        (FeedOptions(tags=("war", " ")), "--tag was given nothing"),
        (FeedOptions(language="klingon"), "no language"),
        (FeedOptions(language="german"), "did you mean 'de'"),
        (FeedOptions(mute=("lang:english",)), "column 6"),
        (FeedOptions(user_agent="a\nb"), "one line"),
        (FeedOptions(auth="anna"), "USER:PASSWORD"),
    ],
)
def test_wrong_option_is_told_and_no_feed_is_kept(options: FeedOptions, wrong: str) -> None:
    desk = Desk()
    with pytest.raises(UsageError, match=wrong):
        desk.service.subscribe(URL, options)
    assert desk.service.all() == []


def test_language_of_a_feed_is_kept_as_its_code() -> None:
    desk = Desk()
    desk.service.subscribe(URL, FeedOptions(language="de-AT"))
    assert [subscription.language for subscription in desk.service.all()] == ["de"]
