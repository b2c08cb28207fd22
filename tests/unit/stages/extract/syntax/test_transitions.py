"""Whatever the scores say, a parse is a tree over the sentence, and each sentence is parsed as if it were alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.extract.syntax.parser import Parser
from pipeline.stages.extract.syntax.trees import Doc

WORDS = (
    "the of minister Gaza said that struck , . and who to 5 Monday was killed by - in has not France ' army ( )".split()
)
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=24).map(" ".join)


def shape(doc: Doc) -> list[tuple[str, int, str]]:
    """Return what a parse says of each word."""
    return [(token.tag_, token.head.i, token.dep_) for token in doc]


@settings(max_examples=60, deadline=None)
@given(SENTENCES)
def test_every_word_hangs_under_the_one_root(sentence: str) -> None:
    (doc,) = Parser().parse([sentence])
    roots = [token for token in doc if token.head is token]
    assert [token.dep_ for token in roots] == ["ROOT"] * min(1, len(doc))
    assert all([*token.ancestors, *roots][-1] is roots[0] for token in doc)
    assert all(token in token.head.children for token in doc if token.head is not token)
    assert sorted(token.i for root in roots for token in root.subtree) == list(range(len(doc)))


@settings(max_examples=30, deadline=None)
@given(st.lists(SENTENCES, min_size=2, max_size=5))
def test_a_sentence_is_parsed_the_same_beside_others(sentences: list[str]) -> None:
    together = [shape(doc) for doc in Parser().parse(sentences)]
    assert together == [shape(Parser().parse([sentence])[0]) for sentence in sentences]


def test_a_subtree_is_told_in_the_order_of_the_sentence() -> None:
    (doc,) = Parser().parse(["The army of France struck a base near Gaza on Monday."])
    (root,) = (token for token in doc if token.dep_ == "ROOT")
    subject = next(child for child in root.children if child.dep_ == "nsubj")
    assert (root.text, " ".join(map(str, subject.subtree)), str(subject.left_edge)) == (
        "struck", "The army of France", "The",
    )  # fmt: skip
    assert [str(token) for token in doc[-1].ancestors] == ["struck"]
