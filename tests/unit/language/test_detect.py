"""Languages are told from headlines; what a source declares is believed unless the text clearly says otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language import detect as detecting
from pipeline.language.codes import normalize_language
from pipeline.language.detect import detect


@pytest.mark.parametrize(
    ("language", "headline"),
    [
        ("en", "Storm kills three in Texas"),
        ("en", "Biden, Xi hold talks"),
        ("de", "Bahn streicht Züge wegen Streik"),
        ("fr", "Un séisme frappe la Turquie"),
        ("es", "Sánchez anuncia nuevas medidas"),
        ("it", "Meloni vola a Bruxelles"),
        ("pt", "Preço da gasolina volta a subir"),
        ("nl", "Prijzen stijgen verder"),
        ("sv", "Inflationen stiger igen"),
        ("da", "Mand dræbt i København"),
        ("no", "Mann drept i Oslo"),
        ("fi", "Hinnat nousevat edelleen"),
        ("pl", "Tragiczny wypadek pod Krakowem"),
        ("cs", "Prezident podepsal zákon"),
        ("ro", "Guvernul a adoptat bugetul"),
        ("hu", "Emelkedik az infláció"),
        ("tr", "Seçim sonuçları açıklandı"),
        ("id", "Gempa guncang Cianjur"),
        ("vi", "Giá xăng tăng mạnh"),
        ("ru", "Путин подписал указ"),
        ("uk", "Верховна Рада ухвалила закон"),
        ("bg", "Цените на горивата растат"),
        ("ar", "ارتفاع أسعار النفط"),
        ("fa", "قیمت دلار در بازار تهران"),
        ("ja", "首相、辞任を表明"),
        ("zh", "中国经济增长放缓"),
        ("ko", "북한, 미사일 발사"),
        ("el", "Σεισμός στην Τουρκία"),
        ("he", "נתניהו נפגש עם ביידן"),
        ("hi", "प्रधानमंत्री मोदी ने कहा"),
        ("th", "นายกรัฐมนตรีแถลง"),
    ],
)
def test_language_of_a_headline(language: str, headline: str) -> None:
    assert detect(headline) == language


def test_declared_language_is_believed_for_a_short_text() -> None:
    assert detect("Putin, Biden", "de-AT") == "de"


def test_declared_language_is_believed_for_a_title_of_words_that_others_have() -> None:
    assert detect("A gentle introduction to Atom testing", "en") == "en"
    assert detect("Inflationen stiger igen", "da") == "da"


def test_declared_language_is_not_believed_against_a_clear_text() -> None:
    text = "Die Regierung hat am Montag beschlossen, dass die Preise für Strom nicht weiter steigen sollen."
    assert detect(text, "en-US") == "de"


@pytest.mark.parametrize("text", ["", " ", "123", "!!!"])
def test_nothing_tells_the_language_of_no_words(text: str) -> None:
    assert detect(text) is None


@pytest.mark.parametrize(
    ("declared", "code"), [("en-US", "en"), ("DEU", "de"), ("zh_Hans", "zh"), ("", None), ("?", None)]
)
def test_declared_language_is_written_in_two_letters(declared: str, code: str | None) -> None:
    assert normalize_language(declared) == code


@given(st.text(max_size=100))
def test_any_text_has_a_language_or_none(text: str) -> None:
    language = detect(text)
    assert language is None or (len(language) in (2, 3) and language.islower())


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_words_of_a_text_in_ascii_are_those_of_any_text(text: str) -> None:
    assert text.translate(detecting._NO_LETTERS).split() == detecting._WORD.findall(text)
