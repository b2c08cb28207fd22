"""The closed vocabularies of the query language, and the right value that is nearest to a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# ISO 639-1, and languages with news of their own that have three letters only.
LANGUAGES = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne "
    "ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st "
    "su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu "
    "ast ceb ckb fil gsw haw hsb kab kok mai nds sah scn sco tet tpi war yue".split()
)
_NAMES = {
    "ar": "arabic العربية", "bn": "bengali bangla", "bg": "bulgarian", "ca": "catalan", "zh": "chinese mandarin 中文",
    "hr": "croatian", "cs": "czech", "da": "danish dansk", "nl": "dutch nederlands", "en": "english", "et": "estonian",
    "fi": "finnish suomi", "fr": "french francais français", "de": "german deutsch", "el": "greek", "he": "hebrew",
    "hi": "hindi", "hu": "hungarian magyar", "id": "indonesian", "it": "italian italiano", "ja": "japanese 日本語",
    "ko": "korean", "lv": "latvian", "lt": "lithuanian", "no": "norwegian norsk", "fa": "persian farsi",
    "pl": "polish polski", "pt": "portuguese portugues português", "ro": "romanian", "ru": "russian русский",
    "sr": "serbian", "sk": "slovak", "sl": "slovenian", "es": "spanish espanol español", "sw": "swahili",
    "sv": "swedish svenska", "ta": "tamil", "th": "thai", "tr": "turkish turkce türkçe", "uk": "ukrainian",
    "ur": "urdu", "vi": "vietnamese", "tl": "tagalog", "hy": "armenian", "ka": "georgian", "sq": "albanian",
}  # fmt: skip
_CODE_OF = {name: code for code, names in _NAMES.items() for name in names.split()}
# The event types of PLOVER 2.0.
EVENT_TYPES = (
    "ACCUSE", "AGREE", "AID", "ASSAULT", "COERCE", "CONCEDE", "CONSULT", "COOPERATE", "MOBILIZE", "PROTEST", "REJECT",
    "REQUEST", "RETREAT", "SANCTION", "SUPPORT", "THREATEN",
)  # fmt: skip
# What other programs, and people, call our fields.
_ALSO = {"date": "published", "day": "published", "since": "after", "until": "before", "from": "source", "by": "author",
         "language": "lang", "domain": "site", "host": "site", "inurl": "url", "intitle": "title", "text": "body",
         "inbody": "body", "intext": "body", "content": "body", "allintitle": "title", "headline": "title",
         "subject": "title", "pubdate": "published", "label": "tag", "category": "tag", "time": "published",
         "newer": "after", "older": "before", "within": "last", "who": "actor", "where": "place", "location": "place",
         "type": "event"}  # fmt: skip


def nearest(wrong: str, right: Iterable[str]) -> str:
    """Return the nearest right value as a sentence's end, such as ``; did you mean 'en'?``, or nothing."""
    found = difflib.get_close_matches(wrong, list(right), n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


def nearest_field(wrong: str, fields: Iterable[str]) -> str:
    """Return the field that was meant, as ``nearest`` does."""
    also = _ALSO.get(wrong)
    return f"; did you mean {also + ':'!r}?" if also else nearest(wrong, fields)


def is_language(code: str) -> bool:
    """Tell whether this is the code of a language."""
    return code in LANGUAGES


def language_error(wrong: str) -> str:
    """Say that a value is no language, with the code that was meant."""
    code = _CODE_OF.get(wrong.casefold())
    if code is None:
        name = difflib.get_close_matches(wrong.casefold(), list(_CODE_OF), n=1, cutoff=0.75)
        code = _CODE_OF[name[0]] if name else None
    hint = f"; did you mean {code!r}?" if code else "; expected a code such as en, de or zh."
    return f"{wrong!r} is no language{hint}"
