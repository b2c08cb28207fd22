"""Hold what words say about events: predicates by lemma, event nouns, and the nouns that name kinds of actors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from functools import cache
from importlib.resources import files
from itertools import chain

import msgspec


class Sense(msgspec.Struct, frozen=True):
    """Say what a predicate means when one of ``needs``, or all of one of ``groups``, stands with it.

    Without either it always means that; with one of ``excludes`` beside it, never.
    """

    type: str
    cameo: str
    mode: str | None
    needs: frozenset[str]
    rule: str
    groups: tuple[frozenset[str], ...] = ()
    excludes: frozenset[str] = frozenset()

    @property
    def conditional(self) -> bool:
        """Say whether the sense wants certain words beside it."""
        return bool(self.needs or self.groups)

    def fits(self, around: Set[str]) -> bool:
        """Say whether a predicate with these lemmas beside it has this sense."""
        if self.excludes and not self.excludes.isdisjoint(around):
            return False
        if not (self.needs or self.groups):
            return True
        return not self.needs.isdisjoint(around) or any(group <= around for group in self.groups)


# "Y must do Z" is a request whatever Z is.
_NORMS = frozenset("must should ought due".split())

# What stands for parties among the lemmas beside a predicate.
MARKS = frozenset(("*forces", "*place", "*money", "*weapon"))


class Lexicon:
    """Look predicates up by lemma; ``verbs`` keys may carry a particle after an underscore.

    ``things`` tells of nouns that are no actors whether somebody acts through them (``instrument``).
    """

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self.verbs: dict[str, list[Sense]] = {}
        self.nouns: dict[str, list[Sense]] = {}
        self.sectors: dict[str, str] = {}
        self.things: dict[str, str] = {}
        self.bodies: dict[str, str] = {}
        self.peoples: dict[str, str] = {}
        self.also: list[tuple[str, Sense]] = []
        self._by_word: dict[str, list[tuple[str, Sense]]] = {}
        self._classes: dict[str, frozenset[str]] = {}
        self._triggers: frozenset[str] = frozenset()
        # First words of predicates with a sense that asks for one of MARKS.
        self.marked: set[str] = set()
        self.read(lines, "en")

    def read(self, lines: Iterable[str], source: str) -> None:
        """Add lines; where a predicate has several senses those read first come first."""
        for number, line in enumerate(lines, 1):
            head, colon, body = line.partition(":")
            if line.startswith("#") or not colon:
                continue
            kind, _, rest = head.partition(" ")
            if kind == "class":
                self._classes["@" + rest] = self._classes.get("@" + rest, frozenset()) | frozenset(body.split())
            elif kind == "sector":
                self.sectors.update(dict.fromkeys(body.split(), rest))
            elif kind == "body":
                self.bodies.update(dict.fromkeys(body.split(), rest))
            elif kind == "people":
                self.peoples.update(dict.fromkeys(body.split(), rest))
            elif kind == "things":
                self.things.update(dict.fromkeys(body.split(), rest))
            elif kind == "also":
                wanted, _, conditions = body.partition("+")
                self.also.append((wanted.strip(), self._sense(rest, conditions, f"{source}/{number}")))
            else:
                table = self.nouns if kind == "noun" else self.verbs
                predicates, plus, conditions = body.partition("+")
                if not plus:
                    predicates, _, forbidden = body.partition("!")
                    conditions = f"! {forbidden}" if forbidden else ""
                sense = self._sense(rest if kind == "noun" else head, conditions, f"{source}/{number}")
                if not sense.needs.isdisjoint(MARKS):
                    self.marked.update(predicate.partition("_")[0] for predicate in predicates.split())
                for predicate in predicates.split():
                    table.setdefault(predicate, []).append(sense)

    def may_speak(self, lemmas: Set[str]) -> bool:
        """Say whether a sentence of these words and ``MARKS`` may hold a predicate with a sense that fits them."""
        if not lemmas.isdisjoint(_NORMS):
            return True
        starts = self._starts()
        for word in lemmas & starts.keys():
            for particle, sense in starts[word]:
                if particle and particle not in lemmas:
                    continue
                if not sense.conditional or not sense.needs.isdisjoint(lemmas):
                    return True
                if any(group <= lemmas for group in sense.groups):
                    return True
        return False

    def judged_by(self) -> frozenset[str]:
        """Return every lemma that ``may_speak`` looks for, and those of actors."""
        words = {*_NORMS, *self.sectors, *self._starts()}
        for particle, sense in chain.from_iterable(self._starts().values()):
            words.update((particle,), sense.needs, *sense.groups)
        return frozenset(words)

    def _starts(self) -> dict[str, list[tuple[str, Sense]]]:
        """Return the senses by first word, those without conditions first; worked out once."""
        if not self._by_word:
            for table in (self.verbs, self.nouns):
                for key, senses in table.items():
                    word, _, particle = key.partition("_")
                    self._by_word.setdefault(word, []).extend((particle, sense) for sense in senses)
            for entries in self._by_word.values():
                entries.sort(key=lambda entry: (entry[1].conditional, bool(entry[0])))
        return self._by_word

    def triggers(self) -> frozenset[str]:
        """Return every lemma that may start an event, for the gate before parsing."""
        if not self._triggers:
            self._triggers = frozenset(key.partition("_")[0] for key in self.verbs) | frozenset(self.nouns)
        return self._triggers

    def _sense(self, head: str, conditions: str, rule: str) -> Sense:
        words = head.split()
        wanted, _, forbidden = conditions.partition("!")
        needed = list(self._words(wanted))
        return Sense(
            words[0],
            words[1],
            words[2] if len(words) > 2 else None,
            frozenset(word for word in needed if "&" not in word),
            rule,
            tuple(frozenset(word.split("&")) for word in needed if "&" in word),
            frozenset(self._words(forbidden)),
        )

    def _words(self, items: str) -> Iterator[str]:
        for item in items.split():
            if item.startswith("@"):
                yield from self._classes[item]
            else:
                yield item


@cache
def lexicon() -> Lexicon:
    """Return the English lexicon shipped with the package, read once: our own lines first, those of CAMEO after."""
    folder = files("pipeline.stages.extract.events").joinpath("lexicon")
    read = Lexicon()
    for name, source in (("english.txt", "en"), ("cameo.txt", "cameo")):
        read.read(folder.joinpath(name).read_text("utf-8").splitlines(), source)
    return read
