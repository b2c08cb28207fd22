"""New, revised, unchanged, withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
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


class Stored:
    """Hold facts as a store does, and count how often it is asked."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.asked = self.asked_at_once = 0

    def get(self, key: str) -> bytes | None:
        self.asked += 1
        return self.values.get(key)

    def get_many(self, keys: Collection[str]) -> dict[str, bytes]:
        self.asked_at_once += 1
        return {key: self.values[key] for key in keys if key in self.values}

    def items(self) -> Iterator[tuple[str, bytes]]:
        return iter(sorted(self.values.items()))

    def keep(self, known: Known, decisions: Sequence[Decision]) -> None:
        for fact in (fact for decision in decisions for fact in decision.facts):
            assert fact.value is not None
            self.values[fact.key] = fact.value
        known.kept()


BATCHES = st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("x", "y"))), max_size=5), max_size=5)


@given(BATCHES, st.sets(st.integers(min_value=0, max_value=4)))
def test_expected_articles_are_decided_on_as_those_that_come_unexpected(
    batches: list[list[tuple[str, str]]], unexpected: set[int]
) -> None:
    alone, resting, stored = Known(), Known(), Stored()
    resting.rest_on(stored)
    for number, batch in enumerate(batches):
        articles = [article(text, id=name) for name, text in batch]
        if number not in unexpected:
            resting.expect(articles)
            stored.asked = 0
        decided = [take(resting, one) for one in articles]
        assert decided == [take(alone, one) for one in articles]
        assert number in unexpected or stored.asked == 0
        stored.keep(resting, decided)
    assert stored.asked_at_once == len([n for n in range(len(batches)) if n not in unexpected])
