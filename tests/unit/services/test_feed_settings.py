"""Options of a feed are checked when they are given, and secrets are never shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.polling.subscription import Subscription
from pipeline.errors import UsageError
from pipeline.services.feed_settings import FeedOptions, changed, cleared, shown

FEED = Subscription(url="https://wire.example/feed", added=datetime(2026, 11, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        (FeedOptions(headers=("X-Key: a b",)), {"X-Key": "a b"}),
        (FeedOptions(headers=("X-Key: 1", "x-key: 2")), {"x-key": "2"}),
        (FeedOptions(cookies=("a=1", "b=2")), {"Cookie": "a=1; b=2"}),
        (FeedOptions(auth="user:pass"), {"Authorization": "Basic dXNlcjpwYXNz"}),
        (FeedOptions(auth='{env = "ACCOUNT"}'), {"Authorization": 'account {env = "ACCOUNT"}'}),
        (FeedOptions(bearer="token"), {"Authorization": "Bearer token"}),
        (FeedOptions(bearer="{env = 'TOKEN'}"), {"Authorization": 'Bearer {env = "TOKEN"}'}),
    ],
)
def test_what_is_sent_with_a_fetch_is_kept_and_never_shown(options: FeedOptions, headers: dict[str, str]) -> None:
    feed = changed(FEED, options)
    assert feed.headers == headers
    assert shown(feed)["headers"] == dict.fromkeys(headers, "***")


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (FeedOptions(tags=(" ",)), "--tag was given nothing"),
        (FeedOptions(language="martian"), "--language"),
        (FeedOptions(headers=("no colon",)), "--header 'no colon' is no header"),
        (FeedOptions(headers=("A b: x",)), "--header 'A b' is no header"),
        (FeedOptions(headers=("A: x\x07y",)), "is no header"),
        (FeedOptions(headers=("Host: x",)), "--header Host: this one is the program's own"),
        (FeedOptions(cookies=("a",)), "--cookie 'a' is no cookie"),
        (FeedOptions(cookies=("a=1; b=2",)), "--cookie 'a' is no cookie"),
        (FeedOptions(auth="u:p", bearer="t"), "--auth and --bearer exclude each other"),
        (FeedOptions(bearer="two words"), "--bearer takes a token without spaces"),
        (FeedOptions(proxy="https://proxy.example"), "--proxy 'https://proxy.example' is no proxy"),
        (FeedOptions(proxy="http://u:p@proxy.example:x"), "is no proxy; write http://"),
        (FeedOptions(mute=("is:read",)), "--mute: what you have read or marked comes later"),
        (FeedOptions(mute=("(",)), ""),
    ],
)
def test_option_that_cannot_work_is_refused_with_how_to_write_it(options: FeedOptions, wrong: str) -> None:
    with pytest.raises(UsageError) as refused:
        changed(FEED, options)
    assert wrong in str(refused.value) and ":p@" not in str(refused.value)


def test_options_are_kept_shown_and_cleared_again() -> None:
    options = FeedOptions(
        title="Wire", tags=("world",), interval=900, language="EN", user_agent="me/1", mute=("advert",), fulltext=True,
        proxy="http://user:pass@proxy.example:3128", headers=("A: b",),
    )  # fmt: skip
    feed = changed(FEED, options)
    told = shown(feed)
    assert (told["interval"], told["language"], told["user_agent"], told["mute"], told["fulltext"]) == (
        900, "en", "me/1", ["advert"], True,
    )  # fmt: skip
    assert "pass" not in str(told["proxy"]) and "proxy.example:3128" in str(told["proxy"])
    names = ("title", "tags", "interval", "language", "headers", "user-agent", "proxy", "mute")
    assert cleared(changed(feed, FeedOptions(fulltext=False)), names) == FEED


def test_proxy_may_be_a_reference() -> None:
    assert changed(FEED, FeedOptions(proxy='{env = "PROXY"}')).proxy == '{env = "PROXY"}'
