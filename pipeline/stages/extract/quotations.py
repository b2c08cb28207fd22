"""Find what is quoted and who said it: quotation marks in several styles, cue verbs, and names resolved in the article.

direct: whole sentences between marks; mixed: some words between marks inside a reporting sentence; indirect: reported
speech without marks (English). Linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from pipeline.language.sentences import split_sentences
from pipeline.model import Quotation, Span, Speaker
from pipeline.stages.extract.speakers import NAME, ROLED_NAME, Mentions, role_before

_PARAGRAPH = re.compile(r"[^\n]+")
_PAIRS = {"“": "”", "„": "“”", "«": "»", "»": "«", "‘": "’", "「": "」", "『": "』", '"': '"'}
_MARKS = re.compile('["“”„«»‘’「」『』]')
MAX_QUOTE = 5_000
LONGEST_ATTRIBUTION = 220

CUES = (
    r"sa(?:id|ys|y|ying)|t(?:old|ells|elling)|add(?:ed|s|ing)|announc(?:ed|es|ing)|stat(?:ed|es)|warn(?:ed|s|ing)|ask(?:ed|s)"
    r"|repl(?:ied|ies)|insist(?:ed|s|ing)|explain(?:ed|s|ing)|wr(?:ote|ites|iting)|tweet(?:ed|s)|post(?:ed|s)|claim(?:ed|s|ing)"
    r"|not(?:ed|es|ing)|stress(?:ed|es|ing)|argu(?:ed|es|ing)|declar(?:ed|es|ing)|alleg(?:ed|es|ing)|acknowledg(?:ed|es)|admit(?:ted|s)"
    r"|confirm(?:ed|s|ing)|den(?:ied|ies|ying)|suggest(?:ed|s|ing)|call(?:ed|ing)|describ(?:ed|es|ing)|continu(?:ed|es)|recall(?:ed|s)"
    r"|respond(?:ed|s|ing)|testif(?:ied|ies)|predict(?:ed|s)|pledg(?:ed|es)|vow(?:ed|s|ing)|promis(?:ed|es)|urg(?:ed|es|ing)|complain(?:ed|s)"
    r"|conclud(?:ed|es)|observ(?:ed|es)|remark(?:ed|s)|commented|quipped|joked|shouted|exclaimed|emphasi[sz](?:ed|es|ing)|accus(?:ed|es|ing)"
    r"|blam(?:ed|es|ing)|quoted as saying|tout(?:ed|s)|lament(?:ed|s)|cautioned|boasted|reported|reiterated|asserted|maintained|hailed|slammed"
    r"|condemn(?:ed|s|ing)|praised|dismissed|rejected|branded|labell?ed|accept(?:ed|s)|reveal(?:ed|s)|disclosed|indicated|agreed|answered"
)
_CUE = re.compile(rf"\b(?:{CUES})\b")
# The end of a name phrase and, with nothing but adverbs and asides between, the cue.
_BETWEEN = r"(?P<aside>,[^,\"“”]{1,80},)?,?(?:\s+(?:also|later|then|reportedly|has|had|have|was|is|himself|herself|repeatedly|once|earlier|\w+ly|to have)){0,4}"
_SUBJECT = (
    rf"(?P<subject>(?:{ROLED_NAME})|(?:{NAME})|[Hh]e|[Ss]he|[Tt]hey|[Ii]t|(?:[Tt]he|[Oo]ne|[Aa]n?|[Hh]is|[Hh]er|[Tt]heir|[Aa]nother|[Ss]everal|[Bb]oth"
    rf"|[Tt]wo|[Ss]ome)\s+(?:[\w'’.-]+\s+){{0,6}}?[\w'’.-]+|[A-Z]?[a-z]+(?:ors|ers|ists|ials|ans|men|ents|ants|ities|tors))"
)
_SUBJECT_CUE = re.compile(rf"(?:^|(?<=[\s,;:—–(])){_SUBJECT}{_BETWEEN}\s+(?P<cue>{CUES})\b")
_CUE_SUBJECT = re.compile(
    rf"^[\s,.!?—–-]*(?P<cue>{CUES})\s+(?P<subject>(?:{ROLED_NAME})|(?:[Tt]he\s+)?(?:{NAME})"
    rf"|[Tt]he\s+(?:[a-z][\w'’-]*\s*){{1,4}}|he|she|they)"
)
_AFTER = re.compile(rf"^[\s,.!?—–-]*{_SUBJECT}{_BETWEEN}\s+(?P<cue>{CUES})\b")
_ACCORDING = re.compile(r"\b(?P<cue>[Aa]ccording to)\s+(?P<subject>[^,.;:\"“”\n]{2,80})")
_INDIRECT = re.compile(
    rf"^(?:[^,\"“”]{{0,60}},\s+)?{_SUBJECT}{_BETWEEN}\s+(?P<cue>said to have \w+ed|said|says|told|announced|stated|warned|insisted|explained"
    rf"|claimed|noted|stressed|argued|declared|alleged|confirmed|denied|added|reported|acknowledged|admitted|suggested|predicted"
    rf"|pledged|vowed|promised)\b(?:(?<=told)\s+(?:{NAME}|[a-z]+(?:\s+[a-z]+){{0,3}}?))?(?:\s+on\s+[A-Z]\w+)?,?"
    rf"\s+(?:that\s+|(?<=said )|(?<=says )|(?<=day ))(?P<said>.+)$",
    re.DOTALL,
)
_NOT_SAID = re.compile(r"^(?:the (?:deal|agreement|meeting)|a (?:deal|strike)|\W)", re.IGNORECASE)

Kind = Literal["direct", "mixed", "indirect"]


class _Marked(msgspec.Struct, frozen=True):
    """Hold marked text: the outer span with marks, and whether the mark was left open for the next paragraph."""

    start: int
    end: int
    paragraph: int
    open: bool


def find_quotations(text: str, language: str | None = "en") -> tuple[Quotation, ...]:
    """Return quotations in order of appearance, each with its speaker and cue where the text names them."""
    paragraphs = [match.span() for match in _PARAGRAPH.finditer(text)]
    marked = list(_marked(text, paragraphs))
    english = language in (None, "en")
    if not marked and not (english and _CUE.search(text)):
        return ()
    mentions = Mentions(text)
    found: list[Quotation] = []
    previous: tuple[_Marked, Speaker | None, Span | None] | None = None
    for mark in marked:
        kind = _kind(text, mark, paragraphs[mark.paragraph])
        speaker, cue = _attribution(text, mark, paragraphs[mark.paragraph], marked, mentions, kind)
        if speaker is None and previous is not None and _continues(text, previous[0], mark, paragraphs):
            _, speaker, cue = previous
        inner = _inner(text, mark)
        if inner is None or (kind == "mixed" and speaker is None):
            continue
        found.append(
            Quotation(text=text[inner[0] : inner[1]], start=inner[0], end=inner[1], kind=kind, speaker=speaker, cue=cue)
        )
        previous = (mark, speaker, cue)
    if english:
        found += _indirect(text, found, mentions)
    return tuple(sorted(found, key=lambda quotation: quotation.start))


def _marked(text: str, paragraphs: list[tuple[int, int]]) -> Iterator[_Marked]:
    """Pair marks paragraph by paragraph; an opening mark without its closing one runs to the paragraph's end."""
    for number, (first, last) in enumerate(paragraphs):
        opened: int | None = None
        closers = ""
        for match in _MARKS.finditer(text, first, last):
            at, mark = match.start(), match.group()
            if opened is None:
                if mark in _PAIRS and _opens(text, at, first):
                    opened, closers = at, _PAIRS[mark]
            elif mark in closers and not (mark in "’\"" and _opens(text, at, first) and not _closes(text, at, last)):
                if mark == "’" and not _closes(text, at, last):
                    continue
                yield _Marked(opened, at + 1, number, False)
                opened = None
        if opened is not None and text[opened] != "‘" and last - opened < MAX_QUOTE:
            yield _Marked(opened, last, number, True)


def _opens(text: str, at: int, first: int) -> bool:
    return at == first or text[at - 1].isspace() or text[at - 1] in "([—–-:/“\"‘" or text[at] in "„「『“"


def _closes(text: str, at: int, last: int) -> bool:
    return at + 1 >= last or text[at + 1].isspace() or text[at + 1] in ".,;:!?)]—–-”\"’"


def _inner(text: str, mark: _Marked) -> tuple[int, int] | None:
    start, end = mark.start + 1, mark.end if mark.open else mark.end - 1
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _kind(text: str, mark: _Marked, paragraph: tuple[int, int]) -> Kind:
    inner = text[mark.start + 1 : mark.end - 1].strip()
    words = inner.count(" ") + 1
    before = text[paragraph[0] : mark.start].rstrip()
    starts_sentence = not before or before[-1] in ".!?:,”\"—–" or bool(_CUE.search(before[-20:]))
    if mark.open or (starts_sentence and (inner[:1].isupper() or not inner[:1].isascii()) and words >= 2):
        return "direct"
    return "direct" if starts_sentence and words >= 5 else "mixed"


def _attribution(
    text: str,
    mark: _Marked,
    paragraph: tuple[int, int],
    marked: list[_Marked],
    mentions: Mentions,
    kind: Kind,
) -> tuple[Speaker | None, Span | None]:
    """Look for who said it: after the quotation, before it in its sentence, then anywhere in its paragraph."""
    after = _outside(text, mark.end, min(paragraph[1], mark.end + LONGEST_ATTRIBUTION))
    ended = text[mark.end - 2 : mark.end - 1] in (".", "!", "?") if not mark.open else False
    if kind == "direct" and not (ended and after[:2].strip() == "" and _starts_afresh(after)):
        for pattern in (_CUE_SUBJECT, _AFTER):
            match = pattern.match(after)
            if match:
                return _speaker(text, match, mark.end, mentions)
    begin = max(_sentence_start(text, paragraph[0], mark.start), mark.start - 400)
    before = text[begin : mark.start]
    matches = [m for m in _subject_cues(before) if '"' not in before[m.end() :] or kind == "mixed"]
    if matches:
        return _speaker(text, matches[-1] if kind == "direct" else matches[0], begin, mentions)
    stop = re.search(r"[.!?](?:\s|$)", after)
    rest = after[: stop.start() + 1] if stop else after
    for pattern, offset, chunk in ((_ACCORDING, begin, before), (_ACCORDING, mark.end, rest), (_AFTER, mark.end, rest)):
        match = pattern.search(chunk)
        if match:
            return _speaker(text, match, offset, mentions)
    if kind == "mixed":
        match = next(_subject_cues(rest), None)
        return _speaker(text, match, mark.end, mentions) if match else (None, None)
    siblings = [other for other in marked if other.paragraph == mark.paragraph and other.start > mark.start]
    if siblings:
        after = _outside(text, siblings[0].end, min(paragraph[1], siblings[0].end + LONGEST_ATTRIBUTION))
        match = _CUE_SUBJECT.match(after) or _AFTER.match(after)
        if match:
            return _speaker(text, match, siblings[0].end, mentions)
    earlier = text[paragraph[0] : mark.start]
    told = list(_subject_cues(earlier[-400:]))
    return _speaker(text, told[-1], mark.start - len(earlier[-400:]), mentions) if told else (None, None)


def _subject_cues(chunk: str) -> Iterator[re.Match[str]]:
    """Find "who said": a subject and its cue, not parted by an aside that tells of somebody else's saying."""
    position = 0
    while match := _SUBJECT_CUE.search(chunk, position):
        if match.group("aside") and _CUE.search(match.group("aside")):
            position = match.start("aside") + 1
            continue
        yield match
        position = match.end()


def _starts_afresh(after: str) -> bool:
    return bool(re.match(r"\s+[A-Z]", after)) and not re.match(rf"\s+(?:{NAME})(?:,[^,]{{1,80}},)?\s+(?:{CUES})", after)


def _outside(text: str, start: int, end: int) -> str:
    """Return what follows a quotation, up to the next opening mark."""
    rest = text[start:end]
    match = re.search('["“„«]', rest)
    return rest[: match.start()] if match else rest


def _sentence_start(text: str, first: int, position: int) -> int:
    start = first
    for match in re.finditer(r"[.!?][\"”»’)]?\s+(?=[A-Z\"“„«])", text[first:position]):
        start = first + match.end()
    return start


def _speaker(
    text: str, match: re.Match[str], offset: int, mentions: Mentions
) -> tuple[Speaker | None, Span | None]:
    start, end = match.start("subject") + offset, match.end("subject") + offset
    cue_start, cue_end = match.start("cue") + offset, match.end("cue") + offset
    cue = Span(text=text[cue_start:cue_end], start=cue_start, end=cue_end)
    start = role_before(text, start)
    return mentions.speaker(start, end), cue


def _continues(text: str, earlier: _Marked, mark: _Marked, paragraphs: list[tuple[int, int]]) -> bool:
    """Tell whether a quotation goes on: in the same paragraph, or as a paragraph that opens with a mark."""
    if mark.paragraph == earlier.paragraph:
        return True
    opens_paragraph = not text[paragraphs[mark.paragraph][0] : mark.start].strip()
    return mark.paragraph == earlier.paragraph + 1 and opens_paragraph


def _indirect(text: str, found: list[Quotation], mentions: Mentions) -> Iterator[Quotation]:
    taken = [(quotation.start, quotation.end) for quotation in found]
    for start, end in split_sentences(text):
        if any(s < end and e > start for s, e in taken) or not _CUE.search(text, start, end):
            continue
        sentence = text[start:end]
        according = _ACCORDING.search(sentence)
        match = _INDIRECT.match(sentence)
        if match and not _NOT_SAID.match(match.group("said")) and match.group("said").count(" ") >= 3:
            speaker, cue = _speaker(text, match, start, mentions)
            at, to = start + match.start("said"), start + match.end("said")
        elif according:
            speaker, cue = _speaker(text, according, start, mentions)
            at, to = (start + according.end(), end) if according.start() < 3 else (start, start + according.start())
            while at < to and text[at] in " ,":
                at += 1
            while to > at and text[to - 1] in " ,":
                to -= 1
        else:
            continue
        if at < to and speaker is not None:
            yield Quotation(text=text[at:to], start=at, end=to, kind="indirect", speaker=speaker, cue=cue)
