"""Copies made by editing open texts, and what must not be taken for copies: the test set of near-duplicates.

Originals are pieces of the articles, speeches, reviews and posts of UD English-GUM and English-EWT. Hard negatives are
texts of one template with other facts, reports of one event that share a quotation, and pieces of one long text. The
two halves have no text, template, event or boilerplate in common: ``dev`` is looked at, ``held`` only measured.
"""

from __future__ import annotations

import json
import lzma
import random
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from tests.bench.corpus import Corpus
from tests.bench.extract import shared_data

DATA = Path(__file__).parent.parent / "data" / "dedupe"
TREEBANKS = ("gum-open-train", "gum-open-dev", "ewt-train", "ewt-dev", "ewt-test")
HALVES = ("dev", "held")
PIECE_WORDS = 320
SHORTEST_WORDS = 100
MADE_UP = 600
OF_ONE_TEMPLATE = 60
COPIED_OF_ONE_TEMPLATE = 10
EVENTS_OF_A_KIND = 12
REPORTS_OF_AN_EVENT = 4
# Reports that have more of their wording in common than this are an agency's text, reworked.
OWN_WORDS = 0.45

_SLOT = re.compile(r"\{([^{}]+)\}")
_BOILERPLATE = {
    "dev": (
        "Subscribe to our newsletter to get the stories of the day in your inbox every morning. Unsubscribe any time.",
        "Read more: What we know so far. Related: The week in pictures. Follow us and never miss a story.",
        "Copyright, all rights reserved. This material may not be published, broadcast, rewritten or redistributed.",
        "Photo: A general view of the place where it happened. (File picture) Share this article. Comments are closed.",
    ),
    "held": (
        "You have read three of your five free articles this month. Sign in or register to keep reading.",
        "Advertisement. The story continues below. Most read in this section today: our guide to what counts.",
        "Got a tip for our reporters? Write to the news desk. Terms of use, privacy policy, cookies, contact us.",
        "Image caption: The scene on the morning after. Watch: the video report. Additional reporting by our staff.",
    ),
}
Edit = Callable[[str, random.Random], str]


class Text(msgspec.Struct, frozen=True):
    """Hold one text of the set: texts of one ``group`` are copies of each other, ``kind`` is how this one was made."""

    kind: str
    group: str
    title: str
    text: str


def texts(half: str) -> list[Text]:
    """Return one half of the set in the order in which it is to arrive."""
    draw = random.Random(half)
    pieces = [(name, piece) for name, piece in _unlike(_pieces()) if (hash_of(name) % 2 == 1) == (half == "held")]
    draw.shuffle(pieces)
    foreign, originals = pieces[: len(pieces) // 4], pieces[len(pieces) // 4 :]
    made = [Text("original", name, _headline(piece), piece) for name, piece in originals]
    edits = _edits(half, [piece for _, piece in foreign])
    for text in list(made):
        made += [Text(kind, text.group, text.title, edit(text.text, draw)) for kind, edit in edits.items()]
        made.append(Text("headline", text.group, _headline(draw.choice(foreign)[1]), text.text))
    made += _of_templates(half, draw)
    made += _of_events(half, draw)
    originals_first = draw.sample(made, len(made))
    return sorted(originals_first, key=lambda text: text.kind not in ("original", "summary"))


def hash_of(name: str) -> int:
    """Return a number that is the same everywhere for a name."""
    return int.from_bytes(name.encode(), "big") % 1_000_003


def has_open_texts() -> bool:
    """Tell whether the open texts are there that copies are made of."""
    try:
        return (shared_data() / "language").is_dir()
    except FileNotFoundError:
        return False


def _made_up() -> Iterator[tuple[str, str]]:
    corpus = Corpus(seed=3)
    for number in range(MADE_UP):
        sentences = (corpus.article(number).text or "").split(". ")
        paragraphs = [". ".join(sentences[at : at + 4]) + "." for at in range(0, len(sentences), 4)]
        yield f"made up {number}", "\n\n".join(paragraphs)


def _pieces() -> Iterator[tuple[str, str]]:
    """Yield (name, text of about 100 to 400 words in paragraphs); those of one document share the name's beginning.

    Where the open texts are not there, they are made-up articles.
    """
    if not has_open_texts():
        yield from _made_up()
        return
    for treebank in TREEBANKS:
        for document, paragraphs in _documents(shared_data() / "language" / f"{treebank}.conllu.xz"):
            piece: list[str] = []
            number = 0
            for paragraph in paragraphs:
                piece.append(paragraph)
                if sum(map(_words, piece)) >= PIECE_WORDS:
                    yield f"{document}#{number}", "\n\n".join(piece)
                    piece, number = [], number + 1
            if sum(map(_words, piece)) >= SHORTEST_WORDS:
                yield f"{document}#{number}", "\n\n".join(piece)


def _unlike(pieces: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Leave out pieces that repeat what an earlier one said."""
    said: set[tuple[str, ...]] = set()
    for name, piece in pieces:
        words = piece.lower().split()
        runs = set(zip(*(words[n:] for n in range(5)), strict=False))
        if len(runs & said) * 10 < len(runs):
            yield name, piece
        said |= runs


def _documents(path: Path) -> Iterator[tuple[str, list[str]]]:
    name, paragraphs = "", [""]
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("# newdoc id"):
                if name:
                    yield name, paragraphs
                name, paragraphs = line.split("=", 1)[1].strip(), [""]
            elif line.startswith("# newpar") or _words(paragraphs[-1]) > 80:
                paragraphs.append("")
            if line.startswith("# text ="):
                paragraphs[-1] = f"{paragraphs[-1]} {line[8:].strip()}".strip()
    yield name, paragraphs


def _words(text: str) -> int:
    return len(text.split())


def _headline(text: str) -> str:
    return " ".join(text.split()[:9])


def _edits(half: str, foreign: list[str]) -> dict[str, Edit]:
    vocabulary = " ".join(foreign).split()
    boilerplate = _BOILERPLATE[half]

    def replaced(share: float) -> Edit:
        return lambda text, draw: " ".join(
            draw.choice(vocabulary) if draw.random() < share else word for word in text.split()
        )

    def reworked(share: float) -> Edit:
        def edit(text: str, draw: random.Random) -> str:
            out: list[str] = []
            for word in text.split():
                chance = draw.random() / share
                if chance >= 1:
                    out.append(word)
                elif chance < 0.4:
                    out.append(draw.choice(vocabulary))
                elif chance < 0.7:
                    out += [word, draw.choice(vocabulary)]
            return " ".join(out)

        return edit

    def cut(text: str, draw: random.Random) -> str:
        sentences = re.split(r"(?<=[.!?])\s+", text)
        start = draw.randrange(len(sentences))
        gone = max(1, round(len(sentences) * draw.uniform(0.15, 0.35)))
        kept = sentences[:start] + sentences[start + gone :] if start else sentences[: len(sentences) - gone]
        return " ".join(kept)

    def added(text: str, draw: random.Random) -> str:
        paragraphs = text.split("\n\n")
        words = draw.choice(foreign).split()[: round(_words(text) * draw.uniform(0.15, 0.4))]
        paragraphs.insert(draw.randint(0, len(paragraphs)), " ".join(words))
        return "\n\n".join(paragraphs)

    def wrapped(text: str, draw: random.Random) -> str:
        before, *after = draw.sample(boilerplate, draw.choice((2, 3, 4)))
        return "\n\n".join([before, text, *after])

    def shortened(share: float) -> Edit:
        return lambda text, _: " ".join(text.split()[: round(_words(text) * share)]) + "… Read more"

    edits: dict[str, Edit] = {}
    for percent in (5, 10, 20):
        edits[f"replaced_{percent}"] = replaced(percent / 100)
        edits[f"reworked_{percent}"] = reworked(percent / 100)
    edits |= {"cut": cut, "added": added, "wrapped": wrapped, "truncated": shortened(0.7), "summary": shortened(0.3)}
    edits["several"] = lambda text, draw: wrapped(cut(replaced(0.05)(text, draw), draw), draw)
    return edits


def _of_templates(half: str, draw: random.Random) -> Iterator[Text]:
    """Yield texts that differ in their facts alone, and a few true copies of some of them."""
    data = json.loads((DATA / "templates.json").read_text("utf-8"))
    words = {name: choices.split("|") for name, choices in data["words"].items()}
    for name, template in data[half].items():
        for number in range(OF_ONE_TEMPLATE):
            text = _filled(template, words, draw)
            group = f"{name}#{number}"
            yield Text("template", group, f"{name.title()} report", text)
            if number < COPIED_OF_ONE_TEMPLATE:
                paragraphs = [text, *draw.sample(_BOILERPLATE[half], 2)]
                yield Text("template_copy", group, _headline(text), "\n\n".join(paragraphs))


def _of_events(half: str, draw: random.Random) -> Iterator[Text]:
    """Yield reports of one event that agree in facts and a quotation, in words of their own."""
    data = json.loads((DATA / "templates.json").read_text("utf-8"))
    words = {name: choices.split("|") for name, choices in data["words"].items()}
    for kind, event in enumerate(json.loads((DATA / "events.json").read_text("utf-8"))[half]):
        for number in range(EVENTS_OF_A_KIND):
            told = [_filled_alike(variants, words, draw) for variants in event["told"]]
            quote = _filled(event["quote"], words, draw)
            reports: list[str] = []
            for _ in range(200):
                chosen = [draw.choice(variants) for variants in draw.sample(told, 6)]
                chosen.insert(draw.randint(1, 6), quote)
                report = " ".join(chosen)
                if all(_overlap(report, other) < OWN_WORDS for other in reports):
                    reports.append(report)
                if len(reports) == REPORTS_OF_AN_EVENT:
                    break
            for which, report in enumerate(reports):
                yield Text("same_event", f"event{kind}-{number}-{which}", _headline(report), report)


def _filled(template: str, words: dict[str, list[str]], draw: random.Random) -> str:
    return _SLOT.sub(lambda slot: _drawn(slot[1], words, draw), template)


def _filled_alike(variants: list[str], words: dict[str, list[str]], draw: random.Random) -> list[str]:
    """Fill the ways of saying one thing with the same facts."""
    drawn: dict[tuple[str, int], str] = {}

    def fill(variant: str) -> str:
        used: dict[str, int] = {}

        def value(slot: re.Match[str]) -> str:
            used[slot[1]] = used.get(slot[1], 0) + 1
            return drawn.setdefault((slot[1], used[slot[1]]), _drawn(slot[1], words, draw))

        return _SLOT.sub(value, variant)

    return [fill(variant) for variant in variants]


def _drawn(slot: str, words: dict[str, list[str]], draw: random.Random) -> str:
    if ".." in slot:
        low, high = slot.split("..")
        return str(draw.randint(int(low), int(high)))
    return draw.choice(words[slot] if slot in words else slot.split("|"))


def _overlap(one: str, other: str) -> float:
    a, b = (set(pairwise(text.lower().split())) for text in (one, other))
    return len(a & b) / min(len(a), len(b))
