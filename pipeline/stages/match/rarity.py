"""A guess at the share of articles that hold a gram, so that rules are filed under what few articles hold.

A wrong guess costs time and nothing else, so a list of the commonest words of the news and the length of the others do.
"""

from __future__ import annotations

from pipeline.language.words import COMMON_WORDS
from pipeline.stages.match.clauses import Gram

_EVERYDAY = (
    "also president government people country state states united minister police market world year years week month "
    "day time today yesterday monday tuesday wednesday thursday friday saturday sunday january february march april "
    "may june july august september october november december first last two three four five million billion percent "
    "company companies group party leader officials official report reported according told news media public "
    "national international war military security economic economy business bank money price prices work home city "
    "former early part place made make take back down since still while during before between against under because "
    "both many most much other another such same own any all can could might should must did does do had him her she "
    "we you i me my your our us them there here then when where why how no yes if so than too very just now only "
    "being get go going come see say says high long big small good great old next second third one some each few per "
    "case court law health school children family women men man woman house white north south east west members "
    "support help need set end show used use number including around off well way call called left right days"
)
_COMMON = frozenset(word for words in (_EVERYDAY, *COMMON_WORDS.values()) for word in words.split())
_SHARES = {
    "some": 0.5,
    "lang": 0.3,
    "event": 0.1,
    "actor": 0.05,
    "target": 0.05,
    "place": 0.05,
    "said": 0.05,
    "author": 0.02,
    "source": 0.02,
    "feed": 0.01,
    "tag": 0.01,
    "site": 0.01,
    "is": 0.3,
}
_IN_TITLE = 0.05
_TOGETHER = 0.05


def share(gram: Gram) -> float:
    """Guess which share of articles hold a gram."""
    kind, text = gram
    if kind in _SHARES:
        return _SHARES[kind]
    match kind:
        case "word" | "token":
            return _word_share(text)
        case "pair" | "title pair" | "compound" | "title compound":
            return min(map(_word_share, text.split())) * _TOGETHER
        case "title word" | "title token":
            return _word_share(text) * _IN_TITLE
        case "prefix" | "ending":
            return min(0.9, 8.0 / 2.5 ** len(text))
        case "containing":
            return 0.02 if not text.isascii() else min(0.9, 16.0 / 2.5 ** len(text))
        case "wildcard":
            return min(0.9, 8.0 / 2.5 ** (len(text.split("*")[0].split("?")[0]) + 1))
        case "fuzzy1" | "fuzzy2":
            return 3 * _word_share(text)
        case _:  # one article, one story
            return 0.0


def _word_share(text: str) -> float:
    if text in _COMMON:
        return 0.3
    return 0.02 if len(text) < 4 and text.isalpha() else 0.08 / max(len(text), 3)
