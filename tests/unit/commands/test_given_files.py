"""Files that a command is given are read within bounds, whatever they are."""

from __future__ import annotations

import io
from pathlib import Path

import click
import pytest

from pipeline.commands import given_files
from pipeline.commands.given_files import read_given
from pipeline.errors import UsageError


def given(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(given_files, "MAX_BYTES", 100)
    monkeypatch.setattr(click, "open_file", lambda name, mode: io.BytesIO(content))
    return Path("names.txt")


def test_whole_file_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_given(given(b"x" * 100, monkeypatch)) == b"x" * 100


def test_what_never_ends_is_refused_after_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 <= size <= 101
            return b"\0" * size

    path = given(b"", monkeypatch)
    monkeypatch.setattr(click, "open_file", lambda name, mode: Endless())
    with pytest.raises(UsageError, match=r"names\.txt has more than"):
        read_given(path)


def test_what_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, mode: str) -> None:
        raise IsADirectoryError(21, "Is a directory")

    monkeypatch.setattr(click, "open_file", fail)
    with pytest.raises(UsageError, match=r"names\.txt cannot be read"):
        read_given(Path("names.txt"))
