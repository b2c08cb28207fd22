"""Plurals meet their singular, and rules for them part no words that belong together."""

from __future__ import annotations

import pytest

from pipeline.language.plurals import singular
from pipeline.language.tokens import fold, stem

MEET = {
    "en": "child:children woman:women person:people crisis:crises wolf:wolves spokesman:spokesmen criterion:criteria "
    "bus:buses salesperson:salespeople man:mens business:businesses authority:authorities government:governments",
    "fr": "travail:travaux journal:journaux lieu:lieux enjeu:enjeux bateau:bateaux œil:yeux "
    "loi:lois élection:élections",
    "de": "Ministerium:Ministerien Museum:Museen Firma:Firmen Virus:Viren Haus:Häuser Serie:Serien Galerie:Galerien "
    "Kollegin:Kolleginnen Thema:Themen Gymnasium:Gymnasien",
    "es": "voz:voces juez:jueces elección:elecciones ciudad:ciudades mujer:mujeres joven:jóvenes avance:avances "
    "imposible:imposibles padre:padres ley:leyes",
    "it": "uomo:uomini lago:laghi banca:banche osso:ossa elezione:elezioni città:città",
    "pt": "eleição:eleições mão:mãos alemão:alemães federal:federais possível:possíveis homem:homens mulher:mulheres "
    "hotel:hotéis civil:civis país:países",
    "nl": "stad:steden lid:leden politicus:politici overheid:overheden kind:kinderen museum:musea "
    "verkiezing:verkiezingen",
    "sv": "bok:böcker man:män dotter:döttrar ministerium:ministerier val:val",
    "da": "mand:mænd barn:børn by:byer hånd:hænder museum:museer",
    "no": "mann:menn by:byer bok:bøker far:fedre departement:departementer",
    "ru": "человек:людей ребёнок:дети россиянин:россияне друг:друзья рынок:рынки выборы:выборов говорит:говорит",
    "ar": "طفل:أطفال دولة:دول رئيس:رؤساء شركة:شركات مدينة:المدن وزير:والوزراء",
}
PART = {
    "en": "lives:leaves man:mane media:mediate business:busy important:import authorities:author several:severe "
    "executive:execute",
    "de": "Ferien:Ferkel Konto:Kontext",
    "es": "interés:interior inglés:ingle",
    "pt": "mais:mal lei:leite",
    "nl": "verleden:verleid",
    "ru": "орган:оргия",
}
_BOTH = [(language, *pair.split(":")) for language, pairs in MEET.items() for pair in pairs.split()]
_APART = [(language, *pair.split(":")) for language, pairs in PART.items() for pair in pairs.split()]


@pytest.mark.parametrize(("language", "one", "several"), _BOTH)
def test_plural_meets_its_singular(language: str, one: str, several: str) -> None:
    assert stem(fold(one), language) == stem(fold(several), language)


@pytest.mark.parametrize(("language", "one", "other"), _APART)
def test_other_words_stay_apart(language: str, one: str, other: str) -> None:
    assert stem(fold(one), language) != stem(fold(other), language)


@pytest.mark.parametrize(("language", "one", "several"), _BOTH)
def test_what_stands_for_both_stands_for_itself(language: str, one: str, several: str) -> None:
    for word in (one, several):
        base = singular(fold(word), language)
        assert stem(base, language) == stem(fold(word), language)


def test_language_without_a_stemmer_has_no_plurals() -> None:
    assert singular("children", "pl") == "children"
