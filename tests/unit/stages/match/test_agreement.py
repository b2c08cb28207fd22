"""The matcher finds what reading every rule against every article finds."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Document
from pipeline.query.evaluate import MatchView, find, marks
from pipeline.query.requirements import holds
from pipeline.query.tree import AnyNode
from pipeline.stages.match.clauses import clauses
from pipeline.stages.match.postings import Postings
from tests.unit.stages.match.generated import DOCUMENTS, NODES, NOW


@given(DOCUMENTS, NODES)
def test_holds_exactly_when_something_is_found(document: Document, node: AnyNode) -> None:
    found = find(node, MatchView(document), NOW) is not None
    assert found == holds(node, MatchView(document), NOW)


@settings(max_examples=30)
@given(st.lists(DOCUMENTS, min_size=1, max_size=3), st.lists(NODES, min_size=1, max_size=12))
def test_candidates_are_all_that_match_and_the_sure_ones_do(documents: list[Document], nodes: list[AnyNode]) -> None:
    postings = Postings()
    for number, node in enumerate(nodes):
        postings.add(number, clauses(node))
    for document in documents:
        matching = {n for n, node in enumerate(nodes) if find(node, MatchView(document), NOW) is not None}
        sure, unsure = postings.candidates(MatchView(document))
        assert set(sure) <= matching <= set(sure) | set(unsure)


@settings(max_examples=30)
@given(DOCUMENTS, st.lists(NODES, min_size=1, max_size=8), st.data())
def test_removed_clauses_are_gone(document: Document, nodes: list[AnyNode], data: st.DataObject) -> None:
    postings = Postings()
    for number, node in enumerate(nodes):
        postings.add(number, clauses(node))
    removed = data.draw(st.sets(st.sampled_from(range(len(nodes)))))
    for number in removed:
        postings.remove(number, clauses(nodes[number]))
    for number in removed:
        postings.add(number + 100, clauses(nodes[number]))
    matching = {
        n + 100 if n in removed else n
        for n, node in enumerate(nodes)
        if find(node, MatchView(document), NOW) is not None
    }
    sure, unsure = postings.candidates(MatchView(document))
    assert set(sure) <= matching <= set(sure) | set(unsure)
    assert {n for n in (*sure, *unsure) if n < 100}.isdisjoint(removed)


@given(DOCUMENTS, NODES)
def test_marks_are_substrings_of_title_or_text(document: Document, node: AnyNode) -> None:
    reading = MatchView(document)
    for mark in marks(find(node, reading, NOW) or (), reading):
        whole = document.title if mark.part == "title" else document.text
        assert whole is not None and whole[mark.start : mark.end] == mark.text


@given(DOCUMENTS)
def test_document_survives_its_json(document: Document) -> None:
    assert msgspec.json.decode(msgspec.json.encode(document), type=Document) == document
