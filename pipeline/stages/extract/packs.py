"""Language packs: what reads one language. English comes with the program; others are installed beside it.

A pack is one folder: a Python package with its model, lexicon and cue words. Its entry point in the group
``newswire.languages`` has the language's code for a name and gives an object of the shape ``Pack``. The README beside
this file shows how to add Spanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol

from pipeline.model import Entity, Event, Quotation, ResolvedDate
from pipeline.stages.extract.dates.dates import find_dates
from pipeline.stages.extract.events.events import ArticleText, code_events
from pipeline.stages.extract.languages.dates import find_worded_dates
from pipeline.stages.extract.languages.names import find_known_names
from pipeline.stages.extract.languages.quotations import find_cued_quotations
from pipeline.stages.extract.languages.tables import CODES
from pipeline.stages.extract.names.gazetteer import Mention
from pipeline.stages.extract.names.names import find_entities
from pipeline.stages.extract.quotations.quotations import find_quotations

GROUP = "newswire.languages"


class Pack(Protocol):
    """Read texts of one language; every span points at characters of the text given. Pure: the same again, the same."""

    def dates(self, text: str, published: datetime) -> Sequence[ResolvedDate]:
        """Return the dates in a text, in order, resolved against the moment it was published."""

    def quotations(self, text: str) -> Sequence[Quotation]:
        """Return who is quoted saying what, in order."""

    def names(self, text: str, mentions: Sequence[Mention]) -> Sequence[Entity]:
        """Return the names in a text, in order; ``mentions`` are those that the gazetteer knows."""

    def events(self, reading: ArticleText) -> Sequence[Event]:
        """Return who did what to whom, in order, reports of one event merged."""


class Plain:
    """Read what needs no knowledge of the language: numeric dates, quotation marks, names that the gazetteer has.

    A pack may begin as a subclass that replaces one part after the other.
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def dates(self, text: str, published: datetime) -> Sequence[ResolvedDate]:
        """Return the dates in a text."""
        return find_dates(text, published, self.language)

    def quotations(self, text: str) -> Sequence[Quotation]:
        """Return what stands in quotation marks, with the speaker where the language's cues are known."""
        return find_quotations(text, self.language)

    def names(self, text: str, mentions: Sequence[Mention]) -> Sequence[Entity]:
        """Return the names in a text."""
        return find_entities(text, self.language, mentions)

    def events(self, reading: ArticleText) -> Sequence[Event]:
        """Return the events of a text, where the language's grammar is known."""
        return code_events(reading, self.language)


class Tabled(Plain):
    """Read a language that tables know: worded dates, quotations with their speakers, names; no events."""

    def dates(self, text: str, published: datetime) -> Sequence[ResolvedDate]:
        """Return the dates in a text."""
        return find_worded_dates(text, published, self.language)

    def quotations(self, text: str) -> Sequence[Quotation]:
        """Return what is quoted, with its speaker."""
        return find_cued_quotations(text, self.language)

    def names(self, text: str, mentions: Sequence[Mention]) -> Sequence[Entity]:
        """Return the names that tables and the gazetteer have."""
        return find_known_names(text, self.language, mentions)


@cache
def pack_of(language: str | None) -> Pack:
    """Return what reads a language; texts of no known language are read as English."""
    code = language or "en"
    for entry in entry_points(group=GROUP, name=code):
        pack: Pack = entry.load()
        return pack
    return Tabled(code) if code in CODES else Plain(code)
