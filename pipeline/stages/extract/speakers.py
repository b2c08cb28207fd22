"""Resolve who a mention stands for within one article: surname to full name, pronoun to person, name to role."""

from __future__ import annotations

import re
from bisect import bisect_left

from pipeline.model import Speaker

_WORD = r"(?:[A-ZÀ-ÖØ-Þ][\w'’-]*\.?|[A-Z]\.(?:[A-Z]\.)*)"
NAME = rf"{_WORD}(?:\s+(?:(?:of|de|da|van|von|der|den|bin|ibn|al|el|la|le|di|du|the|and|for)\s+){{0,2}}{_WORD})*"
_NAME = re.compile(NAME)
_POSSESSIVE = re.compile(r"['’]s?$")
_NOT_NAMES = frozenset(
    "The A An In On At He She It They We I But And This That These Those However According Also Over Overnight One His Her "
    "Their Both Two Some Several After Before When While As If For From Monday Tuesday Wednesday Thursday Friday Saturday "
    "Sunday January February March April May June July August September October November December".split()
)
_ROLE_NOUNS = (
    "spokes(?:man|woman|person)|ministers?|presidents?|chancellor|premier|secretary|chief|director|governor|mayor|leader|head|envoy"
    "|ambassador|general|commander|officer|executive|analyst|economist|professor|author|researcher|judge|lawyer|senator|official"
    "|chairman|chairwoman|chair|coach|captain|surveyor|shopkeeper|teacher|doctor|king|queen|prince|pope|bishop|editor|manager"
    "|founder|owner|partner|counterpart|negotiator|mediator|activist|organi[sz]er|resident|farmer|scientist|historian|writer"
    "|candidate|inspector|prosecutor|chief executive|secretary of state|adviser|advisor|engineer|driver|witness|student|mother|father"
)
# Words that lead up to a name and tell its role: "Austrian foreign minister Johanna Feldkirch".
_ROLE = rf"(?:[Tt]he\s+|[Aa]n?\s+)?(?:{_WORD}\s+){{0,3}}(?:[a-z][\w'’-]*\s+){{0,3}}?(?:{_ROLE_NOUNS}),?\s+"
ROLED_NAME = rf"{_ROLE}{NAME}"
_ROLE_WORDS = re.compile(rf"(?:{_ROLE}|(?:Mr|Mrs|Ms|Dr|Prof|Sir|Dame|Lord|Lady)\.?\s+)$")
_TITLES = re.compile(
    r"^(?:(?:Former|Vice|Prime|Foreign|Defen[cs]e|Acting|Deputy)\s+)*(?:President|Chancellor|Senator|General|Governor|Pope|King|Queen|"
    r"Prince|Princess|Judge|Justice|Minister|Secretary|Mr|Mrs|Ms|Dr|Prof|Sir|Dame|Lord|Lady|Mayor|Captain|Colonel|Major|Admiral)\.?\s+"
)
_APPOSITION = re.compile(r",\s+(?P<role>(?:the|a|an|who)\s[^,.;\"“”\n]{3,80}|[A-Z][\w'’]+(?:'s|’s)?\s[^,.;\"“”\n]{3,60})[,.;]")
# "France's Elysee" and "Bank of England" name no person by first and last name.
_LINKED = re.compile(r"['’]s |\b(?:of|and|for|the)\b")
_PRONOUNS = frozenset(("he", "she", "they", "it"))


class Mentions:
    """Find the names of an article once, and say who a later mention stands for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._names = [(m.start(), m.end(), m.group()) for m in _NAME.finditer(text)]
        self._starts = [start for start, _, _ in self._names]
        self._full: dict[str, str] = {}
        for _, _, name in self._names:
            words = _plain(name).split()
            if 2 <= len(words) <= 4 and words[0] not in _NOT_NAMES and not _LINKED.search(name):
                self._full.setdefault(words[-1], " ".join(words))
        self._last_person: tuple[int, str, str | None] | None = None
        self._roles: dict[str, str] = {}

    def speaker(self, start: int, end: int) -> Speaker:
        """Return the speaker mentioned at ``start`` to ``end``, with full name and role as far as the text gives them."""
        mention = self._text[start:end]
        if mention.lower() in _PRONOUNS:
            return self._pronoun(start, end, mention)
        named = self._name_within(start, end)
        if named is None or named[0] + len(named[1]) < end:
            name = re.sub(r"^(?:[Tt]he|[Aa]n?|[Oo]ne)\s+", "", mention)
            return Speaker(text=mention, start=start, end=end, name=name)
        at, raw = named
        plain = _plain(raw)
        name = self._full.get(plain, plain)
        role = self._text[start:at].strip(" ,") or None
        if role and role.lower() in ("the", "a", "an", "one"):
            role = None
        title = _TITLES.match(raw)
        role = role or (title.group().strip(" .") if title else None) or self._apposition(end)
        if role:
            self._roles.setdefault(name, role)
        role = self._roles.get(name)
        self._last_person = (start, name, role)
        return Speaker(text=mention, start=start, end=end, name=name, role=role)

    def _pronoun(self, start: int, end: int, mention: str) -> Speaker:
        """Resolve he, she, they to who spoke last, else to the last person named before."""
        if self._last_person is not None and self._last_person[0] < start:
            _, name, role = self._last_person
            return Speaker(text=mention, start=start, end=end, name=name, role=role)
        for _, _, raw in reversed(self._names[: bisect_left(self._starts, start)]):
            plain = _plain(raw)
            name = self._full.get(plain.split()[-1] if plain else "", "")
            if name:
                return Speaker(text=mention, start=start, end=end, name=name, role=self._roles.get(name))
        return Speaker(text=mention, start=start, end=end)

    def _name_within(self, start: int, end: int) -> tuple[int, str] | None:
        found = None
        for match in _NAME.finditer(self._text, start, end):
            if match.group() not in _NOT_NAMES:
                found = (match.start(), match.group())
        if found is None:
            return None
        # "The White House" is a name with its article; "the" is no role.
        at, name = found
        first, _, rest = name.partition(" ")
        return (at + len(first) + 1, rest) if first in _NOT_NAMES and rest else (at, name)

    def _apposition(self, end: int) -> str | None:
        match = _APPOSITION.match(self._text, end)
        return re.sub(r"^(?:the|an?|who)\s+", "", match.group("role")) if match else None


def role_before(text: str, start: int) -> int:
    """Return where the role that leads up to a name begins: "Kremlin spokesman " before "Dmitry Peskov"."""
    window = max(0, start - 80)
    match = _ROLE_WORDS.search(text[window:start])
    return window + match.start() if match and "\n" not in match.group() else start


def _plain(name: str) -> str:
    return _POSSESSIVE.sub("", _TITLES.sub("", name)).strip()
