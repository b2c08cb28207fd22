"""Codes of languages."""

from __future__ import annotations

import re

_ISO_639_2 = {"eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt",
              "rus": "ru", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko", "ara": "ar", "nld": "nl", "dut": "nl",
              "swe": "sv", "dan": "da", "nor": "no", "nob": "no", "nno": "no", "nb": "no", "nn": "no", "iw": "he",
              "in": "id", "pol": "pl", "ukr": "uk", "tur": "tr", "tl": "fil"}  # fmt: skip


def normalize_language(declared: str | None) -> str | None:
    """Return the two-letter code of a declared language such as ``en-US``, ``EN`` or ``eng`` (BCP 47, ISO 639)."""
    if not declared:
        return None
    code = re.split(r"[-_]", declared.strip().lower())[0]
    code = _ISO_639_2.get(code, code)
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None
