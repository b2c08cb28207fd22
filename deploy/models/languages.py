"""Build the profile that short texts are told apart by: `python -m deploy.models.languages`.

Source: the frequencies of the package wordfreq (CC BY-SA 4.0). Of each language whose script it shares with others: how
likely its commonest words and sequences of two to four letters are, in sixteenths of a nat below the likeliest.
"""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
from wordfreq import get_frequency_dict

from pipeline.language.detect import grams

OUT = Path(__file__).parents[2] / "pipeline" / "language" / "profile.npz"
# wordfreq's Serbian, Croatian and Bosnian are one, in Latin letters; Norwegian goes by another name.
LANGUAGES = {name: name for name in (
    "bg ca cs da de en es fi fil fr hu id is it lt lv mk ms nl pl pt ro ru sk sl sv tr uk vi ar fa ur"
).split()} | {"no": "nb", "hr": "sh", "sr": "sh"}  # fmt: skip
CYRILLIC = dict(zip(
    "a b v g d đ e ž z i j k l lj m n nj o p r s t ć u f h c č dž š".split(),
    "а б в г д ђ е ж з и ј к л љ м н њ о п р с т ћ у ф х ц ч џ ш".split(),
    strict=True,
))  # fmt: skip
WORDS = 20_000
KEPT = 6_000
# Counting every use would leave only the commonest words, counting each word once would leave out what is usual.
DAMPED = 0.8
UNSEEN = 1e-6
STEPS_PER_NAT = 16


def main() -> None:
    """Write the profile."""
    likely = {language: _likely(language, code) for language, code in LANGUAGES.items()}
    kept = sorted({gram for found in likely.values() for gram in sorted(found, key=lambda g: -found[g])[:KEPT]})
    rows = {gram: number for number, gram in enumerate(kept)}
    weights = np.zeros((len(kept), len(likely)), np.uint8)
    for column, found in enumerate(likely.values()):
        for gram, share in found.items():
            if gram in rows:
                weights[rows[gram], column] = min(255, round(max(0.0, math.log(share / UNSEEN)) * STEPS_PER_NAT))
    np.savez_compressed(OUT, languages=np.array(list(likely)), grams=np.array("\n".join(kept)), weights=weights)


def _likely(language: str, code: str) -> dict[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    words = sorted(get_frequency_dict(code, "small").items(), key=lambda item: (-item[1], item[0]))[:WORDS]
    for word, often in words:
        if not word.isalpha():
            continue
        for gram in grams(_in_cyrillic(word) if language == "sr" else word):
            found[gram] += often**DAMPED
    total = sum(found.values())
    return {gram: weight / total for gram, weight in found.items()}


def _in_cyrillic(word: str) -> str:
    for latin in ("dž", "lj", "nj"):
        word = word.replace(latin, CYRILLIC[latin])
    return "".join(CYRILLIC.get(letter, letter) for letter in word)


if __name__ == "__main__":
    main()
