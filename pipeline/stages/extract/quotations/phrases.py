"""Read the noun phrase beside a verb of saying, token by token from the verb outwards."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

MAX_TOKENS = 16
PRONOUNS = frozenset(("he", "she", "they", "it", "we", "i"))
_DAYS = frozenset("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
WINDOW = 220
_TOKEN = re.compile(
    r"(?:[A-Z]\.)+|(?:Mr|Mrs|Ms|Dr|St|Gen|Col|Sen|Rep|Gov|Lt|Sgt|Prof|Rev|Capt|Maj)\.|[^\W_][\w’'&-]*|[^\w\s]"
)
_SKIPPED = frozenset(
    "also later then has had have was is were are be been being to himself herself themselves repeatedly once earlier "
    "reportedly again still even always never often just now instead meanwhile however so it".split()
)
_STOPS = frozenset(
    "that when while as after if because where which whom who whose but what how why than then so though although "
    "in on to "
    "from with by before during over under since until into about against through despite amid like is was were are be "
    "had has have will would could should may might can did does do not no yes or nor also later it's this there here "
    "has asked told saying".split()
)
DETERMINERS = frozenset(
    "the a an his her its their our my one another some several two three four both many most".split()
)
_LINKS = frozenset(("of", "for", "at"))
# What those with a title look after: "Minister of Foreign Affairs Amina Ali".
_DUTIES = frozenset(
    "Staff State Police Defence Defense Justice Finance Health Interior Education Mission Operations Communications "
    "Affairs Intelligence Security Energy Agriculture Transport Trade Labour Labor Commerce Homeland".split()
)
_WHERE = frozenset(("in", "from", "near", "outside"))
_PARTICLES = frozenset("de da van von der den bin ibn al el la le di du del dos".split())
TITLES = frozenset(
    "President Chancellor Senator General Governor Pope King Queen Prince Princess Judge Justice Minister "
    "Secretary Mr Mrs Ms Dr "
    "Prof Professor Sir Dame Lord Lady Mayor Captain Colonel Major Admiral Commissioner Ambassador Premier "
    "Chairman Chairwoman "
    "Chief Director Representative Congressman Congresswoman Sheikh Ayatollah Archbishop Bishop Rabbi Imam Father "
    "Sister Rev "
    "Reverend Lieutenant Sergeant Officer Inspector Detective Commander Spokesman Spokeswoman Spokesperson Coach "
    "Leader Mr. Mrs. "
    "Ms. Dr. Gen. Col. Sen. Rep. Gov. Lt. Sgt. Prof. Rev. Capt. Maj. Councillor Baroness Tsar Emir Sultan "
    "Guard Novelist Author Writer Poet Actor Actress Singer Economist Analyst Farmer Teacher Nurse Doctor Engineer "
    "Scientist Researcher Lawyer Attorney Prosecutor Activist Campaigner Lawmaker Legislator Resident Survivor Witness "
    "Journalist Reporter Photographer Editor Publisher Trader Investor Manager Owner Founder Co-founder CEO CFO "
    "Treasurer Sheriff Deputy Constable Brigadier Corporal Soldier Pilot Striker Midfielder Defender Goalkeeper "
    "Forward Winger Skipper Quarterback Pitcher Catcher Shortstop Linebacker Receiver Tackle Historian Lecturer "
    "Curator Artist "
    "Architect Designer Chef Vicar Pastor Priest Cardinal Monsignor MP MEP MSP Envoy Negotiator Backbencher Speaker "
    "Undersecretary Congressperson Alderman Assemblyman Assemblywoman Paramedic Firefighter Trooper Superintendent "
    "Head Executive Marshal Adviser Advisor Surgeon Headteacher Ombudsman Prefect Rector Mullah Cleric Banker "
    "Archaeologist Anthropologist Sociologist Cardiologist Astronaut Fisherman Midwife "
    "Secretary-General Attorney-General Vice-President Vice-Chancellor "
    "Principal Dean Provost Chairperson Trustee Organiser Organizer Volunteer Student Musician Composer Playwright "
    "Filmmaker Producer Comedian Model Programmer Physicist Chemist Biologist Geologist Psychologist Epidemiologist "
    "Virologist Meteorologist Forecaster Strategist Barrister Solicitor Magistrate Diplomat Consul Spokesmen".split()
)
NOT_NAMES = frozenset(
    "The A An In On At He She It They We I But And This That These Those However According Also Over Overnight "
    "One His Her Their "
    "Its Both Two Some Several After Before When While As If For From Monday Tuesday Wednesday Thursday Friday "
    "Saturday Sunday "
    "January February March April May June July August September October November December Asked Meanwhile "
    "Earlier Later "
    "There Here What Who Why How Our My Your Mr Mrs Ms Dr".split()
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
        while at > 1 and tokens[at].text.isdigit() and tokens[at - 1].text == ",":
            at -= 2  # "Marie Okoye, 43, a mother of four, said"
        if any(cues.fullmatch(token.lower) for token in aside):
            return Phrase((), (), True)  # ", Putin blamed …, noting": the subject is that of the verb before
    for who in range(at, max(at - MAX_TOKENS, 0), -1):
        if not tokens[who].is_word:
            break
        if tokens[who].lower == "who":
            at = who - 1  # "an official who spoke on condition of anonymity said"
            while at > 0 and (tokens[at].text == "," or tokens[at].text.isdigit()):  # "Musa Hilal, 61, who once said"
                at -= 1
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
        if token.lower in DETERMINERS and (first == 0 or tokens[first - 1].lower not in (*_LINKS, *_WHERE)):
            break
        if token.lower in PRONOUNS:
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
            or (lower in PRONOUNS and found)
            or (found and lower in DETERMINERS and found[-1].lower not in _LINKS)
        ) or (found and token.text.islower() and lower.endswith("ly")):
            break
        found.append(token)
        if lower in PRONOUNS:
            break
    while found and found[-1].lower in _LINKS:
        found.pop()
    if not found or len(found) > MAX_TOKENS:
        return None
    named = _NAME_ASIDE.match(text, found[-1].end, limit) if name_in(found) is None else None
    return Phrase(tuple(found), tuple(tokens_between(text, *named.span("name"))) if named else ())


# "wrote his sister, Nadia, on Facebook"
_NAME_ASIDE = re.compile(r",\s+(?P<name>[A-ZÀ-Þ][\w’'-]+(?:\s[A-ZÀ-Þ][\w’'-]+){0,3})(?=[,.;]|$)")


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
    while run and run[0].text in NOT_NAMES and len(run) > 1:
        run.pop(0)
    if first and tokens[first - 1].lower in _LINKS:
        # "Chief of Staff Omar Diallo" is named, "the governor of New South Wales" is not.
        duty = max((at for at, token in enumerate(run) if token.text in _DUTIES), default=len(run))
        run = run[duty + 1 :] if first > 1 and tokens[first - 2].text in TITLES else []
    if not run:
        return None
    for at in range(len(run) - 1, 0, -1):
        if run[at - 1].text in TITLES:
            return tuple(run[at:])
    return tuple(run)
