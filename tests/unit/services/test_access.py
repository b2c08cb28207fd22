"""Tokens are shown once and kept hashed; sessions and addresses cannot be forged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.services.access import Access
from tests.fakes.table import MemoryTable

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)


def access(now: datetime = NOW, table: MemoryTable | None = None) -> Access:
    return Access(table=table if table is not None else MemoryTable(), clock=lambda: now)


def test_token_is_known_until_removed_and_nowhere_kept() -> None:
    table = MemoryTable()
    desk = access(table=table)
    secret = desk.add("phone", "write")
    token = desk.known(secret)
    assert token is not None and (token.name, token.scope) == ("phone", "write")
    assert not any(secret.encode() in value or secret in key for key, value in table.items())
    desk.remove("phone")
    assert desk.known(secret) is None


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="printable name"):
        access().add(name, "read")


def test_name_is_taken_once() -> None:
    desk = access()
    desk.add("phone", "read")
    with pytest.raises(UsageError, match="already"):
        desk.add("phone", "read")


@given(st.text(max_size=60))
def test_what_is_no_token_is_not_known(text: str) -> None:
    desk = access()
    desk.add("phone", "admin")
    assert desk.known(text) is None and desk.known("nw_" + text) is None


def test_session_is_good_for_a_month_and_until_the_password_changes() -> None:
    table = MemoryTable()
    cookie = access(table=table).session("password", "secret")
    assert access(table=table).is_session(cookie, "secret")
    assert not access(table=table).is_session(cookie, "other")
    assert not access(NOW + timedelta(days=31), table).is_session(cookie, "secret")


@given(st.text(max_size=80), st.integers(0, 60))
def test_forged_session_is_none(text: str, at: int) -> None:
    table = MemoryTable()
    desk = access(table=table)
    cookie = desk.session("password", "secret")
    assert not desk.is_session(text, "secret")
    changed = cookie[:at] + ("A" if cookie[at : at + 1] != "A" else "B") + cookie[at + 1 :]
    assert not desk.is_session(changed, "secret")


def test_secret_addresses_change_with_the_key() -> None:
    desk = access()
    before = desk.signature("feed", "a")
    assert before == desk.signature("feed", "a") != desk.signature("feed", "b")
    desk.forget_addresses()
    assert before != desk.signature("feed", "a")
