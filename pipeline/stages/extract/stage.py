"""Extract who said what, when things happen and who is named, each with the characters that prove it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from pipeline.language.detect import detect
from pipeline.model import Document, Span
from pipeline.stages.decision import Decision, NoMemory
from pipeline.stages.extract.events.events import ArticleText
from pipeline.stages.extract.names.gazetteer import find
from pipeline.stages.extract.names.located import locate
from pipeline.stages.extract.packs import pack_of
from pipeline.stages.extract.syntax.network import network

_SAMPLE = Document(
    id="sample",
    source="sample",
    seen=datetime(2022, 2, 24, tzinfo=UTC),
    title="Leaders meet in Paris",
    text='French President Emmanuel Macron met Chancellor Olaf Scholz in Paris on Tuesday. "We agreed," Macron said.',
    language="en",
)
# Beyond this a "text" is a data dump; what stands further down is searchable but not read for meaning.
READ_CHARS = 200_000


def extract(document: Document, memory: NoMemory, now: datetime) -> Decision:
    """Decide what an article says: the document with what ``read`` finds in it. A withdrawn one says nothing."""
    if document.withdrawn or not document.text:
        return Decision(outcome="extracted", emit=(document,))
    return Decision(outcome="extracted", emit=(read(document),))


def read(document: Document) -> Document:
    """Return the document with what its text says. Relative dates count from the day it was published."""
    text = (document.text or "")[:READ_CHARS]
    published = document.published or document.seen
    language = document.language or detect(text)
    pack, mentions = pack_of(language), find(text)
    if language in (None, "en"):
        mentions = locate(text, mentions)
    dates, quotations = tuple(pack.dates(text, published)), tuple(pack.quotations(text))

    def is_there(span: Span) -> bool:
        return text[span.start : span.end] == span.text

    events = pack.events(
        ArticleText(text, published, mentions, dates, quotations, document.title, document.tags, document.url)
    )
    return msgspec.structs.replace(
        document,
        # No event without evidence, whoever's pack it is from.
        events=tuple(event for event in events if is_there(event.sentence) and is_there(event.trigger)),
        quotations=quotations,
        dates=dates,
        entities=tuple(pack.names(text, mentions)),
    )


def _read_sample() -> None:
    """Load the tables that reading an English article needs, by reading one."""
    read(_SAMPLE)


# The parser's model, and the tables.
LOADS = (network, _read_sample)
