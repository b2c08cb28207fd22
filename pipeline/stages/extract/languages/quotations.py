"""Find what is quoted in other languages and who said it: by the language's verbs of saying and callings.

In order: the words after the closing mark ("…", afirmó la ministra Carmen Rovira), those before the opening one
(Wang Yi said: "…"), whose words they are said to be (según el alcalde), a verb at the sentence's end ("…" olduğunu
söyledi). A verb without a subject of its own has the one of the quotation before, as in languages that drop pronouns.
Speech may stand between dashes instead of marks (– Nie ustąpimy – powiedział Tusk).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple

import msgspec

from pipeline.model import Quotation, Span, Speaker
from pipeline.stages.extract.languages.signs import chinese, japanese
from pipeline.stages.extract.languages.speakers import Speech, after, before, speech
from pipeline.stages.extract.languages.tables import UNSPACED
from pipeline.stages.extract.quotations.marks import Marked, inner_of, marked

MAX_QUOTATIONS = 400
LOOK = 200
NEAR = 60
# So many words a title in marks has at most: "la película «El viento»".
LONGEST_NAME = 6
# So many characters after its predecessor a quotation may still be that of the same speaker.
SAME_SPEAKER_REACH = 600
_PARAGRAPH = re.compile(r"[^\n]+")
_AFTER = re.compile(r"[\s,.!?،—–-]*")
_SENTENCE_END = re.compile(r"[.!?。！？؟](?=\s|$)|\n|(?<=[。！？])")
_LEAST_WORDS = 4
_LEAST_SIGNS = 7
_DASHED = re.compile(r"[–—―-]\s*(?=[^\W\d_«„“\"¿¡])")
_DASH_AGAIN = re.compile(r"\s[–—―-]\s?|(?<=\s)[–—―](?=[^\W\d_])")


class _Said(NamedTuple):
    speaker: Speaker | None
    cue: Span | None


def find_cued_quotations(text: str, code: str) -> tuple[Quotation, ...]:
    """Return the quotations of a text in one of ``tables.CODES``, in order, with speakers where the text names them."""
    paragraphs = [match.span() for match in _PARAGRAPH.finditer(text)]
    marks = list(islice(marked(text, paragraphs), MAX_QUOTATIONS))
    how = speech(code)
    found = sorted(
        (*_between_marks(text, marks, paragraphs, how), *_between_dashes(text, marks, paragraphs, how)),
        key=lambda quotation: quotation.start,
    )
    return tuple(_with_known_speakers(found, how))[:MAX_QUOTATIONS]


def _between_marks(
    text: str, marks: list[Marked], paragraphs: list[tuple[int, int]], how: Speech
) -> Iterator[Quotation]:
    for number, mark in enumerate(marks):
        inner = inner_of(text, mark)
        if inner is None:
            continue
        first, last = paragraphs[mark.paragraph]
        begin = first
        if number and marks[number - 1].paragraph == mark.paragraph:
            begin = marks[number - 1].end
        if number + 1 < len(marks) and marks[number + 1].paragraph == mark.paragraph:
            last = marks[number + 1].start
        whole = _is_whole(text, inner, how.code)
        name_like = text[inner[1] - 1] not in ".!?…" and text.count(" ", *inner) < LONGEST_NAME
        if name_like and how.named.search(text, max(first, mark.start - NEAR), mark.start):
            continue  # "la película «El viento»": a name
        low, high = max(begin, mark.start - LOOK), min(last, mark.end + LOOK)
        speaker, cue = _said(text, mark, low, high, how)
        if speaker is None and not whole and begin > first:  # "… es “justo” y “necesario”": the verb of the sentence
            speaker, cue = _said(text, mark, max(first, mark.start - LOOK), high, how)
        alone = whole and _stands_alone(text, mark, paragraphs[mark.paragraph])
        if speaker is None and cue is None and not alone:
            continue
        kind: Literal["direct", "mixed"] = "direct" if whole or mark.open else "mixed"
        yield Quotation(text=text[slice(*inner)], start=inner[0], end=inner[1], kind=kind, speaker=speaker, cue=cue)


def _between_dashes(
    text: str, marks: list[Marked], paragraphs: list[tuple[int, int]], how: Speech
) -> Iterator[Quotation]:
    """Give speech in paragraphs that open with a dash, where a verb of saying follows another dash."""
    if how.code in UNSPACED:
        return
    quoted = {mark.paragraph for mark in marks}
    for number, (first, last) in enumerate(paragraphs):
        opening = _DASHED.match(text, first, last)
        if opening is None or number in quoted:
            continue
        start, said = opening.end(), None
        for dash in islice(_DASH_AGAIN.finditer(text, start, last), 6):
            cue = how.beside.match(text, dash.end(), last)
            if cue is None:
                continue
            stop = _DASH_AGAIN.search(text, cue.end(), last)
            end = min(stop.start() if stop else last, cue.end() + LOOK)
            said = _Said(after(text, cue.end(), end, how), _span(text, cue))
            yield _dashed(text, start, dash.start(), said)
            start = stop.end() if stop else last
        if said is not None and start < last:
            yield _dashed(text, start, last, said)


def _dashed(text: str, start: int, end: int, said: _Said) -> Quotation:
    while end > start and text[end - 1] in " ,":
        end -= 1
    return Quotation(text=text[start:end], start=start, end=end, kind="direct", speaker=said.speaker, cue=said.cue)


def _with_known_speakers(found: list[Quotation], how: Speech) -> Iterator[Quotation]:
    """Give verbs without a subject the speaker before them, and surnames the full name that the text has given."""
    names: dict[str, str] = {}
    earlier: Quotation | None = None
    for quotation in found:
        speaker = quotation.speaker
        if speaker is None and quotation.cue is not None and earlier is not None:
            if quotation.start - earlier.end <= SAME_SPEAKER_REACH:
                speaker = earlier.speaker
        elif speaker is not None and speaker.text.casefold() in how.pronouns:
            same = earlier.speaker if earlier is not None else None
            speaker = msgspec.structs.replace(
                speaker, name=same.name if same else None, role=same.role if same else None
            )
        elif speaker is not None and speaker.name and how.capitals:
            if " " in speaker.name:
                names.setdefault(speaker.name.rpartition(" ")[2], speaker.name)
            elif speaker.name in names:
                speaker = msgspec.structs.replace(speaker, name=names[speaker.name])
        quotation = msgspec.structs.replace(quotation, speaker=speaker)
        if speaker is None and quotation.kind == "mixed" and quotation.cue is None:
            continue
        if speaker is not None:
            earlier = quotation
        yield quotation


def _is_whole(text: str, inner: tuple[int, int], code: str) -> bool:
    """Say whether the words between marks are more than some words of a sentence."""
    words = text[inner[0] : inner[1]]
    if code in UNSPACED:
        return len(words) >= _LEAST_SIGNS or words[-1] in "。！？"
    return words.count(" ") + 1 >= _LEAST_WORDS or words[-1] in ".!?؟" or (words[0].isupper() and " " in words)


def _stands_alone(text: str, mark: Marked, paragraph: tuple[int, int]) -> bool:
    rest = text[paragraph[0] : mark.start].strip() + text[mark.end : paragraph[1]].strip(" .。")
    return not rest or text[mark.end - 2 : mark.end - 1] in ".!?。！？؟" or text[mark.end : mark.end + 1] in ",،，"


def _said(text: str, mark: Marked, first: int, last: int, how: Speech) -> _Said:
    if how.code == "zh":
        return _Said(*chinese(text, mark.start, mark.end, first, last))
    if how.code == "ja":
        return _Said(*japanese(text, mark.start, mark.end, first, last))
    begin = _sentence_start(text, first, mark.start)
    gap = _AFTER.match(text, mark.end, last)
    start = gap.end() if gap else mark.end
    end_match = _SENTENCE_END.search(text, start, last)
    stop = end_match.start() if end_match else last
    anew = text[mark.end - 2 : mark.end - 1] in ".。" or "." in text[mark.end : start]
    unsaid: Span | None = None
    cue = _cue_at(text, start, stop, how)
    if cue is not None and not (anew and text[cue.start()].isupper()):
        speaker = after(text, cue.end(), stop, how)
        if speaker is None:  # "Selin Acar, “Köprü güvenli” diye konuştu."
            speaker = before(text, begin, mark.start, how) if begin < mark.start else None
        if speaker is not None:
            return _Said(speaker, _span(text, cue))
        unsaid = _span(text, cue)
    for cue in reversed(list(how.cue.finditer(text, begin, mark.start))[-4:]):
        speaker = before(text, begin, cue.start(), how) or after(text, cue.end(), mark.start, how)
        if speaker is not None:
            return _Said(speaker, _span(text, cue))
        unsaid = unsaid or _span(text, cue)
    for low, high in ((begin, mark.start), (start, stop)):
        according = how.according.search(text, low, high)
        if according is not None:
            speaker = after(text, according.end(), high, how)
            if speaker is not None:
                return _Said(speaker, _span(text, according))
    cue = how.cue.search(text, start, stop)
    if cue is not None and not anew:
        speaker = before(text, start, cue.start(), how) if cue.start() - start < NEAR and not how.verb_last else None
        speaker = speaker or (before(text, begin, mark.start, how) if begin < mark.start else None)
        if speaker is not None:
            return _Said(speaker, _span(text, cue))
        unsaid = unsaid or (_span(text, cue) if how.verb_last else None)
    return _Said(None, unsaid)


def _cue_at(text: str, start: int, stop: int, how: Speech) -> re.Match[str] | None:
    """Return the verb of saying right after a quotation, a word like "also" before it apart."""
    cue = how.beside.match(text, start, stop)
    if cue is None:
        word = _WORD.match(text, start, stop)
        if word is not None and word.group().casefold() in how.skipped:
            cue = how.beside.match(text, word.end() + 1, stop)
    return cue


_WORD = re.compile(r"[^\W\d_]+")


def _sentence_start(text: str, first: int, position: int) -> int:
    start = first
    for match in _SENTENCE_END.finditer(text, first, max(position - 2, first)):
        start = match.end()
    return start


def _span(text: str, match: re.Match[str]) -> Span:
    return Span(text=match.group(), start=match.start(), end=match.end())
