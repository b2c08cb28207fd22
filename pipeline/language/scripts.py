"""Ranges of characters of the scripts that need care, each fit to stand inside the brackets of a regular expression."""

from __future__ import annotations

import re
import unicodedata

THAI = "\u0e00-\u0e7f"
LAO = "\u0e80-\u0eff"
MYANMAR = "\u1000-\u109f"
KHMER = "\u1780-\u17ff"
KANA = "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HANGUL = "\uac00-\ud7af"
# Brackets, bopomofo, enclosed and squared letters: no words, but between characters of Han and kana as if they were.
IDEOGRAPHIC_MARKS = "\u3008-\u3040\u3100-\u31ef\u3200-\u33ff\u4dc0-\u4dff"

# Scripts that put no spaces between words.
WITHOUT_SPACES = THAI + LAO + MYANMAR + KHMER + KANA + HAN
# Those whose text is compared and searched by characters: Korean has spaces, but glues its particles to its words.
BY_CHARACTER = WITHOUT_SPACES + HANGUL
INDIC = "\u0900-\u0dff"


def _ranges(codes: list[int]) -> str:
    """Write ascending code points as ranges."""
    found: list[list[int]] = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in found)


# Marks that belong to the letter before them: accents, points and vowels, not the punctuation that stands among them
# (maqaf, danda). Those of emoji and of symbols, and of scripts compared by characters, are none.
MARKS = _ranges([
    code
    for code in (*range(0x300, 0x1E00), *range(0xA66F, 0xABFF))
    if unicodedata.category(chr(code)) in ("Mn", "Mc") and not re.match(f"[{BY_CHARACTER}]", chr(code))
])  # fmt: skip
