"""Parse English sentences with the model shipped with the package."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.stages.extract.syntax.network import network
from pipeline.stages.extract.syntax.transitions import parsed
from pipeline.stages.extract.syntax.trees import Doc
from pipeline.stages.extract.syntax.words import Word, split_words, word_of

BATCH = 64
# Stray characters that stick to words; one for one, so that offsets stay.
_PLAIN = str.maketrans("`\n\t\u00a0", "    ")


def parse(sentences: Sequence[str]) -> list[Doc]:
    """Return one parsed sentence for each, in order; each is taken for one sentence, whatever is in it."""
    plain = [sentence.translate(_PLAIN) for sentence in sentences]
    return _parsed(plain, [split_words(sentence) for sentence in plain])


def parse_words(sentences: Sequence[Sequence[str]]) -> list[Doc]:
    """Return one parsed sentence for each sequence of words, in order, with a space between any two."""
    split: list[list[tuple[Word, int]]] = []
    for words in sentences:
        at, row = 0, []
        for word in words:
            row.append((word_of(word), at))
            at += len(word) + 1
        split.append(row)
    return _parsed([" ".join(words) for words in sentences], split)


def _parsed(texts: Sequence[str], split: Sequence[Sequence[tuple[Word, int]]]) -> list[Doc]:
    model = network()
    docs: list[Doc] = []
    for begin in range(0, len(texts), BATCH):
        batch = range(begin, min(begin + BATCH, len(texts)))
        vectors = model.vectors([[word for word, _ in split[at]] for at in batch])
        lengths = [len(split[at]) for at in batch]
        tags = model.tag(vectors)
        first = 0
        for at, (heads, labels) in zip(batch, parsed(model, vectors, lengths), strict=True):
            words = [(word.text, offset) for word, offset in split[at]]
            docs.append(Doc(texts[at], words, tags[first : first + len(words)], heads, labels))
            first += len(words) + 1
    return docs
