"""No text, however odd, may take much longer than its length: parsers, tokens, sentences, readings, expressions."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
import pipeline
from connectors.files.opml import read_list
from connectors.formats.dates import parse_date
from pipeline.errors import UsageError
from pipeline.language.detect import detect
from pipeline.language.sentences import split_sentences
from pipeline.language.tokens import analyze
from pipeline.model import Actor, Article, Document, Event, Span
from pipeline.query.evaluate import MatchView
from pipeline.query.highlight import highlight
from pipeline.query.parser import parse
from pipeline.query.printer import restate, show
from pipeline.query.requirements import holds
from pipeline.query.vocabulary import EVENT_TYPES
from pipeline.services.alert_import import translate
from pipeline.stages.extract.dates.dates import find_dates
from pipeline.stages.extract.quotations.quotations import find_quotations
from pipeline.stages.identify.normalize import normalize
from pipeline.stages.match.clauses import clauses

NOW = datetime(2022, 2, 24, tzinfo=UTC)
LENGTH = 20_000
BUDGET_S = 2.0
# What repeats in texts that were made to be slow: a piece, several times over, and an end that fits nothing.
PIECE = st.sampled_from(
    (
        *(
            " ",
            "\n",
            "a",
            "A",
            "1",
            "-",
            ".",
            ",",
            "<",
            "<a ",
            "</",
            "<!--",
            "&",
            "&#",
            "&amp",
            '"',
            "'",
            "“",
            "”",
            "(",
            ")",
        ),
        *("[", "//", "http://", "_", "é", "日", "\u0301", "\u00ad", "a.", "A. ", "A ", "a-", "1-", "1.", "1:", " and "),
        *("the ", "said ", "he said “", "on May ", "=", "%", "@", "~", "*", "a*", "-a ", "NOT ", " OR ", "event:"),
        *("actor:x ", "title:(", "SENTENCE(", "x~1 ", "last:"),
    )
)
TEXT = st.builds(
    lambda start, pieces, end: start + ("".join(pieces) * LENGTH)[:LENGTH] + end,
    st.sampled_from(("", "<", '"', "a", "5 ", "May ", "“Yes” ")),
    st.lists(PIECE, min_size=1, max_size=3),
    st.sampled_from(("", "\0", "x", "!")),
)


class OutOfTimeError(BaseException):
    """The budget of processor time is used up."""


@contextmanager
def budget(seconds: float) -> Iterator[None]:
    """End what takes more of the processor's time; also inside one regular expression."""

    def end(*_: object) -> None:
        raise OutOfTimeError(f"more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def asked(text: str) -> None:
    query = parse(text)
    show(query)
    restate(query)
    clauses(query.root)


def refusing(work: Callable[[str], object]) -> Callable[[str], object]:
    def tried(text: str) -> None:
        try:
            work(text)
        except UsageError:
            return

    return tried


READERS: dict[str, Callable[[str], object]] = {
    "query": refusing(asked),
    "filter of another program": refusing(translate),
    "subscriptions": refusing(lambda text: read_list(text.encode("utf-8", "replace"), "a")),
    "date": parse_date,
    "tokens": lambda text: analyze(text, "en"),
    "language": detect,
    "sentences": lambda text: split_sentences(text, "en"),
    "quotations": lambda text: find_quotations(text),
    "dates": lambda text: find_dates(text, NOW),
    "title": lambda text: normalize(Article(id="a", source="s", seen=NOW, title=text)),
    "text": lambda text: normalize(Article(id="a", source="s", seen=NOW, title="a", text=text)),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40)
@given(text=TEXT)
def test_reader_takes_no_longer_than_its_budget(name: str, text: str) -> None:
    with budget(BUDGET_S):
        READERS[name](text)


def with_events(count: int) -> Document:
    span, actor = Span(text="met", start=5, end=8), Actor(text="Actor of many words", start=0, end=4)
    event = Event(id="e", type="CONSULT", trigger=span, sentence=span, actors=(actor,) * 5)
    events = (event,) * count
    return Document(id="a", source="s", seen=NOW, language="en", text="They met.", events=events)


# No type that the document's events have: every condition is looked at.
TYPES = tuple(name for name in EVENT_TYPES if name != "CONSULT")


@pytest.mark.parametrize("form", ["event:{type}", "actor:w{n}", "event:AID actor:w{n}", "said:w{n}", "when:2022"])
@pytest.mark.parametrize("joint", [" OR ", " "])
def test_query_of_two_thousand_conditions_is_read_in_time(form: str, joint: str) -> None:
    query = parse("they " + joint.join(form.format(n=n, type=TYPES[n % len(TYPES)]) for n in range(2_000)))
    document = with_events(40)
    with budget(BUDGET_S):
        holds(query.root, MatchView(document), NOW)
        highlight(document, query, NOW)


def patterns() -> dict[str, re.Pattern[str] | re.Pattern[bytes]]:
    """Return every regular expression that a module of the product holds, by where it stands."""
    found: dict[str, re.Pattern[str] | re.Pattern[bytes]] = {}
    for package in (connectors, pipeline):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if module.name.endswith(("__main__", "agents", "app", "rereading")) or ".adapters.kafka" in module.name:
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                held = (
                    value.values()
                    if isinstance(value, dict)
                    else value
                    if isinstance(value, tuple | list)
                    else (value,)
                )
                found |= {f"{module.name}.{name}": each for each in held if isinstance(each, re.Pattern)}
    return found


def test_no_expression_tries_one_place_of_a_text_for_long() -> None:
    slow = []
    for place, pattern in patterns().items():
        for piece in (" ", "a", "A ", "1", "-", ".", "'", "“"):
            text = (piece * LENGTH)[:LENGTH] + "\0"
            try:
                with budget(0.2):
                    pattern.match(text.encode() if isinstance(pattern.pattern, bytes) else text)  # type: ignore[arg-type]
            except OutOfTimeError:
                slow.append((place, piece))
    assert [] == slow
