"""Matching and extracting without a store: offsets are those of the text as given, bad input is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.services.extract_texts import MAX_BYTES, extract_texts, moment_of
from pipeline.services.match_articles import RuleFile
from pipeline.views.extracts import extract_lines
from pipeline.views.matches import match_json, match_line

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
RULES = b'[[alert]]\nname = "war"\nquery = "putin"\n[[alert]]\nname = "bad"\nquery = "(x"\n[[alert]]\nname = 3\n'


def test_rules_that_cannot_be_read_are_named_and_the_others_match() -> None:
    rules = RuleFile(RULES, "r.toml", NOW)
    assert (rules.is_usable, ["bad" in line for line in rules.refused]) == (True, [True, False])
    lines = [b'{"title": "Putin speaks", "id": "a"}', b"", b'{"text": "Sport", "url": "https://x.example/"}']
    (matched,) = rules.matches(lines, "lines")
    assert (matched.article, matched.line, match_line(matched)) == ("a", 1, "war\ta\tPutin")
    assert match_json(matched).startswith(b'{"rule":"war","article":"a","spans":[')


@pytest.mark.parametrize(
    ("content", "says"), [(b"alert = 3", "no .*alert"), (b"[", "not a rules file"), (b"\xff", "TOML")]
)
def test_file_that_holds_no_rules_is_named(content: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=f"r.toml .*{says}"):
        RuleFile(content, "r.toml", NOW)


def test_file_of_bad_rules_alone_is_not_usable() -> None:
    assert RuleFile(b'[[alert]]\nname = "bad"\nquery = "(x"\n', "r.toml", NOW).is_usable is False


@pytest.mark.parametrize(("line", "says"), [(b"{", "line 2"), (b"{}", "a title or a text"), (b"\xff", "no valid JSON")])
def test_line_that_is_no_article_is_named(line: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        list(RuleFile(RULES, "r.toml", NOW).matches([b"", line], "lines"))


def test_rule_that_asks_for_events_has_them_found() -> None:
    rules = RuleFile(b'[[alert]]\nname = "e"\nquery = "event:ACCUSE"\n', "r.toml", NOW)
    found = list(rules.matches([b'{"title": "Asia", "text": "France condemned North Korea.", "language": "en"}'], "l"))
    assert [matched.alert.rule for matched in found] == ["e"]


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["He left on Monday.", "“We will go,” Dmitry Peskov said in Moscow."]))
def test_offsets_are_those_of_the_text_as_given(before: str, sentence: str) -> None:
    text = f"x{before}\n{sentence}".replace("\r", " ").replace("\ufeff", "")
    (document,) = extract_texts(text.encode("utf-8", "replace"), "f", NOW, language="en")
    text = text.encode("utf-8", "replace").decode()
    spans: list[Any] = [*document.dates, *document.quotations, *document.entities]
    assert all(text[span.start : span.end] == span.text for span in spans)
    assert len(extract_lines(document)) >= len(document.dates) + len(document.quotations)


@pytest.mark.parametrize(
    ("content", "says"), [(b" ", "empty"), (b"x" * (MAX_BYTES + 1), "larger than 64 MB"), (b'{"text": 3}', "line 1")]
)
def test_file_that_cannot_be_read_is_named(content: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=f"^f.*{says}"):
        list(extract_texts(content, "f", NOW))


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2022-02-21", "2022-02-21T12:00+00:00"), ("2022-02-21T08:00", "2022-02-21T08:00+00:00"),
     ("2022-02-21T08:00+02:00", "2022-02-21T06:00+00:00")],
)  # fmt: skip
def test_day_is_its_noon_and_a_time_is_utc_unless_it_says_otherwise(text: str, moment: str) -> None:
    assert moment_of(text) == datetime.fromisoformat(moment)
