"""Parse the sentences of an article: headlines as they would be told, verbs that the parser misses put right."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache

from pipeline.stages.extract.events.headlines import retold, with_tree
from pipeline.stages.extract.events.repair import repaired
from pipeline.stages.extract.syntax.parser import parse, parse_words
from pipeline.stages.extract.syntax.trees import Doc

REMEMBERED = 4_000


class Parser:
    """Parse sentences in batches and remember the last ones: agencies' sentences come back in many articles."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[str, Doc] = OrderedDict()

    def parse(self, sentences: Sequence[str]) -> list[Doc]:
        """Return one parsed sentence for each, in order."""
        missing = [s for s in dict.fromkeys(sentences) if s not in self._remembered]
        fresh = dict(zip(missing, _parsed(missing), strict=True))
        docs = [fresh[s] if s in fresh else self._remembered[s] for s in sentences]
        self._remembered.update(fresh)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return docs


def _parsed(sentences: Sequence[str]) -> list[Doc]:
    """Return the trees of sentences; headlines are parsed once more, as they would be told."""
    docs = parse(sentences)
    results = list(map(repaired, docs))
    told = [(at, version) for at, doc in enumerate(docs) for version in retold(doc)]
    done: set[int] = set()
    trees = map(repaired, parse_words([version.words for _, version in told]))
    for (at, version), tree in zip(told, trees, strict=True):
        read = with_tree(docs[at], version, tree) if at not in done else None
        if read is not None:
            results[at] = read
            done.add(at)
    return results


@cache
def parser() -> Parser:
    """Return the parser of this process."""
    return Parser()
