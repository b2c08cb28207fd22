"""Read who is named beside a verb of saying, and who that is in the article: full name, role, person for pronoun.

A speaker is read word by word from the verb outwards: "Kremlin spokesman Dmitry Peskov later | said",
"said | Per Lund".
Each walk is bounded, so that no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from pipeline.model import Speaker
from pipeline.stages.extract.names.gazetteer import gazetteer

MAX_TOKENS = 16
WINDOW = 220
_TOKEN = re.compile(
    r"(?:[A-Z]\.)+|(?:Mr|Mrs|Ms|Dr|St|Gen|Col|Sen|Rep|Gov|Lt|Sgt|Prof|Rev|Capt|Maj)\.|[^\W_][\w’'&-]*|[^\w\s]"
)
_NAME_RUN = re.compile(
    r"(?<![\w’'-])[A-ZÀ-ÖØ-Þ][\w’'-]*\.?(?:[ ](?:(?:de|da|van|von|der|den|bin|ibn|al|el|la|le|di|du|del"
    r"|dos)[ ]){0,2}[A-ZÀ-ÖØ-Þ][\w’'-]*)+"
)
_SKIPPED = frozenset(
    "also later then has had have was is were are be been being to himself herself themselves repeatedly once earlier "
    "reportedly again still even always never often just now instead meanwhile however so it".split()
)
_DAYS = frozenset("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
_STOPS = frozenset(
    "that when while as after if because where which whom who whose but what how why than then so though although "
    "in on to "
    "from with by before during over under since until into about against through despite amid like is was were are be "
    "had has have will would could should may might can did does do not no yes or nor also later it's this there here "
    "has asked told saying".split()
)
_DETERMINERS = frozenset(
    "the a an his her its their our my one another some several two three four both many most".split()
)
_LINKS = frozenset(("of", "for", "at"))
_WHERE = frozenset(("in", "from", "near", "outside"))
_PRONOUNS = frozenset(("he", "she", "they", "it", "we", "i"))
_PARTICLES = frozenset("de da van von der den bin ibn al el la le di du del dos".split())
_TITLES = frozenset(
    "President Chancellor Senator General Governor Pope King Queen Prince Princess Judge Justice Minister "
    "Secretary Mr Mrs Ms Dr "
    "Prof Professor Sir Dame Lord Lady Mayor Captain Colonel Major Admiral Commissioner Ambassador Premier "
    "Chairman Chairwoman "
    "Chief Director Representative Congressman Congresswoman Sheikh Ayatollah Archbishop Bishop Rabbi Imam Father "
    "Sister Rev "
    "Reverend Lieutenant Sergeant Officer Inspector Detective Commander Spokesman Spokeswoman Spokesperson Coach "
    "Leader Mr. Mrs. "
    "Ms. Dr. Gen. Col. Sen. Rep. Gov. Lt. Sgt. Prof. Rev. Capt. Maj. Councillor Baroness Tsar Emir Sultan".split()
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
_NOT_NAMES = frozenset(
    "The A An In On At He She It They We I But And This That These Those However According Also Over Overnight "
    "One His Her Their "
    "Its Both Two Some Several After Before When While As If For From Monday Tuesday Wednesday Thursday Friday "
    "Saturday Sunday "
    "January February March April May June July August September October November December Asked Meanwhile "
    "Earlier Later "
    "There Here What Who Why How Our My Your Mr Mrs Ms Dr".split()
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


class Token(msgspec.Struct, frozen=True):
    """Hold a word or mark with where it stands in the article."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """Return the word in small letters."""
        return self.text.lower()

    @property
    def is_word(self) -> bool:
        """Tell a word from a punctuation mark."""
        return self.text[0].isalnum()

    @property
    def is_capital(self) -> bool:
        """Tell whether the word begins with a capital."""
        return self.text[0].isupper()


class Phrase(msgspec.Struct, frozen=True):
    """Hold a noun phrase as the tokens of its head and those of an apposition beside it."""

    tokens: tuple[Token, ...]
    aside: tuple[Token, ...] = ()
    joined: bool = False


def tokens_between(text: str, start: int, end: int) -> list[Token]:
    """Split a stretch of text into words and marks."""
    return [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text, start, end)]


def subject_before(text: str, begin: int, verb: int, cues: re.Pattern[str]) -> Phrase | None:
    """Read the subject that ends before a verb; a phrase ``joined`` says that "and" ties the verb to an earlier one."""
    tokens = tokens_between(text, max(begin, verb - WINDOW), verb)
    at = _before_adverbs(tokens, len(tokens) - 1)
    if at < 0:
        return None
    if tokens[at].lower in ("and", "but"):
        return Phrase((), (), True)
    aside: tuple[Token, ...] = ()
    if tokens[at].text == ",":
        opening = next((i for i in range(at - 1, max(at - MAX_TOKENS, -1), -1) if tokens[i].text == ","), -1)
        if opening < 1:
            return None
        aside, at = tuple(tokens[opening + 1 : at]), opening - 1
        if any(cues.fullmatch(token.lower) for token in aside):
            return Phrase((), (), True)  # ", Putin blamed …, noting": the subject is that of the verb before
    for who in range(at, max(at - MAX_TOKENS, 0), -1):
        if not tokens[who].is_word:
            break
        if tokens[who].lower == "who":
            at = who - 1  # "an official who spoke on condition of anonymity said"
            break
    first = at + 1
    while first > 0 and at + 2 - first <= MAX_TOKENS:
        token = tokens[first - 1]
        if not _belongs(tokens, first - 1, cues):
            if token.lower in _WHERE and first > 1 and first <= at and _belongs(tokens, first - 2, cues):
                at, first = first - 2, first - 1  # "Doctors in the capital say": the doctors do.
                continue
            break
        first -= 1
        if token.lower in _DETERMINERS and (first == 0 or tokens[first - 1].lower not in (*_LINKS, *_WHERE)):
            break
        if token.lower in _PRONOUNS:
            break
    found = tuple(tokens[first : at + 1])
    while found and found[0].lower in _LINKS:
        found = found[1:]
    return Phrase(found, aside) if found else None


def _before_adverbs(tokens: Sequence[Token], at: int) -> int:
    while at >= 0:
        token = tokens[at]
        if (token.lower in _SKIPPED and not (token.lower == "it" and at == 0)) or (
            token.text.islower() and token.lower.endswith("ly") and len(token.text) > 4
        ):
            at -= 1
        elif token.text in _DAYS and at and tokens[at - 1].lower == "on":
            at -= 2
        else:
            break
    return at


def _belongs(tokens: Sequence[Token], at: int, cues: re.Pattern[str]) -> bool:
    token = tokens[at]
    if not token.is_word:
        return False
    lower = token.lower
    if lower in _STOPS and not (lower == "may" and token.is_capital):
        return False
    if lower == "and":
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        return at > 0 and tokens[at - 1].is_capital and after is not None and (after.is_capital or after.lower == "the")
    return not (token.text.islower() and cues.fullmatch(lower))


def subject_after(text: str, start: int, limit: int) -> Phrase | None:
    """Read the subject that follows a verb after a quotation: "said | Per Lund", chief economist at Nordbank."""
    found: list[Token] = []
    for token in tokens_between(text, start, min(limit, start + WINDOW))[: MAX_TOKENS + 4]:
        lower = token.lower
        if not token.is_word:
            break
        if found and lower in _LINKS:
            # "the head of the bank" goes on, "Yuki Tanabe of the university" does not.
            if found[-1].is_capital and len(found) > 1 and found[-2].is_capital:
                break
        elif (
            lower in _STOPS
            or (lower in _PRONOUNS and found)
            or (found and lower in _DETERMINERS and found[-1].lower not in _LINKS)
        ) or (found and token.text.islower() and lower.endswith("ly")):
            break
        found.append(token)
        if lower in _PRONOUNS:
            break
    while found and found[-1].lower in _LINKS:
        found.pop()
    return Phrase(tuple(found)) if found and len(found) <= MAX_TOKENS else None


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
        if len(tokens) == 1 and tokens[0].lower in _PRONOUNS:
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


def name_in(tokens: Sequence[Token]) -> tuple[Token, ...] | None:
    """Return the capitalised words that end a phrase, less titles; ``None`` when it names by a common noun."""
    first = len(tokens)
    while first > 0:
        token = tokens[first - 1]
        if token.is_capital or (token.lower in _PARTICLES and first < len(tokens)):
            first -= 1
        else:
            break
    run = list(tokens[first:])
    while run and run[0].lower in _PARTICLES and not run[0].is_capital:
        run.pop(0)
    while run and run[0].text in _NOT_NAMES and len(run) > 1:
        run.pop(0)
    if not run or (first and tokens[first - 1].lower in _LINKS):
        return None
    for at in range(len(run) - 1, 0, -1):
        if run[at - 1].text in _TITLES:
            return tuple(run[at:])
    return tuple(run)


def _phrase_text(text: str, tokens: Sequence[Token]) -> str | None:
    while tokens and tokens[0].lower in _DETERMINERS:
        tokens = tokens[1:]
    if not tokens:
        return None
    while len(tokens) > 1 and tokens[-1].text in _BARE_TITLES:
        tokens = tokens[:-1]
    return " ".join(text[tokens[0].start : tokens[-1].end].split()) or None


def _untitled(words: list[str]) -> list[str]:
    while words and (words[0].rstrip(".") in _NOT_NAMES or words[0] in _TITLES):
        words = words[1:]
    for at in range(len(words) - 1, 0, -1):
        if words[at - 1] in _TITLES:
            return words[at:]
    return words


def _is_personal(words: Sequence[str]) -> bool:
    return (
        len(words) <= 4
        and not any(word in _BODIES or word in _NOT_NAMES or word.endswith(("'s", "’s")) for word in words[:-1])
        and (_bare(words[-1]) not in _BODIES)
    )


def _bare(word: str) -> str:
    """Return a name without a possessive or a full stop."""
    return re.sub(r"['’]s?$|\.$", "", word)
