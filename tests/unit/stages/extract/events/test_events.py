from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Actor, Span
from tests.unit.stages.extract.events.reading import codes, events_of

COMPOSED = (
    ("Japan agreed to meet South Korea.", "AGREE"),
    ("Japan refused to meet South Korea.", "REJECT"),
    ("Iran threatened to attack Iraq.", "THREATEN"),
    ("Poland urged Germany to send tanks to Ukraine.", "REQUEST"),
    ("France condemned North Korea.", "ACCUSE"),
    ("Norway expelled two Russian diplomats.", "SANCTION"),
    ("Mexico and Brazil signed a trade agreement.", "SUPPORT"),
    ("Ethiopia withdrew its troops from Somalia.", "RETREAT"),
    ("Israeli soldiers shot two Palestinians.", "ASSAULT"),
    ("Turkish police arrested three activists in Ankara.", "COERCE"),
)


@pytest.mark.parametrize(("sentence", "kind"), COMPOSED)
def test_predicate_and_what_governs_it_give_the_type(sentence: str, kind: str) -> None:
    assert [event.type for event in events_of(sentence)] == [kind]


def test_who_acts_and_on_whom_are_coded_by_country() -> None:
    (event,) = events_of("France condemned North Korea.")
    assert (codes(event.actors), codes(event.recipients)) == ({"FRA"}, {"PRK"})


def test_passive_turns_the_parties_round() -> None:
    (event,) = events_of("Libya was accused by Amnesty International of torturing migrants.")
    assert (codes(event.actors), codes(event.recipients)) == ({"NGO"}, {"LBY"})


def test_what_somebody_is_accused_of_is_no_event() -> None:
    kinds = [event.type for event in events_of("The Sudanese government accused Darfur rebels of killing villagers.")]
    assert kinds == ["ACCUSE"]


def test_condition_is_no_event() -> None:
    kinds = {event.type for event in events_of("Sweden would send aid to Ukraine if Russia attacked Kyiv.")}
    assert "ASSAULT" not in kinds


def test_announced_meeting_has_a_schedule() -> None:
    (event,) = events_of("President Putin will meet French President Macron in Moscow on 24 February.")
    assert event.schedule is not None
    assert event.schedule.when is not None
    assert (event.type, event.future, event.schedule.when.value) == ("AGREE", True, "2022-02-24")


def test_speaker_of_a_report_is_who_it_is_attributed_to() -> None:
    (event,) = events_of("Israeli soldiers shot two Palestinians near Hebron, the Russian foreign ministry said.")
    assert event.attributed_to is not None
    assert "foreign ministry" in event.attributed_to.text


def test_reports_of_one_event_are_merged() -> None:
    (event,) = events_of("France condemned North Korea. In a statement, France condemned North Korea.")
    assert event.reports == 2


def test_other_languages_give_no_events() -> None:
    assert events_of("Frankreich hat Nordkorea verurteilt.", "de") == ()


def test_plain_text_gives_no_events() -> None:
    assert events_of("Beat two eggs until they are white. Serve with French fries.") == ()


BAD = (
    "", " \n\n ", "FRANCE CONDEMNED NORTH KOREA ON MONDAY", '"' * 3_000, "a|b|c\n" * 300, "France attacked " * 5_000,
    "def attack(france): return russia", "“‘“‘“‘ attack France ’”’”’”", "العراق 攻撃 Россия attacked France",
)  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_bad_input_never_crashes_and_every_event_has_its_evidence(text: str) -> None:
    for event in events_of(text):
        assert text[event.trigger.start : event.trigger.end] == event.trigger.text


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([sentence for sentence, _ in COMPOSED]), min_size=1, max_size=6), st.sampled_from(" \n")
)
def test_spans_are_parts_of_the_text(sentences: list[str], joint: str) -> None:
    text = joint.join(sentences)
    for event in events_of(text):
        parts: list[Span | Actor] = [event.trigger, event.sentence, *event.actors, *event.recipients]
        assert all(text[part.start : part.end] == part.text for part in parts)
