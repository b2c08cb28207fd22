"""`newswire extract` prints one object per article, with offsets into the text as given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main

TEXT = "Talks set\n“We will meet on Thursday,” Kremlin spokesman Dmitry Peskov said in Moscow.\n"


def run(*arguments: str, given: str | bytes | None = None) -> Result:
    """Run the command with a private standard input."""
    return CliRunner().invoke(main, ["extract", *arguments], input=given)


def test_plain_text_gives_quotations_dates_and_names_with_offsets_into_the_file() -> None:
    result = run("-", "--published", "2022-02-21", "--json", given=TEXT)

    found = json.loads(result.stdout)
    assert set(found) == {"events", "quotations", "dates", "entities"}
    (quotation,) = found["quotations"]
    assert (quotation["speaker"]["name"], quotation["speaker"]["role"]) == ("Dmitry Peskov", "Kremlin spokesman")
    assert [date["value"] for date in found["dates"]] == ["2022-02-24"]
    assert {"Dmitry Peskov", "Moscow"} <= {entity["name"] for entity in found["entities"]}
    assert all(
        TEXT[part["start"] : part["end"]] == part["text"] for name in found for part in found[name] if "start" in part
    )


def test_lines_of_articles_give_a_line_each() -> None:
    lines = [{"title": "A", "text": "He left on Monday.", "published": "2022-02-23"}, {"text": "It opens in May 2023."}]

    result = run("-", "--json", given="\n".join(map(json.dumps, lines)))

    values = [[date["value"] for date in json.loads(line)["dates"]] for line in result.stdout.splitlines()]
    assert values == [["2022-02-21"], ["2023-05"]]


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (("-",), "", "empty"),
        (("-",), b"\xff\xfe\x00", "UTF-8"),
        (("-",), '{"title": 3}', "line 1"),
        (("-", "--published", "someday"), "A text.", "2022-02-21"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], given: str | bytes, says: str) -> None:
    result = run(*arguments, given=given)

    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


def test_folder_is_refused() -> None:
    assert run(str(Path(__file__).parent)).exit_code == 2
