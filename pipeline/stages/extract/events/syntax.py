"""Parse English sentences with the syntax model shipped with the package. spaCy is loaded when first needed."""

from __future__ import annotations

import lzma
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pipeline.stages.extract.events.headlines import Retold, retold, with_tree
from pipeline.stages.extract.events.repair import repaired

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

REMEMBERED = 4_000
LONGEST_SENTENCE = 1_000
BATCH = 64
# Stray characters that stick to words; one for one, so that offsets stay.
_PLAIN = str.maketrans("`\n\t\u00a0", "    ")


def load_library() -> None:
    """Load spaCy without the model."""
    import spacy.util  # noqa: F401 - it is what takes the time


@cache
def model() -> Language:
    """Load the model: hash embeddings, a tagger and a dependency parser (Universal Dependencies)."""
    import srsly
    from spacy.util import load_model_from_config
    from thinc.api import Config, NumpyOps
    from threadpoolctl import threadpool_limits

    packed = files("pipeline.stages.extract.events").joinpath("syntax", "english.model.xz").read_bytes()
    content = lzma.decompress(packed)
    config = Config().from_bytes(srsly.msgpack_loads(content)["config.cfg"])
    language = load_model_from_config(config, auto_fill=True).from_bytes(content, exclude=["tokenizer", "vocab"])
    # numpy's own product of matrices takes half the time of spaCy's; two threads of it would only wait for each other.
    threadpool_limits(limits=1, user_api="blas")
    plain = NumpyOps(use_blis=False)
    components: list[Any] = [component for _, component in language.pipeline]
    for component in components:
        for node in component.model.walk():
            node.ops = plain
        for label in getattr(component, "labels", ()):
            language.vocab.strings.add(label)
    return language


class Parser:
    """Parse sentences in batches and remember the last ones: agencies' sentences come back in many articles."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[str, Doc] = OrderedDict()

    def parse(self, sentences: Sequence[str]) -> list[Doc]:
        """Return one parsed document per sentence, in order."""
        missing = [s for s in dict.fromkeys(sentences) if s not in self._remembered]
        fresh = dict(zip(missing, _parsed([_one_sentence(s) for s in missing]), strict=True)) if missing else {}
        parsed = [fresh[s] if s in fresh else self._remembered[s] for s in sentences]
        for sentence, doc in fresh.items():
            self._remembered[sentence] = doc
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return parsed


def _parsed(sentences: list[Doc]) -> list[Doc]:
    """Return the trees of sentences; headlines are parsed once more, as they would be told."""
    docs = list(model().pipe(sentences, batch_size=BATCH))
    results = list(map(repaired, docs))
    told = [(at, version) for at, doc in enumerate(docs) for version in retold(doc)]
    done: set[int] = set()
    for (at, version), tree in zip(told, _trees([version for _, version in told]), strict=True):
        read = with_tree(docs[at], version, tree) if at not in done else None
        if read is not None:
            results[at] = read
            done.add(at)
    return results


def _trees(told: list[Retold]) -> Iterator[Doc]:
    return map(repaired, model().pipe((version.doc(model().vocab) for version in told), batch_size=BATCH))


def _one_sentence(sentence: str) -> Doc:
    """Split a sentence into words and tell the model that it is one: the text was split before."""
    doc = model().make_doc(sentence.translate(_PLAIN))
    for token in doc[1:]:
        token.is_sent_start = False
    return doc


@cache
def parser() -> Parser:
    """Return the parser of this process."""
    return Parser()
