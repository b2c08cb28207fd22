"""Take out of a text what nobody sees: soft hyphens, zero-width and control characters; articles and queries alike."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def cleaned(text: str) -> str:
    """Return the text in NFC, its line ends as line feeds, without invisible characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    if text.isascii():
        return _INVISIBLE.sub("", text) if not text.isprintable() else text
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
