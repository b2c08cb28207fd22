"""New, revised, unchanged, withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Article
from pipeline.stages.decision import Decision
from pipeline.stages.identify.stage import Known, identify

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEXT = 'The mayor opened 12 schools.\n\n"We are proud," she said.\n\nParents cheered.'


def article(text: str = TEXT, **fields: object) -> Article:
    return Article(**({"id": "a", "source": "s", "seen": NOW, "title": "Schools", "text": text} | fields))  # type: ignore[arg-type]


def take(known: Known, value: Article) -> Decision:
    decision = identify(value, known, NOW)
    for fact in decision.facts:
        known.learn(fact.key, fact.value)
    return decision


def emitted(decision: Decision) -> Article:
    (value,) = decision.emit
    assert isinstance(value, Article)
    return value


def test_first_sight_is_revision_one() -> None:
    decision = take(Known(), article())
    assert (decision.outcome, emitted(decision).revision) == ("new", 1)


@given(st.text(max_size=200), st.text(max_size=50))
def test_the_same_again_is_unchanged_and_flows_no_further(text: str, title: str) -> None:
    known = Known()
    value = article(text, title=title)
    take(known, value)
    again = take(known, msgspec.structs.replace(value, seen=NOW + timedelta(hours=1), tags=("x",)))
    assert (again.outcome, again.emit, again.facts) == ("unchanged", (), ())


def test_changed_figure_is_a_revision_that_says_so() -> None:
    known = Known()
    take(known, article())
    revised = emitted(take(known, article(TEXT.replace("12", "14"), seen=NOW + timedelta(hours=2))))
    changes = {change.part: (change.before, change.after) for change in revised.changes}
    assert (revised.revision, changes["figures"]) == (2, ("12", "14"))
    assert changes["text"] == ("The mayor opened 12 schools.", "The mayor opened 14 schools.")
    assert revised.seen == NOW


def test_changed_quotation_and_title_are_told() -> None:
    known = Known()
    take(known, article())
    revised = emitted(take(known, article(TEXT.replace("proud", "sorry"), title="Schools reopen")))
    assert {"title", "text", "quotations"} == {change.part for change in revised.changes}


def test_withdrawn_article_is_told_and_kept() -> None:
    known = Known()
    take(known, article())
    decision = take(known, article(withdrawn=True))
    assert (decision.outcome, emitted(decision).revision) == ("withdrawn", 2)


def test_memory_rebuilt_from_facts_decides_the_same() -> None:
    known, facts = Known(), {}
    for text in ("one two", "one three"):
        for fact in take(known, article(text)).facts:
            facts[fact.key] = fact.value
    rebuilt = Known()
    for key, value in facts.items():
        rebuilt.learn(key, value)
    assert identify(article("one three"), rebuilt, NOW).outcome == "unchanged"
    assert emitted(identify(article("one four"), rebuilt, NOW)).revision == 3
