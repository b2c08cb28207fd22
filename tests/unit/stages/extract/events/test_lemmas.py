from __future__ import annotations

import pytest

from pipeline.stages.extract.events.lemmas import lemma


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("accused", "accuse"), ("agreed", "agree"), ("talks", "talk"), ("withdrew", "withdraw"), ("banned", "ban"),
        ("visited", "visit"), ("killing", "kill"), ("armies", "army"), ("met", "meet"), ("postponed", "postpone"),
    ],
)  # fmt: skip
def test_inflected_word_gives_its_base_form(form: str, expected: str) -> None:
    assert lemma(form) == expected
