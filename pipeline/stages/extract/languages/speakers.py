"""Read who speaks from the words beside a verb of saying, in scripts with capitals and in Arabic.

A phrase is read piece by piece between commas: callings ("el ministro de Exteriores"), names, and what says whose a
calling is ("de Exteriores", "der Polizei"), which is no name. A calling may have its name after a comma and a name its
calling. All tables come from `data/words.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from pipeline.model import Speaker
from pipeline.stages.extract.languages.names import is_known_place
from pipeline.stages.extract.languages.tables import UNSPACED, table

MOST_WORDS = 14
LOOK_BEFORE = 200
_TOKEN = re.compile(r"(?:l|d|dell|all|nell|dall|sull|un|qu|s|c)['’](?=\w)|[^\W\d_][\w-]*(?:['’][\w-]+)*\.?|[^\w\s]|\d+")
_DAY = re.compile(r"\s+\d{1,2}\.?\s+(?P<month>[^\W\d_]+)\b")
_PARTICLES = frozenset("de da do dos das di del della van von vom der den ten ter bin ben ibn al el la le du".split())
_JOINS = frozenset("y e und en et i и та ve و".split())
# Who is spoken to, where no preposition says so.
_AGENCIES = frozenset(
    "Efe EFE Reuters AFP AP Ansa ANSA Adnkronos Lusa dpa DPA PAP APA BBC CNN NOS RTL ANP TASS ТАСС Интерфаксу "
    "Reuters'a AFP'ye AA'ya Укрінформу Суспільному".split()
)
_LONGEST_ABBREVIATION = 3


class Speech(NamedTuple):
    """Hold the tables of a language that tell a speaker from the words around."""

    code: str
    cue: re.Pattern[str]
    beside: re.Pattern[str]
    according: re.Pattern[str]
    named: re.Pattern[str]
    stops: frozenset[str]
    skipped: frozenset[str]
    articles: frozenset[str]
    complements: frozenset[str]
    listener: frozenset[str]
    pronouns: frozenset[str]
    relatives: frozenset[str]
    roles: re.Pattern[str]
    suffix: re.Pattern[str]
    capitals: bool
    verb_last: bool


@cache
def speech(code: str) -> Speech:
    """Return the tables of one of ``CODES``, compiled."""
    known = table(code)
    words = known.words
    edges = ("", "") if code in UNSPACED else (r"(?<![\w-])", r"(?![\w-])")
    times = {name for name in known.calendar.weekdays if len(name) > 2} | set(words.days)
    times |= {form for forms in words.weekday_forms.split() for form in forms.split("/")}
    complements, articles = frozenset(words.complements.split()), frozenset(words.articles.split())
    skipped = frozenset(times) | frozenset(words.skipped.split())
    return Speech(
        code=code,
        cue=re.compile(rf"{edges[0]}(?:{words.cues}){words.cue_end}{edges[1]}"),
        beside=re.compile(rf"{edges[0]}(?:{words.beside}|{words.cues}){edges[1]}"),
        according=re.compile(rf"{edges[0]}(?i:{words.according}){edges[1]}"),
        named=re.compile(rf"{edges[0]}(?i:{words.named})\s*$"),
        stops=frozenset(words.stops.split()) - articles - complements - skipped,
        skipped=skipped,
        articles=articles,
        complements=complements,
        listener=frozenset(words.listener.split()),
        pronouns=frozenset(words.pronouns.split()),
        relatives=frozenset(words.relatives.split()),
        roles=re.compile(rf"(?:{words.roles})"),
        suffix=re.compile(words.suffix or "(?!)"),
        capitals=code != "ar",
        verb_last=words.verb_last,
    )


Words = list[re.Match[str]]


def after(text: str, start: int, stop: int, how: Speech) -> Speaker | None:
    """Return who is named by the words from ``start`` on: "afirmó | el ministro de Exteriores, José Albares, en …"."""
    day = _DAY.match(text, start, stop)
    if day is not None and day["month"].islower():  # "сказав 8 червня Андрій Мельник"
        start = day.end()
    tokens = _tokens(text, start, stop, how)
    tokens = _unaddressed(tokens, how)
    if not tokens or not _is_word(tokens[0]):
        return None
    pieces = _pieces(tokens)
    if not how.capitals:
        return _unlettered(text, pieces[0], how)
    first = _analysed(pieces[0], how)
    if first.name:
        return _named(text, first.name, pieces[0], how)
    if len(pieces) > 1 and first.calling:
        second = _analysed(pieces[1], how)
        if second.name and second.name[0] is _first_of(pieces[1], how) and _is_introduced(pieces[0], second.name, how):
            return _named(text, second.name, pieces[0], how)
    return _calling(text, first.calling)


def before(text: str, begin: int, end: int, how: Speech) -> Speaker | None:
    """Return who is named by the words up to ``end``: "El portavoz, Juan Ruiz, | dijo"."""
    tokens = _tokens(text, max(begin, end - LOOK_BEFORE), end, how, whole=True)
    for at in range(len(tokens) - 1, -1, -1):
        if not _is_word(tokens[at]) and tokens[at].group() not in ",،":
            tokens = tokens[at + 1 :]
            break
    while tokens and tokens[-1].group().casefold() in how.skipped:
        tokens.pop()
    if not tokens or tokens[-1].group().casefold() in _JOINS:
        return None
    closed = tokens[-1].group() in ",،"
    pieces = [piece for piece in _pieces(tokens) if piece]
    if not pieces:
        return None
    if not how.capitals:
        return _unlettered(text, pieces[-1], how)
    if how.verb_last and len(pieces) > 1:  # "Özgür Özel, dün Ankara'da, …": the subject opens the sentence
        opening = _analysed(pieces[0], how)
        if opening.name and opening.name[-1] is pieces[0][-1] and not how.suffix.search(opening.name[-1].group()):
            return _named(text, opening.name, pieces[0], how)
    last = pieces[-1]
    found = _analysed(last, how)
    earlier = _analysed(pieces[-2], how) if len(pieces) > 1 else None
    aside = closed or how.verb_last
    if earlier is not None and earlier.name and earlier.name[-1] is pieces[-2][-1] and aside:
        relative = last[0].group() in how.relatives
        if relative or not found.name or found.name[0] is not _first_of(last, how):
            return _named(text, earlier.name, pieces[-2], how)
    if last[0].group() in how.relatives and len(pieces) > 1:
        return None
    if found.name:
        role = pieces[-2] if len(pieces) > 1 and earlier is not None and not earlier.name and closed else last
        return _named(text, found.name, role, how)
    return _calling(text, found.calling)


class _Analysed(NamedTuple):
    name: Words
    calling: Words


def _tokens(text: str, start: int, stop: int, how: Speech, whole: bool = False) -> Words:
    """Return words and commas up to what ends a phrase; with ``whole`` all, for what is read backwards."""
    found: Words = []
    for token in _TOKEN.finditer(text, start, stop):
        word = token.group()
        if whole:
            found.append(token)
            continue
        if not (_is_word(token) or word in ",،") or len(found) >= MOST_WORDS:
            break
        lower = word.casefold()
        if lower in how.listener:
            if any(other.group().casefold() not in how.skipped | how.articles for other in found):
                break
        elif lower in how.stops and word.islower() and not (found and _is_particle(token)):
            break
        found.append(token)
        if word.endswith(".") and len(word) > _LONGEST_ABBREVIATION and not how.roles.fullmatch(word[:-1]):
            break
    return found


def _is_word(token: re.Match[str]) -> bool:
    return token.group()[0].isalpha()


def _is_capital(token: re.Match[str]) -> bool:
    return token.group()[0].isupper()


def _is_particle(token: re.Match[str]) -> bool:
    return token.group() in _PARTICLES


def _pieces(tokens: Words) -> list[Words]:
    pieces: list[Words] = [[]]
    for token in tokens:
        if token.group() in ",،":
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces


def _unaddressed(tokens: Words, how: Speech) -> Words:
    """Leave out the time and the listener between a verb and its subject: "dijo ayer a Efe | Manuel Ortega"."""
    at = 0
    while at < len(tokens):
        word = tokens[at].group()
        lower = word.casefold()
        if lower in how.skipped or word in _AGENCIES:
            at += 1
        elif (
            lower in how.articles
            and at + 1 < len(tokens)
            and (tokens[at + 1].group() in _AGENCIES or tokens[at + 1].group().casefold() in how.skipped)
        ):
            at += 2  # "sagte der dpa | Jana Kuhn", "dijo el lunes | Ana Gil"
        elif lower in how.listener:
            after = at + 1
            while after < len(tokens) and tokens[after].group().casefold() in how.articles:
                after += 1
            run = after
            while run < len(tokens) and _is_word(tokens[run]) and _is_capital(tokens[run]):
                run += 1
            if run == after:
                at = after + 1  # "aux journalistes"
            elif run - after > 2 or (run - after == 2 and tokens[after].group() in _AGENCIES):
                at = after + 1  # "a Efe Manuel Ortega"
            else:
                at = run
        else:
            break
    return tokens[at:]


def _first_of(piece: Words, how: Speech) -> re.Match[str] | None:
    """Return where a piece begins, articles and callings apart."""
    at = 0
    while at < len(piece) - 1 and (piece[at].group().casefold() in how.articles or _is_role(piece[at], how)):
        at += 1
    return piece[at] if piece else None


def _is_introduced(calling: Words, name: Words, how: Speech) -> bool:
    """Say whether a name after a comma can be that of a calling: more than one word, or the calling is known."""
    return len(name) > 1 or any(_is_role(word, how) for word in calling)


def _is_role(token: re.Match[str], how: Speech) -> bool:
    word = token.group().rstrip(".")
    return how.roles.fullmatch(word) is not None or how.roles.fullmatch(word[0].lower() + word[1:]) is not None


def _analysed(piece: Words, how: Speech) -> _Analysed:
    """Return the words of the first name of a piece, and those of the calling when it has none."""
    at, calling = 0, 0
    while at < len(piece) and piece[at].group().casefold() in how.articles:
        at += 1
    begin = at
    while at < len(piece):
        token = piece[at]
        lower = token.group().casefold()
        if lower in how.relatives and at > begin and token.group().islower():
            break
        if not _is_word(token):
            break
        if not _is_capital(token):
            at += 1
            if lower not in how.complements and lower not in how.articles and calling == 0 and at <= begin + 4:
                calling = 0
            continue
        first = at
        at += 1
        while at < len(piece) and (
            _is_capital(piece[at])
            or (
                at + 1 < len(piece)
                and _is_particle(piece[at])
                and (_is_capital(piece[at + 1]) or (_is_particle(piece[at + 1]) and at + 2 < len(piece)))
                and not all(_is_role(word, how) for word in piece[first:at])
            )
        ):
            at += 1
        run = piece[first:at]
        while run and not _is_capital(run[-1]):
            run.pop()
        whose = first > begin and _is_complement(piece, first, how)
        name = _unprefixed(run, how, whose)
        if name:
            return _Analysed(name, [])
    return _Analysed([], _callings(piece[begin:], how))


def _is_complement(piece: Words, first: int, how: Speech) -> bool:
    """Say whether the words from a place on say whose the calling before is: "de la | BCE", "der | Polizei"."""
    at = first - 1
    while at > 0 and piece[at].group().casefold() in how.articles and piece[at].group() not in how.complements:
        at -= 1
    lower = piece[at].group().casefold()
    return lower in how.complements or lower in how.stops


def _unprefixed(run: Words, how: Speech, whose: bool) -> Words:
    """Return the name in a run of capitalised words, without callings and places at its front."""
    kept = list(run)
    if whose:
        if len(kept) < 2:
            return []
        if len(kept) == 2 and not is_known_place(kept[0].group(), how.code):
            return []
        kept = kept[1:]
        while len(kept) > 2 and kept[0].group().casefold() in _JOINS:
            kept = kept[2:]
    while kept and (
        _is_role(kept[0], how)
        or (len(kept) > 1 and kept[0].group() in _AGENCIES)
        or (len(kept) > 2 and is_known_place(kept[0].group(), how.code))
        or (kept[0].group().casefold() in how.skipped | how.articles)
        or not _is_capital(kept[0])
    ):
        kept = kept[1:]
    return kept


def _callings(piece: Words, how: Speech) -> Words:
    """Return a calling with what belongs to it: "portavoz de la policía", "burgemeester"."""
    kept: Words = []
    for token in piece:
        lower = token.group().casefold()
        if not _is_word(token) or lower in how.stops or lower in how.relatives or len(kept) >= 6:
            break
        kept.append(token)
        if token.group().endswith("."):
            break
    while kept and kept[-1].group().casefold() in how.complements | how.articles:
        kept.pop()
    return kept


def _named(text: str, name: Words, piece: Words, how: Speech) -> Speaker:
    """Return a speaker with a name; what stands before it in its piece, or the piece before, is the role."""
    start, end = name[0].start(), name[-1].end()
    end -= text[start:end].endswith(".") and end - name[-1].start() > 2
    words = how.suffix.sub("", text[start:end])
    if piece and piece[0].start() <= start <= piece[-1].end():
        before_name = [word for word in piece if word.end() <= start]
    else:
        before_name = piece
    while before_name and before_name[0].group().casefold() in how.articles | how.skipped:
        before_name = before_name[1:]
    role = text[before_name[0].start() : before_name[-1].end()] if before_name else None
    return Speaker(text=words, start=start, end=start + len(words), name=words, role=role)


def _calling(text: str, words: Words) -> Speaker | None:
    if not words:
        return None
    start, end = words[0].start(), words[-1].end()
    called = text[start:end].rstrip(".")
    return Speaker(text=called, start=start, end=start + len(called), name=called)


def _unlettered(text: str, words: Words, how: Speech) -> Speaker | None:
    """Return who is named where names have no capitals: the words when callings are cut off their front."""
    words = [word for word in words if _is_word(word)]
    for at, word in enumerate(words):
        if word.group() in how.stops or word.group() in how.skipped:
            words = words[:at]
            break
    words = words[:8]
    if not words:
        return None
    kept: Sequence[re.Match[str]] = list(words)
    while len(kept) > 1 and how.roles.fullmatch(kept[0].group().rstrip(".")):
        if len(kept) <= 2 and kept[-1].group().startswith("ال"):
            break  # "رئيس البلدية": a calling of two words
        kept = kept[1:]
    kept = kept[:5]
    start, end = kept[0].start(), kept[-1].end()
    person = next((name for name in table(how.code).words.persons if text.startswith(f"{name} ", start, end)), None)
    end = start + len(person) if person else end
    name = text[start:end].rstrip(".")
    role = text[words[0].start() : kept[0].start()].strip() or None
    return Speaker(text=name, start=start, end=start + len(name), name=name, role=role)
