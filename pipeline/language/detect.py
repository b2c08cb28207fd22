"""Which language a text is in: by script, then by the commonest words; what the source declares breaks the tie."""

from __future__ import annotations

import re
from collections import Counter

# A script that (nearly) one language of the news uses.
_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e01-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
)
_ARABIC = re.compile("[\u0600-\u06ff]")
_PERSIAN = re.compile("[پچژگک]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_WORD = re.compile(r"[^\W\d_]+")

COMMON_WORDS: dict[str, str] = {
    "en": "the of and to in is that for it with as was on are by be at from has his have an not but which this they "
    "said after will who more its their been were says new over about would out what up",
    "de": "der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
    "hat dass sie nach wird bei einer um am sind noch wie einem über so zum war haben nur oder aber vor zur "
    "bis mehr",
    "fr": "le la les de des et du en un une est que dans pour qui sur au par plus pas avec ce il se sont aux été ne "
    "mais son cette ou ont à leur après deux être ses entre comme elle nous selon contre fait",
    "es": "el la los de que y en un una por con las del se para es al lo como más su pero sus le ha este sí porque "
    "esta entre cuando muy sin sobre también hasta hay donde fue desde años tras según ser dos contra",
    "it": "il di che la e un per una in è non del le con si da dei della al sono gli più alla nel ha i come anche "
    "ma lo delle questo dal suo ai era su dopo o tra stato due degli nella sulla",
    "pt": "o de que a e do da em um para com uma os no se na por mais as dos como mas ao ele das à seu sua ou "
    "quando muito nos já eu também só pelo pela até isso entre depois são não é foi após contra segundo",
    "nl": "de het een van en in is dat op te zijn met voor niet aan er om ook als bij maar uit door naar over ze "
    "nog wordt dan hij worden heeft tot deze meer werd hebben wel kan al geen",
    "sv": "och i att en som är på det av för med till den har de inte om ett men var sig så från vid han kan nu "
    "efter eller under ska mot år sin över säger",
    "da": "og i at er en til på det af for med den som de har ikke om et men var sig fra kan han ved efter være "
    "eller over mod skal siger blev også nu",
    "no": "og i er på det en til som av for med å at de har ikke den om et men var seg fra kan han ved etter være "
    "eller over mot skal sier ble også nå",
    "fi": "ja on ei että se oli hän mutta ovat kun niin myös joka mukaan sekä kuin vuoden jo ole tai siitä sen ovat "
    "voi mitä tämä vain nyt jälkeen",
    "pl": "w i na z się nie do to że jest o jak za od po przez dla ma są był co ale tym tego już który oraz przed "
    "być jego może tylko po roku",
    "cs": "a v se na je že s z do o k to i za by ve pro jako po jeho už od při jsou ale podle není byl která který "
    "před má roku také jsem",
    "ro": "și în de a la cu pe nu care din o că este un pentru mai sunt au fost sa se ce după prin această dar fi "
    "ale anul",
    "tr": "ve bir bu da de için ile çok olarak daha olan gibi sonra kadar en ne ise ama var göre yeni değil oldu "
    "etti dedi",
    "hu": "a az és hogy nem is egy van ez meg csak de már volt mint el kell még ki sem lesz után magyar szerint",
    "id": "yang dan di dengan untuk pada ini dari dalam tidak itu akan adalah juga ke oleh bisa ada sebagai telah "
    "mereka tersebut karena",
    "ca": "el la de i que en un una per amb els les és del al no més es ha com dels són aquest però també ser han fins",
    "vi": "và của là có trong được cho không các với một những người khi đã này đến về ra từ như tại sẽ",
    "ru": "и в не на что с по как это он из за от о его для к но а у же был до все или так также после было были "
    "заявил",
    "uk": "і в не на що з за та це як до він від про але його для після був є у й також було які який",
    "bg": "и на в се да за от не е с по че са като това до при след си беше или ще има което",
    "sr": "и је у да на се за су од са то не из као који што ће по би али",
    "ar": "في من على أن إلى التي الذي عن هذا مع كان هذه بعد ما لم بين قد قال",
    "fa": "و در به از که این را با است برای آن یک می شد بر های هم تا گفت",
    "ur": "کے میں کی ہے اور سے کا کو نے ہیں کہ پر اس یہ ایک",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in COMMON_WORDS.items():
    for _word in frozenset(_words.split()):
        if len(_word) == 1 and _word.isascii():
            continue  # "s", "a", "o" are left over from apostrophes and initials in any language
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_ISO_639_2 = {"eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt",
              "rus": "ru", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko", "ara": "ar", "nld": "nl", "dut": "nl",
              "swe": "sv", "dan": "da", "nor": "no", "nob": "no", "nno": "no", "nb": "no", "nn": "no", "iw": "he",
              "in": "id", "pol": "pl", "ukr": "uk", "tur": "tr"}  # fmt: skip
SAMPLE_CHARS = 2000


def detect(text: str, declared: str | None = None) -> str | None:
    """Return the ISO 639-1 code of the language of ``text``, or ``None`` when nothing tells.

    ``declared`` is what the source says (``en-US``, ``deu``); it is believed unless the text clearly says otherwise,
    for many feeds declare their software's default.
    """
    declared = normalise_language(declared)
    sample = text[:SAMPLE_CHARS]
    script = _by_script(sample, declared)
    if script:
        return script
    counts: Counter[str] = Counter()
    for word in _WORD.findall(sample.lower()):
        counts.update(_LANGUAGES_OF.get(word, ()))
    if not counts:
        return declared or _by_cyrillic_letters(sample)
    (best, most), *rest = counts.most_common(2)
    if declared and (most < 3 or most <= 2 * counts[declared]):
        return declared
    if rest and rest[0][1] == most:
        return declared or _by_cyrillic_letters(sample)
    return best


def normalise_language(declared: str | None) -> str | None:
    """Return the two-letter code of a declared language such as ``en-US``, ``EN`` or ``eng`` (BCP 47, ISO 639)."""
    if not declared:
        return None
    code = re.split(r"[-_]", declared.strip().lower())[0]
    code = _ISO_639_2.get(code, code)
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None


def _by_script(sample: str, declared: str | None) -> str | None:
    latin = len(_LATIN.findall(sample))
    for language, letters in _SCRIPTS:
        count = len(letters.findall(sample))
        # A word of English in a Japanese headline is common, one kana in an English text is not Japanese.
        if count * 3 > latin and count > 1:
            return declared if declared and _shares_script(language, declared) else language
    if len(_ARABIC.findall(sample)) * 3 > latin and latin < len(sample):
        if declared in ("fa", "ur", "ps", "ckb", "ar"):
            return declared
        return "fa" if _PERSIAN.search(sample) else "ar" if _ARABIC.search(sample) else None
    return None


def _by_cyrillic_letters(sample: str) -> str | None:
    if len(_CYRILLIC.findall(sample)) <= len(_LATIN.findall(sample)):
        return None
    return "uk" if re.search("[іїєґ]", sample) else "sr" if re.search("[јљњћђ]", sample) else "ru"


def _shares_script(found: str, declared: str) -> bool:
    families = ({"hi", "mr", "ne"}, {"he", "yi"}, {"bn", "as"}, {"zh", "yue"})
    return any(found in family and declared in family for family in families)
