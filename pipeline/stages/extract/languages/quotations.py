"""Find what is quoted in other languages and who said it: by the language's verbs of saying and callings.

In order: the words after the closing mark ("…", afirmó la ministra Carmen Rovira), those before the opening one
(Wang Yi said: "…"), whose words they are said to be (según el alcalde). A name is the capitalised end of what is read,
without callings; in scripts without capitals what is left when callings are cut off.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import NamedTuple

from pipeline.model import Quotation, Span, Speaker
from pipeline.stages.extract.languages.tables import UNSPACED, table
from pipeline.stages.extract.quotations.marks import Marked, inner_of, marked

MAX_QUOTATIONS = 400
LOOK = 160
MOST_WORDS = 8
_PARAGRAPH = re.compile(r"[^\n]+")
_WORD = re.compile(r"[^\W\d_][\w'’-]*\.?")
_AFTER = re.compile(r"[\s,.!?،—–-]*")
_SENTENCE_END = re.compile(r"[.!?。！？؟](?=\s|$)|\n|(?<=[。！？])")
_LEAST_WORDS = 4
_LEAST_SIGNS = 7


class _Speech(NamedTuple):
    cue: re.Pattern[str]
    according: re.Pattern[str]
    stops: frozenset[str]
    articles: frozenset[str]
    roles: re.Pattern[str]
    suffix: re.Pattern[str]
    capitals: bool


@cache
def _speech(code: str) -> _Speech:
    words = table(code).words
    edges = (r"", r"") if code in UNSPACED else (r"(?<![\w-])", r"(?![\w-])")
    return _Speech(
        re.compile(rf"{edges[0]}(?:{words.cues}){edges[1]}"),
        re.compile(rf"{edges[0]}(?i:{words.according}){edges[1]}"),
        frozenset(words.stops.split()) - frozenset(words.keep_articles.split()),
        frozenset(words.articles.split()),
        re.compile(rf"(?:{words.roles})"),
        re.compile(words.suffix or "(?!)"),
        code not in ("ar", *UNSPACED),
    )


def find_cued_quotations(text: str, code: str) -> tuple[Quotation, ...]:
    """Return the quotations of a text in one of ``tables.CODES``, in order, with speakers where the text names them."""
    paragraphs = [match.span() for match in _PARAGRAPH.finditer(text)]
    marks = list(islice(marked(text, paragraphs), MAX_QUOTATIONS))
    found: list[Quotation] = []
    for number, mark in enumerate(marks):
        inner = inner_of(text, mark)
        if inner is None:
            continue
        first, last = paragraphs[mark.paragraph]
        if number and marks[number - 1].paragraph == mark.paragraph:
            first = marks[number - 1].end
        if number + 1 < len(marks) and marks[number + 1].paragraph == mark.paragraph:
            last = marks[number + 1].start
        speaker, cue = _said(text, mark, max(first, mark.start - LOOK), min(last, mark.end + LOOK), code)
        whole = _is_whole(text, inner, code)
        if speaker is None and not (whole and _stands_alone(text, mark, paragraphs[mark.paragraph])):
            continue
        start, end = inner
        kind = "direct" if whole or mark.open else "mixed"
        found.append(
            Quotation(text=text[start:end], start=start, end=end, kind=kind, speaker=speaker, cue=cue)  # type: ignore[arg-type]
        )
    return tuple(found)


def _is_whole(text: str, inner: tuple[int, int], code: str) -> bool:
    """Say whether the words between marks are more than some words of a sentence."""
    words = text[inner[0] : inner[1]]
    if code in UNSPACED:
        return len(words) >= _LEAST_SIGNS or words[-1] in "。！？"
    return words.count(" ") + 1 >= _LEAST_WORDS or words[-1] in ".!?؟" or (words[0].isupper() and " " in words)


def _stands_alone(text: str, mark: Marked, paragraph: tuple[int, int]) -> bool:
    rest = text[paragraph[0] : mark.start].strip() + text[mark.end : paragraph[1]].strip(" .。")
    return not rest or text[mark.end - 2 : mark.end - 1] in ".!?。！？؟" or text[mark.end : mark.end + 1] in ",،，"


def _said(text: str, mark: Marked, first: int, last: int, code: str) -> tuple[Speaker | None, Span | None]:
    if code == "zh":
        return _chinese(text, mark, first, last)
    if code == "ja":
        return _japanese(text, mark, first, last)
    speech = _speech(code)
    begin = _sentence_start(text, first, mark.start)
    after = _AFTER.match(text, mark.end, last)
    start = after.end() if after else mark.end
    end_match = _SENTENCE_END.search(text, start, last)
    stop = end_match.start() if end_match else last
    cue = speech.cue.match(text, start, stop)
    if cue is not None:
        words = _words_after(text, cue.end(), stop, speech)
        if not words and code == "tr":  # "Selin Acar, “Köprü güvenli” diye konuştu."
            words = _words_before(text, begin, mark.start, speech)
        speaker = _speaker(text, words, speech)
        if speaker is not None:
            return speaker, _span(text, cue)
    for cue in reversed(list(speech.cue.finditer(text, begin, mark.start))[-4:]):
        words = _words_before(text, begin, cue.start(), speech) or _words_after(text, cue.end(), mark.start, speech)
        speaker = _speaker(text, words, speech)
        if speaker is not None:
            return speaker, _span(text, cue)
    for low, high in ((begin, mark.start), (start, stop)):
        according = speech.according.search(text, low, high)
        if according is not None:
            words = _words_after(text, according.end(), high, speech)
            speaker = _speaker(text, words, speech)
            if speaker is not None:
                return speaker, _span(text, according)
    cue = speech.cue.search(text, start, stop)
    if cue is not None and cue.start() - start < 60 and text[mark.end - 2] not in ".。":
        words = _words_before(text, start, cue.start(), speech)
        speaker = _speaker(text, words, speech)
        if speaker is not None:
            return speaker, _span(text, cue)
    return None, None


def _sentence_start(text: str, first: int, position: int) -> int:
    start = first
    for match in _SENTENCE_END.finditer(text, first, max(position - 2, first)):
        start = match.end()
    return start


def _words_after(text: str, start: int, stop: int, speech: _Speech) -> list[re.Match[str]]:
    words: list[re.Match[str]] = []
    at = start
    while len(words) < MOST_WORDS:
        while at < stop and text[at] == " ":
            at += 1
        word = _WORD.match(text, at, stop)
        if word is None or (word.group().casefold() in speech.stops and not (words and _is_particle(word))):
            break
        words.append(word)
        at = word.end()
        if word.group().endswith(".") and len(word.group()) > 3:
            break
    return words


def _is_particle(word: re.Match[str]) -> bool:
    return word.group() in ("de", "da", "do", "dos", "di", "van", "von", "der")


def _words_before(text: str, begin: int, end: int, speech: _Speech) -> list[re.Match[str]]:
    words: list[re.Match[str]] = []
    for word in reversed(list(_WORD.finditer(text, max(begin, end - 120), end))):
        gap = text[word.end() : words[-1].start()] if words else text[word.end() : end]
        if gap.strip() not in ("", ",") or (words and gap.strip()) or len(words) == MOST_WORDS:
            break
        if word.group().casefold() in speech.stops:
            break
        words.append(word)
    return words[::-1]


def _speaker(text: str, words: list[re.Match[str]], speech: _Speech) -> Speaker | None:
    """Return who is named by a run of words: the name that ends it, else the whole without its article."""
    while words and words[0].group().casefold() in speech.articles:
        words = words[1:]
    if not words:
        return None
    start, end = words[0].start(), words[-1].end()
    end -= text[start:end].endswith(".")
    if speech.capitals:
        first = len(words)
        while first and (
            words[first - 1].group()[0].isupper() or (first < len(words) and _is_particle(words[first - 1]))
        ):
            first -= 1
        if first == len(words):  # "la ministra Ana Ruiz esta tarde": the name, not what follows it
            last = next((i for i, w in enumerate(words) if w.group()[0].isupper()), None)
            if last is None:
                return _called(text, words[:4], None)
            stop = last
            while stop < len(words) and words[stop].group()[0].isupper():
                stop += 1
            return _called(text, words[last:stop], text[start : words[last].start()].strip() or None, speech)
        return _called(text, words[first:], text[start : words[first].start()].strip() or None, speech)
    return _called(text, words[:5], None, speech)


def _called(text: str, words: list[re.Match[str]], role: str | None, speech: _Speech | None = None) -> Speaker | None:
    """Return a speaker of these words, callings cut off its front and kept as its role."""
    kept = list(words)
    if speech is not None:
        while len(kept) > 1 and speech.roles.fullmatch(kept[0].group().rstrip(".")):
            if not speech.capitals and len(kept) <= 2 and kept[-1].group().startswith("ال"):
                break  # "رئيس البلدية": a calling of two words
            kept = kept[1:]
    if len(kept) < len(words):
        role = text[words[0].start() : kept[0].start()].strip()
    start, end = kept[0].start(), kept[-1].end()
    name = text[start:end].rstrip(".")
    if speech is not None:
        name = speech.suffix.sub("", name)
    return Speaker(
        text=text[start : start + len(name)], start=start, end=start + len(name), name=name, role=role or None
    )


_TOPIC = re.compile(r"(?P<who>[^\s、。「」『』，]{1,24}?)(?:氏)?(?:は|が)、?(?:[^。「」]{0,24}?、?)?$")
_TOPIC_AFTER = re.compile(r"と、?(?P<who>[^\s、。「」『』]{1,24}?)(?:は|が)")


def _japanese(text: str, mark: Marked, first: int, last: int) -> tuple[Speaker | None, Span | None]:
    """Read 首相は「…」と述べた and 「…」と市長は語った."""
    speech = _speech("ja")
    end_match = _SENTENCE_END.search(text, mark.end, last)
    stop = end_match.end() if end_match else last
    cue = speech.cue.search(text, mark.end, stop)
    if cue is None or text[mark.end : mark.end + 1] not in ("と", "な", "、", "と"):
        return None, None
    after = _TOPIC_AFTER.match(text, mark.end, cue.start())
    begin = _sentence_start(text, first, mark.start)
    who = after or _TOPIC.search(text[: mark.start], begin)
    if who is None:
        return None, _span(text, cue)
    return _sign_speaker(text, who.start("who"), who.end("who"), "ja"), _span(text, cue)


def _chinese(text: str, mark: Marked, first: int, last: int) -> tuple[Speaker | None, Span | None]:
    """Read 王毅说：“…” and “…，”毛宁表示."""
    speech = _speech("zh")
    begin = max(_sentence_start(text, first, mark.start), first)
    cues = list(speech.cue.finditer(text, begin, mark.start))
    if cues and text[cues[-1].end() : mark.start].strip() in ("", "：", ":", "，", ","):
        start = max(text.rfind(sign, begin, cues[-1].start()) for sign in "，。；、,") + 1
        return _sign_speaker(text, max(start, begin), cues[-1].start(), "zh"), _span(text, cues[-1])
    after = _AFTER_SIGNS.match(text, mark.end, last)
    start = after.end() if after else mark.end
    cue = speech.cue.search(text, start, min(last, start + 30))
    if cue is not None and not re.search(r"[，。；：“”]", text[start : cue.start()]) and cue.start() > start:
        return _sign_speaker(text, start, cue.start(), "zh"), _span(text, cue)
    return None, None


_AFTER_SIGNS = re.compile(r"[，,。]?")
_ADVERBS = re.compile(r"(?:日前|今天|昨天|周.|星期.|随后|同时|还|也|当天|在.{1,12}[上中时])+$")


def _sign_speaker(text: str, start: int, end: int, code: str) -> Speaker | None:
    """Return the speaker of an unspaced run: Chinese callings stand before a name, Japanese ones after it."""
    speech = _speech(code)
    if code == "zh":
        tail = _ADVERBS.search(text, start, end)
        end = tail.start() if tail and tail.start() > start else end
        roles = [m for m in speech.roles.finditer(text, start, end) if m.end() < end]
        at = roles[-1].end() if roles and end - roles[-1].end() <= 5 and end - roles[-1].end() >= 2 else start
        role = text[start:at] or None
        start = at
    else:
        role = None
        of = text.rfind("の", start, end)
        start = of + 1 if of >= 0 and of + 1 < end else start
        found = next((m for m in speech.roles.finditer(text, start + 1, end) if m.end() == end), None)
        if found is not None:
            role, end = found.group(), found.start()
    if not 0 < end - start <= 16:
        return None
    name = text[start:end]
    return Speaker(text=name, start=start, end=end, name=name, role=role)


def _span(text: str, match: re.Match[str]) -> Span:
    return Span(text=match.group(), start=match.start(), end=match.end())
