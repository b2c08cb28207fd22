"""Find what is quoted and who said it: quotation marks in several styles, cue verbs, and names resolved in the article.

direct: whole sentences between marks; mixed: some words between marks inside a reporting sentence; indirect: reported
speech without marks (English). Linear in the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

from pipeline.language.sentences import split_sentences
from pipeline.model import Quotation, Span, Speaker
from pipeline.stages.extract.chunks import split_words
from pipeline.stages.extract.quotations.cues import ACCORDING, CUE, CUE_BESIDE, REPORTING, SAYING, TRAILING, last_cues
from pipeline.stages.extract.quotations.kinds import WORK, Kind, is_scare, kind_of, sentence_start
from pipeline.stages.extract.quotations.marks import Marked, inner_of
from pipeline.stages.extract.quotations.marks import marked as marked_in
from pipeline.stages.extract.quotations.phrases import Phrase, subject_after, subject_before, tokens_between
from pipeline.stages.extract.quotations.speakers import Mentions

_PARAGRAPH = re.compile(r"[^\n]+")
LONGEST_ATTRIBUTION = 220
_LISTENER = re.compile(
    r"\s+(?:the\s+|an?\s+|his\s+|her\s+)?(?:[A-Z][\w’'-]*(?:\s+[A-Z][\w’'-]*)*|(?:news\s+)?[a-z]+)(?:\s+(?:on|in"
    r"|at)\s+(?:the\s+|a\s+)?\w+)?"
    r"(?=\s+(?:that|the|an?|he|she|it|they|his|her|its|their|there|this|[A-Z])\b)"
)
_AT_TIME = re.compile(
    r"(?:,?\s+(?:on\s+(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)|later"
    r"|in\s+an?\s+\w+(?:\s+(?:on|to)\s+\w+)?|yesterday))?,?\s+"
)
_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|can|could|may|might|should|must|do|does|did|\w{2,}ed|\w+n['’]t"
    r"|made|took|came|went|knew"
    r"|wept|fell|rose|kept|left|felt|meant|began|need|needs|want|wants)\b"
)
_OPENS_CLAUSE = re.compile(
    r"(?:he|she|it|they|there|nobody|everyone)\b|(?:the|an?|its|his|her|their|no|[A-Z][\w’'-]*)\s(?:[\w’'-]+\s){2}"
)
_AFTER_MARK = re.compile(r"[\s,.!?—–-]*")
MAX_QUOTATIONS = 400
LOOK_BACK = 500


def find_quotations(text: str, language: str | None = "en") -> tuple[Quotation, ...]:
    """Return quotations in order of appearance, each with its speaker and cue where the text names them."""
    paragraphs = [match.span() for match in _PARAGRAPH.finditer(text)]
    marked = list(islice(marked_in(text, paragraphs), MAX_QUOTATIONS))
    english = language in (None, "en")
    reporting = list(_reporting(text)) if english else []
    if not marked:
        begin = reporting[0][0] if reporting else len(text)
        if not (SAYING.search(text, begin) or ACCORDING.search(text, begin)):
            return ()
    reader = _Reader(text, paragraphs, marked)
    found = list(reader.quoted())
    found += islice(reader.indirect(found, reporting), MAX_QUOTATIONS)
    return tuple(sorted(found, key=lambda quotation: (quotation.start, -quotation.end)))


def _reporting(text: str) -> Iterator[tuple[int, int]]:
    """Yield the sentences that may have a word that reported speech without marks is told with: most have none."""
    words = REPORTING.intersection(split_words(text))
    for start, end in split_sentences(text):
        # A longer one is not read to its end, and what is left of its last word may be such a word.
        if end - start > LONGEST_SENTENCE or any(text.find(word, start, end) >= 0 for word in words):
            yield start, end


Attribution = tuple[Speaker | None, Span | None]
_NOBODY: Attribution = (None, None)
_Row = tuple[Marked, Kind, tuple[int, int], Attribution]


class _Reader:
    """Read one article: whom each marked stretch of it quotes."""

    def __init__(self, text: str, paragraphs: list[tuple[int, int]], marked: list[Marked]) -> None:
        self._text = text
        self._paragraphs = paragraphs
        self._marked = marked
        self._mentions = Mentions(text)

    def quoted(self) -> Iterator[Quotation]:
        """Give the marked quotations; words in marks that nobody is said to have said are none."""
        rows: list[_Row] = []
        for at, mark in enumerate(self._marked):
            inner = inner_of(self._text, mark)
            if inner is None:
                continue
            kind = kind_of(self._text, mark, self._paragraphs[mark.paragraph])
            if kind == "mixed" and is_scare(self._text, mark, inner):
                continue
            attribution = self._attribution(at, mark, kind)
            if attribution[0] is None and rows and kind == "direct" and self._goes_on(rows[-1][0], mark):
                attribution = rows[-1][3]
            rows.append((mark, kind, inner, attribution))
        for at in range(len(rows) - 2, -1, -1):
            mark, kind, inner, attribution = rows[at]
            if attribution[0] is None and kind == "direct" and self._goes_on(mark, rows[at + 1][0]):
                rows[at] = (mark, kind, inner, rows[at + 1][3])
        for mark, kind, inner, (speaker, cue) in self._joined(rows):
            if speaker is None and (kind == "mixed" or not self._stands_alone(mark) or self._is_work(mark)):
                continue
            start, end = inner
            yield Quotation(text=self._text[start:end], start=start, end=end, kind=kind, speaker=speaker, cue=cue)

    def _joined(self, rows: list[_Row]) -> Iterator[_Row]:
        """Make one of a quotation whose paragraphs each open with a mark and only the last closes."""
        at = 0
        while at < len(rows):
            mark, kind, inner, attribution = rows[at]
            while at + 1 < len(rows) and rows[at][0].open and self._goes_on(rows[at][0], rows[at + 1][0]):
                at += 1
                mark = Marked(mark.start, rows[at][0].end, mark.paragraph, rows[at][0].open)
                inner = inner[0], rows[at][2][1]
                attribution = attribution if attribution[0] is not None else rows[at][3]
            yield mark, kind, inner, attribution
            at += 1

    def _stands_alone(self, mark: Marked) -> bool:
        """Tell what somebody unnamed says from a title in marks: it ends as a sentence does, or is all there is."""
        first, last = self._paragraphs[mark.paragraph]
        ends = mark.open or self._text[mark.end - 2] in ".,!?…" or self._text[mark.end : mark.end + 1] == ","
        return ends or not (self._text[first : mark.start].strip() or self._text[mark.end : last].strip(" .,"))

    def _is_work(self, mark: Marked) -> bool:
        """Tell the title of a film or the name of a ship: "The film, "A Winter in Lodz," opens"."""
        return (
            WORK.search(self._text, max(self._paragraphs[mark.paragraph][0], mark.start - NEAR), mark.start) is not None
        )

    def _attribution(self, at: int, mark: Marked, kind: Kind) -> Attribution:
        """Look for who said it: after the quotation, before it in its sentence, then in the sentence before it."""
        first, last = self._paragraphs[mark.paragraph]
        previous = self._marked[at - 1].end if at and self._marked[at - 1].paragraph == mark.paragraph else first
        following = self._marked[at + 1].start if at + 1 < len(self._marked) else last
        stop = min(last, following, mark.end + LONGEST_ATTRIBUTION)
        begin = max(sentence_start(self._text, max(first, mark.start - LOOK_BACK), mark.start), mark.start - LOOK_BACK)
        if kind == "direct":
            return (
                self._headed(first, mark.start)
                or self._after(mark, stop)
                or self._before(max(begin, previous), mark.start)
                or self._according(max(begin, previous), mark.start)
                or self._according(mark.end, self._sentence_end(mark.end, stop))
                or self._headed(max(begin, previous), mark.start)
                or self._leading(max(begin, previous), first, mark)
                or _NOBODY
            )
        return (
            self._before(begin, mark.start)
            or self._according(begin, mark.start)
            or self._inverted(mark.end, stop)
            or self._subject_cue(mark.end, self._sentence_end(mark.end, stop))
            or self._according(mark.end, self._sentence_end(mark.end, stop))
            or self._headed_line(first, last, mark.start)
            or _NOBODY
        )

    def _headed_line(self, first: int, last: int, stop: int) -> Attribution | None:
        """Read the headline `Trump: Iran 'will pay a price'`: who stands before its colon."""
        match = _HEAD.match(self._text, first, stop) if last - first <= LONGEST_HEADLINE else None
        return self._headed(first, match.end()) if match else None

    def _after(self, mark: Marked, stop: int) -> Attribution | None:
        """Read `," said Per Lund` and `," Per Lund told reporters`, unless the quotation ended its sentence."""
        if mark.open:
            return None
        begin = _AFTER_MARK.match(self._text, mark.end, stop)
        start = begin.end() if begin else mark.end
        inverted = self._inverted(mark.end, stop)
        if inverted or start >= stop:
            return inverted
        end_mark = self._text[mark.end - 2 : mark.end - 1]
        outside = self._text[mark.end : start]
        sentence = self._sentence_end(start, stop)
        # `… tomorrow." The mayor said …` begins anew; `… tomorrow!" the mayor said.` does not.
        if (end_mark == "." or "." in outside) and self._text[start].isupper():
            return None
        if "\n" in outside or (end_mark not in ",!?" and "," not in outside and self._text[start].isupper()):
            return None
        return self._subject_cue(start, sentence, near=True)

    def _inverted(self, start: int, stop: int) -> Attribution | None:
        begin = _AFTER_MARK.match(self._text, start, stop)
        cue = CUE_BESIDE.match(self._text, begin.end() if begin else start, stop)
        if cue is None:
            return None
        phrase = subject_after(self._text, cue.end(), stop)
        return self._said(phrase, cue)

    def _subject_cue(self, start: int, stop: int, near: bool = False) -> Attribution | None:
        """Read the first "who said" between two places."""
        for cue in islice((CUE_BESIDE if near else CUE).finditer(self._text, start, stop), 4):
            phrase = subject_before(self._text, start, cue.start(), CUE)
            if phrase is not None and phrase.tokens:
                if near and phrase.tokens[0].start - start > NEAR:
                    return None
                return self._said(phrase, cue)
        return None

    def _before(self, start: int, stop: int) -> Attribution | None:
        """Read the last "who said" before a quotation; a verb tied on by "and" has the subject of the one before."""
        for cue in last_cues(self._text, start, stop):
            phrase = subject_before(self._text, start, cue.start(), CUE)
            if phrase is None and self._text[max(0, cue.start() - 2) : cue.start()].rstrip()[-1:] in _CLOSING:
                phrase = subject_after(self._text, cue.end(), stop)  # `"…," said Rob Quist, adding that "…"`
            if phrase is not None and phrase.tokens:
                return self._said(phrase, cue)
        return None

    def _headed(self, start: int, stop: int) -> Attribution | None:
        """Read `Minister: 'We will not pay'`: the few words before a colon that name somebody."""
        match = _HEAD.fullmatch(self._text, start, stop)
        if (
            match is None
            or match["who"].casefold() in _NOBODYS
            or _CLAUSE.search(match["who"])
            or CUE.search(match["who"])
        ):
            return None
        tokens = tuple(tokens_between(self._text, match.start("who"), match.end("who")))
        if not tokens or len(tokens) > 5 or any(token.text.islower() and token.lower in _LINKING for token in tokens):
            return None
        speaker = self._mentions.speaker(Phrase(tokens))
        return (speaker, None) if speaker else None

    def _leading(self, start: int, first: int, mark: Marked) -> Attribution | None:
        """Take the person of the words that lead up to a quotation: "Elena Rossi had no complaints:"."""
        lead = self._text[start : mark.start].strip()
        if not lead and start > first:
            sentences = split_sentences(self._text[max(first, start - LOOK_BACK) : start])
            if not sentences:
                return None
            offset = max(first, start - LOOK_BACK)
            start, stop = offset + sentences[-1][0], offset + sentences[-1][1]
        else:
            stop = mark.start
            if lead and lead[-1] not in ":,—–-":
                return None
        if any(opening in self._text[start:stop] for opening in '"“„«'):
            return None
        speaker = self._mentions.person_in(start, stop)
        return (speaker, None) if speaker else None

    def _according(self, start: int, stop: int) -> Attribution | None:
        match = ACCORDING.search(self._text, start, stop)
        if match is None:
            return None
        phrase = subject_after(self._text, match.end(), stop)
        speaker = self._mentions.speaker(phrase) if phrase else None
        return (speaker, _span(self._text, match.start("cue"), match.end("cue"))) if speaker else None

    def _said(self, phrase: Phrase | None, cue: re.Match[str]) -> Attribution | None:
        speaker = self._mentions.speaker(phrase) if phrase is not None and phrase.tokens else None
        return (speaker, _span(self._text, cue.start(), cue.end())) if speaker else None

    def _sentence_end(self, start: int, stop: int) -> int:
        match = _SENTENCE_END.search(self._text, start, stop)
        return match.start() + 1 if match else stop

    def _goes_on(self, earlier: Marked, mark: Marked) -> bool:
        """Tell whether a quotation goes on: in the same paragraph, or as a paragraph that opens with a mark."""
        if mark.paragraph == earlier.paragraph:
            return True
        return (
            mark.paragraph == earlier.paragraph + 1
            and not self._text[self._paragraphs[mark.paragraph][0] : mark.start].strip()
            and not self._text[earlier.end : self._paragraphs[earlier.paragraph][1]].strip(" .")
        )

    def indirect(self, quoted: list[Quotation], sentences: list[tuple[int, int]]) -> Iterator[Quotation]:
        """Give reported speech without marks, by sentence; marked words within it stay quotations of their own."""
        at = 0
        direct = [quotation for quotation in quoted if quotation.kind == "direct"]
        marked = sorted(quotation.start for quotation in quoted)
        for start, end in sentences:
            while at < len(direct) and direct[at].end <= start:
                at += 1
            if at < len(direct) and direct[at].start < end:
                continue
            found = self._reported(start, min(end, start + LONGEST_SENTENCE))
            if found is not None and not self._begins_in_marks(found, marked):
                yield found

    def _begins_in_marks(self, found: Quotation, marked: Sequence[int]) -> bool:
        """Tell what is told already: 'predicted that "the war will be over"', 'told the court "we fear nobody"'."""
        at = bisect_left(marked, found.start)
        if at == len(marked) or marked[at] >= found.end:
            return False
        before = self._text[found.start : marked[at] - 1].split()
        heard = found.cue is not None and found.cue.text in ("told", "tells", "warned")
        return not before or (heard and len(before) <= MOST_LISTENERS)

    def _reported(self, start: int, end: int) -> Quotation | None:
        text = self._text
        according = ACCORDING.search(text, start, end)
        if according:
            phrase = subject_after(text, according.end(), end)
            if phrase is None:
                return None
            if according.start() - start < 3:
                comma = text.find(",", phrase.tokens[-1].end, end)
                if comma >= 0 and _APPOSED.match(text, comma + 1, end):  # "According to Ann Lee, a nurse, ..."
                    comma = max(comma, text.find(",", comma + 1, end))
                said = (comma + 1, end) if comma >= 0 else (end, end)
            else:
                said = (start, according.start())
            return self._indirect(
                said, (self._mentions.speaker(phrase), _span(text, according.start(), according.end()))
            )
        trailing = TRAILING.search(text, start, end)
        if (
            trailing is not None
            and _CLAUSE.search(text, start, trailing.start())
            and not SAYING.search(text, start, trailing.start())
        ):
            phrase = subject_before(text, trailing.start("who"), trailing.start("cue"), CUE)
            if phrase is not None and phrase.tokens:
                attribution = self._mentions.speaker(phrase), _span(text, trailing.start("cue"), trailing.end("cue"))
                return self._indirect((start, trailing.start()), attribution)
        cue = SAYING.search(text, start, end)
        if cue is None:
            return None
        phrase = subject_before(text, start, cue.start(), CUE)
        if phrase is not None and phrase.joined:
            phrase = self._earlier_subject(start, cue.start())
        if phrase is None or not phrase.tokens:
            return None
        begin = cue.end()
        if _IN_RELATIVE.search(text, max(start, cue.start() - NEAR), cue.start()):  # "Ana Diaz, who said it fell, left"
            comma = text.find(",", begin, end)
            end = comma if comma >= 0 else end
        if cue.group() in ("told", "warned"):
            listener = _LISTENER.match(text, begin, end)
            begin = listener.end() if listener else begin
        tail = text[begin:end].strip(' .”"')
        if tail.count(" ") < 2 and text[phrase.tokens[0].start - 2 : phrase.tokens[0].start].strip() == ",":
            said = (start, phrase.tokens[0].start)  # "…, the ministry said."
        else:
            lead = _AT_TIME.match(text, begin, end)
            begin = lead.end() if lead else begin
            if text.startswith("that ", begin):
                return self._indirect((begin + 5, end), self._said(phrase, cue))
            said = (begin, end)
        clause, opens = _CLAUSE.search(text, *said), _OPENS_CLAUSE.match(text, *said)
        if not ((clause and opens) if cue["weak"] else (clause or opens)):
            return None
        return self._indirect(said, self._said(phrase, cue))

    def _earlier_subject(self, start: int, stop: int) -> Phrase | None:
        for cue in reversed(list(CUE.finditer(self._text, start, stop))[-4:]):
            phrase = subject_before(self._text, start, cue.start(), CUE)
            if phrase is not None and phrase.tokens:
                return phrase
        return None

    def _indirect(self, said: tuple[int, int], attribution: Attribution | None) -> Quotation | None:
        start, end = said
        while start < end and self._text[start] in " ,\n":
            start += 1
        while end > start and self._text[end - 1] in " ,.\n":
            end -= 1
        if attribution is None or attribution[0] is None or self._text.count(" ", start, end) < 2:
            return None
        speaker, cue = attribution
        return Quotation(text=self._text[start:end], start=start, end=end, kind="indirect", speaker=speaker, cue=cue)


_HEAD = re.compile(r"\s*(?P<who>[^\W\d_][\w’'.&-]*(?:\s[\w’'.&-]+){0,5}):\s*")
_NOBODYS = frozenset(
    ("note photo video update exclusive analysis opinion question answer quote correction editor's note read more title"
     " headline result verdict q a message slogan motto sign").split()
)  # fmt: skip
_LINKING = frozenset("was is were are to that on with by as in and or not it this his her their its".split())
_APPOSED = re.compile(r"\s*(?:an?|the|who|whose|its|his|her)\s")
_CLOSING = frozenset('”"»“’')
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
LONGEST_SENTENCE = 1_500
NEAR = 60
MOST_LISTENERS = 3
_IN_RELATIVE = re.compile(r",\s+who\s+(?:\w+\s+){0,3}$")
LONGEST_HEADLINE = 160


def _span(text: str, start: int, end: int) -> Span:
    return Span(text=text[start:end], start=start, end=end)
