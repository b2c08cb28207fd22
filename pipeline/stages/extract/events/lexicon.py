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
        self.sectors: dict[str, str] = {}
        classes: dict[str, frozenset[str]] = {}
        for number, line in enumerate(lines, 1):
            head, colon, body = line.partition(":")
            if line.startswith("#") or not colon:
                continue
            if head.startswith("class "):
                classes["@" + head[6:]] = frozenset(body.split())
                continue
            if head.startswith("sector "):
                self.sectors.update(dict.fromkeys(body.split(), head[7:]))
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
    path = files("pipeline.stages.extract.events").joinpath("lexicon", "english.txt")
    return Lexicon(path.read_text("utf-8").splitlines())
