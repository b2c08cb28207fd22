"""Take out of a text what nobody sees: soft hyphens, zero-width and control characters; articles and queries alike."""

from __future__ import annotations

import html
import re
import unicodedata

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)

# Of ASCII: what that matches, and what it does not.
_INVISIBLE_ASCII = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_VISIBLE_ASCII = bytes(code for code in range(0x80) if code not in _INVISIBLE_ASCII)

_ENTITY = re.compile(
    r"&(?:amp|quot|apos|lt|gt|nbsp|shy|[lr][sd]quo|[lr]aquo|[nm]dash|hellip|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});"
)


def unescaped(text: str) -> str:
    """Return a text that was pasted from the source of a page with what its character references stand for."""
    return _ENTITY.sub(lambda match: html.unescape(match.group()), text) if "&" in text else text


def cleaned(text: str) -> str:
    """Return the text in NFC, its line ends as line feeds, without invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    if text.isascii():
        return text.translate(_INVISIBLE_ASCII) if text.encode().translate(None, _VISIBLE_ASCII) else text
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
