"""`newswire match`: rules and articles from files, matches on the terminal."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from pipeline.cli import main

RULES = """
[[alert]]
name = "council"
query = '"security council" putin'
[[alert]]
name = "broken"
query = "(putin"
"""


def test_a_rule_file_with_one_bad_rule_loads_the_others_and_names_it(tmp_path: Path) -> None:
    rules, articles = tmp_path / "rules.toml", tmp_path / "articles.jsonl"
    rules.write_text(RULES)
    articles.write_text(
        '{"url": "https://a.example/1", "title": "Security Council", "text": "Putin spoke."}\n{"text": "No."}\n'
    )
    result = CliRunner().invoke(main, ["match", "--rules", str(rules), str(articles), "--json"])
    (match,) = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 0
    assert "'broken' is left out" in result.stderr
    assert (match["rule"], match["article"], match["line"]) == ("council", "https://a.example/1", 1)
    assert [span["text"] for span in match["spans"]] == ["Security Council", "Putin"]


def test_no_match_is_exit_code_1_and_bad_input_2(tmp_path: Path) -> None:
    rules, articles = tmp_path / "rules.toml", tmp_path / "articles.jsonl"
    rules.write_text(RULES)
    articles.write_text('{"text": "No."}\n')
    assert CliRunner().invoke(main, ["match", "--rules", str(rules), str(articles)]).exit_code == 1
    articles.write_text("{broken\n")
    assert CliRunner().invoke(main, ["match", "--rules", str(rules), str(articles)]).exit_code == 2


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["extract", str(tmp_path / "absent")])
    assert (2, True) == (result.exit_code, "absent" in result.output)
