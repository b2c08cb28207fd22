"""Which way a text runs: browsers guess by its first letter, and many a report in Arabic begins with BBC."""

from __future__ import annotations

import re
from typing import Literal

# Hebrew to Arabic with their presentation forms, and the scripts of the further planes that run from right to left.
_LEFTWARD = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_LETTER = re.compile(r"[^\W\d_]")
# Letters at the beginning of a long text say enough.
_LOOKED_AT = 2_000


def direction(text: str | None) -> Literal["rtl", "auto"]:
    """Return the value of ``dir`` for a text: from right to left where most of its letters are written so."""
    if not text or text.isascii():
        return "auto"
    beginning = text[:_LOOKED_AT]
    leftward = sum(each.isalpha() for each in _LEFTWARD.findall(beginning))
    return "rtl" if 2 * leftward > len(_LETTER.findall(beginning)) else "auto"
