"""Bodies are inflated however servers pack them and whatever they say of it, and never further than asked."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.fetch.unpacking import MOST_LAYERS, Unpacker, UnpackingError

FEED = b"<?xml version='1.0'?><rss>" + bytes(range(32, 127)) * 5 + b"</rss>"


def raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body, wbits=-15)


def plain(body: bytes) -> bytes:
    return body


def unpacked(encoding: str, body: bytes, size: int, most: int = 100_000) -> bytes:
    unpacker = Unpacker(encoding)
    pieces = [unpacker.unpacked(body[place : place + size], most) for place in range(0, len(body), size)]
    pieces.append(unpacker.rest())
    assert not unpacker.is_cut_short
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("encoding", "packings"),
    [
        ("", [plain]),
        ("none", [plain]),
        ("identity, utf-8", [plain]),
        ("aws-chunked", [plain]),
        ("gzip, aws-chunked", [gzip.compress]),
        ("gzip", [gzip.compress]),
        (" X-GZIP ", [gzip.compress]),
        ("gzip", [plain]),
        ("deflate", [plain]),
        ("br", [plain]),
        ("deflate", [zlib.compress]),
        ("deflate", [raw_deflate]),
        ("gzip, gzip", [gzip.compress, gzip.compress]),
        ("gzip, gzip", [gzip.compress]),
        ("gzip", [gzip.compress, gzip.compress]),
        ("gzip", [gzip.compress, gzip.compress, gzip.compress]),
        ("br", [brotli.compress]),
        ("br", [gzip.compress]),
        ("gzip, br", [gzip.compress, brotli.compress]),
        ("deflate, br", [raw_deflate, brotli.compress]),
    ],
)
@given(size=st.integers(1, 700))
def test_body_is_what_it_was_before_it_was_packed(
    encoding: str, packings: list[Callable[[bytes], bytes]], size: int
) -> None:
    body = FEED
    for pack in packings:
        body = pack(body)
    assert unpacked(encoding, body, size) == FEED


@pytest.mark.parametrize("pack", [gzip.compress, brotli.compress, lambda body: gzip.compress(gzip.compress(body))])
def test_no_piece_grows_beyond_what_is_asked_for(pack: Callable[[bytes], bytes]) -> None:
    body = pack(bytes(5_000_000))
    unpacker = Unpacker("br" if pack is brotli.compress else "gzip")
    assert len(unpacker.unpacked(body, 1_000)) <= 1_000


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "gzip", "deflate", "br", "gzip, gzip", "br, gzip"]),
    st.integers(1, 50),
)
def test_no_bytes_raise_anything_but_that_they_cannot_be_unpacked(body: bytes, encoding: str, size: int) -> None:
    try:
        unpacker = Unpacker(encoding)
        for place in range(0, len(body), size):
            assert len(unpacker.unpacked(body[place : place + size], 1_000)) <= 1_000 + size
    except UnpackingError:
        pass


@pytest.mark.parametrize("encoding", ["zstd", "gzip, compress", ", ".join(["gzip"] * (MOST_LAYERS + 1))])
def test_packing_that_cannot_be_undone_is_refused(encoding: str) -> None:
    with pytest.raises(UnpackingError):
        Unpacker(encoding).unpacked(b"\x28\xb5\x2f\xfd" + bytes(99), 1_000)


@pytest.mark.parametrize("encoding", ["zstd", "compress", "br, zstd"])
def test_what_is_plain_or_gzip_is_read_whatever_else_it_is_said_to_be(encoding: str) -> None:
    for body in (FEED, gzip.compress(FEED)):
        assert Unpacker(encoding).unpacked(body, 100_000) == FEED


@pytest.mark.parametrize("pack", [gzip.compress, brotli.compress])
def test_what_ends_early_is_told(pack: Callable[[bytes], bytes]) -> None:
    unpacker = Unpacker("br" if pack is brotli.compress else "gzip")
    unpacker.unpacked(pack(FEED)[:-9], 100_000)
    assert unpacker.is_cut_short
