"""Articles and queries made up from few words, so that they often meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from pipeline.model import Actor, Document, Event, Quotation, Span, Speaker
from pipeline.query.parser import listed, parse
from pipeline.query.tree import (
    And,
    AnyNode,
    AtLeast,
    Containing,
    Ending,
    EventFilter,
    Field,
    Fuzzy,
    Keyword,
    Last,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    SameSentence,
    Wildcard,
    Word,
)

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
WORDS = "run runs running runner council councils security secure kyiv lviv the of a talks talk".split()
WORDS += ["1,800", "1.800", "日本", "covid"]
TOKENS = st.sampled_from(WORDS)
PARTS = ("title", "body", "author", "source")


def _text(max_size: int) -> st.SearchStrategy[str]:
    piece = st.sampled_from(
        [*WORDS, "Running.", "COUNCIL,", "Kyiv!\n\n", "AT&T", "covid-19", "run-talk", "covid-runs", "日本語", "Häuser"]
    )
    return st.lists(piece, max_size=max_size).map(" ".join)


def _event(actor: str, kind: str) -> Event:
    return Event(
        id="e",
        type=kind,
        trigger=Span(text="", start=0, end=0),
        sentence=Span(text="", start=0, end=0),
        actors=(Actor(text=actor, start=0, end=0),),
    )


def _quotation(speaker: str) -> Quotation:
    return Quotation(text="red line", start=0, end=0, kind="direct", speaker=Speaker(text=speaker, start=0, end=0))


DOCUMENTS = st.builds(
    Document,
    id=st.sampled_from(["a1", "b2"]),
    url=st.sampled_from([None, "https://www.example.org/a"]),
    duplicate_of=st.sampled_from([None, None, "c3"]),
    source=st.sampled_from(["Reuters", "run daily"]),
    seen=st.just(NOW),
    title=st.none() | _text(6),
    text=st.none() | _text(30),
    published=st.none() | st.sampled_from([NOW - timedelta(days=n) for n in (0, 1, 30)]),
    language=st.sampled_from(["en", "de", "es", "ja", None]),
    tags=st.lists(st.sampled_from(["War", "sport"]), max_size=2, unique=True).map(tuple),
    authors=st.lists(st.sampled_from(["Jane Run", "council"]), max_size=2, unique=True).map(tuple),
    revision=st.integers(1, 3),
    origins=st.integers(1, 3),
    events=st.lists(st.builds(_event, TOKENS, st.sampled_from(["CONSULT", "ASSAULT"])), max_size=2).map(tuple),
    quotations=st.lists(st.builds(_quotation, TOKENS), max_size=2).map(tuple),
)

_FOLDED = st.sampled_from([word for word in WORDS if word.isascii() and word.isalpha()])
_WORD = st.builds(Word, text=_FOLDED)
_PHRASE = st.builds(Phrase, tokens=st.lists(_FOLDED, min_size=1, max_size=3).map(tuple))
_PREFIX = st.builds(Prefix, text=st.sampled_from(["ru", "run", "sec", "cou", "ky"]))
_NEAR = st.builds(Near, tokens=st.lists(_FOLDED, min_size=2, max_size=3).map(tuple), distance=st.integers(0, 6))
_PATTERN = st.builds(Wildcard, pattern=st.sampled_from(["ru*g", "co?ncil", "se*r*y", "ta*"]))
_FUZZY = st.builds(Fuzzy, text=st.sampled_from(["kyiv", "council", "talk", "nur"]), distance=st.integers(1, 2))
_COUNTED = st.builds(AtLeast, word=st.one_of(_WORD, _PHRASE, _PREFIX), count=st.integers(1, 3))
_SENTENCE = st.builds(
    SameSentence, nodes=st.lists(st.one_of(_WORD, _PHRASE, _PREFIX), min_size=2, max_size=3).map(tuple)
)
_ENDING = st.builds(Ending, text=st.sampled_from(["ing", "ncil", "talks", "lviv"]))
_CHARACTER = st.builds(Containing, text=st.sampled_from(["日", "本", "語"]))
_SPOKEN = st.sampled_from(
    ["covid-19", "covid-running", "run-talks", "ATLEAST2(run-talk)",
     "=Running", "=COUNCIL", "=run", '="the council"', "1.800", '"1,800 talks"', '"talks 1.800"~3', "/run(s|ning)?/",
     "/(?-i)Kyiv/", "/cov|AT&T/", "/secur/", "🚀"]
).map(lambda text: parse(text).root)  # fmt: skip
_LISTED = st.lists(st.sampled_from(["Kyiv", "the council", "AT&T", "runs"]), min_size=1, max_size=3).map(
    lambda names: listed("some", names)
)
_TEXT = st.one_of(
    _WORD, _WORD, _PHRASE, _PREFIX, _NEAR, _PATTERN, _FUZZY, _COUNTED, _SENTENCE, _ENDING, _CHARACTER, _SPOKEN, _LISTED
)
_META = st.one_of(
    st.builds(Keyword, name=st.just("lang"), value=st.sampled_from(["en", "de"])),
    st.builds(Keyword, name=st.just("tag"), value=st.sampled_from(["war", "sp"]), prefix=st.booleans()),
    st.builds(Range, name=st.sampled_from(["revision", "origins", "copies"]), low=st.integers(0, 3)),
    st.sampled_from(["is:copy", "site:example.org", "published:yesterday", "after:now-2d"]).map(
        lambda text: parse(text).root
    ),
    st.builds(Last, seconds=st.sampled_from([3600, 86_400 * 2])),
    st.builds(
        EventFilter, conditions=st.sampled_from([(("event", "CONSULT"),), (("actor", "kyiv"), ("event", "ASSAULT"))])
    ),
    st.builds(EventFilter, conditions=st.just((("said", "kyiv"),))),
)


def _branches(inner: st.SearchStrategy[AnyNode]) -> st.SearchStrategy[AnyNode]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(And, nodes=several),
        st.builds(Or, nodes=several),
        st.builds(lambda one, other: And(nodes=(one, Not(node=other))), inner, inner),
    )


NODES: st.SearchStrategy[AnyNode] = st.recursive(
    st.one_of(_TEXT, _TEXT, _META, st.builds(Field, name=st.sampled_from(PARTS), node=_TEXT)), _branches, max_leaves=8
)
