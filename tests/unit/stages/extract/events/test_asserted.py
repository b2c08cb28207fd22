"""What is unreal, owed, denied or left undone is no event; what holds only on a condition says so."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Event
from tests.unit.stages.extract.events.reading import events_of, read_all

PARTIES = ("Kenyan troops", "Turkish police", "Colombian soldiers", "Indian forces")
# A past form, its infinitive's and its "-ing" form, with what is done.
DEEDS = (
    ("arrested", "arrest", "arresting", "two French engineers"),
    ("killed", "kill", "killing", "nine Chadian rebels"),
    ("attacked", "attack", "attacking", "a Malian convoy"),
)
FRAMES = (
    "{who} should have {past} {whom}.",
    "{who} would have {past} {whom}.",
    "It is not true that {who} {past} {whom}.",
    "Whether {who} {past} {whom} is unclear.",
    "{who} were unable to {base} {whom}.",
    "{who} were under pressure to {base} {whom}.",
    "{who} stopped short of {ing} {whom}.",
    "{who} withdrew without {ing} {whom}.",
    "{who} must {base} {whom}.",
    "The minister denied that {who} {past} {whom}.",
    "The claim that {who} {past} {whom} was dropped.",
    "There is no proof that {who} {past} {whom}.",
    "It remains unclear whether {who} fled or {who} {past} {whom}.",
    "{who} lack the lorries to {base} {whom}.",
    "{who} forgot to {base} {whom}.",
    "{who} ought to have {past} {whom}.",
    "{who} should never have {past} {whom}.",
    "Instead of {ing} {whom}, {who} fled.",
    "Imagine that {who} {past} {whom}.",
)


def told(text: str) -> list[Event]:
    """Return the events of a text that it says happened."""
    return [e for e in events_of(text) if e.type in ("ASSAULT", "COERCE") and not e.negated]


@given(st.sampled_from(FRAMES), st.sampled_from(PARTIES), st.sampled_from(DEEDS))
def test_what_is_not_said_to_have_happened_is_no_event(frame: str, who: str, deed: tuple[str, str, str, str]) -> None:
    past, base, ing, whom = deed

    assert told(f"{who} {past} {whom}."), "the plain sentence is an event"
    assert not told(frame.format(who=who, past=past, base=base, ing=ing, whom=whom))


@pytest.mark.parametrize(("first", "second"), list(product(("Greece", "Latvia"), ("Turkey", "Brazil"))))
def test_what_neither_did_is_negated(first: str, second: str) -> None:
    (event,) = read_all(f"Neither {first} nor {second} has withdrawn its warships from the area.")

    assert event.negated


def test_what_neither_of_two_misread_as_a_noun_did_is_negated() -> None:
    assert all(e.negated for e in read_all("Neither the rebels nor the army shelled Goma on Monday, monitors said."))


def test_a_condition_without_if_leaves_its_consequence_supposed() -> None:
    events = events_of("Were Poland to send troops to Ukraine, Russia would attack Warsaw, a columnist wrote.")

    assert [(event.type, event.hypothetical) for event in events] == [("THREATEN", True)]


@pytest.mark.parametrize(
    "text",
    [
        "The soldiers who shot dead four protesters in Kampala last Friday have been arrested, Uganda's army said.",
        "The Serbian soldiers who shot four farmers last Friday were arrested by Polish police.",
    ],
)
def test_a_day_after_a_relative_clause_dates_it_alone(text: str) -> None:
    days = {event.trigger.text: event.date.value if event.date else None for event in events_of(text)}

    assert days == {"shot": "2022-02-18", "arrested": None}


def test_what_neither_did_or_did_besides_is_negated() -> None:
    events = read_all("Neither Egypt nor Jordan has recalled its ambassador or suspended the treaty.")

    assert [event.negated for event in events] == [True, True]


def test_a_year_that_tells_which_treaty_is_meant_dates_nothing_else() -> None:
    (event,) = events_of("Iran accused France of breaking the 2015 nuclear accord.")

    assert event.date is None


@pytest.mark.parametrize(
    "text",
    [
        "The Kenyan judge asked the rebels whether they understood.",
        "The French minister asked Iran how it would pay.",
        "The Kenyan minister fired back at the Somali envoy.",
        "Danish police stormed into the final of the cup.",
    ],
)
def test_phrases_that_only_sound_like_an_act_are_no_event(text: str) -> None:
    assert events_of(text) == ()


def test_its_stands_for_the_subject_whatever_is_told_of_it_in_between() -> None:
    text = "Kenya's government, criticised by the United States, dismissed its police chief."
    (dismissed,) = [event for event in events_of(text) if event.trigger.text == "dismissed"]

    assert {party.code for party in dismissed.recipients} == {"KEN"}
