"""Which language a text is in: by script, by the commonest words, and, for a headline that has none, by its letters.

What the source declares is believed unless the text clearly says otherwise.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache

from pipeline.language.words import COMMON_WORDS, NEWS_WORDS

# A script that (nearly) one language of the news uses.
_SCRIPTS = (
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e01-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
)
_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u4e00-\u9fff]")
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
_BEYOND_LATIN = re.compile("[^\0-\u024f]")
_WORD = re.compile(r"[^\W\d_]+")

_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in COMMON_WORDS.items():
    for _word in frozenset(_words.split()):
        if len(_word) == 1 and _word.isascii():
            continue  # "s", "a", "o" are left over from apostrophes and initials in any language
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_ISO_639_2 = {"eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt",
              "rus": "ru", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko", "ara": "ar", "nld": "nl", "dut": "nl",
              "swe": "sv", "dan": "da", "nor": "no", "nob": "no", "nno": "no", "nb": "no", "nn": "no", "iw": "he",
              "in": "id", "pol": "pl", "ukr": "uk", "tur": "tr"}  # fmt: skip
SAMPLE_CHARS = 2000
CLEAR_WORDS = 5
JUDGED_WORDS = 25
LONGEST_GRAM = 4
UNSEEN = 0.05
FEW_WORDS = 4
LIKELY_NATS = 1.0
TELLTALE_NATS = 4.0
SURE_NATS = 12.0


def detect(text: str, declared: str | None = None) -> str | None:
    """Return the ISO 639-1 code of the language of ``text``, or ``None`` when nothing tells.

    ``declared`` is what the source says (``en-US``, ``deu``); it is believed unless the text clearly says otherwise,
    for many feeds declare their software's default.
    """
    declared = normalise_language(declared)
    sample = text[:SAMPLE_CHARS]
    script = _by_script(sample, declared)
    if script:
        return script
    counts: Counter[str] = Counter(
        language for word in _WORD.findall(sample.lower()) for language in _LANGUAGES_OF.get(word, ())
    )
    (best, most), (_, second) = (*counts.most_common(2), ("", 0), ("", 0))[:2]
    if most >= CLEAR_WORDS and most >= 2 * second:
        return declared if declared and most <= 2 * counts[declared] else best
    return _by_letters(sample, declared)


def _by_letters(sample: str, declared: str | None) -> str | None:
    """Judge by how likely the first words are in each language, a letter sequence at a time."""
    profile, unseen = _profile()
    scores = dict.fromkeys(unseen, 0.0)
    words = _WORD.findall(sample.lower())[:JUDGED_WORDS]
    for word in words:
        for gram in _grams(word):
            for language in scores:
                scores[language] += unseen[language]
            for language, more in profile.get(gram, ()):
                scores[language] += more
    if not words or (declared in scores and len(words) < FEW_WORDS):
        return declared
    for language, letters in _TELLTALE.items():
        scores[language] += TELLTALE_NATS * len(letters.findall(sample))
    best, second = sorted(scores, key=lambda language: -scores[language])[:2]
    if declared in scores:
        return best if scores[best] - scores[declared] > SURE_NATS else declared
    if declared:
        return declared
    return best if scores[best] - scores[second] > LIKELY_NATS else None


@lru_cache(maxsize=1)
def _profile() -> tuple[dict[str, list[tuple[str, float]]], dict[str, float]]:
    """Return for each letter sequence how much likelier than an unseen one it is in which languages, and that one."""
    profile: dict[str, list[tuple[str, float]]] = {}
    unseen: dict[str, float] = {}
    for language, news in NEWS_WORDS.items():
        counts: Counter[str] = Counter()
        for words, weight in ((COMMON_WORDS[language], 2), (news, 1)):
            for word in words.lower().split():
                for gram in _grams(word):
                    counts[gram] += weight
        total = sum(counts.values()) + UNSEEN * 20_000
        unseen[language] = math.log(UNSEEN / total)
        for gram, count in counts.items():
            profile.setdefault(gram, []).append((language, math.log((count + UNSEEN) / UNSEEN)))
    return profile, unseen


def _grams(word: str) -> list[str]:
    padded = f" {word} "
    whole = [padded] if len(padded) > LONGEST_GRAM else []
    return whole + [
        padded[at : at + length] for length in range(1, LONGEST_GRAM + 1) for at in range(len(padded) - length + 1)
    ]


def normalise_language(declared: str | None) -> str | None:
    """Return the two-letter code of a declared language such as ``en-US``, ``EN`` or ``eng`` (BCP 47, ISO 639)."""
    if not declared:
        return None
    code = re.split(r"[-_]", declared.strip().lower())[0]
    code = _ISO_639_2.get(code, code)
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None


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
