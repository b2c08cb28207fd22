"""Which language a text is in: by script, by the commonest words, and, for a headline that has none, by its letters.

What the source declares is believed unless the text clearly says otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from importlib import resources
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from pipeline.language.codes import normalize_language
from pipeline.language.scripts import HAN, HANGUL, KANA, THAI
from pipeline.language.words import COMMON_WORDS, NEWS_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A script that (nearly) one language of the news uses.
_SCRIPTS = (
    ("ko", re.compile(f"[{HANGUL}]")),
    ("zh", re.compile(f"[{HAN}]")),
    ("th", re.compile(f"[{THAI}]")),
    ("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
)
_KANA = re.compile(f"[{KANA}]")
_HAN = re.compile(f"[{HAN}]")
_ARABIC = re.compile("[\u0600-\u06ff]")
# Letters and marks that one language of a script has and its neighbours have not.
_TELLTALE = {
    "ru": re.compile("[ыэёЫЭЁ]"),
    "uk": re.compile("[іїєґІЇЄҐ]"),
    "sr": re.compile("[јљњћђџЈЉЊЋЂЏ]"),
    "ur": re.compile("[ٹڈڑںے]"),
    "es": re.compile("[ñÑ¿¡]"),
    "de": re.compile("ß"),
    "pl": re.compile("[łŁ]"),
    "ro": re.compile("[țșȚȘ]"),
    "tr": re.compile("[ğıĞİ]"),
    "cs": re.compile("[řěůŘ]"),
    "hu": re.compile("[őűŐ]"),
}
_PERSIAN = re.compile("[پچژگک]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
# Languages of less news than a neighbour that is much like them.
_RARER = ("ca", "fil", "hr", "is", "lt", "lv", "mk", "ms", "sk", "sl", "sr", "ur")
_BEYOND_LATIN = re.compile("[^\0-\u024f]")
_WORD = re.compile(r"[^\W\d_]+")
_NO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}

_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in COMMON_WORDS.items():
    for _word in frozenset(_words.split()):
        if len(_word) == 1 and _word.isascii():
            continue  # "s", "a", "o" are left over from apostrophes and initials in any language
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_NEWS_OF: dict[str, list[str]] = {}
for _language, _words in NEWS_WORDS.items():
    for _word in frozenset(_words.split()):
        _NEWS_OF.setdefault(_word, []).append(_language)
SAMPLE_CHARS = 2000
CLEAR_WORDS = 5
JUDGED_WORDS = 25
LONGEST_GRAM = 4
STEPS_PER_NAT = 16
# Sequences overlap, so that each letter speaks so many times.
GRAMS_A_LETTER = 3
FEW_WORDS = 4
LIKELY_NATS = 0.3
RARER_NATS = 2.5
NEWS_NATS = 4.0
TELLTALE_NATS = 4.0
SURE_NATS = 16.0


def detect(text: str, declared: str | None = None) -> str | None:
    """Return the code of the language of ``text`` (ISO 639-1, or 639-2 if it has none there), or ``None``.

    ``declared`` is what the source says (``en-US``, ``deu``); it is believed unless the text clearly says otherwise,
    for many feeds declare their software's default.
    """
    declared = normalize_language(declared)
    sample = text[:SAMPLE_CHARS]
    script = _by_script(sample, declared)
    if script:
        return script
    counts, ((best, most), (_, second)) = _counted(sample)
    if most >= CLEAR_WORDS and most >= 2 * second:
        return declared if declared and most <= 2 * counts[declared] else best
    return _by_letters(sample, declared)


def commonest(text: str, least: int) -> str | None:
    """Return the language that most of the commonest words of a short text are in, if at least ``least`` are.

    ``None`` where English has as many, and where its letters speak for another one.
    """
    counts, ((best, most), (_, second)) = _counted(text)
    if most < least or most <= counts["en"]:
        return None
    if most > second and not counts["en"]:
        return best
    likely = detect(text)  # "killed in Santiago de Cuba" has two of the commonest words of Dutch
    return likely if likely and counts[likely] == most else None


def _counted(text: str) -> tuple[Counter[str], tuple[tuple[str, int], ...]]:
    """Count the commonest words of each language in a text; return the two languages that have most, too."""
    text = text.lower()
    words = text.translate(_NO_LETTERS).split() if text.isascii() else _WORD.findall(text)
    counts = Counter(chain.from_iterable(filter(None, map(_LANGUAGES_OF.get, words))))
    most = sorted(counts.items(), key=itemgetter(1), reverse=True)
    return counts, (*most[:2], ("", 0), ("", 0))[:2]


def _by_letters(sample: str, declared: str | None) -> str | None:
    """Judge by how likely the first words and their letters are in each language."""
    import numpy as np  # few texts need it, and starting takes longer with it

    words = _WORD.findall(sample.lower())[:JUDGED_WORDS]
    profile = _profile()
    if not words or (declared in profile.columns and len(words) < FEW_WORDS):
        return declared
    rows = [row for word in words for gram in grams(word) if (row := profile.rows.get(gram)) is not None]
    scores = profile.weights[rows].sum(axis=0, dtype=np.float64) / (STEPS_PER_NAT * GRAMS_A_LETTER)
    for word in words:
        for language in _NEWS_OF.get(word, ()):
            scores[profile.columns[language]] += NEWS_NATS
    scores -= RARER_NATS * np.isin(profile.names, _RARER)
    for language, letters in _TELLTALE.items():
        scores[profile.columns[language]] += TELLTALE_NATS * len(letters.findall(sample))
    second, best = np.argsort(scores, kind="stable")[-2:].tolist()
    if declared in profile.columns:
        return profile.names[best] if scores[best] - scores[profile.columns[declared]] > SURE_NATS else declared
    if declared:
        return declared
    return profile.names[best] if scores[best] - scores[second] > LIKELY_NATS else None


class _Profile(NamedTuple):
    names: list[str]
    columns: dict[str, int]
    rows: dict[str, int]
    weights: NDArray[np.uint8]


@lru_cache(maxsize=1)
def _profile() -> _Profile:
    """Return how much likelier than an unseen one each gram is in each language, in sixteenths of a nat."""
    import numpy as np

    with resources.files("pipeline.language").joinpath("profile.npz").open("rb") as file:
        stored = np.load(file)
        names, known, weights = stored["languages"].tolist(), str(stored["grams"]).split("\n"), stored["weights"]
    return _Profile(
        names, {name: n for n, name in enumerate(names)}, {gram: n for n, gram in enumerate(known)}, weights
    )


def grams(word: str) -> list[str]:
    """Return a word between spaces, and the sequences of two to four letters in that."""
    padded = f" {word} "
    length = len(padded)
    found = [padded] if length > LONGEST_GRAM else []
    found += [padded[at : at + 2] for at in range(length - 1)]
    found += [padded[at : at + 3] for at in range(length - 2)]
    found += [padded[at : at + LONGEST_GRAM] for at in range(length - 3)]
    return found


def _by_script(sample: str, declared: str | None) -> str | None:
    if sample.isascii():
        return None
    latin = len(_LATIN.findall(sample))
    if len(_BEYOND_LATIN.findall(sample)) * 3 <= latin:
        return None
    kana, han = len(_KANA.findall(sample)), len(_HAN.findall(sample))
    if (kana + han) * 3 > latin and kana and kana * 12 >= han:
        return "ja"
    for language, letters in _SCRIPTS:
        count = len(letters.findall(sample))
        # A word of English in a Japanese headline is common, one kana in an English text is not Japanese.
        if count * 3 > latin and count > 1:
            return declared if declared and _shares_script(language, declared) else language
    if len(_ARABIC.findall(sample)) * 3 > latin and latin < len(sample):
        if declared in ("fa", "ur", "ps", "ckb", "ar"):
            return declared
        return _by_letters(sample, None) or ("fa" if _PERSIAN.search(sample) else "ar")
    return None


def _shares_script(found: str, declared: str) -> bool:
    families = ({"hi", "mr", "ne"}, {"he", "yi"}, {"bn", "as"}, {"zh", "yue"})
    return any(found in family and declared in family for family in families)
