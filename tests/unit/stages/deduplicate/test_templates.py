"""One template, other facts, other stories: in many languages, with what an update of one happening may change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.model import Article, derive_id
from pipeline.stages.deduplicate.stage import Remembered, deduplicate

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
# A place, a magnitude, a distance, a time of day and a depth, told by a machine; a second source's own words.
QUAKES = {
    "en": (
        "An earthquake of magnitude {m} struck {km} kilometres from {place} at {time} local time, the seismic network "
        "said. The quake occurred at a depth of {deep} kilometres. This notice was generated automatically from first "
        "readings; location and magnitude may be revised as more data come in. Expect aftershocks.",
        "People in {place} ran into the streets after a {m} magnitude quake. Chimneys fell in {place}; none was hurt.",
    ),
    "de": (
        "Ein Erdbeben der Stärke {m} hat sich um {time} Uhr Ortszeit {km} Kilometer von {place} entfernt ereignet, "
        "teilte der Erdbebendienst mit. Das Beben lag in einer Tiefe von {deep} Kilometern. Diese Meldung wurde "
        "automatisch aus ersten Messwerten erzeugt; Ort und Stärke können sich ändern. Mit Nachbeben ist zu rechnen.",
        "Die Menschen in {place} liefen nach dem Beben der Stärke {m} auf die Straße. In {place} fielen Schornsteine.",
    ),
    "fr": (
        "Un séisme de magnitude {m} s'est produit à {time} heure locale à {km} kilomètres de {place}, selon le réseau "
        "sismique. La secousse a eu lieu à une profondeur de {deep} kilomètres. Cet avis est produit automatiquement à "
        "partir des premières mesures ; le lieu et la magnitude peuvent être revus. Des répliques sont possibles.",
        "À {place}, on est sorti dans les rues après un séisme de magnitude {m}. Rien de grave à {place}.",
    ),
    "ru": (
        "Землетрясение магнитудой {m} произошло в {time} по местному времени в {km} километрах от города {place}, "
        "сообщила сейсмическая служба. Очаг находился на глубине {deep} километров. Сообщение составлено автоматически "
        "по первым данным, они могут быть уточнены. Возможны повторные толчки.",
        "Жители города {place} выбежали на улицы после землетрясения магнитудой {m}. В городе {place} упали трубы.",
    ),
    "ja": (
        "{time}ごろ、{place}から{km}キロの地点でマグニチュード{m}の地震がありました。震源の深さは{deep}キロです。この情報は"
        "最初の観測値から自動で作られたもので、場所や規模は今後変わることがあります。余震に注意してください。",
        "{place}ではマグニチュード{m}の地震で住民が通りに出た。{place}で煙突が倒れたが、けが人はいない。",
    ),
    "ar": (
        "وقع زلزال بقوة {m} درجات على بعد {km} كيلومترا من {place} عند الساعة {time} بالتوقيت المحلي بحسب شبكة الرصد. "
        "وكان عمق الزلزال {deep} كيلومترا. أعد هذا الإشعار آليا من القراءات الأولى وقد يتغير الموقع والقوة لاحقا. "
        "يرجى توقع هزات ارتدادية.",
        "خرج سكان {place} إلى الشوارع بعد زلزال بقوة {m} درجات. سقطت مداخن في {place} ولم يصب أحد بأذى.",
    ),
}
PLACES = {
    "en": ("Orvella", "Kessim", "Tanuvai", "Brodnik", "Marrowby", "Zelenka"),
    "de": ("Orvella", "Kessim", "Tanuvai", "Brodnik", "Marrowby", "Zelenka"),
    "fr": ("Orvella", "Kessim", "Tanuvai", "Brodnik", "Marrowby", "Zelenka"),
    "ru": ("Орвелла", "Кессим", "Танувай", "Бродник", "Марроби", "Зеленка"),
    "ja": ("白浜町", "北陽市", "オルベラ", "三笠岬", "東雲村", "ケシム"),
    "ar": ("أورفيلا", "قسيم", "تانوفاي", "برودنيك", "ماروبي", "زيلنكا"),
}


def facts_of(number: int) -> st.SearchStrategy[dict[str, object]]:
    """Draw the facts of one of up to five quakes, of which no figure is near that of another."""
    return st.fixed_dictionaries(
        {
            "m": st.integers(41 + 10 * number, 44 + 10 * number).map(lambda tenths: f"{tenths / 10}"),
            "km": st.integers(14 + 30 * number, 22 + 30 * number),
            "time": st.tuples(st.integers(4 * number, 4 * number + 2), st.integers(0, 59)).map(
                lambda moment: "{:02}:{:02}".format(*moment)
            ),
            "deep": st.integers(13 + 25 * number, 18 + 25 * number),
        }
    )


FACTS = facts_of(1)
HAPPENINGS = st.tuples(*map(facts_of, range(5))).flatmap(st.permutations)


def article(text: str, language: str, minutes: int, source: str = "Tremor Desk") -> Article:
    seen = NOW + timedelta(minutes=minutes)
    return Article(
        id=derive_id(text, f"{minutes}"), source=source, seen=seen, published=seen, title=None, text=text,
        language=language, revision=1,
    )  # fmt: skip


def stories(articles: Sequence[Article]) -> list[str | None]:
    """Return the story of each article, as the whole stage decides."""
    remembered, found = Remembered(), []
    for value in articles:
        decision = deduplicate(value, remembered, NOW)
        for fact in decision.facts:
            remembered.learn(fact.key, fact.value)
        found.append(msgspec.to_builtins(decision.emit[0])["story_id"])
    return found


@pytest.mark.parametrize("language", QUAKES)
@settings(deadline=None, max_examples=15)
@given(HAPPENINGS)
def test_other_facts_in_the_same_sentences_are_other_stories(
    language: str, happenings: list[dict[str, object]]
) -> None:
    notice, _ = QUAKES[language]
    articles = [
        article(notice.format(place=place, **happening), language, 60 * number)
        for number, (place, happening) in enumerate(zip(PLACES[language], happenings, strict=False))
    ]
    found = stories(articles)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("language", QUAKES)
@settings(deadline=None, max_examples=15)
@given(FACTS, st.integers(1, 3))
def test_corrected_figures_of_one_happening_stay_one_story(language: str, facts: dict[str, object], by: int) -> None:
    notice, _ = QUAKES[language]
    corrected = facts | {"m": f"{float(str(facts['m'])) + by / 10:.1f}", "km": int(str(facts["km"])) + by % 2}
    first, second = (
        article(notice.format(place=PLACES[language][0], **each), language, 40 * number)
        for number, each in enumerate((facts, corrected))
    )
    assert len(set(stories([first, second]))) == 1


@pytest.mark.parametrize("language", QUAKES)
@settings(deadline=None, max_examples=20)
@given(FACTS)
def test_happening_in_the_words_of_another_source_is_the_same_story(language: str, facts: dict[str, object]) -> None:
    first, other = (
        article(form.format(place=PLACES[language][0], **facts), language, 50 * number, source)
        for number, (form, source) in enumerate(zip(QUAKES[language], ("Tremor Desk", "Gazette"), strict=True))
    )
    assert len(set(stories([first, other]))) == 1


CRASH = (
    "{hurt} people were injured when a bus left the road near Halvetia on Monday and rolled down a slope, police said. "
    "The bus, run by Norrland Reisen, was on its way from Ostmark to Velden. Helicopters took the injured to a clinic "
    "in Velden. The cause of the accident is not known. {more}"
)


@settings(deadline=None, max_examples=15)
@given(st.integers(3, 60), st.integers(1, 80))
def test_toll_that_rose_is_the_same_story(hurt: int, more: int) -> None:
    first = article(CRASH.format(hurt=hurt, more="Traffic was stopped."), "en", 0, "Wire")
    later = article(CRASH.format(hurt=hurt + more, more="Two of them are in danger, doctors said."), "en", 90, "Wire")
    assert len(set(stories([first, later]))) == 1


MARKET = (
    "Shares in Oslavia closed {way} on {day}. The OSX 40 index moved by {move} per cent to {points} points. {best} led "
    "the gainers, adding {gain} per cent, while {worst} was the biggest loser, dropping {loss} per cent. Turnover came "
    "to {turnover} million thalers. Brent crude traded at {oil} dollars a barrel."
)
FIRMS = ("Hartmann Steel", "Vesta Pharma", "Nordkabel", "Lumen Energy", "Kredit Union Bank")


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 39),
            st.integers(2100, 2400),
            st.permutations(FIRMS),
            st.integers(11, 79),
            st.integers(11, 79),
            st.integers(300, 700),
            st.integers(6500, 7900),
        ),
        min_size=2,
        max_size=4,
    )
)
def test_market_reports_of_two_days_are_two_stories(days: list[tuple[int, int, list[str], int, int, int, int]]) -> None:
    for column in (0, 1, 5, 6):
        assume(len({day[column] for day in days}) == len(days))
    assume(len({change for day in days for change in day[3:5]}) == 2 * len(days))
    names = ("Monday", "Tuesday", "Wednesday", "Thursday")
    articles = [
        article(
            MARKET.format(
                way="higher" if number % 2 else "lower", day=names[number], move=move / 10, points=f"{points:,}",
                best=firms[0], worst=firms[1], gain=gain / 10, loss=loss / 10, turnover=turnover, oil=oil / 100,
            ),
            "en", 24 * 60 * number, "Bourse Daily",
        )
        for number, (move, points, firms, gain, loss, turnover, oil) in enumerate(days)
    ]  # fmt: skip
    found = stories(articles)
    assert len(set(found)) == len(found)
