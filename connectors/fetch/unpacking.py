"""Inflating what servers pack, as they pack it and no further than asked.

What a server says of its packing is often not so: names that mean none (``none``, ``utf-8``, ``aws-chunked``), gzip for
what is plain, or packed once more than told. The bytes decide where they can.
"""

from __future__ import annotations

import zlib
from typing import Protocol

GZIP = b"\x1f\x8b"
ZLIB = frozenset(("gzip", "x-gzip", "deflate"))
PACKED = ZLIB | {"br"}
# Named in the header, but how to unpack it is not known here; anything else that is no packing is passed over.
UNKNOWN = frozenset(("zstd", "compress", "x-compress", "bzip2", "xz", "lzma", "dcb", "dcz", "sdch"))
MOST_LAYERS = 4
SNIFFED = 256
_TEXT_BEGINS = (b"<", b"{", b"[", b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")


class UnpackingError(Exception):
    """Say why a body cannot be inflated."""


class Layer(Protocol):
    """Inflate one packing, piece by piece."""

    @property
    def is_cut_short(self) -> bool:
        """Tell whether the end of what was begun is missing."""

    def unpacked(self, piece: bytes, most: int) -> bytes:
        """Return at most so many bytes of what a piece holds. Raises ``UnpackingError``."""


class Unpacker:
    """Inflate, piece by piece, what is packed as ``encoding`` says, and gzip within it that is not told of.

    Raises ``UnpackingError`` for a packing that is not known.
    """

    def __init__(self, encoding: str = "") -> None:
        names = [name.strip().lower() for name in encoding.split(",")]
        told = [name for name in names if name in PACKED or name in UNKNOWN]
        if len(told) > MOST_LAYERS:
            raise UnpackingError("it is compressed too many times over")
        self._told = list(reversed(told))
        self._layers: list[Layer] = []
        self._begins = b""
        self._is_open = bool(self._told)

    @property
    def is_cut_short(self) -> bool:
        """Tell whether the end of what was begun is missing."""
        return any(layer.is_cut_short for layer in self._layers)

    def unpacked(self, piece: bytes, most: int) -> bytes:
        """Return at most so many bytes of what a piece holds. Raises ``UnpackingError``."""
        for layer in self._layers:
            piece = layer.unpacked(piece, most)
        # What comes out of the last layer may be another one: told of, or seen by its first bytes.
        while self._is_open and piece:
            self._begins += piece
            if len(self._begins) < len(GZIP):
                return b""
            piece, self._begins = self._begins, b""
            found = self._next_layer(piece)
            if found is None:
                self._is_open = False
                break
            self._layers.append(found)
            piece = found.unpacked(piece, most)
        return piece

    def rest(self) -> bytes:
        """Return what was kept back to see how it goes on."""
        begins, self._begins = self._begins, b""
        return begins

    def _next_layer(self, piece: bytes) -> Layer | None:
        while self._told:
            name = self._told.pop(0)
            if piece.startswith(GZIP):
                return _Zlib()
            if name in UNKNOWN and not _is_plain(piece):
                raise UnpackingError(f"it is compressed as {name!r}, which was not asked for")
            if name == "br" and not _is_plain(piece):
                return _Brotli()
            # Told twice and packed once is frequent: gzip within a packing is believed only where it is marked.
            if name in ZLIB and (name == "deflate" or not self._layers) and not _is_plain(piece):
                return _Zlib()
        return _Zlib() if piece.startswith(GZIP) and 0 < len(self._layers) < MOST_LAYERS else None


class _Zlib:
    """Inflate gzip of one or several members, deflate with its header and without."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        self._begun = False

    @property
    def is_cut_short(self) -> bool:
        return self._begun and not self._inflater.eof

    def unpacked(self, piece: bytes, most: int) -> bytes:
        try:
            return self._unpacked(piece, most)
        except zlib.error as exc:
            raise UnpackingError(str(exc)) from exc

    def _unpacked(self, piece: bytes, most: int) -> bytes:
        found = b""
        while piece and len(found) < most:
            if self._inflater.eof:
                if not piece.startswith(b"\x1f"):
                    break  # some pad their gzip
                self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            try:
                found += self._inflater.decompress(piece, most - len(found))
            except zlib.error:
                if self._begun:
                    raise
                self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
                found += self._inflater.decompress(piece, most - len(found))
            self._begun = True
            piece = self._inflater.unused_data
        return found


class _Brotli:
    """Inflate Brotli, which some servers send to whoever asks."""

    def __init__(self) -> None:
        try:
            import brotli  # only few servers need it
        except ImportError as exc:
            raise UnpackingError("it is compressed as 'br', which was not asked for; `pip install brotli`") from exc
        self._error: type[Exception] = brotli.error
        self._inflater = brotli.Decompressor()

    @property
    def is_cut_short(self) -> bool:
        return not self._inflater.is_finished()

    def unpacked(self, piece: bytes, most: int) -> bytes:
        try:
            found: bytes = self._inflater.process(piece, output_buffer_limit=max(1, most))
            while len(found) < most and not self._inflater.can_accept_more_data() and not self._inflater.is_finished():
                found += self._inflater.process(b"", output_buffer_limit=most - len(found))
        except self._error as exc:
            raise UnpackingError(str(exc)) from exc
        return found[:most]  # it gives no less than its smallest buffer


def _is_plain(piece: bytes) -> bool:
    """Tell whether bytes are the beginning of a text rather than packed."""
    begins = piece[:SNIFFED].lstrip(b" \t\r\n")
    controls = sum(byte < 32 and byte not in b"\t\r\n" for byte in begins)
    is_wide = begins.startswith((b"\xfe\xff", b"\xff\xfe"))
    return begins.startswith(_TEXT_BEGINS) and (is_wide or not controls)
