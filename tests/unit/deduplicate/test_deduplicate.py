"""Copies, originals and stories."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pipeline import demo
from pipeline.model import Article, Document
from pipeline.stages.deduplicate import Remembered, deduplicate
from pipeline.stages.normalize import normalize

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = [w for a in demo.articles(NOW) if a.language == "en" for w in (a.text or "").split()]


def article(key: str, text: str, title: str = "T", **fields: object) -> Article:
    base = {"id": key, "source": "s", "seen": NOW, "title": title, "text": text, "language": "en", "revision": 1}
    return Article(**(base | fields))  # type: ignore[arg-type]


def take(remembered: Remembered, value: Article) -> Document:
    decision = deduplicate(value, remembered, NOW)
    for fact in decision.facts:
        remembered.learn(fact.key, fact.value)
    (document,) = decision.emit
    assert isinstance(document, Document)
    return document


def report(seed: int, length: int = 200) -> str:
    """Return a made-up text of the demo's words: unlike any other seed's."""
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) for _ in range(length))


def edited(text: str, share: float, seed: int) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) if draw.random() < share else word for word in text.split())


def test_redelivered_article_is_not_its_own_duplicate() -> None:
    remembered = Remembered()
    first = take(remembered, article("a", report(1)))
    assert (take(remembered, article("a", report(1))), first.duplicate_of) == (first, None)


def test_same_text_elsewhere_is_a_copy_of_the_earliest() -> None:
    remembered = Remembered()
    original = take(remembered, article("a", report(1)))
    copies = [take(remembered, article(key, report(1), seen=NOW + timedelta(hours=1))) for key in "bc"]
    assert ["a", "a"] == [copy.duplicate_of for copy in copies]
    assert {original.story_id} == {copy.story_id for copy in copies}


@pytest.mark.parametrize(("share", "floor"), [(0.05, 0.99), (0.10, 0.99), (0.20, 0.90)])
def test_lightly_edited_text_is_a_copy(share: float, floor: float) -> None:
    remembered = Remembered()
    for seed in range(60):
        take(remembered, article(f"o{seed}", report(seed)))
    found = [
        take(remembered, article(f"c{seed}", edited(report(seed), share, seed))).duplicate_of for seed in range(60)
    ]
    assert sum(original == f"o{seed}" for seed, original in enumerate(found)) / 60 >= floor


def test_truncated_text_and_text_in_boilerplate_are_copies() -> None:
    remembered = Remembered()
    whole = report(7, 300)
    take(remembered, article("a", whole))
    cut = " ".join(whole.split()[:200])
    wrapped = f"Subscribe to our newsletter.\n\n{whole}\n\nRead more on our site. All rights reserved."
    assert ["a", "a"] == [take(remembered, article(k, t)).duplicate_of for k, t in (("b", cut), ("c", wrapped))]


def test_same_template_with_other_facts_is_no_copy() -> None:
    remembered = Remembered()
    storms = [a for a in demo.articles(NOW) if "Storm forecast" in (a.title or "")]
    documents = [take(remembered, msgspec.structs.replace(normalize(storm), revision=1)) for storm in storms]
    assert [None, None] == [document.duplicate_of for document in documents]


def test_copy_outside_the_window_is_an_original_and_the_old_one_is_forgotten() -> None:
    remembered = Remembered(window=timedelta(days=7))
    take(remembered, article("a", report(1)))
    later = take(remembered, article("b", report(1), seen=NOW + timedelta(days=8)))
    assert (later.duplicate_of, "a" in remembered.shelf("en")) == (None, False)


def test_another_language_never_meets_this_one() -> None:
    remembered = Remembered()
    take(remembered, article("a", report(1)))
    assert take(remembered, article("b", report(1), language="de")).duplicate_of is None


def test_later_revision_keeps_its_original_and_story() -> None:
    remembered = Remembered()
    take(remembered, article("a", report(1)))
    copy = take(remembered, article("b", report(1)))
    revised = take(remembered, article("b", report(2), revision=2))
    assert (copy.duplicate_of, copy.story_id) == (revised.duplicate_of, revised.story_id)


def test_memory_rebuilt_from_facts_in_any_order_decides_the_same() -> None:
    remembered, facts = Remembered(), {}
    for seed in range(40):
        decision = deduplicate(article(f"o{seed}", report(seed)), remembered, NOW)
        for fact in decision.facts:
            remembered.learn(fact.key, fact.value)
            facts[fact.key] = fact.value
    rebuilt = Remembered()
    shuffled = list(facts.items())
    random.Random(3).shuffle(shuffled)
    for key, value in shuffled:
        rebuilt.learn(key, value)
    probes = [article(f"p{seed}", edited(report(seed), 0.1, seed)) for seed in range(40)]
    decide = [deduplicate(probe, remembered, NOW).emit for probe in probes]
    assert decide == [deduplicate(probe, rebuilt, NOW).emit for probe in probes]


@pytest.mark.parametrize("text", ["", "word", "🎉🎉🎉", "日本語" * 50, "a " * 100_000])
def test_awkward_texts_get_a_sensible_answer(text: str) -> None:
    remembered = Remembered()
    assert take(remembered, article("a", text, title="One title")).duplicate_of is None


def test_burst_of_identical_texts_stays_cheap() -> None:
    remembered = Remembered()
    documents = [take(remembered, article(f"{n}", report(1))) for n in range(2000)]
    assert {"0"} == {document.duplicate_of for document in documents[1:]}
