"""What a document that names no encoding, or a wrong one, was written in: what its language was written in."""

from __future__ import annotations

import re

_LANGUAGE = re.compile(
    rb"<(?:\w{1,10}:)?language>\s*(?:<!\[CDATA\[)?\s*([a-z]{2}(?:[-_][a-z]{2,4})?)"
    rb"|\b(?:xml:lang|\"language\"\s*:)[\s=]*[\"']([a-z]{2}(?:[-_][a-z]{2,4})?)",
    re.IGNORECASE,
)
_CODECS = {
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "sr", "kk"), "cp1251"),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "hr", "sl", "ro", "sq"), "cp1250"),
    **dict.fromkeys(("et", "lv", "lt"), "cp1257"),
    **dict.fromkeys(("ar", "fa", "ur"), "cp1256"),
    **dict.fromkeys(("tr", "az"), "cp1254"),
    **dict.fromkeys(("zh-tw", "zh-hk", "zh-hant"), "big5hkscs"),
    "el": "cp1253", "he": "cp1255", "iw": "cp1255", "th": "cp874", "ja": "cp932", "ko": "cp949", "zh": "gb18030",
}  # fmt: skip
SEARCHED_BYTES = 4_000


def codec_of_language(body: bytes) -> str | None:
    """Return the codec of the language a document says it is in, if all of it is of that codec."""
    found = _LANGUAGE.search(body[:SEARCHED_BYTES])
    if found is None:
        return None
    language = (found[1] or found[2]).decode("ascii").lower().replace("_", "-")
    codec = _CODECS.get(language) or _CODECS.get(language[:2])
    try:
        return codec if codec and body.decode(codec) else None
    except UnicodeDecodeError:
        return None
