"""What the compilers promise before any engine is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from pipeline.adapters.elasticsearch import compile as elasticsearch
from pipeline.adapters.sqlite import compile as sqlite
from pipeline.adapters.sqlite.plans import Plan
from pipeline.query.parser import parse

NOW = datetime(2022, 2, 24, tzinfo=UTC)
VOCABULARY = sqlite.Vocabulary(
    languages={"en": 90, "de": 10}, family=lambda stems: [], like=lambda node: ["putin"], now=NOW
)
ASKED = elasticsearch.Asked(now=NOW, copied=lambda low, high: [])


def plan(text: str) -> Plan:
    return sqlite.compile_query(parse(text).root, VOCABULARY)


def test_a_word_that_stems_alike_everywhere_needs_no_language() -> None:
    assert '"bank"' == plan("bank").match


def test_a_token_with_the_stem_in_one_language_is_looked_for_in_its_documents() -> None:
    vocabulary = sqlite.Vocabulary(
        languages={"en": 90, "ja": 10, "": 5}, family=lambda stems: ["banks"], like=lambda node: [], now=NOW
    )
    made = sqlite.compile_query(parse("bank").root, vocabulary)
    assert '("bank" OR (("banks") NOT ("|stems|" OR "|stems|ja")))' == made.match


def test_dates_are_left_to_sql_and_words_to_fts5() -> None:
    made = plan("bank seen:2022-02")
    assert ('"bank"', True) == (made.match, "d.seen >= ?" in (made.where or ""))


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("bank AND -river", True),
        ('"a b"~3', True),
        ('"a a"~3', False),
        ("SENTENCE(a b)", False),
        ("ATLEAST2(bank)", False),
        ("bank AND -SENTENCE(a b)", False),
    ],
)
def test_both_compilers_say_when_verification_is_needed(text: str, exact: bool) -> None:
    root = parse(text).root
    assert (exact, exact) == (plan(text).exact, elasticsearch.compile_query(root, ASKED).exact)


def test_what_is_not_exact_is_never_excluded() -> None:
    assert ('"bank"', None) == (plan("bank -SENTENCE(a b)").match, plan("bank -SENTENCE(a b)").where)


def test_quotation_marks_in_values_stay_values() -> None:
    assert '"a"" OR ""b"' == sqlite.quoted('a" OR "b')


@pytest.mark.parametrize(
    ("text", "bounded"),
    [
        ("last:1d", (True, True)),
        ("bank last:1d", (True, True)),
        ("bank OR last:1d", (False, False)),
        ("last:1d OR published:2022-02", (True, True)),
        ("last:1d OR before:2022-02-01", (False, True)),
        ("bank -last:1d", (False, False)),
        ("after:2022-02-01 before:2022-02-10", (True, True)),
        ("seen:2022-02", (False, False)),
        ("bank", (False, False)),
    ],
)
def test_dates_of_publication_bound_the_positions_that_are_looked_at(text: str, bounded: tuple[bool, bool]) -> None:
    vocabulary = msgspec.structs.replace(VOCABULARY, ahead=lambda moment: None)
    made = sqlite.compile_query(parse(text).root, vocabulary)
    assert bounded == (made.low is not None, made.high is not None)


def test_what_is_dated_ahead_of_its_place_widens_the_bound() -> None:
    vocabulary = msgspec.structs.replace(VOCABULARY, ahead=lambda moment: 5)
    assert sqlite.compile_query(parse("last:1d").root, vocabulary).low == 5
