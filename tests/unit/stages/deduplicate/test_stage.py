"""Copies, originals and stories."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import demo
from pipeline.model import Article, Document
from pipeline.stages.deduplicate.near_duplicates import SketchFact
from pipeline.stages.deduplicate.sketch import SKETCH_VERSION, sketch, sketches
from pipeline.stages.deduplicate.stage import READ_AGAIN_MAX, Remembered, deduplicate
from pipeline.stages.identify.normalize import normalize

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = [w for a in demo.articles(NOW) if a.language == "en" for w in (a.text or "").split()]


def article(key: str, text: str, title: str = "T", **fields: object) -> Article:
    base = {"id": key, "source": "s", "seen": NOW, "title": title, "text": text, "language": "en", "revision": 1}
    return Article(**(base | fields))  # type: ignore[arg-type]


def take(remembered: Remembered, value: Article) -> Document:
    decision = deduplicate(value, remembered, NOW)
    for fact in decision.facts:
        remembered.learn(fact.key, fact.value)
    document = decision.emit[0]
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
    assert later.duplicate_of is None
    for number in range(READ_AGAIN_MAX):
        take(remembered, article(f"{number}", f"only {number}", seen=NOW + timedelta(days=8)))
    assert "a" not in remembered.near_duplicates("en")


def test_article_that_is_read_again_after_a_later_time_is_told_as_before() -> None:
    # A worker that takes over begins at what was not committed: in an archive weeks may lie between one and the next.
    remembered = Remembered(window=timedelta(days=7))
    take(remembered, article("a", report(1)))
    read = [article("copy", report(1)), article("later", report(2), seen=NOW + timedelta(days=9))]
    told = [take(remembered, each) for each in read]
    assert told[0].duplicate_of == "a"
    assert [take(remembered, each) for each in read] == told


CEASEFIRE = (
    "The warring parties in {} agreed to a ceasefire of {} days on Monday, the United Nations said in a statement."
)
EARTHQUAKE = (
    "A magnitude {1} earthquake struck off the coast of {0} on Tuesday, the US Geological Survey said. There were no "
    "immediate reports of damage or casualties."
)
SHARES = (
    "Shares of {} fell {} percent on Friday after the company reported lower quarterly profit and cut its outlook for "
    "the year."
)


@pytest.mark.parametrize(
    ("template", "one", "other"),
    [
        (CEASEFIRE, ("Yemen", "10"), ("Sudan", "20")),
        (EARTHQUAKE, ("Chile", "6.1"), ("Japan", "5.8")),
        (SHARES, ("Acme", "3.2"), ("Globex", "4.7")),
    ],
)
def test_short_report_with_another_name_and_figure_is_no_copy_but_an_edited_one_is(
    template: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    remembered = Remembered()
    take(remembered, article("a", template.format(*one), one[0]))
    assert take(remembered, article("b", template.format(*other), other[0])).duplicate_of is None
    edited = template.format(*one).replace("on ", "late on ").replace("said", "has said").replace("reported", "told of")
    assert take(remembered, article("c", edited, f"News of {one[0]}")).duplicate_of == "a"


def test_another_language_never_meets_this_one() -> None:
    remembered = Remembered()
    take(remembered, article("a", report(1)))
    assert take(remembered, article("b", report(1), language="de")).duplicate_of is None


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


def remember(remembered: Remembered, articles: list[Article]) -> dict[str, bytes | None]:
    """Take articles in; return the facts that are left."""
    facts: dict[str, bytes | None] = {}
    for value in articles:
        for fact in deduplicate(value, remembered, NOW).facts:
            remembered.learn(fact.key, fact.value)
            facts[fact.key] = fact.value
    return {key: value for key, value in facts.items() if value is not None}


def test_memory_rebuilt_after_revisions_and_expiry_decides_the_same() -> None:
    day = timedelta(days=1)
    stream = [article(f"o{n}", report(n % 60), seen=NOW + day * (n // 40), revision=1) for n in range(400)]
    stream += [article(f"o{n}", report(1000 + n), seen=NOW + day * 10, revision=2) for n in range(350, 400)]
    remembered = Remembered()
    facts = list(remember(remembered, stream).items())
    random.Random(5).shuffle(facts)
    rebuilt = Remembered()
    for key, value in facts:
        rebuilt.learn(key, value)
    probes = [
        article(f"p{n}", edited(report(n), 0.1, n), seen=NOW + day * 10) for n in (*range(60), *range(1340, 1400))
    ]
    expected = [deduplicate(probe, remembered, NOW).emit for probe in probes]
    assert expected == [deduplicate(probe, rebuilt, NOW).emit for probe in probes]


def test_revised_original_is_found_by_its_new_text() -> None:
    remembered = Remembered()
    take(remembered, article("a", report(1)))
    take(remembered, article("a", report(2), revision=2))
    found = [take(remembered, article(key, report(seed))).duplicate_of for key, seed in (("b", 1), ("c", 2))]
    assert [None, "a"] == found


def test_nothing_is_a_copy_of_what_was_withdrawn() -> None:
    remembered = Remembered()
    take(remembered, article("a", report(1)))
    take(remembered, article("a", report(1), revision=2, withdrawn=True))
    assert take(remembered, article("b", report(1))).duplicate_of is None


def test_sketch_of_another_version_is_kept_for_its_links_and_made_anew_when_the_article_comes_again() -> None:
    remembered = Remembered()
    ((key, value),) = [fact for fact in remember(remembered, [article("a", report(1))]).items() if " a" in fact[0]]
    assert value is not None
    older = msgspec.structs.replace(msgspec.msgpack.decode(value, type=SketchFact), version=SKETCH_VERSION - 1)
    remembered.learn(key, msgspec.msgpack.encode(older))
    assert deduplicate(article("b", report(1)), remembered, NOW).outcome == "original"
    again = take(remembered, article("a", report(1)))
    assert deduplicate(article("b", report(1)), remembered, NOW).outcome == "duplicate"
    assert again.story_id == take(remembered, article("a", report(1))).story_id


def test_full_text_after_its_summary_is_a_copy_and_so_is_a_later_part_of_it() -> None:
    remembered = Remembered()
    words = report(9, 400).split()
    take(remembered, article("a", " ".join(words[:120])))
    found = [take(remembered, article(key, " ".join(words[n:]))).duplicate_of for key, n in (("b", 0), ("c", 150))]
    assert ["a", "a"] == found


def test_copy_of_one_of_hundreds_of_texts_of_a_template_is_found() -> None:
    remembered = Remembered()
    texts = [
        f"Winds of up to {n} kilometres an hour are forecast for Region{n} on Friday, the weather service said. "
        f"Ferries to Port{n * 7} may be cancelled. Temperatures reach {n * 3} degrees by day and {n * 5} at night."
        for n in range(600)
    ]
    documents = [take(remembered, article(f"{n}", text)) for n, text in enumerate(texts)]
    assert {None} == {document.duplicate_of for document in documents}
    assert [take(remembered, article("x", f"Read this. {texts[37]}")).duplicate_of] == ["37"]


def test_forgotten_articles_give_their_room_back() -> None:
    remembered = Remembered(window=timedelta(days=1))
    for n in range(3 * READ_AGAIN_MAX):
        take(remembered, article(f"{n}", f"only {n} " * 3, seen=NOW + timedelta(hours=n / 10)))
    assert len(remembered.near_duplicates("en")) <= READ_AGAIN_MAX + 1


@pytest.mark.parametrize(
    "sentence",
    [
        "今日の東京は雨で、首相は午後に新しい予算案を国会へ提出すると発表した。野党は強く反対している。",
        "قال الوزير إن الحكومة ستعلن غدا عن خطة جديدة لدعم المزارعين في المناطق الجنوبية بعد موسم الجفاف الطويل",
        "นายกรัฐมนตรีกล่าวว่ารัฐบาลจะประกาศแผนใหม่เพื่อช่วยเหลือเกษตรกรในภาคใต้หลังจากภัยแล้งที่ยาวนาน",
        "Başbakan İstanbul'da yaptığı açıklamada çiftçilere destek için yeni bir plan hazırladıklarını söyledi",
    ],
)
def test_copies_are_told_in_every_script(sentence: str) -> None:
    remembered = Remembered()
    take(remembered, article("a", sentence, language="xx"))
    copy = take(remembered, article("b", f"{sentence} (AFP)", language="xx"))
    other = take(remembered, article("c", sentence[::-1], language="xx"))
    assert ("a", None) == (copy.duplicate_of, other.duplicate_of)


@given(st.lists(st.text(max_size=300) | st.text(alphabet="ab AB.9,é日", max_size=400), max_size=8))
def test_texts_sketched_together_are_sketched_the_same_as_alone(texts: list[str]) -> None:
    assert [sketch("T", text) for text in texts] == sketches([("T", text) for text in texts])


@pytest.mark.parametrize("text", ["", "word", "🎉🎉🎉", "!!! ???", "x" * 5_000_000])
def test_texts_that_say_nothing_are_nobodys_copies(text: str) -> None:
    remembered = Remembered()
    assert [None, None] == [take(remembered, article(key, text, title="Live")).duplicate_of for key in "ab"]


@pytest.mark.parametrize("text", ["日本語" * 50, "a " * 100_000, "word " * 1_000_000])
def test_awkward_texts_have_copies_in_bounded_time(text: str) -> None:
    remembered = Remembered()
    assert [None, "a"] == [take(remembered, article(key, text)).duplicate_of for key in "ab"]


def test_burst_of_identical_texts_stays_cheap() -> None:
    remembered = Remembered()
    documents = [take(remembered, article(f"{n}", report(1))) for n in range(1_000)]
    assert {"0"} == {document.duplicate_of for document in documents[1:]}
