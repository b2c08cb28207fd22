"""Code the events of an article: who did what to whom, where, when, who says so, with the sentence that proves it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline.language.sentences import split_sentences
from pipeline.model import Event, Place, Quotation, ResolvedDate, Schedule, Span, Speaker, derive_id
from pipeline.stages.extract.datelines import find_dateline
from pipeline.stages.extract.events.cast import FORMS, REACH, Cast
from pipeline.stages.extract.events.clauses import subject_token
from pipeline.stages.extract.events.coder import FORCES, WEAPONS, Coded, Coder
from pipeline.stages.extract.events.contexts import contexts_of
from pipeline.stages.extract.events.countries import article_country, is_setting, with_countries
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.events.merging import merge
from pipeline.stages.extract.events.participants import NAMED, Sentence
from pipeline.stages.extract.events.rank import (
    SCHEDULED_THRESHOLD,
    THRESHOLD,
    Setting,
    confidence,
    features,
)
from pipeline.stages.extract.events.sentences import parser
from pipeline.stages.extract.events.subjects import manner_of, subject_of
from pipeline.stages.extract.names.gazetteer import Mention
from pipeline.stages.extract.names.places import place_of
from pipeline.stages.extract.remembered import Remembered

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

VERSIONS = "coder 3, lexicon en/3, syntax 1"
# What bounds the time one article may take: a worker parses some hundred sentences a second.
MOST_SENTENCES = 250
LONGEST_CHARS = 600
LEAD = 2
LONG_AGO = timedelta(days=45)
_WORD = re.compile(r"[A-Za-z][a-z]+(?:-[a-z]+)?")
_REPORTED = re.compile(r"\breportedly|\breports?\b|\breported\b|\baccording to\b")
_TOWN_OF = re.compile(r"\b(?:street|town|city|village|district|port|suburb|province|island)s?\s+of\s+$")
_CANCELLED = frozenset(("cancel", "postpone", "scrap"))
# What a sentence may begin with instead of a name, right after one that is read.
_GOES_ON = ("It ", "They ", "Thousands ", "Hundreds ", "Tens of ", "Dozens ")
_MEETINGS = {"036", "040", "041", "042", "043", "046", "039"}
_PLANNED = frozenset("meeting summit talk visit call session drill election".split())


class ArticleText(NamedTuple):
    """Hold what is already known about a text when its events are coded."""

    text: str
    published: datetime
    mentions: Sequence[Mention]
    dates: Sequence[ResolvedDate]
    quotations: Sequence[Quotation]
    title: str | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None


def code_events(reading: ArticleText, language: str | None) -> tuple[Event, ...]:
    """Return the events of an English text in reading order, reports of the same one merged.

    Texts in other languages give none. At most ``MOST_SENTENCES`` sentences are parsed.
    """
    return merge(
        [
            event
            for event in candidates(reading, language)
            # A day named for it is evidence of its own; what somebody says might happen is not told as a fact.
            if event.confidence >= (SCHEDULED_THRESHOLD if event.schedule or _is_supposed(event) else THRESHOLD)
        ]
    )


def _is_supposed(event: Event) -> bool:
    return event.hypothetical and event.attributed_to is not None


def candidates(reading: ArticleText, language: str | None) -> Iterator[Event]:
    """Yield every event that the rules read in an English text, however unsure, in reading order."""
    for told in readings(reading, language):
        yield told.event


class Told(NamedTuple):
    """Hold an event with how it was read, and what describes that reading to the re-ranker."""

    event: Event
    features: dict[str, float]


def readings(reading: ArticleText, language: str | None) -> Iterator[Told]:
    """Yield the events of a text with the features that their confidence comes from."""
    if language not in (None, "en") or not reading.text:
        return
    dateline = find_dateline(reading.text, reading.mentions)
    spans = _worth_reading(reading, language, dateline.end)
    if not spans:
        return
    subject = subject_of(reading.text, reading.title, reading.tags, reading.url)
    manner = manner_of(reading.text)
    documents = parser().parse([reading.text[start:end] for _, start, end in spans])
    begins = [mention.start for mention in reading.mentions]
    cast = Cast(reading.text, reading.mentions, article_country(reading, dateline, spans[0][1]))
    for (position, start, end), doc in zip(spans, documents, strict=True):
        inside = [m for m in reading.mentions[bisect_left(begins, start) : bisect_left(begins, end)] if m.end <= end]
        names = Sentence(start, inside, cast, position)
        sentence = Span(text=reading.text[start:end], start=start, end=end)
        coded_here = Coder(lexicon(), names).code(doc)
        if not coded_here:
            continue
        about, personal = subject_of(sentence.text), manner_of(sentence.text, quoted=True).personal > 0
        for coded in coded_here:
            where = _location(coded, sentence, reading)
            settled = with_countries(coded, where, cast.country)
            values = features(settled, Setting(position, subject, about, dateline.end > 0, manner, personal))
            yield Told(_event(settled, confidence(values), where, names, sentence, reading), values)


def _worth_reading(reading: ArticleText, language: str | None, begin: int) -> list[tuple[int, int, int]]:
    """Return the sentences that may hold an event: a trigger, and an actor, quotation or date with it."""
    text = reading.text
    marks = sorted(
        [m.start for m in reading.mentions if m.kind in NAMED]
        + [d.start for d in reading.dates]
        + [q.start for q in reading.quotations]
    )
    chosen: list[tuple[int, int, int]] = []
    before: list[tuple[int, int, int]] = []
    at = 0
    for position, (first, last) in enumerate(split_sentences(text[begin:], language)):
        start, end = begin + first, begin + last
        while at < len(marks) and marks[at] < start:
            at += 1
        marked = at < len(marks) and marks[at] < end
        if end - start > LONGEST_CHARS:
            continue
        lemmas = set(chain.from_iterable(map(_KNOWN.__getitem__, text[start:end].split())))
        named = marked or position < LEAD or not lemmas.isdisjoint(_actors())
        if not named and not (chosen and chosen[-1][0] == position - 1 and text.startswith(_GOES_ON, start)):
            continue
        lemmas |= _marks(lemmas, marked, text[start:end])
        here = (position, start, end)
        if not lexicon().may_speak(lemmas):
            before = [*before[-1:], here]
            continue
        if not lemmas.isdisjoint(FORMS):  # whom "he" means may stand in sentences that hold no event
            chosen += (sentence for sentence in before if position - sentence[0] <= REACH)
        before = []
        chosen.append(here)
        if len(chosen) >= MOST_SENTENCES:
            break
    return chosen[:MOST_SENTENCES] if chosen and _has_trigger(text) else []


def _has_trigger(text: str) -> bool:
    """Tell whether one of the words is by itself such that an event may start with it."""
    triggers = _trigger_forms()
    words = _WORD.finditer(text, 0, LONGEST_CHARS * MOST_SENTENCES)
    return any(lemma(word.group()) in triggers for word in words)


def _marks(lemmas: set[str], named: bool, text: str) -> set[str]:
    """Return which of the marks of the lexicon a sentence may have for its parties, before it is parsed."""
    marks = {"*place"} if named else set()
    if not lemmas.isdisjoint(WEAPONS):
        marks.add("*weapon")
    if not lemmas.isdisjoint(_forces()):
        marks.add("*forces")
    if "$" in text or "€" in text or "£" in text:
        marks.add("*money")
    return marks


@cache
def _actors() -> frozenset[str]:
    return frozenset(lexicon().sectors)


@cache
def _forces() -> frozenset[str]:
    return frozenset(word for word, sector in lexicon().sectors.items() if sector in FORCES)


def _known_in(chunk: str) -> tuple[str, ...]:
    """Return the lemmas that the lexicon knows in what stands between white space: mostly none.

    The parts of a word at hyphens count, too: the parser reads "air-defence" as three.
    """
    words = _WORD.findall(chunk)
    if "-" in chunk:
        words += [part for word in words for part in word.split("-")]
    return tuple(_judged_by().intersection(map(lemma, words)))


_KNOWN = Remembered(_known_in)


@cache
def _judged_by() -> frozenset[str]:
    return lexicon().judged_by() | WEAPONS | FORMS.keys()


@cache
def _trigger_forms() -> frozenset[str]:
    return lexicon().triggers() | {"due", "must", "schedule"}


def _event(
    coded: Coded, sure: float, where: Place | None, names: Sentence, sentence: Span, reading: ArticleText
) -> Event:
    token = coded.trigger
    start = sentence.start + token.idx
    end = start + len(token)
    if token.lower_ == "up":  # of "build-up"
        start = sentence.start + token.nbor(-2).idx
    trigger = Span(text=reading.text[start:end], start=start, end=end)
    when = _date(coded, reading.dates, sentence)
    today = reading.published.astimezone(UTC).date()
    day = _day(when)
    ahead = coded.future or (day is not None and day > today)
    past = day is not None and day < today - LONG_AGO and not ahead
    return Event(
        id=derive_id(coded.sense.type, str(start), sentence.text),
        type=coded.sense.type,
        mode=coded.sense.mode,
        context=contexts_of(sentence.text, coded.sense.type, coded.actors, coded.recipients),
        cameo=coded.sense.cameo,
        actors=coded.actors,
        recipients=coded.recipients,
        negated=coded.negated and coded.sense.type != "REJECT",
        future=ahead,
        hypothetical=coded.hypothetical,
        historical=past,
        date=when,
        location=where,
        attributed_to=_speaker(coded, sentence, names, reading),
        trigger=trigger,
        sentence=sentence,
        schedule=_schedule(
            coded, sentence, when, where, ahead or (day is not None and day >= today), day is None or day < today
        ),
        confidence=sure,
        rule=coded.sense.rule,
        versions=VERSIONS,
    )


def _schedule(
    coded: Coded, sentence: Span, when: ResolvedDate | None, where: Place | None, ahead: bool, past: bool
) -> Schedule | None:
    around = coded.trigger if coded.sense.type != "AGREE" else _clause(coded.trigger)
    noun = next((t for t in around.subtree if lemma(t.text) in _PLANNED), None)
    planned = (
        lemma(coded.trigger.text) in ("schedule", "due", "set") or coded.sense.cameo in _MEETINGS or noun is not None
    )
    if not ahead or when is None or not planned or past:
        return None
    if lemma(coded.trigger.text) in _CANCELLED:
        status = "cancelled"
    elif coded.hypothetical:
        status = "conditional"
    else:
        status = "reported" if _REPORTED.search(sentence.text) else "announced"
    return msgspec.convert(
        {"what": noun.text if noun is not None else coded.trigger.text, "status": status, "when": when, "where": where},
        Schedule,
    )


def _date(coded: Coded, dates: Sequence[ResolvedDate], sentence: Span) -> ResolvedDate | None:
    """Return the date that hangs on the trigger, or stands in the same clause."""
    trigger = coded.trigger
    clause = _clause(trigger)
    below: list[tuple[int, ResolvedDate]] = []
    for found in dates:
        if found.start < sentence.start or found.end > sentence.end:
            continue
        token = next((t for t in trigger.doc if t.idx + len(t) > found.start - sentence.start), None)
        if token is None:
            continue
        if found.text.isdigit() and _tells_which(token) and token.head != trigger:
            continue
        chain = (token, *token.ancestors)
        if _clause_of_time(token) == clause or (trigger in chain and not trigger.tag_.startswith("VB")):
            distance = chain.index(trigger) if trigger in chain else len(chain) + abs(token.i - trigger.i)
            below.append((distance, found))
    return min(below, key=lambda pair: pair[0])[1] if below else None


def _tells_which(token: Token) -> bool:
    """Say whether a year tells which of several things is meant: "under a 1997 treaty" dates the treaty alone."""
    before = token.nbor(-1).tag_ if token.i else "IN"
    return before != "IN" and token.head.tag_.startswith("NN") and token.i < token.head.i


def _clause_of_time(token: Token) -> Token:
    """Return the verb of the clause that a date stands in.

    One that follows a relative clause and hangs on its noun belongs to the clause: "the soldiers who shot two men last
    Friday were held".
    """
    at = next((a for a in (token, *token.ancestors) if a.head.tag_.startswith("NN") and a.i > a.head.i), None)
    if at is not None:
        for clause in reversed(at.head.rights):
            if clause.dep_ == "acl:relcl" and clause.tag_.startswith("VB") and at.head.i < clause.i < at.i:
                return clause
    verb = _clause(token)
    if verb.i > token.i:  # taken for one more subject: "the soldiers who looted it last Thursday were arrested"
        subject = subject_token(verb)
        for clause in subject.rights if subject is not None else ():
            if clause.dep_ == "acl:relcl" and clause.tag_.startswith("VB") and clause.i < token.i:
                return clause
    return verb


def _clause(token: Token) -> Token:
    """Return the verb of the clause a word stands in; a participle after a noun and an infinitive belong to theirs."""
    for verb in (token, *token.ancestors):
        inner = (
            verb.dep_ == "acl"
            or (verb.tag_ == "VB" and verb.dep_ == "xcomp")
            or lemma(verb.head.text) in ("set", "due")
        )
        if verb.tag_.startswith("VB") and (not inner or verb.head == verb):
            return verb
    return token


def _day(when: ResolvedDate | None) -> date | None:
    if when is None:
        return None
    first = when.value.partition("/")[0][:10]
    for padding in ("", "-01", "-01-01"):
        try:
            return date.fromisoformat(first + padding)
        except ValueError:
            continue
    return None


def _location(coded: Coded, sentence: Span, reading: ArticleText) -> Place | None:
    taken = {(a.start, a.end) for a in coded.actors + coded.recipients}
    for mention in reading.mentions:
        if mention.start < sentence.start or mention.end > sentence.end or (mention.start, mention.end) in taken:
            continue
        before = reading.text[max(sentence.start, mention.start - 80) : mention.start]
        if is_setting(before) or _TOWN_OF.search(before):
            place = place_of(reading.text, mention)
            if place is not None:
                return place
    return None


def _speaker(coded: Coded, sentence: Span, names: Sentence, reading: ArticleText) -> Speaker | None:
    start = sentence.start + coded.trigger.idx
    for quotation in reading.quotations:
        if quotation.start <= start < quotation.end and quotation.speaker is not None:
            return quotation.speaker
    if coded.speaker is None:
        return None
    head = coded.speaker
    inside = [t for t in head.subtree if abs(t.i - head.i) < 8 and t.dep_ not in ("punct", "case")]
    inside = [
        t
        for t in inside
        if all(a.i <= head.i or a.dep_ in ("flat", "compound") for a in (t, *t.ancestors) if a.i > head.i)
    ]
    first = min((t.i for t in inside if t.i <= head.i), default=head.i)
    last = max((t.i for t in inside), default=head.i)
    begin, end = head.doc[first].idx, head.doc[last].idx + len(head.doc[last])
    phrase = head.doc.text[begin:end]
    named = next((actor for actor in names.actors(head) if actor.name), None)
    start = sentence.start + begin
    return Speaker(text=phrase, start=start, end=start + len(phrase), name=named.name if named else phrase)
