"""What of a subscription is secret, and where it may go."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.fetch.origin import same_origin
from connectors.polling.subscription import (
    Subscription,
    basic,
    headers_for,
    merged,
    whole_address,
    without_credentials,
)
from pipeline.networks import masked

FEED = Subscription(
    url="https://news.example/feed",
    added=datetime(2026, 11, 23, tzinfo=UTC),
    headers={"Authorization": "secret"},
    user_agent="Reader/1",
)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://news.example/other?x", True),
        ("https://NEWS.example:443/", True),
        ("http://news.example/feed", False),
        ("https://news.example:8443/feed", False),
        ("https://www.news.example/feed", False),
        ("https://news.example.evil.test/feed", False),
        ("https://news.example@evil.test/feed", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_credentials_go_to_the_feeds_own_origin_only(url: str, same: bool) -> None:
    assert same_origin(FEED.url, url) == same
    assert headers_for(FEED, url) == ({"Authorization": "secret"} if same else {}) | {"User-Agent": "Reader/1"}


@given(st.text(min_size=1), st.text())
def test_credentials_of_an_address_come_out_of_it(user: str, password: str) -> None:
    given = f"https://{quote(user, safe='')}:{quote(password, safe='')}@news.example:8443/feed?a=b@c"
    user, password = (text.encode("utf-8", "replace").decode() for text in (user, password))
    assert without_credentials(given) == ("https://news.example:8443/feed?a=b@c", basic(user, password))


def test_address_without_credentials_stays_as_it_is() -> None:
    for url in ("https://news.example/@me/feed", "https://news.example/?a=b@c", "feed.xml"):
        assert (without_credentials(url), masked(url)) == ((url, {}), url)


def test_secrets_are_hidden_where_an_address_is_shown() -> None:
    assert masked("http://me:s3cret@127.0.0.1:3128") == "http://***@127.0.0.1:3128"


def test_newer_header_replaces_one_of_the_same_name_however_written() -> None:
    assert merged({"X-Key": "1", "Cookie": "a"}, {"x-key": "2"}) == {"Cookie": "a", "x-key": "2"}


@pytest.mark.parametrize(
    ("text", "followed"),
    [
        ("https://news.example/feed", "https://news.example/feed"),
        (" https://news.example/feed#top ", "https://news.example/feed"),
        ("HTTPS://News.Example/Feed", "https://news.example/Feed"),
        ("http://news.example:80", "http://news.example/"),
        ("https://news.example:443/?a=B", "https://news.example/?a=B"),
        ("http://news.example:8080/", "http://news.example:8080/"),
        ("https://Me:Word@News.example/", "https://Me:Word@news.example/"),
        ("http://[::1]:8080/feed", "http://[::1]:8080/feed"),
        ("news.example", "https://news.example/"),
        ("news.example:8080/feed?a=b", "https://news.example:8080/feed?a=b"),
        ("localhost:8080/feed", "http://localhost:8080/feed"),
        ("192.168.1.7", "http://192.168.1.7/"),
        ("feed:https://news.example/feed", "https://news.example/feed"),
        ("feed://news.example/feed", "http://news.example/feed"),
        ("ftp://news.example/", "ftp://news.example/"),
        ("/etc/passwd", "/etc/passwd"),
        ("http://[", "http://["),
        ("", ""),
    ],
)
def test_address_is_followed_in_one_spelling(text: str, followed: str) -> None:
    assert whole_address(text) == followed
    assert whole_address(followed) == followed


@given(st.text(alphabet="htps:/@[]#?.ab1é% ", max_size=40))
def test_spelling_of_any_text_settles(text: str) -> None:
    assert whole_address(whole_address(text)) == whole_address(text)
