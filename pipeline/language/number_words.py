"""Numbers that are written out, by language: from 2 on, for one is mostly an article or a pronoun.

English has hundreds and thousands, too, and some languages 1 before those who are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

# From 2 upwards; a bar divides forms of one number.
_FIRST = {
    "en": "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici "
    "diciassette diciotto diciannove",
    "pt": "dois|duas três quatro cinco seis sete oito nove dez onze doze treze catorze|quatorze quinze "
    "dezasseis|dezesseis dezassete|dezessete dezoito dezanove|dezenove",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
    "achttien negentien",
    "sv": "två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
    "da": "to tre fire fem seks syv otte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
    "no": "to tre fire fem seks sju|syv åtte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
    "pl": "dwa|dwie|dwóch|dwoje|dwaj trzy|trzech|trzej|troje cztery|czterech|czterej|czworo pięć|pięciu|pięcioro "
    "sześć|sześciu siedem|siedmiu osiem|ośmiu dziewięć|dziewięciu dziesięć|dziesięciu jedenaście|jedenastu "
    "dwanaście|dwunastu trzynaście|trzynastu czternaście|czternastu piętnaście|piętnastu szesnaście|szesnastu "
    "siedemnaście|siedemnastu osiemnaście|osiemnastu dziewiętnaście|dziewiętnastu",
    "ru": "два|две|двух|двое|двоих три|трёх|трех|трое|троих четыре|четырёх|четырех|четверо|четверых "
    "пять|пяти|пятеро|пятерых шесть|шести|шестеро семь|семи|семеро восемь|восьми девять|девяти десять|десяти "
    "одиннадцать|одиннадцати двенадцать|двенадцати тринадцать|тринадцати четырнадцать|четырнадцати "
    "пятнадцать|пятнадцати шестнадцать|шестнадцати семнадцать|семнадцати восемнадцать|восемнадцати "
    "девятнадцать|девятнадцати",
    "uk": "два|дві|двох|двоє три|трьох|троє чотири|чотирьох|четверо п'ять|п’ять|п'яти|п’яти|п'ятеро|п’ятеро "
    "шість|шести|шестеро сім|семи|семеро вісім|восьми дев'ять|дев’ять|дев'яти|дев’яти десять|десяти",
    "tr": "iki üç dört beş altı yedi sekiz dokuz on",
    "id": "dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig|dreissig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "vingt trente quarante cinquante soixante soixante-dix|septante quatre-vingts|quatre-vingt|huitante "
    "quatre-vingt-dix|nonante",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "sv": "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
    "da": "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems",
    "no": "tjue tretti førti femti seksti sytti åtti nitti",
    "pl": "dwadzieścia|dwudziestu trzydzieści|trzydziestu czterdzieści|czterdziestu pięćdziesiąt|pięćdziesięciu "
    "sześćdziesiąt|sześćdziesięciu siedemdziesiąt|siedemdziesięciu osiemdziesiąt|osiemdziesięciu "
    "dziewięćdziesiąt|dziewięćdziesięciu",
    "ru": "двадцать|двадцати тридцать|тридцати сорок|сорока пятьдесят|пятидесяти шестьдесят|шестидесяти "
    "семьдесят|семидесяти восемьдесят|восьмидесяти девяносто|девяноста",
    "tr": "yirmi otuz kırk elli altmış yetmiş seksen doksan",
}
_ONE = {"en": "one", "de": "ein", "fr": "un", "es": "uno", "it": "uno", "pt": "um|uma", "nl": "een", "sv": "en|ett",
        "da": "en", "no": "en|ett", "ru": "один|одна|одного", "tr": "bir", "pl": "jeden"}  # fmt: skip
# One is a figure before those whom it counts.
ONE_BEFORE = {
    "en": (
        "one",
        "person|man|woman|child|boy|girl|soldier|officer|worker|passenger|civilian|house|death|dead",
    ),
    "de": ("eine?[nmr]?", "Mensch|Menschen|Person|Mann|Frau|Kind|Tote[rn]?|Verletzte[rn]?|Soldat|Soldaten|Todesopfer"),
    "fr": ("une?", "morte?|personne|blessée?|enfant|soldat|policier|homme|femme|victime"),
    "es": ("una?", "muert[oa]|persona|herid[oa]|niñ[oa]|soldado|policía|hombre|mujer|víctima"),
    "it": ("una?", "mort[oa]|persona|ferit[oa]|bambin[oa]|soldato|uomo|donna|vittima"),
    "pt": ("uma?", "mort[oa]|pessoa|ferid[oa]|criança|soldado|homem|mulher|vítima"),
    "nl": ("een|één", "dode|persoon|mens|man|vrouw|kind|gewonde|soldaat|slachtoffer"),
    "sv": ("en|ett", "person|man|kvinna|barn|död|skadad|soldat"),
}


@lru_cache(maxsize=64)
def number_words(language: str | None) -> Mapping[str, int]:
    """Return what written numbers mean in a language; where it is not known, those of four languages together."""
    if language is None:
        return {word: number for each in ("es", "fr", "de", "en") for word, number in number_words(each).items()}
    found = {word: number for number, word in _listed(_FIRST.get(language, ""), 2, 1)}
    tens = list(_listed(_TENS.get(language, ""), 20, 10))
    found |= {word: number for number, word in tens}
    ones = [(1, word) for word in _ONE.get(language, "").split("|") if word]
    ones += [(number, word) for word, number in found.items() if number < 10]
    for ten, tens_word in tens:
        for one, word in ones:
            found |= dict.fromkeys(_joined(language, tens_word, one, word), ten + one)
    if language == "fr":
        found |= _french(found)
    if language == "tr":
        found |= {f"on {word}": 10 + one for one, word in ones}
    if language == "id":
        units = {word: number for word, number in found.items() if number < 10}
        found |= {f"{word} belas": 10 + number for word, number in units.items()}
        found |= {f"{word} puluh": 10 * number for word, number in units.items()}
        found |= {f"{tens} puluh {word}": 10 * ten + one for tens, ten in units.items() for word, one in units.items()}
    return found


def _listed(words: str, first: int, step: int) -> Iterator[tuple[int, str]]:
    for place, forms in enumerate(words.split()):
        for form in forms.split("|"):
            yield first + step * place, form


def _joined(language: str, tens: str, one: int, word: str) -> Iterator[str]:
    """Yield how a language writes a ten with a one: ``einundzwanzig``, ``treinta y dos``."""
    match language:
        case "de":
            yield f"{word}und{tens}"
        case "nl":
            yield f"{word}{'ën' if word.endswith('e') else 'en'}{tens}"
        case "da":
            yield f"{word}og{tens}"
        case "es":
            bare = {"dos": "dós", "tres": "trés", "seis": "séis"}.get(word, word)
            yield f"veinti{bare}" if tens == "veinte" else f"{tens} y {word}"
        case "pt":
            yield f"{tens} e {word}"
        case "it":
            yield (tens[:-1] if one in (1, 8) else tens) + ("tré" if one == 3 else word)
        case "en":
            yield f"{tens}-{word}"
        case "fr" if tens not in ("vingt", "soixante-dix", "quatre-vingt", "quatre-vingts", "quatre-vingt-dix"):
            yield f"{tens} et {word}" if one == 1 else f"{tens}-{word}"
        case "sv" | "no":
            yield f"{tens}{word}"
        case "pl" | "ru" | "tr":
            yield f"{tens} {word}"


def _french(found: Mapping[str, int]) -> dict[str, int]:
    ones = {"un": 1} | {word: number for word, number in found.items() if number < 20}
    made = {f"vingt{' et ' if one == 1 else '-'}{word}": 20 + one for word, one in ones.items() if one < 10}
    made |= {f"soixante-{word}": 60 + one for word, one in ones.items() if one >= 10} | {"soixante et onze": 71}
    return made | {f"quatre-vingt-{word}": 80 + one for word, one in ones.items()}
