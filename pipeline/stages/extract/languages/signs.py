"""Read who speaks in Chinese and Japanese, where neither spaces nor capitals tell a name from the words around it."""

from __future__ import annotations

import re
from functools import cache

from pipeline.model import Span, Speaker
from pipeline.stages.extract.languages.speakers import Speech, speech
from pipeline.stages.extract.languages.tables import table

MOST_SIGNS = 16
_CLOSE = 40
_SENTENCE_END = re.compile(r"[。！？!?\n]")
_TOPIC = re.compile(
    r"(?P<who>[^\s、。「」『』，（）()]{1,24}?)(?:（[^）]{1,12}）)?(?:は|が|も)、?(?:[^。「」]{0,40}?、?)?$"
)
_TOPIC_AFTER = re.compile(r"と、?(?P<who>[^\s、。「」『』]{1,24}?)(?:は|が|も)")
_ACCORDING_JA = re.compile(r"(?P<who>[^\s、。「」『』]{1,24}?)(?:によると|によれば)、?$")
# What stands between a Chinese name and the verb: dates, adverbs, who is told.
_BETWEEN = re.compile(
    r"(?:日前|[今昨明前]天|[今昨]晚|周[一二三四五六日天]|星期[一二三四五六日天]|(?:\d{1,2}月)?\d{1,2}[日号號]|上午|下午|晚间?|凌晨|早些时候|随后|隨後|同时|还|還|也"
    r"|则|則|当天|當天|当日|近日|曾|再次|强烈|明确|公开|对此|對此|[在于於].{1,14}?[上中时時后後里]|[对對向].{1,8}?(?:记者|記者|媒体|媒體|外界|报)"
    r"|接受.{1,12}?(?:采访|採訪|专访|訪問)时?|(?:发|發)文|通过.{1,10})+$"
)
_CLAUSE_SIGNS = "，。；、,;：:！？!?\n"


def japanese(text: str, start: int, end: int, first: int, last: int) -> tuple[Speaker | None, Span | None]:
    """Read 首相は「…」と述べた and 「…」と市長は語った; ``start`` and ``end`` are those of the marks."""
    how = speech("ja")
    stop_match = _SENTENCE_END.search(text, end, last)
    stop = stop_match.end() if stop_match else last
    cue = how.cue.search(text, end, stop)
    begin = _sentence_start(text, first, start)
    if text[end : end + 1] in ("。", "\n", ""):
        return _japanese_beside(text, start, end, first, last, how)
    if cue is None or text[end : end + 1] not in ("と", "な", "、", "など", "だ", "に", "を"):
        return None, None
    after = _TOPIC_AFTER.match(text, end, cue.start())
    who = after or _TOPIC.search(text[:start], begin) or _ACCORDING_JA.search(text[:start], begin)
    if who is None:
        return None, _span(text, cue)
    return _of_signs(text, who.start("who"), who.end("who"), how), _span(text, cue)


def _japanese_beside(
    text: str, start: int, end: int, first: int, last: int, how: Speech
) -> tuple[Speaker | None, Span | None]:
    """Read 「…」。女性はそう話した。 and 女性はこう話した。「…」"""
    after = _SO_SAID.match(text, end, last)
    before = list(_THUS_SAID.finditer(text, first, start))
    for who in (after, before[-1] if before and not text[before[-1].end() : start].strip("。：:\n ") else None):
        if who is None:
            continue
        cue = how.cue.search(text, who.end("who"), who.end() + 8)
        if cue is not None:
            return _of_signs(text, who.start("who"), who.end("who"), how), _span(text, cue)
    return None, None


_WHO = r"(?P<who>[^\s、。「」『』，（）()]{1,24}?)(?:（[^）]{1,12}）)?[はが]"
_SO_SAID = re.compile(rf"。?\s*(?:[^。「」]{{0,30}}?、)?{_WHO}[^。「」]{{0,30}}?(?:そう|こう|このように)")
_THUS_SAID = re.compile(rf"{_WHO}[^。「」]{{0,30}}?(?:そう|こう|次のように|このように)[^。「」]{{1,10}}")


def chinese(text: str, start: int, end: int, first: int, last: int) -> tuple[Speaker | None, Span | None]:
    """Read 王毅说：“…”, “…，”毛宁表示 and 他称这一决定“…”; ``start`` and ``end`` are those of the marks."""
    how = speech("zh")
    begin = max(_sentence_start(text, first, start), first)
    cues = list(how.cue.finditer(text, begin, start))
    if cues and text[cues[-1].end() : start].strip() in ("", "：", ":", "，", ","):
        found = _chinese_before(text, begin, cues[-1], how)
        if found is not None:
            return found, _span(text, cues[-1])
    at = end
    while at < last and text[at] in "，, ":
        at += 1
    cue = how.cue.search(text, at, min(last, at + _CLOSE))
    if cue is not None and cue.start() > at and not re.search(r"[，。；：“”「」]", text[at : cue.start()]):
        found = _of_signs(text, at, cue.start(), how)
        if found is not None:
            return found, _span(text, cue)
    for cue in reversed(cues[-3:]):
        found = _chinese_before(text, begin, cue, how)
        if found is not None:
            return found, _span(text, cue)
    according = how.according.search(text, begin, start)
    if according is not None:
        comma = re.compile(r"[，,：:]").search(text, according.end(), start)
        if comma is not None:
            return _of_signs(text, according.end(), comma.start(), how), _span(text, according)
    return None, None


def _chinese_before(text: str, begin: int, cue: re.Match[str], how: Speech) -> Speaker | None:
    """Return the subject of a verb: the clause before it, or the one before that when the clause is but an adverb."""
    stop = cue.start()
    for _ in range(3):
        start = max(text.rfind(sign, begin, stop) for sign in _CLAUSE_SIGNS) + 1
        start = max(start, begin)
        found = _of_signs(text, start, stop, how)
        if found is not None or start <= begin:
            return found
        stop = start - 1
    return None


def _sentence_start(text: str, first: int, position: int) -> int:
    start = first
    for match in _SENTENCE_END.finditer(text, first, position):
        start = match.end()
    return start


@cache
def _persons(code: str) -> tuple[str, ...]:
    return tuple(sorted(table(code).words.persons, key=len, reverse=True))


def _of_signs(text: str, start: int, end: int, how: Speech) -> Speaker | None:
    """Return the speaker of an unspaced run: Chinese callings stand before a name, Japanese ones after it."""
    role = None
    if how.code == "zh":
        while (tail := _BETWEEN.search(text, start, end)) is not None and tail.end() > tail.start() >= start:
            end = tail.start()
        lead = _LEADING.match(text, start, end)
        start = lead.end() if lead else start
        roles = [m for m in how.roles.finditer(text, start, end) if m.end() < end]
        if roles and 1 < end - roles[-1].end() <= 8:
            role, start = text[start : roles[-1].end()], roles[-1].end()
    else:
        of = text.rfind("の", start, end)
        start = of + 1 if of >= 0 and of + 1 < end else start
        found = next((m for m in how.roles.finditer(text, start + 1, end) if m.end() == end), None)
        if found is not None:
            role, end = found.group(), found.start()
        clause = _CLAUSE_BEFORE_NOUN.match(text, start, end)
        start = clause.end() if clause else start
    run = text[start:end]
    person = next((name for name in _persons(how.code) if name in run), None)
    if person is not None and run.endswith(person):
        at = end - len(person)
        role = role or text[start:at] or None
        start = at
    elif person is not None and how.code == "ja" and run.startswith(person):
        role = role or text[start + len(person) : end] or None
        end = start + len(person)
    if not 0 < end - start <= MOST_SIGNS:
        return None
    name = text[start:end]
    if name in how.pronouns:
        return Speaker(text=name, start=start, end=end, name=None)
    return Speaker(text=name, start=start, end=end, name=name, role=role)


# "近所に住む|女性"
_CLAUSE_BEFORE_NOUN = re.compile(r".*[にをでと].*?[るたいうむぶくすつ](?=[\u4e00-\u9fff\u30a1-\u30fa])")
_LEADING = re.compile(
    r"(?:\s|据|而|但是?|此外|另外|不过|同时|随后|对此|當時|当时|(?:\d{1,2}月)?\d{1,2}日|[今昨]天|周[一二三四五六日])+"
)


def _span(text: str, match: re.Match[str]) -> Span:
    return Span(text=match.group(), start=match.start(), end=match.end())
