"""How channels are called where secrets must not be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.notify.addresses import Channels, redacted, scheme_of
from pipeline.errors import UsageError


@pytest.mark.parametrize(
    "address",
    [
        "webhook+https://user:S3CRET@hooks.example.org/x",
        "webhook+https://hooks.example.org/T000/S3CRET",
        "webhook+https://hooks.example.org/x?token=S3CRET",
        "webhook+https://hooks.example.org/x#secret=S3CRET",
        "ntfy+https://:S3CRET@ntfy.example.org/topic",
        "ntfy:S3CRET",
        "smtps://me:S3CRET@mail.example.org?to=a@example.org",
        "apprise:tgram://S3CRET/chat",
        "webhook+https://[S3CRET",
    ],
)
def test_label_holds_no_secret(address: str) -> None:
    assert "S3CRET" not in redacted(address)


def test_labels_tell_two_hooks_of_a_host_apart() -> None:
    assert redacted("webhook+https://h.example/1") != redacted("webhook+https://h.example/2")


def test_label_is_readable_where_nothing_is_secret() -> None:
    assert [redacted(a) for a in ("mailto:me@example.org", "atom:a.xml", "terminal:")] == [
        "mailto:me@example.org", "atom:a.xml", "terminal",
    ]  # fmt: skip


def test_named_channel_is_called_by_its_name() -> None:
    channels = Channels({"pager": "webhook+https://hooks.example.org/S3CRET"})
    assert channels.label("pager") == "pager"


@given(st.text())
def test_label_of_anything_is_some_text(text: str) -> None:
    assert isinstance(redacted(text), str)


def test_feed_file_that_is_a_directory_is_refused_before_anything_is_sent() -> None:
    named = {"directory": "atom:notify/", "file": "jsonfeed:notify/alerts.json"}
    channels = Channels(named, directory=Path(__file__).parents[1])
    with pytest.raises(UsageError, match=r"atom:notify/alerts\.xml"):
        channels.open("directory")
    channels.open("file")


@pytest.mark.parametrize("address", ["atom:notify/", "atom:notify"])
def test_directory_on_a_rule_is_refused_with_a_name_that_is_allowed(address: str) -> None:
    channels = Channels({}, directory=Path(__file__).parents[1])
    with pytest.raises(UsageError, match=r"such as atom:alerts\.xml"):
        channels.open(address)
    channels.open("atom:alerts.xml")


@pytest.mark.parametrize(
    "address", ["http://hooks.example.org/x", "https://hooks.example.org/x", "webhook:https://h/x"]
)
def test_address_of_a_webhook_that_lacks_its_beginning_is_told_of_it(address: str) -> None:
    with pytest.raises(UsageError, match="write webhook\\+ before"):
        scheme_of(address)
    with pytest.raises(UsageError) as told:
        scheme_of("telegram:me")
    assert "webhook+ before" not in str(told.value)
