"""Remember who takes part in an article: the roles it gives to names, and whom a pronoun may stand for.

"President Oleh Marchuk" in one paragraph says what "Marchuk" is in the next. A pronoun stands for the last party that
acted within two sentences and fits it: "he" for a person, "it" for a state or body, "they" for several. Else for none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from pipeline.model import Actor
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.names.gazetteer import Mention

Form = Literal["person", "body", "several"]

# How many sentences back a pronoun reaches.
REACH = 2
MOST_ROLES = 300
FORMS: dict[str, tuple[Form, ...]] = {
    **dict.fromkeys(("he", "she", "him", "her", "his", "hers"), ("person",)),
    **dict.fromkeys(("it", "its"), ("body",)),
    **dict.fromkeys(("they", "them", "their"), ("several", "body")),
}  # fmt: skip
TITLES = {
    "president": "GOV", "president-elect": "GOV", "premier": "GOV", "prime minister": "GOV", "minister": "GOV",
    "secretary": "GOV", "chancellor": "GOV", "governor": "GOV", "mayor": "GOV", "commissioner": "GOV",
    "ambassador": "GOV", "envoy": "GOV", "spokesman": "GOV", "spokeswoman": "GOV", "spokesperson": "GOV", "king": "GOV",
    "queen": "GOV", "emperor": "GOV", "prince": "GOV", "prosecutor": "GOV", "attorney general": "GOV", "leader": "GOV",
    "secretary-general": "GOV", "secretary general": "GOV", "councillor": "GOV", "chief": "GOV", "official": "GOV",
    "general": "MIL", "gen": "MIL", "colonel": "MIL", "col": "MIL", "admiral": "MIL", "commander": "MIL",
    "brigadier": "MIL", "captain": "MIL", "lieutenant": "MIL", "major": "MIL", "sergeant": "MIL", "marshal": "MIL",
    "senator": "LEG", "sen": "LEG", "rep": "LEG", "lawmaker": "LEG", "mp": "LEG", "congressman": "LEG",
    "congresswoman": "LEG", "speaker": "LEG", "deputy": "LEG", "legislator": "LEG", "judge": "JUD", "justice": "JUD",
    "bishop": "REL", "archbishop": "REL", "cardinal": "REL", "pope": "REL", "imam": "REL", "patriarch": "REL",
    "activist": "CVL", "protester": "CVL", "journalist": "JRN", "reporter": "JRN", "correspondent": "JRN",
    "professor": "EDU", "teacher": "EDU", "student": "EDU", "businessman": "BUS", "chief executive": "BUS",
    "lawyer": "CVL", "farmer": "AGR", "resident": "CVL", "witness": "CVL",
}  # fmt: skip
# Who somebody leads or speaks for, in the words before the title.
_SIDES = {
    "former": "ELI", "ex": "ELI", "late": "ELI", "opposition": "OPP", "rebel": "REB", "separatist": "REB",
    "insurgent": "REB", "union": "LAB", "party": "PTY", "army": "MIL", "military": "MIL", "police": "COP",
}  # fmt: skip
_PERSON = r"[A-ZÀ-Þ][\w'’-]*[\w](?:\s+(?:al-|bin |de |da |van |von |der |la )?[A-ZÀ-Þ][\w'’-]*[\w]){0,3}"
_WORDS = "|".join(sorted((re.escape(word) for word in TITLES), key=len, reverse=True))
_TITLED = re.compile(rf"\b((?i:{_WORDS}))\b(?:\.|,)?\s+({_PERSON})")
_BEFORE_CAPITAL = re.compile(r"(?<!\s)\s++(?=[A-ZÀ-Þ])")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_APPOSED = re.compile(
    rf"({_PERSON}),\s+(?:\d+,\s+)?(?:an?|the|its|their|his|her|[A-Z][\w.]*['’]s)\s+(?:[\w'’-]+\s+){{0,4}}?((?i:{_WORDS}))\b"
)
_BETWEEN = re.compile(r"(?:['’]s?)?\s*(?:[\w-]+\s+){0,4}$")
_OWNED = ("'", "’")
_NATIONS = frozenset("country demonym capital org office region".split())


class Role(NamedTuple):
    """Say what an article calls a person: full name, country or body as far as it says so, and sector."""

    name: str
    code: str | None
    sector: str | None


class _Seen(NamedTuple):
    position: int
    form: Form
    actors: tuple[Actor, ...]


class Cast:
    """Hold the roles of one article, its country, and the parties that acted last."""

    def __init__(self, text: str, mentions: Sequence[Mention], country: str | None = None) -> None:
        self.country = country
        self._roles: dict[str, Role] = {}
        self._recent: list[_Seen] = []
        self._mentions = mentions
        self._ends = [mention.end for mention in mentions]
        for match in _titled(text):
            self._add(text, match[2], match.start(1), match[1], text[max(match.start(1) - 40, 0) : match.start(1)])
        for match in _APPOSED.finditer(text):
            self._add(text, match[1], match.start(2), match[2], text[match.end(1) : match.start(2)])

    def role_of(self, name: str) -> Role | None:
        """Return the role of a person by full name or surname."""
        return self._roles.get(_surname(name))

    def remember(self, position: int, form: Form, actors: tuple[Actor, ...]) -> None:
        """Note who acted in a sentence."""
        if actors:
            self._recent = [seen for seen in self._recent if seen.position >= position - REACH]
            self._recent.append(_Seen(position, form, actors))

    def body_before(self, offset: int) -> Mention | None:
        """Return the international body named last before a place in the text: what "the bloc" means there."""
        for mention in reversed(self._mentions[: bisect_left(self._ends, offset)]):
            if mention.kind == "org" and mention.code == "IGO":
                return mention
        return None

    def stand_for(self, pronoun: str, position: int) -> tuple[Actor, ...]:
        """Return whom a pronoun in a sentence stands for, from the sentences before."""
        forms = FORMS.get(pronoun, ())
        for seen in reversed(self._recent):
            if seen.form in forms and position - REACH <= seen.position < position:
                return seen.actors
        return ()

    def _add(self, text: str, name: str, at: int, title: str, around: str) -> None:
        surname = _surname(name)
        if surname in self._roles or len(self._roles) == MOST_ROLES or surname.casefold() in TITLES:
            return
        words = set(re.split(r"[^a-z]+", around.casefold().rpartition(".")[2]))
        code = self._nation(text, at)
        sector = next((_SIDES[word] for word in _SIDES if word in words), TITLES[title.casefold()])
        if code in ("IGO", "UNO", "EUR", "NGO"):
            sector = ""
        self._roles[surname] = Role(name, code, sector or None)

    def _nation(self, text: str, at: int) -> str | None:
        """Return the country named just before a title: "Tajik President", "Poland's prime minister"."""
        last = bisect_left(self._ends, at + 1) - 1
        if last < 0:
            return None
        mention = self._mentions[last]
        between = text[mention.end : at]
        if mention.kind in _NATIONS and len(between) < 30 and _BETWEEN.fullmatch(between):
            owned = mention.kind == "demonym" or between.startswith(_OWNED)
            if _holds_verb(between.split()[between.startswith(_OWNED) :], owned):
                return None
            return lexicon().bodies.get(mention.entry.name.casefold().replace(" ", "_"), mention.code)
        return None


def _holds_verb(words: Sequence[str], owned: bool) -> bool:
    """Say whether a nation acts on who is named after it: "China criticised President X" is of nobody in China.

    A participle that follows the nation whose somebody is called is none: "Niger's ousted president".
    """
    verbs, sectors = lexicon().verbs, lexicon().sectors
    for word in words[owned:]:
        base = lemma(word)
        if not word.islower() or base == word or word.endswith("ing"):
            continue
        if not word.endswith("s") or (base in verbs and base not in sectors):
            return True
    return False


def _titled(text: str) -> Iterator[re.Match[str]]:
    """Yield the persons with a title before, as ``_TITLED`` finds them: looked for only at words that end a title."""
    done = 0
    for space in _BEFORE_CAPITAL.finditer(text):
        end = space.start()
        if text[end - 1 : end] in (".", ","):
            end -= 1
        tail = text[max(end - 2, 0) : end]
        if tail.isascii() and tail.lower() not in _TAILS:
            continue
        word = _LAST_WORD.search(text, max(end - _LONGEST, 0), end)
        if word is None:
            continue
        last = word[0]
        befores = _TITLE_ENDS.get(last.lower(), ()) if last.isascii() else _ANY_BEFORE
        for before in befores:
            start = word.start() - len(before)
            match = _TITLED.match(text, start) if start >= done else None
            if match is not None:
                yield match
                done = match.end()
                break


def _title_ends() -> dict[str, tuple[str, ...]]:
    """Return for the last word of each title what may stand before it, the longest first."""
    ends: dict[str, set[str]] = {}
    for title in TITLES:
        last = re.split(r"[ -]", title)[-1]
        ends.setdefault(last, set()).add(title.removesuffix(last))
    return {last: tuple(sorted(befores, key=len, reverse=True)) for last, befores in ends.items()}


_TITLE_ENDS = _title_ends()
_TAILS = frozenset(last[-2:] for last in _TITLE_ENDS)
_LONGEST = 24
# Other letters than ASCII's may be the same but for their case: "ſenator".
_ANY_BEFORE = tuple(sorted({before for befores in _TITLE_ENDS.values() for before in befores}, key=len, reverse=True))


def _surname(name: str) -> str:
    words = name.replace("’s", "").replace("'s", "").split()
    return words[-1] if words else ""
