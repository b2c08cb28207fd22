"""Compile the verb patterns of CAMEO 2.0 into lines of the event lexicon.

``python -m deploy.models.cameo --data ../shared/data/events`` reads ``CAMEO.2.0.txt`` (MIT, see lexicon/NOTICE.md) and
writes ``lexicon/cameo.txt``. A pattern keeps what must stand after its verb; the verb is the one it was made for where
a remark says so, else every verb of its block. Types are those of PLOVER 2.0 as its manual of 2021 has them, the CAMEO
code stands beside. Patterns that want nothing beside the verb, that look before it, or whose code is a plain statement
(01, 02) are left out: alone they say too little.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from pipeline.stages.extract.events.clauses import SPEECH
from pipeline.stages.extract.events.lemmas import lemma

TARGET = Path("pipeline/stages/extract/events/lexicon/cameo.txt")
TYPES = {
    "03": "AGREE", "04": "CONSULT", "05": "SUPPORT", "06": "COOPERATE", "07": "AID", "08": "CONCEDE",
    "09": "ACCUSE investigate", "10": "REQUEST", "11": "ACCUSE disapprove", "12": "REJECT", "13": "THREATEN",
    "14": "PROTEST demo", "15": "MOBILIZE", "16": "SANCTION", "17": "COERCE restrict", "18": "ASSAULT",
    "19": "ASSAULT", "20": "ASSAULT", "041": "CONSULT phone", "042": "CONSULT visit", "043": "CONSULT visit",
    "055": "CONCEDE", "0813": "CONCEDE", "0814": "CONCEDE", "084": "RETREAT release", "0842": "RETREAT return",
    "085": "RETREAT ease", "086": "RETREAT access", "087": "RETREAT withdraw", "0871": "RETREAT ceasefire",
    "0873": "RETREAT disarm", "112": "ACCUSE allege", "114": "ACCUSE allege", "115": "ACCUSE allege",
    "116": "SANCTION convict", "103": "REQUEST assist", "105": "REQUEST yield", "106": "REQUEST meet",
    "142": "PROTEST hunger", "143": "PROTEST boycott", "144": "PROTEST obstruct", "145": "PROTEST riot",
    "152": "MOBILIZE troops", "154": "MOBILIZE troops", "161": "SANCTION withdraw", "162": "SANCTION discontinue",
    "163": "SANCTION discontinue", "164": "SANCTION withdraw", "166": "SANCTION expel", "1711": "COERCE seize",
    "1712": "ASSAULT destroy", "1721": "COERCE censor", "1723": "COERCE curfew", "1724": "COERCE martial-law",
    "173": "COERCE arrest", "174": "COERCE deport", "175": "ASSAULT crowd-control", "176": "COERCE cyber",
    "181": "ASSAULT abduct", "182": "ASSAULT beat", "1821": "ASSAULT sexual", "1822": "ASSAULT torture",
    "183": "ASSAULT explosives", "185": "ASSAULT targeted", "186": "ASSAULT targeted", "191": "COERCE restrict",
    "192": "COERCE seize", "193": "ASSAULT firearms", "194": "ASSAULT heavy-weapons", "195": "ASSAULT aerial",
}  # fmt: skip
PARTICLES = frozenset("out up off back down over in into for on to from against with of at away".split())
# Words that many patterns end in and that bind nothing.
_EMPTY = frozenset("a an the of and all its their new more some any no not by as".split())
_BLOCK = re.compile(r"^---\s+(\S+)")
_VERB = re.compile(r"^([+A-Z][\w+-]*)\s*(?:\{[^}]*\})?")
_PATTERN = re.compile(r"^-\s+(.*?)\s*\[([^\]]*)\]\s*(?:#\s*([A-Z_-]*))?")
# What is said, wanted or planned is coded by what it is, not by who says so.
_FRAMES = SPEECH | frozenset(
    "want plan prepare need expect hope consider intend fear foil identify delay let get".split()
)
MOST_WORDS = 120


def synonyms(lines: list[str]) -> dict[str, list[str]]:
    """Return the single words of each synonym set."""
    sets: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        if line.startswith("&"):
            name = line.split()[0].strip("_")
            sets[name] = []
        elif line.startswith("+") and name:
            word = line[1:].split("#")[0].strip().strip("_").lower()
            if word.isalpha():
                sets[name].append(lemma(word))
    return sets


def type_of(code: str) -> str | None:
    """Return the type and mode of the longest prefix of a code that the table knows."""
    return next((TYPES[code[:size]] for size in range(len(code), 1, -1) if code[:size] in TYPES), None)


def patterns(lines: list[str]) -> Iterator[tuple[list[str], list[str], str]]:
    """Yield verbs, the words after the verb, and the code of each pattern."""
    verbs: list[str] = []
    for line in lines:
        if _BLOCK.match(line):
            verbs = []
        elif line.startswith("-"):
            match = _PATTERN.match(line)
            if match is None or not match[1].startswith("*"):
                continue
            made_for = [match[3].strip("_")] if match[3] else verbs
            yield [verb.lower() for verb in made_for], re.findall(r"[&\w-]+", match[1]), match[2].partition(":")[0]
        else:
            found = _VERB.match(line)
            if found is not None:
                verbs.append(found[1].strip("+_"))


def condition(words: list[str]) -> tuple[str, str]:
    """Return the particle of a pattern and what must stand beside the verb, in the lexicon's form; "" if nothing."""
    particle = words[0].lower() if words and words[0].lower() in PARTICLES else ""
    rest = words[1:] if particle else words
    classes = [word.strip("_") for word in rest if word.startswith("&")]
    plain = [lemma(word.lower()) for word in rest if not word.startswith("&") and word.isalpha()]
    plain = [word for word in dict.fromkeys(plain) if word not in _EMPTY and word not in PARTICLES and len(word) > 2]
    if classes and not plain and len(classes) == 1:
        return particle, "@" + classes[0][1:].replace("_", "-")
    return (particle, "") if classes else (particle, "&".join(plain[:3]))


def compile_patterns(text: str) -> list[str]:
    """Return the lines of the lexicon that the patterns become, in a fixed order."""
    lines = text.splitlines()
    begin = next(number for number, line in enumerate(lines) if "VERB PATTERNS" in line)
    end = next(number for number, line in enumerate(lines) if "TRANSFORMATIONS" in line)
    known = synonyms(lines[:begin])
    rules: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    used: set[str] = set()
    for verbs, words, code in patterns(lines[begin:end]):
        kind = type_of(code) if code.isdigit() else None
        particle, wanted = condition(words)
        name = "&" + wanted[1:].replace("-", "_")
        if kind is None or not wanted or (wanted[0] == "@" and not 0 < len(known.get(name, ())) <= MOST_WORDS):
            continue
        if wanted[0] == "@":
            used.add(name)
        for verb in verbs:
            key = "_".join(lemma(part) if not at else part for at, part in enumerate(verb.split("_")))
            if key and key not in _FRAMES:
                rules[kind, code, f"{key}_{particle}" if particle and "_" not in key else key].add(wanted)
    head = ["# Compiled from CAMEO.2.0.txt of the Open Event Data Alliance (MIT: NOTICE.md) by deploy/models/cameo.py."]
    head += [f"class {n[1:].replace('_', '-')}: {' '.join(sorted(set(known[n])))}" for n in sorted(used)]
    body = []
    for (kind, code, verb), wanted_words in sorted(rules.items(), key=lambda item: (-len(item[0][1]), item[0])):
        name, _, mode = kind.partition(" ")
        body.append(f"{name} {code}{' ' * bool(mode)}{mode}: {verb} + {' '.join(sorted(wanted_words))}")
    return head + body


def main() -> None:
    """Compile and write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data/events"))
    lines = compile_patterns((arguments.parse_args().data / "CAMEO.2.0.txt").read_text("utf-8"))
    TARGET.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(lines)} lines")


if __name__ == "__main__":
    main()
