"""Inflating what servers pack, as they pack it and no further than asked."""

from __future__ import annotations

import zlib


class Unpacker:
    """Inflate, piece by piece, gzip of one or several members, deflate with its header and without."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        self._begun = False

    @property
    def is_cut_short(self) -> bool:
        """Tell whether the end of what was begun is missing."""
        return self._begun and not self._inflater.eof

    def unpacked(self, piece: bytes, most: int) -> bytes:
        """Return at most so many bytes of what a piece holds. Raises ``zlib.error``."""
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
