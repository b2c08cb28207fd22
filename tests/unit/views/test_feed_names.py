"""Whatever an address is, its feed is called something, on every list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.polling.subscription import Subscription
from pipeline.views.feeds import feed_name

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@given(st.text(min_size=1))
@example("http://[")
@example("http://[::1/feed")
@example("/home/me/Maildir/.Letters")
def test_feed_of_any_address_is_called_something(url: str) -> None:
    assert feed_name(Subscription(url=url, added=NOW))


@pytest.mark.parametrize(
    ("url", "title", "name"),
    [
        ("https://example.org/feed", "News", "News"),
        ("https://example.org/feed", None, "example.org"),
        ("/home/me/Maildir", None, "/home/me/Maildir"),
        ("http://[bad/feed", None, "http://[bad/feed"),
    ],
)
def test_feed_is_called_by_its_title_or_host_or_address(url: str, title: str | None, name: str) -> None:
    assert feed_name(Subscription(url=url, title=title, added=NOW)) == name
