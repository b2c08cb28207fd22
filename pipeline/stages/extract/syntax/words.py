"""Split a sentence into words as treebanks do: marks, clitics and hyphens apart, abbreviations whole.

A word comes with the form that the parser knows it by ("n't" is "not", "“" is '"'). The rules are those that the
model's training texts were split by.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_A = r"[^\W\d_]"
_QUOTES = "'\"”“`‘´’‚„»«「」『』（）〔〕【】《》〈〉〈〉⟦⟧"
_PUNCT = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪"
_CURRENCY = r"(?:US|C|A)?\$|£|€|¥|฿|₽|﷼|₴|[₠-₿]"
_HYPHENS = r"(?:--+|——|[-–—~])"
_ICONS = (
    "\u00a6\u00a9\u00ae\u00b0\u2100-\u214f\u2190-\u23ff\u2460-\u27bf\u2900-\u2bff\u3000-\u303f\ufe0f"
    "\U0001f000-\U0001faff"
)
_UNITS = (
    "km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa Pa "
    "mbar mb MB kb KB gb GB tb TB T G M K %"
)
_PREFIX = re.compile(rf"\.\.+|[{re.escape(_PUNCT)}]|[{_QUOTES}]|{_CURRENCY}|[{_ICONS}]|[§%=—–]|\+(?!\d)")
_SUFFIX = re.compile(
    rf"(?:\.\.+|[{re.escape(_PUNCT)}]|['’][sS]|[{_QUOTES}]|[{_ICONS}]|[—–]|(?<=\d)\+|(?<=\d)(?:{_CURRENCY})"
    rf"|(?<=\d)(?:{'|'.join(sorted(map(re.escape, _UNITS.split()), key=len, reverse=True))})"
    rf"|(?<=[\da-zß-öø-ÿ%²\-+{_QUOTES}{re.escape(_PUNCT)}])\.|(?<=[A-ZÀ-Þ][A-ZÀ-Þ])\.)$"
)
_INFIX = re.compile(
    rf"\.\.+|…|[{_ICONS}]|(?<=\d)[+\-*^](?=[\d-])|(?<=[a-zß-ÿ{_QUOTES}])\.(?=[A-ZÀ-Þ{_QUOTES}])|(?<={_A}),(?={_A})"
    rf"|(?<=[^\W_]){_HYPHENS}(?={_A})|(?<=[^\W_])[:<>=/](?={_A})"
)
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:[\w-]+\.)+(?:com|org|net|gov|edu|info|co\.uk)(?:/\S*)?",
    re.I,
)
_CLITICS = re.compile(r"(?i)^(.+?)((?:n['’]t|(?<=[a-z])['’](?:ll|re|ve|d|m))(?:['’]ve)?)$")
_CLITIC = re.compile(r"(?i)n['’]t|['’](?:ll|re|ve|d|m|s)")
_HOUR = re.compile(r"(\d{1,2})([ap]\.?m\.?)")

_STANDS_FOR = {
    "n't": "not", "'ll": "will", "'re": "are", "'ve": "have", "'m": "am", "'d": "would", "'s": "'s", "'em": "them",
    "'cause": "because", "ca": "can", "wo": "will", "sha": "shall",
    "’": "'", "‘": "'", "´": "'", "`": "'", "”": '"', "“": '"', "''": '"', "``": '"', "„": '"', "»": '"', "«": '"',
    "’’": '"', "？": "?", "！": "!", "，": ",", "；": ";", "：": ":", "。": ".", "…": "...", "—": "-", "–": "-",
    "--": "-", "---": "-", "——": "-", "€": "$", "£": "$", "¥": "$", "฿": "$", "US$": "$", "C$": "$", "A$": "$",
    "₺": "$", "₹": "$", "₩": "$", "₣": "$", "am": "a.m.", "pm": "p.m.",
}  # fmt: skip
_MONTHS_AND_STATES = {
    "Jan.": "January", "Feb.": "February", "Mar.": "March", "Apr.": "April", "Jun.": "June", "Jul.": "July",
    "Aug.": "August", "Sep.": "September", "Sept.": "September", "Oct.": "October", "Nov.": "November",
    "Dec.": "December", "Ala.": "Alabama", "Ariz.": "Arizona", "Ark.": "Arkansas", "Calif.": "California",
    "Colo.": "Colorado", "Conn.": "Connecticut", "Del.": "Delaware", "Fla.": "Florida", "Ga.": "Georgia",
    "Ia.": "Iowa", "Id.": "Idaho", "Ill.": "Illinois", "Ind.": "Indiana", "Kan.": "Kansas", "Ky.": "Kentucky",
    "La.": "Louisiana", "Mass.": "Massachusetts", "Mich.": "Michigan", "Minn.": "Minnesota", "Miss.": "Mississippi",
    "Mt.": "Mount", "N.C.": "North Carolina", "N.D.": "North Dakota", "N.H.": "New Hampshire", "N.J.": "New Jersey",
    "N.M.": "New Mexico", "N.Y.": "New York", "Neb.": "Nebraska", "Nev.": "Nevada", "Okla.": "Oklahoma",
    "Ore.": "Oregon", "Pa.": "Pennsylvania", "S.C.": "South Carolina", "Tenn.": "Tennessee", "Va.": "Virginia",
    "Wash.": "Washington", "Wis.": "Wisconsin",
}  # fmt: skip
_ABBREVIATIONS = frozenset(
    "Adm. Bros. Co. Corp. D.C. Dr. E.g. Gen. Gov. I.e. Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. Ph.D. Prof. "
    "Rep. Rev. Sen. St. a.m. co. e.g. i.e. p.m. v.s. vs. and/or w/o o'clock o’clock ma'am".split()
) | frozenset(_MONTHS_AND_STATES) | frozenset(f"{letter}." for letter in "abcdefghijklmnopqrstuvwxyz")  # fmt: skip


class Word(NamedTuple):
    """Hold a word as it is written, and as the parser knows it."""

    text: str
    norm: str


def split_words(sentence: str) -> list[tuple[Word, int]]:
    """Return the words of a sentence with the offsets at which they begin; white space is none."""
    words: list[tuple[Word, int]] = []
    for chunk in _CHUNK.finditer(sentence):
        at = chunk.start()
        for word in _split(chunk[0]):
            words.append((word, at))
            at += len(word.text)
    return words


_CHUNK = re.compile(r"\S+")


@lru_cache(maxsize=20_000)
def _split(chunk: str) -> tuple[Word, ...]:
    """Split what stands between white space; the parts are the whole."""
    before: list[str] = []
    after: list[str] = []
    size = 0
    while chunk and len(chunk) != size and not _is_whole(chunk):
        size = len(chunk)
        first = _PREFIX.match(chunk)
        if first is not None:
            before.append(first[0])
            chunk = chunk[first.end() :]
            if not chunk or _is_whole(chunk):
                break
        last = _SUFFIX.search(chunk)
        if last is not None:
            after.append(last[0])
            chunk = chunk[: last.start()]
    parts = [*before, *_core(chunk), *reversed(after)]
    return tuple(map(word_of, parts))


def _is_whole(chunk: str) -> bool:
    """Tell whether nothing can be split off: most words are letters alone, and every rule asks for a mark or figure."""
    return chunk in _ABBREVIATIONS or (chunk.isascii() and chunk.isalpha() and chunk.lower() != "cannot")


def _core(chunk: str) -> list[str]:
    """Split what is left between the marks at clitics, hyphens and the like."""
    if not chunk:
        return []
    if _is_whole(chunk) or _ADDRESS.fullmatch(chunk):
        return [chunk]
    if chunk.lower() == "cannot":
        return [chunk[:3], chunk[3:]]
    hour = _HOUR.fullmatch(chunk)
    if hour is not None:
        return [hour[1], hour[2]]
    clitic = _CLITICS.fullmatch(chunk)
    if clitic is not None:
        return [*_core(clitic[1]), *_CLITIC.findall(clitic[2])]
    parts: list[str] = []
    at = 0
    for mark in _INFIX.finditer(chunk):
        if mark.start() == 0:
            continue
        if mark.start() > at:
            parts.append(chunk[at : mark.start()])
        parts.append(mark[0])
        at = mark.end()
    if at < len(chunk):
        parts.append(chunk[at:])
    return parts


def word_of(text: str) -> Word:
    """Return a word with the form that the parser knows it by."""
    lower = text.lower()
    plain = lower.replace("’", "'") if len(text) > 1 else lower
    return Word(text, _STANDS_FOR.get(text) or _STANDS_FOR.get(plain) or _MONTHS_AND_STATES.get(text) or lower)
