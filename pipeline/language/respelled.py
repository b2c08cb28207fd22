"""How version 1 of the text analysis wrote a token that is another now: for indices that still hold its tokens.

It kept the points of acronyms, the marks in numbers, and the variants of Arabic letters and digits.
"""

from __future__ import annotations

from itertools import product

from pipeline.language.tokens import written

MAX_SPELLINGS = 64
_LONGEST_ACRONYM = 8
_VARIANTS = {"ه": "هةەہھ", "ي": "يىی", "ك": "كک", "ا": "اٱ"}
_DIGITS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")


def spellings(token: str) -> list[str]:
    """Return other tokens of version 1 that may stand for a token."""
    if token.isascii() and token.isalpha() and 2 <= len(token) <= _LONGEST_ACRONYM:
        return [".".join(token) + "."]
    if token.isascii() and token.isdecimal():
        return _numbers(token)
    ways = 1
    letters = []
    for letter in token:
        variants = _VARIANTS.get(letter, letter)
        ways *= len(variants)
        # The last letters differ most often: ة, ى and ی stand at the end of words.
        letters.append(variants)
    while ways > MAX_SPELLINGS:
        longest = next(n for n, variants in enumerate(letters) if len(variants) > 1)
        ways //= len(letters[longest])
        letters[longest] = token[longest]
    return ["".join(chosen) for chosen in product(*letters) if "".join(chosen) != token] if ways > 1 else []


def read_again(token: str, marks: str) -> str:
    """Return what a token of version 1 is written as now, where these marks group digits."""
    return written(token, marks) if token else token


def _numbers(token: str) -> list[str]:
    found = [token.translate(str.maketrans(_DIGITS[0], digits)) for digits in _DIGITS[1:]]
    if len(token) > 3:
        grouped = f"{int(token):,}"
        found += [grouped, grouped.replace(",", ".")] if grouped.replace(",", "") == token else []
    return found
