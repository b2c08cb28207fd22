"""The model computes as cheaply as the libraries at hand allow, and what its training's own code computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info

from pipeline.stages.extract.syntax.network import network, row_hashes, shape_of, string_hash
from pipeline.stages.extract.syntax.parser import parse
from pipeline.stages.extract.syntax.trees import Doc

# Written by spaCy 3.8 from the same weights, over the sentences of our own articles.
TREES = next(folder for folder in Path(__file__).parents if folder.name == "tests") / "data/extract/trees.json"


def told(doc: Doc) -> dict[str, Any]:
    """Return a parse as the file has it."""
    return {
        "text": doc.text,
        "words": [token.text for token in doc],
        "tags": [token.tag_ for token in doc],
        "heads": [token.head.i for token in doc],
        "deps": [token.dep_ for token in doc],
    }


def test_parses_are_those_of_the_program_that_trained_the_model() -> None:
    wanted = json.loads(TREES.read_text("utf-8"))
    docs = parse([tree["text"] for tree in wanted])
    differing = [tree["text"] for tree, doc in zip(wanted, docs, strict=True) if told(doc) != tree]
    assert not differing, differing[:3]


def test_products_are_made_on_one_thread() -> None:
    network()
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("Newswire2", "Xxxxxd"),
        ("U.S.", "X.X."),
        ("a", "x"),
        ("Minister", "Xxxxx"),
        ("talks", "xxxx"),
        ("It", "Xx"),
        ("McDonald", "XxXxxxx"),
        ("日本語", "xxx"),
        ("2,000", "d,ddd"),
        ("é" * 100, "LONG"),
    ],
)
def test_shape_tells_capitals_letters_and_figures(text: str, shape: str) -> None:
    assert shape_of(text) == shape


def test_hashes_are_those_of_murmurhash() -> None:
    assert string_hash(b"hello") == 5983625672228268878
    assert row_hashes(12345678901234567, 9) == (2952885293, 250794329, 2998346590, 766778158)
