"""Links between copies and originals: decided anew at each revision of either, in whatever order facts come back."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Article, Document
from pipeline.stages.decision import Decision
from pipeline.stages.deduplicate.copies import COPIES_KEPT_MAX, COPY_KEY
from pipeline.stages.deduplicate.near_duplicates import SketchFact
from pipeline.stages.deduplicate.stage import READ_AGAIN_MAX, Remembered, deduplicate
from pipeline.stages.deduplicate.story_facts import STORY_KEY, StoryFact

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STUB = (
    "This is a breaking news story and will be updated as more details come in. Please refresh the page for the latest "
    "version. You can also follow our live coverage on air and online, and sign up for alerts on your phone."
)
BLAST = (
    "Nine people were hurt when a gas bottle blew up in the kitchen of a restaurant at the harbour of Portville, fire "
    "chief Salim Bakri said. He ruled out an attack. Windows broke along the whole quay and the blast was heard "
    "as far as the airport. The owner, who had been warned about the pipes, is being questioned by detectives."
)
MAYOR = (
    "The mayor of Lintown, Petra Voss, resigns after auditors found that the bridge contract went to a brother-in-law "
    "without a tender. She announced it in the town hall at noon and said she would hand over on Friday. The council "
    "elects a successor next week; the builder Anton Weil denied that he had been favoured by anyone."
)
DEPOT = (
    "The regional carrier said on Tuesday that it would close its depot at Harlow Cross by the end of March and move "
    "the remaining forty engineers to a shared workshop in Dunmere. Managers blamed a fall in freight and the price of "
    "diesel. The union said its members had been told by text message and promised a ballot within two weeks."
)


def article(key: str, text: str, source: str, title: str = "T", **fields: object) -> Article:
    base = {"id": key, "source": source, "seen": NOW, "title": title, "text": text, "language": "en", "revision": 1}
    return Article(**(base | fields))  # type: ignore[arg-type]


class Stage:
    """Run the stage as a runtime does: facts are kept, learned and survive."""

    def __init__(self) -> None:
        self.remembered = Remembered()
        self.facts: dict[str, bytes] = {}

    def take(self, value: Article) -> list[Document]:
        decision = deduplicate(value, self.remembered, NOW)
        self.keep(decision)
        return [document for document in decision.emit if isinstance(document, Document)]

    def keep(self, decision: Decision) -> None:
        for fact in decision.facts:
            self.remembered.learn(fact.key, fact.value)
            if fact.value is None:
                self.facts.pop(fact.key, None)
            else:
                self.facts[fact.key] = fact.value


def rebuilt(facts: dict[str, bytes], draw: random.Random) -> Remembered:
    remembered = Remembered()
    shuffled = list(facts.items())
    draw.shuffle(shuffled)
    for key, value in shuffled:
        remembered.learn(key, value)
    return remembered


def test_revised_copy_that_is_still_alike_keeps_its_original() -> None:
    stage = Stage()
    stage.take(article("a", DEPOT, "Wire"))
    stage.take(article("b", DEPOT, "Echo"))
    (revised,) = stage.take(article("b", f"{DEPOT} The mayor of Dunmere was pleased.", "Echo", revision=2))
    assert revised.duplicate_of == "a"


def test_copy_that_is_rewritten_becomes_an_article_of_its_own_story() -> None:
    stage = Stage()
    (original,) = stage.take(article("a", DEPOT, "Wire"))
    stage.take(article("b", DEPOT, "Echo"))
    (parted,) = stage.take(article("b", MAYOR, "Echo", revision=2))
    assert ("b", None, 1) == (parted.id, parted.duplicate_of, parted.origins)
    assert parted.story_id != original.story_id


def test_rewritten_original_parts_its_copies_which_are_then_copies_of_the_first_of_them() -> None:
    stage = Stage()
    stage.take(article("a", DEPOT, "Wire"))
    for minute, key in enumerate("bcd"):
        stage.take(article(key, DEPOT, f"Paper {key}", seen=NOW + timedelta(minutes=minute)))
    documents = stage.take(article("a", MAYOR, "Wire", revision=2))
    assert [("a", None), ("b", None), ("c", "b"), ("d", "b")] == [(each.id, each.duplicate_of) for each in documents]
    first, *others = documents
    assert first.story_id not in {each.story_id for each in others}
    assert len({each.story_id for each in others}) == 1
    assert {(each.revision, each.text) for each in others} == {(1, DEPOT)}


def test_original_that_only_grows_keeps_its_copies() -> None:
    stage = Stage()
    stage.take(article("a", DEPOT, "Wire"))
    stage.take(article("b", DEPOT, "Echo"))
    grown = stage.take(article("a", f"{DEPOT} Local councillors asked the ministry for a meeting.", "Wire", revision=2))
    assert ["a"] == [each.id for each in grown]


def test_copy_of_a_longer_copy_keeps_its_link_when_their_original_is_touched() -> None:
    stage = Stage()
    stage.take(article("a", f"{DEPOT} {BLAST}", "Wire"))
    stage.take(article("b", f"{DEPOT} {BLAST} {MAYOR} {STUB}", "Echo"))
    (third,) = stage.take(article("c", f"{MAYOR} {STUB}", "Post"))
    assert third.duplicate_of == "a"
    assert len(stage.take(article("a", f"{DEPOT} {BLAST} More soon.", "Wire", revision=2))) == 1


def test_copies_stay_in_the_story_of_an_original_that_is_told_anew() -> None:
    stage = Stage()
    (original,) = stage.take(article("a", DEPOT, "Wire"))
    stage.take(article("b", DEPOT, "Echo"))
    anew = (
        "Engineers at Harlow Cross heard by text message that their depot will shut in March; forty are to work in "
        "Dunmere. A ballot is on its way, says the union, while the carrier points to the price of diesel."
    )
    _, parted = stage.take(article("a", anew, "Wire", revision=2))
    assert (None, original.story_id, 2) == (parted.duplicate_of, parted.story_id, parted.origins)


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
@pytest.mark.parametrize("sources", [("City Desk", "City Desk"), ("City Desk", "Other Desk")])
def test_stubs_that_grow_into_different_stories_part(sources: tuple[str, str], order: tuple[str, str]) -> None:
    stage = Stage()
    stage.take(article("one", STUB, sources[0], "Breaking: explosion reported in Portville"))
    stage.take(article("two", STUB, sources[1], "Breaking: mayor of Lintown to speak"))
    last = {}
    grown = {"one": (sources[0], BLAST), "two": (sources[1], MAYOR)}
    for key in order:
        source, text = grown[key]
        for document in stage.take(article(key, f"{text} {STUB}", source, text[:40], revision=2)):
            last[document.id] = document
    assert [None, None] == [document.duplicate_of for document in last.values()]
    assert last["one"].story_id != last["two"].story_id


def test_stubs_of_one_source_under_different_titles_are_no_copies() -> None:
    stage = Stage()
    titles = ("Breaking: explosion reported in Portville", "Breaking: mayor of Lintown to speak")
    documents = [stage.take(article(title, STUB, "City Desk", title))[0] for title in titles]
    assert [None, None] == [document.duplicate_of for document in documents]


@pytest.mark.parametrize(
    ("title", "texts"),
    [
        ("BREAKING: Passenger plane makes emergency landing", ["A plane has made an emergency landing. More follows."]),
        (
            "Morning briefing",
            [
                f"Good morning. Here is what you need to know. {news} That is all for now; the evening edition will be "
                "with you at six. Was this newsletter forwarded to you? Sign up here."
                for news in ("Teachers in Colby vote on a strike.", "Marrowby meets about 84 new houses.")
            ],
        ),
    ],
)
def test_what_one_source_sends_every_day_is_a_new_article_every_day(title: str, texts: list[str]) -> None:
    stage = Stage()
    days = [NOW + timedelta(days=day) for day in range(2)]
    pairs = zip(days, texts * 2, strict=False)
    documents = [stage.take(article(f"{day}", text, "Ledger", title, seen=day))[0] for day, text in pairs]
    assert [None, None] == [document.duplicate_of for document in documents]
    assert documents[0].story_id != documents[1].story_id


def test_redelivery_after_a_parting_changes_nothing() -> None:
    stage = Stage()
    stage.take(article("a", DEPOT, "Wire"))
    stage.take(article("b", DEPOT, "Echo"))
    original, parted = stage.take(article("a", MAYOR, "Wire", revision=2))
    again = deduplicate(article("a", MAYOR, "Wire", revision=2), stage.remembered, NOW)
    copy = deduplicate(article("b", DEPOT, "Echo"), stage.remembered, NOW)
    assert ((original,), (parted,), ()) == (again.emit, copy.emit, again.facts + copy.facts)


def test_crash_before_the_last_fact_of_a_parting_leaves_what_the_next_try_finishes() -> None:
    whole, stage = Stage(), Stage()
    for each in (whole, stage):
        each.take(article("a", DEPOT, "Wire"))
        each.take(article("b", DEPOT, "Echo"))
    revised = article("a", MAYOR, "Wire", revision=2)
    decision = deduplicate(revised, stage.remembered, NOW)
    for kept in range(len(decision.facts)):
        broken = Stage()
        for key, value in stage.facts.items():
            broken.facts[key] = value
            broken.remembered.learn(key, value)
        broken.keep(msgspec.structs.replace(decision, facts=decision.facts[:kept]))
        broken.take(revised)
        whole.take(revised)
        links = [{key: each.remembered.near_duplicates("en").get(key) for key in "ab"} for each in (broken, whole)]
        assert [None, None] == [fact.duplicate_of if fact else "?" for fact in links[0].values()]
        assert [fact.story if fact else b"" for fact in links[0].values()] == [
            fact.story if fact else b"" for fact in links[1].values()
        ]


def test_withdrawn_original_keeps_its_copies() -> None:
    stage = Stage()
    stage.take(article("a", DEPOT, "Wire"))
    stage.take(article("b", DEPOT, "Echo"))
    assert len(stage.take(article("a", DEPOT, "Wire", revision=2, withdrawn=True))) == 1
    assert stage.take(article("b", f"{DEPOT} More.", "Echo", revision=2))[0].duplicate_of == "a"


def test_copies_are_forgotten_with_their_window_and_bounded_in_number() -> None:
    stage = Stage()
    for number in range(COPIES_KEPT_MAX + 20):
        stage.take(article(f"{number}", DEPOT, f"Paper {number}"))
    assert sum(key.startswith(COPY_KEY) for key in stage.facts) == COPIES_KEPT_MAX
    for number in range(READ_AGAIN_MAX + 3):
        stage.take(article(f"late {number}", f"Nothing {number}", "Wire", seen=NOW + timedelta(days=8)))
    assert [] == [key for key in stage.facts if key.startswith(COPY_KEY)]


WORLD = (DEPOT, MAYOR, BLAST, STUB, f"{DEPOT} {MAYOR}", f"{STUB} {BLAST}")
MOVES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(WORLD)), min_size=2, max_size=14)


@settings(deadline=None)
@given(MOVES, st.randoms(use_true_random=False))
def test_memory_rebuilt_after_any_revisions_decides_the_same(moves: list[tuple[int, str]], draw: random.Random) -> None:
    stage, revisions = Stage(), dict.fromkeys(range(6), 0)
    for minute, (number, text) in enumerate(moves):
        revisions[number] += 1
        seen = NOW + timedelta(minutes=number)
        value = article(f"{number}", text, f"Paper {number % 3}", text[:30], seen=seen, revision=revisions[number])
        expected = deduplicate(value, rebuilt(stage.facts, draw), NOW)
        assert expected == deduplicate(value, stage.remembered, NOW), minute
        stage.keep(expected)
        links = {key.split()[1]: value for key, value in stage.facts.items() if key.startswith("en ")}
        facts = {key: msgspec.msgpack.decode(each, type=SketchFact) for key, each in links.items()}
        originals = {fact.duplicate_of for fact in facts.values()} - {None}
        # What is copied is there, and copies nothing itself.
        assert all(facts[each].duplicate_of is None for each in originals if each is not None)


def test_facts_of_the_first_version_are_read() -> None:
    stage = Stage()
    stage.take(article("a", DEPOT, "Wire"))
    first = {}
    for key, value in stage.facts.items():
        fields = msgspec.msgpack.decode(value)
        # Publishers and what reports state came later, at the end.
        kept = len(StoryFact.__struct_fields__) - 2 if key.startswith(STORY_KEY) else 7
        first[key] = msgspec.msgpack.encode(fields[:kept])
    old = Stage()
    old.remembered = rebuilt(first, random.Random(1))
    (copy,) = old.take(article("b", DEPOT, "Echo"))
    (revised,) = old.take(article("b", MAYOR, "Echo", revision=2))
    assert ("a", None) == (copy.duplicate_of, revised.duplicate_of)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from("river harbour mayor depot ferry union budget storm bridge council".split()), max_size=9)
)
def test_same_words_are_one_group_however_like_the_original_they_are(edits: list[str]) -> None:
    # Each of the edits takes the place of a word, so that the second text is about as like the first as a copy must be.
    words = DEPOT.split()
    for place, word in enumerate(edits):
        words[5 * place + 3] = word
    edited = " ".join(words)
    stage = Stage()
    stage.take(article("a", DEPOT, "Wire"))
    (second,) = stage.take(article("b", edited, "Wire"))
    (third,) = stage.take(article("c", edited, "Echo"))
    assert third.duplicate_of == (second.duplicate_of or second.id)
