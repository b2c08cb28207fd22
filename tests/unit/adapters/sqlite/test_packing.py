"""Compression of what is stored."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.sqlite.packing import _DICTIONARY, pack, unpack

values = st.binary(max_size=3_000) | st.text(max_size=3_000).map(lambda text: text.encode("utf-8", "surrogatepass") * 3)


@given(values)
def test_what_was_packed_is_read_by_any_library_of_the_format(value: bytes) -> None:
    inflate = zlib.decompressobj(zdict=_DICTIONARY)
    assert inflate.decompress(pack(value)) + inflate.flush() == unpack(pack(value)) == value


@given(values, st.integers(0, 9), st.booleans(), st.integers(9, 15))
def test_what_another_library_packed_is_read(value: bytes, level: int, knows: bool, window: int) -> None:
    known = {"zdict": _DICTIONARY} if knows else {}
    deflate = zlib.compressobj(level, wbits=window, **known)  # type: ignore[arg-type]
    assert unpack(deflate.compress(value) + deflate.flush()) == value
