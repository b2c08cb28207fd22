"""Read a text as an English article published on 21 February 2022."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.model import Actor, Event
from pipeline.stages.extract.dates.dates import find_dates
from pipeline.stages.extract.events.events import ArticleText, candidates, code_events
from pipeline.stages.extract.names.gazetteer import find
from pipeline.stages.extract.quotations.quotations import find_quotations

DAY = datetime(2022, 2, 21, 9, tzinfo=UTC)


def events_of(text: str, language: str = "en") -> tuple[Event, ...]:
    """Return the events of ``text``."""
    known = ArticleText(text, DAY, find(text), find_dates(text, DAY, language), find_quotations(text, language))
    return code_events(known, language)


def codes(actors: tuple[Actor, ...]) -> set[str | None]:
    """Return the codes of ``actors``."""
    return {actor.code for actor in actors}


def read_all(text: str) -> list[Event]:
    """Return every event that the rules read in ``text``, however unsure."""
    known = ArticleText(text, DAY, find(text), find_dates(text, DAY, "en"), find_quotations(text, "en"))
    return list(candidates(known, "en"))
