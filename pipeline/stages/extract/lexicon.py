"""Hold what words say about events: predicates by lemma, event nouns, and the nouns that name kinds of actors."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec


class Sense(msgspec.Struct, frozen=True):
    """Say what a predicate means when one of ``needs`` stands with it; without ``needs`` always."""

    type: str
    cameo: str
    mode: str | None
    needs: frozenset[str]
    rule: str


class Lexicon:
    """Look predicates up by lemma; ``verbs`` keys may carry a particle after an underscore."""

    def __init__(self, lines: list[str]) -> None:
        self.verbs: dict[str, list[Sense]] = {}
        self.nouns: dict[str, list[Sense]] = {}
        classes: dict[str, frozenset[str]] = {}
        for number, line in enumerate(lines, 1):
            head, colon, body = line.partition(":")
            if line.startswith("#") or not colon:
                continue
            if head.startswith("class "):
                classes["@" + head[6:]] = frozenset(body.split())
                continue
            table = self.nouns if head.startswith("noun ") else self.verbs
            words = head.removeprefix("noun ").split()
            predicates, _, needed = body.partition("+")
            needs = frozenset(
                word for item in needed.split() for word in (classes[item] if item.startswith("@") else (item,))
            )
            sense = Sense(words[0], words[1], words[2] if len(words) > 2 else None, needs, f"en/{number}")
            for predicate in predicates.split():
                table.setdefault(predicate, []).append(sense)

    def triggers(self) -> frozenset[str]:
        """Return every lemma that may start an event, for the gate before parsing."""
        return frozenset(key.partition("_")[0] for key in self.verbs) | frozenset(self.nouns)


@cache
def lexicon() -> Lexicon:
    """Return the English lexicon shipped with the package, read once."""
    path = files("pipeline.stages.extract").joinpath("lexicon", "english.txt")
    return Lexicon(path.read_text("utf-8").splitlines())


SECTORS = {
    noun: sector
    for sector, nouns in {
        "GOV": "government president minister official premier chancellor secretary administration authority spokesman "
        "spokeswoman ministry cabinet diplomat ambassador envoy leader king queen prince regime negotiator counterpart "
        "delegation governor mayor foreign_minister embassy leadership ruler presidency kremlin vice-president consul state",
        "MIL": "army troop soldier military navy force general commander officer warship air_force unit jet aircraft warplane "
        "gunboat tank peacekeeper battalion marine helicopter serviceman colonel warplane",
        "COP": "police policeman agent security_force gendarme constable officers",
        "REB": "rebel guerrilla insurgent militant militia separatist gunman extremist fighter faction terrorist militiaman warlord "
        "jihadist hijacker bomber",
        "OPP": "opposition dissident party activist coalition candidate supporter",
        "LEG": "parliament congress senate lawmaker senator deputy legislator assembly mp",
        "JUD": "court judge prosecutor tribunal attorney",
        "CVL": "civilian protester demonstrator people villager resident student worker farmer woman man youth child "
        "crowd citizen immigrant prisoner detainee national farmer landowner passenger tourist miner teacher mob fundamentalist "
        "hostage migrant settler pilgrim journalist person",
        "REF": "refugee asylum-seeker evacuee",
        "BUS": "company firm bank businessman corporation business",
        "LAB": "union workers",
        "MED": "newspaper agency broadcaster television",
        "REL": "church bishop archbishop pope cleric missionary priest ayatollah",
    }.items()
    for noun in nouns.split()
}
