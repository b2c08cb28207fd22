"""Find the base form of an English word by rules and a short table of irregular words."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files

_VOWELS = "aeiou"
_NO_MEN = frozenset(("specimen", "regimen", "abdomen", "acumen"))


class _Tables:
    """Hold the irregular forms, and the words and stems the rules would spoil."""

    def __init__(self, lines: list[str]) -> None:
        self.irregular: dict[str, str] = {}
        lists: dict[str, list[str]] = {"=stay": [], "=whole": [], "=silent-e": []}
        for line in lines:
            if line.startswith("#"):
                continue
            head, _, words = line.partition(":")
            if head in lists:
                lists[head] += words.split()
            else:
                self.irregular.update(dict.fromkeys(words.split(), head))
        self.stay = frozenset(lists["=stay"])
        self.whole = frozenset(lists["=whole"])
        self.silent_e = tuple(lists["=silent-e"])


@cache
def _tables() -> _Tables:
    path = files("pipeline.stages.extract.events").joinpath("lexicon", "lemmas.txt")
    return _Tables(path.read_text("utf-8").splitlines())


def irregular_forms(base: str) -> tuple[str, ...]:
    """Return the irregular forms of a word, as the table has them: "took" and "taken" of "take"."""
    return tuple(form for form, of in _tables().irregular.items() if of == base)


@lru_cache(maxsize=50_000)
def lemma(word: str) -> str:
    """Return the base form of ``word`` in small letters: "accused" gives "accuse", "talks" gives "talk"."""
    form = word.lower()
    tables = _tables()
    if form in tables.irregular:
        return tables.irregular[form]
    if form in tables.stay or len(form) < 4 or not form.replace("-", "").isalpha():
        return form
    if form.endswith("men") and len(form) > 5 and form not in _NO_MEN:
        return form[:-2] + "an"
    if form.endswith(("izes", "azes", "yzes")):
        return form[:-1]
    if form.endswith("ies"):
        return form[:-3] + "y"
    if form.endswith("ied"):
        return form[:-3] + "y"
    if form.endswith(("sses", "shes", "ches", "xes", "zes")):
        return form[:-2]
    if form.endswith("oes") and len(form) > 5:
        return form[:-2]
    if form.endswith("s") and not form.endswith(("ss", "us", "is")):
        return form[:-1]
    if form.endswith("ing") and len(form) > 5:
        return _stem(form[:-3])
    if form.endswith("ed"):
        return _stem(form[:-2])
    return form


def _stem(stem: str) -> str:
    """Restore what an ending cut: "agre" gives "agree", "bann" gives "ban", "promis" gives "promise"."""
    tables = _tables()
    if stem in tables.whole or not any(letter in _VOWELS + "y" for letter in stem):
        return stem
    if stem.endswith("ee"):
        return stem
    if stem.endswith(("re", "ue")):
        return stem + "e" if stem.endswith("gre") else stem
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "lsfz":
        return stem[:-1]
    if stem.endswith("ll") and stem[:-1] in tables.whole:
        return stem[:-1]
    if (
        len(stem) > 2
        and stem[-1] not in _VOWELS + "wxy"
        and stem[-2] in _VOWELS
        and stem[-3] in _VOWELS
        and stem[-1] not in "svcz"
    ):
        return stem
    return stem + "e" if stem.endswith(tables.silent_e) or stem[-1] in "vcu" else stem
