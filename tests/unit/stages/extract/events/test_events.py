from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Actor, Span
from pipeline.stages.extract.events.events import ArticleText, readings
from pipeline.stages.extract.names.gazetteer import find
from tests.unit.stages.extract.events.reading import DAY, codes, events_of, read_all

WORDS = (
    "Russia", "France", "Israeli", "police", "rebels", "accused", "attacked", "killed", "met", "him", "its", "army",
    "in Bamako", "Paris,", "to", "sign", "of", "the", "and", "who", "President", "Alarcón", "sanctions", "imposed",
    "UN", "was", "by", "protesters", ".", "near Kyiv", "leaders", "will", "not", "sentenced", "years", '"', "EU",
    "the bloc", "they", "on",
)  # fmt: skip
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


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Tallinn summoned the Russian ambassador over the raid.", "ACCUSE"),
        ("A Paris court convicted a former Rwandan mayor.", "SANCTION"),
        ("The United States imposed sanctions on two Myanmar generals.", "SANCTION"),
        ("Belgium extradited two suspects to Rwanda.", "COOPERATE"),
        ("President Moon apologised to Vietnam.", "CONCEDE"),
        ("Ukrainian troops captured eleven Russian soldiers.", "ASSAULT"),
        ("Algeria's leading human rights activist staged a 24-hour hunger strike on Sunday.", "PROTEST"),
        ("Thousands of nurses walked off the job across Kenya on Monday.", "PROTEST"),
        ("Swiss doctors handed over 700 kg of medicine to the Red Crescent in Iran.", "AID"),
        ("Pakistani soldiers evacuated villagers from Dadu on Thursday.", "AID"),
    ],
)
def test_types_are_those_of_the_manual(sentence: str, kind: str) -> None:
    assert kind in {event.type for event in events_of(sentence)}


def test_sentence_to_prison_is_a_verdict_and_an_arrest() -> None:
    events = events_of("A Moscow court sentenced an American reporter to 16 years in prison.")
    assert {event.type for event in events} == {"SANCTION", "COERCE"}


@pytest.mark.parametrize(
    "sentence",
    [
        "England beat France on penalties on Friday.",
        "Spain meet Argentina in the other quarter-final on Sunday.",
        'Obama said economic policies are "killing the American middle class."',
        "U.S. forecasters warned that heavy snow would strike northern Scotland.",
        "Bonds rallied as investors bet on an agreement with the International Monetary Fund.",
        "The storm attacked the coast of France and killed 12 people.",
        "Germany plans to attack inflation.",
    ],
)
def test_match_market_weather_and_figure_of_speech_are_no_events(sentence: str) -> None:
    assert events_of(sentence) == ()


@pytest.mark.parametrize(
    ("sentence", "side", "words", "code", "found"),
    [
        ("Police arrested four French journalists in Bamako.", "actors", "Police", "MLI", "place"),
        ("Iran arrested two tourists on Sunday.", "recipients", "two tourists", None, None),
        ("The company accused China of stealing its data.", "actors", "company", None, None),
        ("The United States congratulated Boateng on her victory.", "recipients", "Boateng", None, None),
        ("Israeli soldiers shot two Palestinians.", "actors", "Israeli soldiers", "ISR", "demonym"),
        ("Poland accused its foreign minister of treason.", "recipients", "its foreign minister", "POL", "owner"),
        ("ROME, July 14 (Reuters) - Police arrested a senator.", "actors", "Police", "ITA", "article"),
    ],
)
def test_country_comes_from_own_words_place_or_article_and_says_which(
    sentence: str, side: str, words: str, code: str | None, found: str | None
) -> None:
    parties = [party for told in read_all(sentence) for party in getattr(told, side)]
    assert (words, code, found) in [(party.text, party.code, party.found) for party in parties]


def test_role_given_once_holds_in_the_whole_article() -> None:
    events = events_of(
        "Peruvian President Ricardo Alarcón visited Lima. Opposition lawmakers accused Alarcón of stifling protests."
    )
    accused = [party for event in events if event.type == "ACCUSE" for party in event.recipients]
    assert [(party.name, party.code, party.sector, party.found) for party in accused] == [
        ("Ricardo Alarcón", "PER", "GOV", "role")
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A French court found a former Rwandan mayor guilty. It sentenced him to life in prison.", {"FRA"}),
        ("France condemned North Korea. They warned him.", set()),
    ],
)
def test_pronoun_stands_for_what_fits_or_for_nobody(text: str, names: set[str]) -> None:
    last = [event for event in read_all(text) if event.sentence.start > 5]
    assert {party.code for event in last for party in event.actors if party.text != "They"} <= names | {None}


@pytest.mark.parametrize(
    ("sentence", "actor", "recipient"),
    [
        ("Estonia on Wednesday accused Russian military intelligence of hacking its electricity grid.", "EST", "RUS"),
        ("The United States and a string of allies accused China on Monday of a hacking campaign.", "USA", "CHN"),
    ],
)
def test_verb_read_as_a_participle_is_the_verb_where_there_is_no_other(
    sentence: str, actor: str, recipient: str
) -> None:
    (event,) = events_of(sentence)
    assert (event.type, codes(event.actors), codes(event.recipients)) == ("ACCUSE", {actor}, {recipient})


def test_relative_clause_turns_the_roles() -> None:
    (event,) = [
        event
        for event in read_all("Donald Trump lit into the women who have accused him of sexually predatory behavior.")
        if event.type == "ACCUSE"
    ]
    assert [actor.text for actor in event.actors] == ["women"]
    assert [actor.name for actor in event.recipients] == ["Donald Trump"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Trump vowed to scrap the Paris climate agreement.",
        "Paul Ryan did not step up to oppose Trump.",
        "The minister refused to sign the accord with Iran.",
    ],
)
def test_promise_against_something_is_no_agreement(sentence: str) -> None:
    assert "AGREE" not in {event.type for event in events_of(sentence)}


def test_title_tags_and_address_say_what_an_article_is_about() -> None:
    text = "England attacked France."
    known = ArticleText(text, DAY, find(text), (), ())
    plain = [told.event.confidence for told in readings(known, "en")]
    for more in (
        {"tags": ("Sport",)},
        {"url": "https://example.org/sport/rugby/1"},
        {"title": "Try wins the cup final"},
    ):
        assert [told.event.confidence for told in readings(known._replace(**more), "en")] < plain


def test_reports_of_one_event_are_merged() -> None:
    (event,) = events_of("France condemned North Korea. In a statement, France condemned North Korea.")
    assert event.reports == 2


def test_other_languages_give_no_events() -> None:
    assert events_of("Frankreich hat Nordkorea verurteilt.", "de") == ()


def test_plain_text_gives_no_events() -> None:
    assert events_of("Beat two eggs until they are white. Serve with French fries.") == ()


DATELINES = (
    "PARIS, March 11 (Reuters) - ", "YEREVAN/BAKU (AFP) — ", "By Ann Lee in Kyiv\n\n", "WASHINGTON — ",
    "COX'S BAZAR, Bangladesh, Aug 25 (AFP) — ", "Paris (AFP) - ", "(Reuters) - ",
)  # fmt: skip
FOUND = set("country demonym capital city region office org group person leader role owner place article".split())


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(DATELINES),
    st.lists(st.sampled_from([sentence for sentence, _ in COMPOSED]), min_size=1, max_size=4, unique=True),
)
def test_dateline_changes_no_event(dateline: str, sentences: list[str]) -> None:
    text = " ".join(sentences)

    def told(text: str, offset: int) -> list[tuple[str, int, str]]:
        return [(event.type, event.trigger.start - offset, event.sentence.text) for event in events_of(text)]

    assert told(dateline + text, len(dateline)) == told(text, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=25))
def test_no_code_without_how_it_was_found_and_no_event_without_its_sentence(words: list[str]) -> None:
    text = " ".join(words)
    for event in read_all(text):
        assert text[event.sentence.start : event.sentence.end] == event.sentence.text
        assert event.sentence.start <= event.trigger.start < event.trigger.end <= event.sentence.end
        for party in (*event.actors, *event.recipients):
            assert (party.code is None) == (party.found is None)
            assert party.found is None or party.found in FOUND


BAD = (
    "", " \n\n ", "FRANCE CONDEMNED NORTH KOREA ON MONDAY", '"' * 3_000, "a|b|c\n" * 300, "France attacked " * 5_000,
    "by " * 9_000, "PARIS/" * 4_000, "President " * 9_000, "A, a the minister " * 4_000, "he accused him " * 3_000,
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
