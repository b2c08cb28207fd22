"""Languages known by tables alone give dates in their order, quotations with speakers, and names in their script."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Document
from pipeline.stages.extract.languages.dates import find_worded_dates
from pipeline.stages.extract.languages.names import find_known_names
from pipeline.stages.extract.languages.periods import numbers
from pipeline.stages.extract.languages.quotations import find_cued_quotations
from pipeline.stages.extract.languages.tables import CODES, UNSPACED, table
from pipeline.stages.extract.stage import read
from tests.bench.extraction.cases import cases, document_of, languages

SPACED = sorted(CODES - UNSPACED)
DAYS = st.dates(date(2001, 1, 1), date(2040, 12, 1))
MARKS = {"de": "„“", "pl": "„”", "ru": "«»", "uk": "«»", "fr": "«»", "ar": "«»", "zh": "“”", "ja": "「」"}


def values(text: str, day: date, code: str) -> list[str]:
    """Return the values found in a text published on a day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return [found.value for found in find_worded_dates(text, noon, code)]


@pytest.mark.parametrize(
    "case",
    [*cases("languages", "dev"), *cases("languages", "later")],
    ids=lambda case: f"{case['language']} {case['text'][:40]}",
)
def test_seen_cases_of_other_languages_come_out_as_meant(case: dict[str, Any]) -> None:
    assert [part for part, good in languages(case, document_of(case)) if not good] == []


@given(st.sampled_from(SPACED), DAYS, DAYS, st.data())
def test_worded_dates_of_every_language_are_read_back(code: str, day: date, today: date, data: st.DataObject) -> None:
    months = [name for name, number in table(code).calendar.months.items() if number == day.month and len(name) > 3]
    month = data.draw(st.sampled_from(months)) if months else ""
    if not month:
        return
    between = " de " if code in ("es", "pt") else " "

    assert values(f"({day.day}{between}{month}{between}{day.year})", today, code) == [day.isoformat()]


@given(st.sampled_from(sorted(CODES)), DAYS, DAYS)
def test_numeric_dates_are_read_in_the_order_of_the_language(code: str, day: date, today: date) -> None:
    if code in UNSPACED:
        assert values(f"（{day.year}年{day.month}月{day.day}日）", today, code) == [day.isoformat()]
        assert values(f"（{day.year}/{day.month}/{day.day}）", today, code) == [day.isoformat()]
    else:
        for mark in "./-":
            assert values(f"({day.day:02d}{mark}{day.month:02d}{mark}{day.year})", today, code) == [day.isoformat()]


@given(st.sampled_from(sorted(CODES)), DAYS, st.data())
def test_words_for_days_count_from_the_day_of_publication(code: str, today: date, data: st.DataObject) -> None:
    word, shift = data.draw(st.sampled_from(sorted(table(code).words.days.items())))

    assert values(f"({word})", today, code) == [(today + timedelta(days=shift)).isoformat()]


UNTIL = {
    "es": "al", "de": "bis", "fr": "au", "pt": "a", "it": "al", "nl": "tot", "pl": "do", "ru": "по", "uk": "до",
    "ar": "إلى", "tr": "-",
}  # fmt: skip


@given(st.sampled_from(SPACED), DAYS.filter(lambda day: day.day < 28), st.integers(1, 3), DAYS, st.data())
def test_days_from_one_to_another_are_one_range(
    code: str, day: date, more: int, today: date, data: st.DataObject
) -> None:
    names = [name for name, number in table(code).calendar.months.items() if number == day.month and len(name) > 3]
    last = day + timedelta(days=more)
    if not names or last.month != day.month:
        return
    of = " de " if code in ("es", "pt") else " "
    said = f"({day.day} {UNTIL[code]} {last.day}{of}{data.draw(st.sampled_from(names))}{of}{day.year})"

    assert values(said, today, code) == [f"{day.isoformat()}/{last.isoformat()}"]


AGO = {
    "es": "hace {} semanas", "de": "vor {} Wochen", "fr": "il y a {} semaines", "pt": "há {} semanas",
    "it": "{} settimane fa", "nl": "{} weken geleden", "pl": "{} tygodni temu", "ru": "{} недель назад",
    "uk": "{} тижнів тому", "ar": "قبل {} أسابيع", "tr": "{} hafta önce", "zh": "{}个星期前", "ja": "{}週間前",
}  # fmt: skip


@given(st.sampled_from(sorted(CODES)), DAYS, st.data())
def test_so_many_weeks_ago_is_a_week_in_figures_and_in_words(code: str, today: date, data: st.DataObject) -> None:
    word, count = data.draw(st.sampled_from(sorted(numbers(code).items())))
    monday = today - timedelta(days=today.weekday() + 7 * count)
    week = f"{monday.isoformat()}/{(monday + timedelta(days=6)).isoformat()}"

    assert values(f"({AGO[code].format(word)})", today, code) == [week]
    assert values(f"({AGO[code].format(count)})", today, code) == [week]


NAME_LETTERS = {"ru": "бвгдлмн", "uk": "бвгдлмн"}
SAID = [
    ("es", "«Vamos a ganar las elecciones», afirmó el lunes a la prensa el ministro de Exteriores, {}, en Madrid."),
    ("es", "{}, portavoz del partido, dijo que el plan es “un disparate”."),
    ("de", "„Wir haben lange genug gewartet“, sagte der Präsident des Verbands, {}, am Montag."),
    ("de", "Gewerkschaftschefin {} kritisierte den Plan als „unsozial“."),
    ("fr", "« Nous avons assez attendu », a déclaré mardi la présidente de la région, {}."),
    ("fr", "Selon le maire {}, le projet est « absurde »."),
    ("pt", "“Já esperamos demais”, disse à imprensa o ministro da Saúde, {}, na segunda-feira."),
    ("it", "«Abbiamo aspettato abbastanza», ha detto all'Ansa il sindaco {}."),
    ("nl", "‘We hebben lang genoeg gewacht’, zei minister {} dinsdag."),
    ("pl", "– Czekaliśmy wystarczająco długo – powiedziała dziennikarzom minister {}. – Dość tego."),
    ("ru", "«Мы ждали достаточно долго», — заявил журналистам министр {}."),
    ("ru", "— Мы ждали достаточно долго, — сказала {}."),
    ("uk", "«Ми чекали досить довго», — заявив міністр {} у вівторок."),
    ("tr", "Bakan {}, dün Ankara'da, “Yeterince bekledik” dedi."),
    ("tr", "“Yeterince bekledik” diyen Vali {} konuştu."),
]


@pytest.mark.parametrize(("code", "said"), SAID)
@given(data=st.data())
def test_whoever_speaks_is_named_without_the_calling(code: str, said: str, data: st.DataObject) -> None:
    letters = st.text(NAME_LETTERS.get(code, "bklmnvz"), min_size=5, max_size=7)
    name = f"{data.draw(letters).title()} {data.draw(letters).title()}"
    found = find_cued_quotations(said.format(name), code)

    assert found
    assert {quotation.speaker.name for quotation in found if quotation.speaker} == {name}
    assert all(quotation.speaker for quotation in found)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("es", "El director presentó la película «El viento» en la ciudad."),
        ("de", "Die sogenannten „Reichsbürger“ sagten ab."),
        ("fr", "Le film « Le vent » sort en salles, a annoncé Luc Daumas."),
        ("pl", "– chleb\n– masło\n– mleko"),
        ("ru", "В журнале «Огонёк» сообщили о закрытии."),
    ],
)
def test_names_in_marks_and_lists_are_no_speech(code: str, text: str) -> None:
    assert find_cued_quotations(text, code) == ()


@given(st.sampled_from(sorted(CODES)), st.text(max_size=120), DAYS)
def test_no_text_breaks_a_table_and_every_span_is_in_the_text(code: str, noise: str, today: date) -> None:
    marks = MARKS.get(code, '""')
    opening, closing = marks[0], marks[1]
    text = f"{noise}{opening}{noise}{closing} {noise} 2024-01-02"
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    spans: list[Any] = [*find_worded_dates(text, noon, code), *find_known_names(text, code, ())]
    for quotation in find_cued_quotations(text, code):
        spans += [part for part in (quotation, quotation.speaker, quotation.cue) if part is not None]

    assert all(text[span.start : span.end] == span.text for span in spans)


@pytest.mark.parametrize("code", sorted(CODES))
def test_tables_know_verbs_names_and_all_months(code: str) -> None:
    known = table(code)

    assert re.compile(known.words.cues).search("") is None
    assert set(known.calendar.months.values()) == set(range(1, 13))
    assert len(known.words.persons) > 10
    assert len(known.words.bodies) > 10
    assert len(known.calendar.countries) > 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Der Bundestag hat am 3. März 2026 über das Gesetz beraten, und die Abgeordneten stimmten zu.", "2026-03-03"),
        ("2026年3月3日，国务院总理在北京会见了外国代表团，双方就贸易问题交换了意见。", "2026-03-03"),
        ("El Congreso aprobó el 3 de marzo de 2026 la ley que había presentado el Gobierno.", "2026-03-03"),
    ],
)
def test_an_undeclared_language_is_told_before_it_is_read(text: str, value: str) -> None:
    day = datetime(2026, 3, 5, tzinfo=UTC)
    document = read(Document(id="1", source="s", seen=day, published=day, text=text))

    assert [found.value for found in document.dates] == [value]


def test_the_calendar_is_the_one_of_the_notice() -> None:
    folder = files("pipeline.stages.extract.languages").joinpath("data")

    assert hashlib.sha256(folder.joinpath("calendars.json").read_bytes()).hexdigest() in folder.joinpath(
        "NOTICE.md"
    ).read_text("utf-8")
