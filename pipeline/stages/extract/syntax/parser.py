"""Parse English sentences with the model shipped with the package."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache

from pipeline.stages.extract.syntax.network import network
from pipeline.stages.extract.syntax.transitions import parsed
from pipeline.stages.extract.syntax.trees import Doc
from pipeline.stages.extract.syntax.words import split_words

REMEMBERED = 4_000
BATCH = 64
# Stray characters that stick to words; one for one, so that offsets stay.
_PLAIN = str.maketrans("`\n\t\u00a0", "    ")


class Parser:
    """Parse sentences in batches and remember the last ones: agencies' sentences come back in many articles."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[str, Doc] = OrderedDict()

    def parse(self, sentences: Sequence[str]) -> list[Doc]:
        """Return one parsed sentence for each, in order."""
        missing = [s for s in dict.fromkeys(sentences) if s not in self._remembered]
        fresh: dict[str, Doc] = {}
        for at in range(0, len(missing), BATCH):
            batch = missing[at : at + BATCH]
            fresh.update(zip(batch, _parsed(batch), strict=True))
        docs = [fresh[s] if s in fresh else self._remembered[s] for s in sentences]
        self._remembered.update(fresh)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return docs


def _parsed(sentences: Sequence[str]) -> list[Doc]:
    model = network()
    plain = [sentence.translate(_PLAIN) for sentence in sentences]
    split = [split_words(sentence) for sentence in plain]
    vectors = model.vectors([[word for word, _ in words] for words in split])
    trees = parsed(model, vectors)
    return [
        Doc(text, [(word.text, at) for word, at in words], model.tag(rows), heads, labels)
        for text, words, rows, (heads, labels) in zip(plain, split, vectors, trees, strict=True)
    ]


@cache
def parser() -> Parser:
    """Return the parser of this process."""
    return Parser()
