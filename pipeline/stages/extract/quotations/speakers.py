"""Read who is named beside a verb of saying, and who that is in the article: full name, role, person for pronoun.

A speaker is read word by word from the verb outwards: "Kremlin spokesman Dmitry Peskov later | said",
"said | Per Lund".
Each walk is bounded, so that no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.model import Speaker
from pipeline.stages.extract.names.gazetteer import gazetteer
from pipeline.stages.extract.quotations.phrases import (
    DETERMINERS,
    NOT_NAMES,
    PRONOUNS,
    TITLES,
    WINDOW,
    Phrase,
    Token,
    name_in,
    subject_before,
)

_NAME_RUN = re.compile(
    r"(?<![\w’'-])(?:(?:[A-Z]|Mrs?|Ms|Dr|St|Gen|Col|Sen|Rep|Gov|Lt|Sgt|Prof|Rev|Capt|Maj|Adm|Hon)\.|"
    r"[A-ZÀ-ÖØ-Þ][\w’'-]*)(?:[ ](?:(?:de|da|van|von|der|den|bin|ibn|al|el|la|le|di|du|del"
    r"|dos)[ ]){0,2}[A-ZÀ-ÖØ-Þ][\w’'-]*)+"
)
_BARE_TITLES = frozenset("Mr Mrs Ms Dr Mr. Mrs. Ms. Dr. Sir Dame Lord Lady".split())
_BODIES = frozenset(
    "Bank House Ministry Council Party Union University Department Office Agency Commission Committee Court "
    "Parliament Congress "
    "Senate Army Navy Force Forces Police Group Company Corp Inc Ltd Times Post News Journal Daily Institute "
    "Association States "
    "Nations Kingdom Republic City River Street Road Sea Ocean School College Hospital Church League Cup Games "
    "Prize Act Treaty "
    "Security Foreign Street Square Park Airport East West North South".split()
)
_APPOSITION = re.compile(
    r",\s+(?P<role>(?:(?:the|a|an|its|his|her|their)\s)?[^\W\d_][^,.;:\"“”«»\n]{2,70})(?=[,.;\n]|$|\s[\"“])"
)
_ROLE_LIKE = re.compile(
    r"^(?:the|a|an|its|his|her|their)\s|\b(?:\w+(?:man|woman|person)|\w*minister|president|chief|head|director"
    r"|\w+ist|\w+yst|\w+er|\w+or|"
    r"secretary|leader|official|mayor|coach|captain|nurse|economist|general|chair|lawyer|envoy|aide|chancellor"
    r"|resident|officer)\b",
    re.IGNORECASE,
)
_NO_ROLE = re.compile(
    r"^(?:who|which|whose|where|when|but|and|as|while|after|before|speaking|adding|in|on|at|from)\b", re.IGNORECASE
)


class Mentions:
    """Know the persons of an article by their full names, and say who a mention stands for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._full: dict[str, str] = {}
        self._introduced: dict[str, int] = {}
        for match in _NAME_RUN.finditer(text):
            words = _untitled(match.group().split())
            if len(words) > 1 and _is_personal(words):
                name = " ".join((*words[:-1], _bare(words[-1])))
                self._full.setdefault(_bare(words[-1]), name)
                self._introduced.setdefault(name, match.end() - len(words[-1]) + len(_bare(words[-1])))
        self._roles: dict[str, str | None] = {}
        self._last: tuple[int, str] | None = None
        self._last_group: str | None = None

    def speaker(self, phrase: Phrase) -> Speaker | None:
        """Return the speaker a phrase names, with full name and role as far as the article gives them."""
        tokens, aside = phrase.tokens, phrase.aside
        start, end = tokens[0].start, tokens[-1].end
        if len(tokens) == 1 and tokens[0].lower in PRONOUNS:
            return self._pronoun(tokens[0])
        named = name_in(tokens)
        role: str | None = None
        if named is None and aside and name_in(aside) and aside[0].is_capital and len(aside) <= 5:
            # "Its envoy, Sofia Lindqvist, said": the name stands in the apposition.
            role = _phrase_text(self._text, tokens)
            named = name_in(aside)
            start, end = aside[0].start, aside[-1].end
        elif named is not None:
            role = _phrase_text(self._text, tokens[: len(tokens) - len(named)])
            if aside:
                role = role or self._role_in(aside[0].start, aside[-1].end)
            else:
                role = role or self._role_before(start) or self._role_after(end)
        if named is None:
            name = _phrase_text(self._text, tokens)
            if name is None:
                return None
            name = re.sub(r"['’]s$", "", name)  # "the minister's warning that …"
            self._last_group = name
            return Speaker(text=self._text[start:end], start=start, end=end, name=name)
        words = [token.text for token in named]
        words[-1] = _bare(words[-1])
        name = self.full_name(" ".join(words))
        if role and role not in _BARE_TITLES and not self._roles.get(name):
            self._roles[name] = role
        self._last = (start, name)
        return Speaker(text=self._text[start:end], start=start, end=end, name=name, role=self._role_of(name))

    def _role_of(self, name: str) -> str | None:
        """Return the role that the article gives a person, here or where it first names them in full."""
        if name not in self._roles:
            end = self._introduced.get(name)
            self._roles[name] = self._introduction(end) if end is not None else None
        return self._roles[name]

    def _introduction(self, end: int) -> str | None:
        phrase = subject_before(self._text, max(0, self._text.rfind("\n", 0, end) + 1, end - WINDOW), end, _NEVER)
        if phrase is None or not phrase.tokens:
            return None
        named = name_in(phrase.tokens)
        role = _phrase_text(self._text, phrase.tokens[: len(phrase.tokens) - len(named)]) if named else None
        if role is not None and (role in _BARE_TITLES or not _ROLE_LIKE.search(role)):
            role = None
        return role or self._role_before(phrase.tokens[0].start) or self._role_after(end)

    def full_name(self, name: str) -> str:
        """Return the full name of whom a surname stands for, from the article, else from the gazetteer."""
        if " " in name:
            return name
        known = self._full.get(name)
        if known is None:
            entry = gazetteer().lookup(name)
            known = entry.name if entry is not None and entry.kind == "person" else None
        return known or name

    def person_in(self, start: int, end: int) -> Speaker | None:
        """Return the first person named between two places, as the one who speaks."""
        named = (match for match in _CAPITALISED.finditer(self._text, start, end) if _bare(match.group()) in self._full)
        match = next(named, None)
        if match is None:
            return None
        name = self._full[_bare(match.group())]
        begin = self._text.rfind(name, max(start, match.end() - len(name)), match.end())
        begin = begin if begin >= 0 else match.start()
        before = subject_before(self._text, start, match.end(), _NEVER)
        if before is not None and before.tokens and before.tokens[-1].end == match.end():
            return self.speaker(before)
        self._last = (begin, name)
        return Speaker(
            text=self._text[begin : match.end()], start=begin, end=match.end(), name=name, role=self._role_of(name)
        )

    def _pronoun(self, token: Token) -> Speaker:
        """Resolve he and she to the person of the sentence or two before, else to who spoke last; they to a group."""
        start, end, mention = token.start, token.end, token.text
        if token.lower in ("they", "it"):
            group = self._group_before(start) or self._last_group
            if group:
                return Speaker(text=mention, start=start, end=end, name=group)
        name = self._named_before(start)
        if name is None and self._last is not None:
            name = self._last[1]
        role = self._role_of(name) if name else None
        return Speaker(text=mention, start=start, end=end, name=name, role=role)

    def _group_before(self, position: int) -> str | None:
        """Return the several who act in the sentence before: "Prosecutors had asked for nine years. They …"."""
        first = max(self._text.rfind("\n", 0, position), position - 400)
        sentences = _unquoted(self._text[first + 1 : position]).rstrip().rstrip(".").split(". ")
        match = _GROUP.match(sentences[-1].strip()) if sentences else None
        return match.group(1) if match else None

    def _named_before(self, position: int) -> str | None:
        """Return the person last named outside quotation marks before a place, in this paragraph or the one before."""
        if not self._full:
            return None
        first = self._text.rfind("\n", 0, max(position - 1, 0))
        for _ in range(2):
            stretch = _unquoted(self._text[max(first + 1, position - 1000) : position])
            for sentence in reversed(stretch.split(". ")):
                for word in _CAPITALISED.findall(sentence):
                    if _bare(word) in self._full:
                        return self._full[_bare(word)]
            if first <= 0:
                break
            position, first = first, self._text.rfind("\n", 0, len(self._text[:first].rstrip("\n")))
        return None

    def _role_before(self, start: int) -> str | None:
        """Return "the union's general secretary" before ", Dilip Rao"."""
        head = self._text[max(0, start - 100) : start]
        if not head.endswith(", "):
            return None
        piece = re.split(r"[.,;:!?\"“”«»\n]", head[:-2])[-1].strip()
        match = re.search(r"(?:^|\s)(?:the|a|an|its|his|her|their)\s+(.*)$", f" {piece}", re.IGNORECASE)
        role = match.group(1) if match else None
        return role if role and len(role) < 70 and _ROLE_LIKE.search(role) else None

    def _role_after(self, end: int) -> str | None:
        match = _APPOSITION.match(self._text, end)
        return self._role_in(match.start("role"), match.end("role")) if match else None

    def _role_in(self, start: int, end: int) -> str | None:
        role = self._text[start:end].strip()
        if _NO_ROLE.match(role) or not _ROLE_LIKE.search(role):
            return None
        return re.sub(r"^(?:the|an?|its|his|her|their)\s+", "", role, flags=re.IGNORECASE)


_GROUP = re.compile(
    r"(?:[Tt]he\s+)?((?:[\w’'-]+\s+){0,2}?[\w’'-]+s)\s+(?:had|have|were|are|will|would|could|also|say|\w+ed)\b"
)
_CAPITALISED = re.compile(r"(?<![\w’'-])[A-ZÀ-ÖØ-Þ][\w’'-]*")
_NEVER = re.compile(r"(?!)")
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»|„[^“”]*[“”]")


def _unquoted(text: str) -> str:
    return _QUOTED.sub(" ", text)


def _phrase_text(text: str, tokens: Sequence[Token]) -> str | None:
    while tokens and tokens[0].lower in DETERMINERS:
        tokens = tokens[1:]
    if not tokens:
        return None
    while len(tokens) > 1 and tokens[-1].text in _BARE_TITLES:
        tokens = tokens[:-1]
    return " ".join(text[tokens[0].start : tokens[-1].end].split()) or None


def _untitled(words: list[str]) -> list[str]:
    while words and (words[0].rstrip(".") in NOT_NAMES or words[0] in TITLES):
        words = words[1:]
    for at in range(len(words) - 1, 0, -1):
        if words[at - 1] in TITLES:
            return words[at:]
    return words


def _is_personal(words: Sequence[str]) -> bool:
    return (
        len(words) <= 4
        and not any(word in _BODIES or word in NOT_NAMES or word.endswith(("'s", "’s")) for word in words[:-1])
        and (_bare(words[-1]) not in _BODIES)
    )


def _bare(word: str) -> str:
    """Return a name without a possessive or a full stop."""
    return re.sub(r"['’]s?$|\.$", "", word)
