"""Find the dates a text mentions and resolve them against the day it was published.

What a day without a year or a weekday points to is told by the verbs around it: "will meet on Monday" lies ahead,
"met on Monday" behind; what "the same year" points to, by the dates named before.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from itertools import compress, islice

from pipeline.model import ResolvedDate
from pipeline.stages.extract.chunks import WORD, split_words
from pipeline.stages.extract.dates.expressions import (
    AFTER_NUMBER,
    BEFORE_WEEKEND,
    CAPITALISED,
    DIGIT_STARTS,
    EXPRESSIONS,
    PATTERNS,
    SECONDS,
    STARTS,
    YEAR_STARTS,
    dateline,
)
from pipeline.stages.extract.remembered import Remembered

MAX_DATES = 500
_JOINING = frozenset("-–—./")
NUMERIC_STARTS = ("iso_", "numeric")
# A year named so near before, in the same paragraph, is the year that "on 30 May" belongs to.
YEAR_REACH = 200
TOLD_REACH = 400
LONG_AGO_YEARS = 10
HEAD_CHARS = 300
WRITTEN_DAYS = 3

_FUTURE = re.compile(
    r"\b(?:will|would|shall|'ll|due|scheduled|set|plan(?:s|ned|ning)?|expect(?:s|ed)?|upcoming|forthcoming|ahead of"
    r"|(?:until|till|by)(?=\s+(?:the\s+)?$)|starting|beginning"
    r"|deadline(?!(?:\s+\w+){0,3}?\s+(?:passed|expired|lapsed))|aims?|intends?|hopes?|to be(?:\s+\w+)?"
    r"|(?:meets|(?:re)?opens|begins|starts|arrives|departs|leaves|rules|votes|expires|resumes|ends|returns|faces|hosts|visits|travels"
    r"|airs|launches|closes|kicks off|convenes|goes|runs out|comes into|takes (?:effect|office|place|over|part))"
    r"(?!\s+that\b)|(?<!not\s)(?:begin|meet|arrive|depart|resume|convene|start|expire|vote|leave|open|close)"
    r"(?=\s+(?:(?:\w+\s+){0,3}(?:on|this|next)\s+)?$)|to (?:hold|meet|convene|begin|start|take"
    r"|sign|discuss|visit|attend|open|vote|travel|host|address|go|come|arrive|return|continue|end|last|run|resume"
    r"|decide)|is (?:holding|meeting|visiting|hosting|starting|opening|travelling|traveling))\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:was|were|had|has|said|says|told|met|held|took|began|came|went|won|lost|left|made|gave|saw|found|struck|hit"
    r"|fell|rose|killed|since|ago|(?!need|seed|feed|hundred|united|red|speed|indeed|bed)\w{2,}ed)\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(r"\b(?:said|says|told|announced|reported|stated|according to)\b[^.]{0,40}$")
# "By Tuesday night the fire had burned": what was done by then.
_BY = re.compile(r"\bby\s+(?:late\s+|early\s+)?$", re.IGNORECASE)
_HAD = re.compile(r"[^.,;\n]{0,40}?\b(?:had|was|were)\b")
_AFTER_STOP = re.compile(r"[.\n;]")


def find_dates(text: str, published: datetime, language: str | None = "en") -> tuple[ResolvedDate, ...]:
    """Return the dates in ``text``, in order and without overlap; numeric ones alone if it is not English."""
    scene = _Scene(text, _written(text, published.astimezone(UTC).date()))
    found: list[ResolvedDate] = []
    numeric_only = language not in (None, "en")
    words = split_words(text)
    asked = list(compress(range(len(words)), map(_BEGINS.__getitem__, words)))
    words = (*words, "", "")
    end = passed = 0
    matches = WORD.finditer(text)
    for at in asked:
        word, following = words[at], words[at + 1]
        if not (word[0].isdigit() or _may_go_on(word.lower(), following.lower(), words[at + 2])):
            continue
        # Where a word stands is asked of those alone.
        start, passed = next(islice(matches, at - passed, None)).start(), at + 1
        if start < end:
            continue
        if len(found) == MAX_DATES:
            break
        after = start + len(word)
        for name in _possible(word, following, text[after : after + 1], numeric_only):
            quoted = name == "decade_" and start > 0 and text[start - 1] in "‘'’"
            match = PATTERNS[name].match(text, start - quoted)
            resolved = _resolved(name, match, scene) if match else None
            if resolved is not None:
                found.append(resolved)
                end = resolved.end
                break
    return tuple(found)


def _written(text: str, published: date) -> date:
    """Return the day that "yesterday" counts from: that of the article's own date line, if it is about as old."""
    head = text[:HEAD_CHARS]
    day = dateline(head[: head.rfind("\n") + 1])
    return day if day is not None and abs((day - published).days) <= WRITTEN_DAYS else published


def _may_begin(word: str) -> bool:
    """Tell whether a date may begin with a word."""
    lower = word.lower()
    return word[0].isdigit() or (lower in STARTS and (word[0].isupper() or lower not in CAPITALISED))


_BEGINS = Remembered(_may_begin)


def _may_go_on(word: str, following: str, third: str) -> bool:
    """Tell whether a date may begin with a word when these follow; all but the third are in small letters."""
    seconds = SECONDS.get(word)
    if seconds is None or following[:1].isdigit():
        return True
    return following in seconds and (word not in BEFORE_WEEKEND or third.lower() == "weekend")


def _possible(word: str, following: str, mark: str, numeric_only: bool) -> tuple[str, ...]:
    """Return the expressions that may begin with a word."""
    if word[0].isdigit():
        if word.isdigit() and mark not in _JOINING and following.lower() not in AFTER_NUMBER:
            return YEAR_STARTS if len(word) > 2 and not numeric_only else ()
        return NUMERIC_STARTS if numeric_only else DIGIT_STARTS
    if numeric_only:
        return ()
    return STARTS[word.lower()]


def _resolved(name: str, match: re.Match[str], scene: _Scene) -> ResolvedDate | None:
    _, resolve, relative = EXPRESSIONS[name]
    scene.start, scene.end = match.span()
    try:
        value = resolve(match, scene)
    except (ValueError, OverflowError):
        return None  # 31 February, year 0: no date after all
    if value is None:
        return None
    scene.told(value[0], match)
    text, start, end = match.group(), match.start(), match.end()
    return ResolvedDate(value=value[0], granularity=value[1], text=text, start=start, end=end, relative=relative)


class _Scene:
    """Tell expressions about the day, the words around them and the dates named before."""

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.today = today
        self.start = self.end = 0
        self._years: list[tuple[int, int]] = []
        self._last: tuple[int, date] | None = None

    def told(self, value: str, match: re.Match[str]) -> None:
        """Remember a date just resolved."""
        year, month, day = ((value.partition("/")[0] + "-01-01").split("-"))[:3]
        self._last = (match.end(), date(int(year), int(month), int(day)))
        if match.groupdict().get("year"):
            self._years.append((match.end(), self._last[1].year))

    def direction(self) -> int:
        """Return 1 when the words nearest before, else after, speak of what is to come, -1 of what was, 0 neither."""
        before = self.text[max(0, self.start - 90) : self.start]
        if "m. " in before:  # "at 8 a.m. on Sunday" ends no sentence
            before = before.replace("a.m. ", "").replace("p.m. ", "")
        stop = max(before.rfind(mark) for mark in ("\n", ". ", "? ", "! ", "; "))
        before = before[stop + 1 :]
        future = max((m.end() for m in _FUTURE.finditer(before)), default=-1)
        past = max((m.end() for m in _PAST.finditer(before) if not _FUTURE.fullmatch(m.group())), default=-1)
        if future > past and _BY.search(before) and _HAD.match(self.text[self.end : self.end + 50]):
            return -1
        if max(future, past) >= 0:
            return 1 if future >= past else -1
        after = _AFTER_STOP.split(self.text[self.end : self.end + 70], maxsplit=1)[0]
        ahead, behind = _FUTURE.search(after), _PAST.search(after)
        if ahead and (not behind or ahead.start() <= behind.start()):
            return 1
        return -1 if behind else 0

    def year_told(self) -> int | None:
        """Return the year the text named just before, in this paragraph; in a tale of long ago, the one named last."""
        if not self._years:
            return None
        end, year = self._years[-1]
        if year >= self.today.year:
            return None
        ages_ago = [told < self.today.year - LONG_AGO_YEARS for _, told in self._years[-4:]]
        if len(ages_ago) == 4 and all(ages_ago):
            return year
        if self.start - end > YEAR_REACH or "\n" in self.text[end : self.start]:
            return None
        before = self.text[max(0, self.start - 60) : self.start]
        return None if _REPORTED.search(before) or self.direction() > 0 else year

    def last_told(self) -> date | None:
        """Return the first day of the date named last, unless that is too far back to be pointed at."""
        if self._last is None or self.start - self._last[0] > TOLD_REACH:
            return None
        return self._last[1]

    def preceded_by(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the text just before fits a pattern that ends in ``$``."""
        return pattern.search(self.text[max(0, self.start - 16) : self.start]) is not None

    def followed_by(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the text just after fits a pattern."""
        return pattern.match(self.text[self.end : self.end + 24]) is not None
