"""The sets of reports told by template are of the form the benchmark reads, and the locked half stays as it was."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict

import msgspec
import pytest

from tests.bench.stories import DATA, HARD, TEMPLATES, Report, b_cubed, linked, read

HALVES = ("templates_dev", "templates_locked")
SETS = (*HALVES, *HARD)
KINDS, HAPPENINGS = 10, 5
LOCKED = {
    "templates_locked": "31c457c5d1215eff86cc1c7af9cb776f39b75442a9e07aebadb5521fe559e66e",
    "hard_locked": "2097eacbb6ca03d09f4c8e19d08c8b6f604062941853a432067eb6ed23689583",
}
LINE = re.compile(r"# .+|= [a-z0-9-]+(/[a-z0-9-]+)?|@ \d{4}-\d\d-\d\dT\d\d:\d\d( \| [^|]+){3}|[^#=@ ].+")

# Two pairs of stubs say the same words of different events.
SAME_STUBS = 2
RUN = 8


def happenings(name: str) -> dict[str, list[Report]]:
    """Return the reports of each happening, in order of time."""
    found = defaultdict(list)
    for report in read(name):
        found[report.happening].append(report)
    return found


def kinds(name: str) -> dict[str, list[list[Report]]]:
    """Return the happenings of each kind."""
    found = defaultdict(list)
    for happening, reports in happenings(name).items():
        found[happening.partition("/")[0]].append(reports)
    return found


def _runs(text: str) -> set[str]:
    """Return all runs of characters of one length, digits alike: what sentences share in any script."""
    plain = re.sub(r"\d", "0", text)
    return {plain[at : at + RUN] for at in range(len(plain) - RUN + 1)}


@pytest.mark.parametrize("name", SETS)
def test_every_line_has_a_form_that_is_read(name: str) -> None:
    lines = (DATA / f"{name}.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert len(read(name)) == sum(line.startswith("@ ") for line in lines)


@pytest.mark.parametrize("name", LOCKED)
def test_locked_set_is_as_it_was_before_the_code(name: str) -> None:
    assert hashlib.sha256((DATA / f"{name}.txt").read_bytes()).hexdigest() == LOCKED[name]


@pytest.mark.parametrize("name", HALVES)
def test_each_half_has_ten_kinds_of_five_happenings(name: str) -> None:
    assert [len(each) for each in kinds(name).values()] == [HAPPENINGS] * KINDS


def test_halves_have_no_kind_and_no_report_in_common() -> None:
    dev, locked = HALVES
    assert not kinds(dev).keys() & kinds(locked).keys()
    reports = read(*HALVES, *HARD)
    assert len({report.article.id for report in reports}) == len(reports)
    assert len({report.article.text for report in reports}) == len(reports) - SAME_STUBS


@pytest.mark.parametrize("name", HALVES)
def test_most_happenings_are_told_by_a_second_source(name: str) -> None:
    told = [len({report.article.source for report in reports}) > 1 for reports in happenings(name).values()]
    assert sum(told) >= 0.8 * len(told)


@pytest.mark.parametrize("name", HALVES)
def test_happenings_of_a_kind_are_told_in_the_same_sentences(name: str) -> None:
    for kind, each in kinds(name).items():
        texts = [_runs(reports[0].article.text or "") for reports in each]
        for number, one in enumerate(texts):
            nearest = max(len(one & other) / len(one) for at, other in enumerate(texts) if at != number)
            assert nearest > 0.5, (kind, each[number][0].happening)


def test_a_fifth_is_in_other_languages_than_english() -> None:
    counts = Counter(report.article.language for report in read(*HALVES))
    assert counts.keys() == {"en", "de", "fr", "es", "ru", "ja"}
    assert 0.15 < 1 - counts["en"] / counts.total() < 0.3


def test_every_set_that_is_measured_is_one_of_these() -> None:
    assert {name for names in (TEMPLATES | HARD).values() for name in names} == set(SETS)


def test_only_counted_labels_count_among_all_articles() -> None:
    labels, found = ["a", "a", "b", "c"], ["1", "1", "1", "2"]
    assert b_cubed(labels, found, {"b"}) == (1 / 3, 1, 0.5)
    assert b_cubed(labels, found, {"c"}) == (1, 1, 1)
    assert b_cubed(labels, found, {"a", "b", "c"}) == b_cubed(labels, found)


def test_whole_stage_gives_a_copy_the_story_of_its_original() -> None:
    first = read("templates_dev")[0].article
    copy = msgspec.structs.replace(first, id="copy", source="Another Paper", title=f"{first.title}, again")
    other = read("dev")[-1].article
    story, of_copy, of_other = linked([first, copy, other])
    assert story == of_copy != of_other
