"""Pictures of articles: fetched once, told by their bytes, within bounds, and never again at once after a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import NotFoundError, UsageError
from pipeline.model import Document
from pipeline.services.pictures import KEPT_BYTES, MOST_BYTES, Pictures, kind_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"


def document(image: str | None = "https://img.example/a.png") -> Document:
    return Document(id="a", source="Wire", seen=NOW, revision=1, image=image)


class Site:
    def __init__(self, body: bytes = PNG) -> None:
        self.body = body
        self.asked: list[str] = []
        self.now = NOW
        self.error: Exception | None = None

    def pictures(self) -> Pictures:
        return Pictures(fetch=self.fetch, clock=lambda: self.now)

    def fetch(self, url: str, most: int) -> bytes:
        self.asked.append(url)
        if self.error is not None:
            raise self.error
        return self.body[:most]


def test_picture_is_fetched_once_and_kept() -> None:
    site = Site(b"\xff\xd8\xff\xe0 rest")
    pictures = site.pictures()
    assert [pictures.of(document()).type for _ in range(3)] == ["image/jpeg"] * 3
    assert site.asked == ["https://img.example/a.png"]


@pytest.mark.parametrize(
    "body", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"GIF", PNG + b"x" * MOST_BYTES]
)
def test_what_is_no_picture_or_too_large_is_refused_and_left_alone_for_a_while(body: bytes) -> None:
    site = Site(body)
    pictures = site.pictures()
    for _ in range(3):
        with pytest.raises(NotFoundError):
            pictures.of(document())
    assert len(site.asked) == 1
    site.body, site.now = PNG, NOW + timedelta(minutes=11)
    assert pictures.of(document()).type == "image/png"


def test_failure_is_told_and_an_article_without_picture_asks_nobody() -> None:
    site = Site()
    site.error = UsageError("img.example answered 403.")
    with pytest.raises(NotFoundError, match="403"):
        site.pictures().of(document())
    with pytest.raises(NotFoundError):
        site.pictures().of(document(image=None))
    assert len(site.asked) == 1


def test_what_is_kept_has_bounds() -> None:
    site = Site(PNG + b"x" * (MOST_BYTES - 100))
    pictures = site.pictures()
    for n in range(KEPT_BYTES // MOST_BYTES + 3):
        pictures.of(document(f"https://img.example/{n}.png"))
    assert sum(len(each.body) for each in pictures._kept.values()) <= KEPT_BYTES


@given(st.binary(max_size=40))
def test_no_bytes_are_taken_for_what_may_hold_a_script(body: bytes) -> None:
    assert kind_of(body) in (None, "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")
    assert kind_of(b"<" + body) is None
