"""Words behind digits that multiply them: 5 million, 1,5 Mrd., 2 crore, 3.4億."""

from __future__ import annotations

import re

_THOUSAND, _MILLION, _MILLIARD, _BILLION = 10**3, 10**6, 10**9, 10**12
# Languages in which a billion is a million millions.
_LONG_SCALE = frozenset("cs da de es fi fr hr hu it nl no pl pt sl sr sv".split())
_WORDS = {
    _THOUSAND: "thousand tausend tsd mille mila mil duizend tusen tusind tysięcy tysiące tys тысяч тысячи тыс тис bin "
    "ribu ألف آلاف אלף हज़ार हजार",
    _MILLION: "million millions mln mn mio mill millionen millones millón milioni milione milhões milhão miljoen "
    "miljon miljoner millioner milion miliony milionów milionu milyon juta млн миллион миллиона миллионов мільйон "
    "мільйони мільйонів مليون ملايين מיליון εκατομμύρια εκατ",
    _MILLIARD: "bn mrd mld milliard milliards milliarden milliarde miliardi miliardo miliard miliardy miliardów "
    "miljard miljarder milliarder milyar miliar bilhões bilhão млрд миллиард миллиарда миллиардов мільярд мільярдів "
    "مليار مليارات מיליארד δισ δισεκατομμύρια",
    _BILLION: "trillion trillions tn trilhões biljoen billón billones billionen трлн триллион триллионов",
    10**5: "lakh lakhs lac लाख",
    10**7: "crore crores cr करोड़",
}
_SCALES = {word: scale for scale, words in _WORDS.items() for word in words.split()}
_GLUED = {"千": 10**3, "万": 10**4, "萬": 10**4, "만": 10**4, "億": 10**8, "亿": 10**8, "억": 10**8}
_ALL = sorted([*_SCALES, "billion", "billions"], key=len, reverse=True)

SCALE = rf"(?:{'|'.join(map(re.escape, _ALL))})(?!\w)|[{''.join(_GLUED)}]"


def scale_of(word: str, language: str | None) -> int:
    """Return by how much a word that ``SCALE`` matches multiplies."""
    plain = word.casefold()
    if plain in ("billion", "billions"):
        return _BILLION if language in _LONG_SCALE else _MILLIARD
    return _GLUED.get(plain) or _SCALES[plain]
