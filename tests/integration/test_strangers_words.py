"""Collections of others' payloads do nothing, wherever they come in and whatever shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.views.clean_html import clean_html
from tests.fakes.dom import part_harms
from tests.fakes.strangers import PLACES, wrong_with
from tests.fakes.web import page

# Thousands of pages for each place would take minutes: where all is escaped, it makes no difference what stands beside.
TOGETHER = 40


@pytest.fixture
def payloads(shared_data: Path) -> list[str]:
    collected = json.loads((shared_data / "security/xss/dompurify/payloads.json").read_text())
    texts = [each["payload"] for each in collected]
    texts += json.loads((shared_data / "security/xss/blns/blns.json").read_text())
    assert len(texts) > 500
    return [text.encode("utf-8", "replace").decode() for text in dict.fromkeys(texts) if text]


def test_no_payload_is_left_in_what_is_shown_as_published(payloads: list[str]) -> None:
    assert [] == [(each, found) for each in payloads if (found := part_harms(clean_html(each)))]


@pytest.mark.parametrize("place", PLACES)
def test_no_payload_of_a_collection_does_anything(place: str, payloads: list[str]) -> None:
    words = [" ".join(payloads[n : n + TOGETHER]) for n in range(0, len(payloads), TOGETHER)]
    with page() as served:
        answers = PLACES[place](served, words)
        wrong = [(where, answer.status, wrong_with(where, answer)) for where, answer in answers]
        assert [] == [each for each in wrong if each[1] >= 500 or each[2]]
