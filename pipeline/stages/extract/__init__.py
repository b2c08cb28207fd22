"""Extract who said what, when things happen and who is named, each with the characters that prove it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.model import Document
from pipeline.stages.decision import Decision, NoMemory
from pipeline.stages.extract.dates import find_dates
from pipeline.stages.extract.events import Reading, code_events
from pipeline.stages.extract.gazetteer import find
from pipeline.stages.extract.names import find_entities
from pipeline.stages.extract.quotations import find_quotations

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
    mentions = find(text)
    dates = find_dates(text, published, document.language)
    quotations = find_quotations(text, document.language)
    return msgspec.structs.replace(
        document,
        events=code_events(Reading(text, published, mentions, dates, quotations), document.language),
        quotations=quotations,
        dates=dates,
        entities=find_entities(text, document.language, mentions),
    )
