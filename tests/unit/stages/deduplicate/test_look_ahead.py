"""Articles that are looked up together are decided as they are one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Article
from pipeline.stages.decision import Decision
from pipeline.stages.deduplicate.look_ahead import TOGETHER_MIN
from pipeline.stages.deduplicate.stage import Remembered, deduplicate

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("anor", "eti", "olu", "isk", "ure")]


@st.composite
def streams(draw: st.DrawFn) -> list[list[Article]]:
    """Draw batches of articles: new ones, copies of earlier ones, those of a template, revisions, in and out of order.

    The articles come of one number, as hypothesis would draw texts of a hundred words word by word.
    """
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    template = chance.choices(WORDS, k=chance.choice((0, 20, 60)))
    made: list[Article] = []
    batches = []
    for number in range(draw(st.integers(1, 4))):
        batch = []
        for _ in range(draw(st.integers(TOGETHER_MIN - 1, 3 * TOGETHER_MIN))):
            article = _article(chance, f"{len(made):032x}", template, made)
            made.append(article)
            batch.append(article)
        batches.append(batch)
        template = template if number else chance.choices(WORDS, k=40)
    return batches


def _article(chance: random.Random, key: str, template: list[str], made: Sequence[Article]) -> Article:
    kind = chance.random()
    seen = NOW + timedelta(hours=len(made), days=chance.choice((0, 0, 0, -9, 9)))
    earlier = chance.choice(made) if made else None
    if earlier is not None and kind < 0.1:
        return Article(
            id=earlier.id,
            source=earlier.source,
            seen=earlier.seen,
            title=None,
            text=" ".join(chance.choices(WORDS, k=80)),
            language="en",
            revision=earlier.revision + 1,
            withdrawn=chance.random() < 0.3,
        )
    if earlier is not None and kind < 0.5:
        words = (earlier.text or "").split()
        for _ in range(chance.choice((0, 0, 3, 30))):
            words[chance.randrange(len(words))] = chance.choice(WORDS)
    else:
        words = [*template, *chance.choices(WORDS, k=chance.choice((3, 30, 120)))]
    source = chance.choice(("s", "t"))
    return Article(id=key, source=source, seen=seen, title=None, text=" ".join(words), language="en", revision=1)


@settings(max_examples=12, deadline=None)
@given(streams())
def test_what_is_looked_up_together_is_decided_as_one_by_one(batches: list[list[Article]]) -> None:
    together, alone = Remembered(), Remembered()
    for batch in batches:
        together.expect(batch)
        assert [_decided(each, together) for each in batch] == [_decided(each, alone) for each in batch]


@settings(max_examples=6, deadline=None)
@given(streams())
def test_what_comes_in_another_order_than_expected_is_decided_as_one_by_one(batches: list[list[Article]]) -> None:
    together, alone = Remembered(), Remembered()
    for batch in batches:
        together.expect(batch)
        turned = batch[::-1]
        assert [_decided(each, together) for each in turned] == [_decided(each, alone) for each in turned]


@settings(max_examples=6, deadline=None)
@given(streams())
def test_what_was_not_expected_changes_what_is_known_of_the_others(batches: list[list[Article]]) -> None:
    together, alone = Remembered(), Remembered()
    for batch in batches:
        together.expect(batch[::2] * 2)
        assert [_decided(each, together) for each in batch] == [_decided(each, alone) for each in batch]


def _decided(article: Article, remembered: Remembered) -> Decision:
    decision = deduplicate(article, remembered, NOW)
    for fact in decision.facts:
        remembered.learn(fact.key, fact.value)
    return decision
