"""A memory that was saved and read again decides as the one that learned every fact."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import demo
from pipeline.model import Article
from pipeline.ports.memories import Part, Parts
from pipeline.stages.decision import SavedMemory
from pipeline.stages.deduplicate.stage import Remembered, deduplicate, forget

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = [w for a in demo.articles(NOW) if a.language == "en" for w in (a.text or "").split()]
LANGUAGES = ("en", "de", "en/latest", "en/centroids", "copies/", None)


def article(number: int, text: int, share: float, hours: int, language: str | None, revision: int) -> Article:
    """Return an article of a made-up text, a share of its words replaced."""
    draw = random.Random(text)
    words = [draw.choice(WORDS) for _ in range(60)]
    other = random.Random(number)
    words = [other.choice(WORDS) if other.random() < share else word for word in words]
    moment = NOW + timedelta(hours=hours)
    return Article(
        id=f"a{number}",
        source=f"s{number % 3}",
        seen=moment,
        published=moment,
        title=f"Title {text}",
        text=" ".join(words),
        language=language,
        revision=revision,
    )


def take(remembered: Remembered, value: Article) -> object:
    decision = deduplicate(value, remembered, NOW)
    for fact in decision.facts:
        remembered.learn(fact.key, fact.value)
    return decision


def read_again(parts: Parts) -> Remembered:
    """Return a memory made of copies of the parts, as a file would hold them."""
    remembered = Remembered()
    remembered.restore({name: Part(part.kind, part.shape, bytearray(part.data)) for name, part in parts.items()})
    return remembered


made = st.builds(
    article,
    st.integers(0, 12),
    st.integers(0, 4),
    st.sampled_from((0.0, 0.05, 0.5)),
    st.integers(0, 24 * 9),
    st.sampled_from(LANGUAGES),
    st.integers(1, 3),
)


@given(st.lists(made, max_size=25), st.lists(made, min_size=1, max_size=8), st.booleans())
def test_memory_that_is_read_again_decides_as_the_one_that_was_saved(
    before: list[Article], after: list[Article], is_forgetting: bool
) -> None:
    remembered = Remembered()
    for value in before:
        take(remembered, value)
    if is_forgetting:
        for fact in forget(remembered, NOW + timedelta(days=4), 5):
            remembered.learn(fact.key, fact.value)
    again = read_again(remembered.saved())
    assert len(again) == len(remembered)
    assert again.languages() == remembered.languages()
    for value in after:
        assert take(again, value) == take(remembered, value)
    assert forget(again, NOW + timedelta(days=12), 100) == forget(remembered, NOW + timedelta(days=12), 100)


def test_many_articles_are_remembered_with_their_stories_and_go_on_to_be() -> None:
    remembered = Remembered()
    stream = [article(n, n % 300, 0.3 if n % 3 else 0.02, n // 20, "en", 1) for n in range(600)]
    for value in stream:
        take(remembered, value)
    again = read_again(remembered.saved())
    for value in (article(n, n % 320, 0.05, 40, "en", 1 + n % 2) for n in range(500, 900)):
        assert take(again, value) == take(remembered, value)
    third = read_again(again.saved())
    probe = article(2_000, 7, 0.01, 41, "en", 1)
    assert take(third, probe) == take(remembered, probe)


def test_memory_of_copies_says_how_it_is_saved() -> None:
    assert isinstance(Remembered(), SavedMemory)


def test_parts_that_are_missing_are_an_error() -> None:
    remembered = Remembered()
    take(remembered, article(1, 1, 0.0, 0, "en", 1))
    parts = dict(remembered.saved())
    del parts["near-duplicates/en/_minima"]
    with pytest.raises(KeyError):
        Remembered().restore(parts)
