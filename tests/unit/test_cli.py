"""The command line as a whole: its table is true, light, and every command takes a store."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from pipeline.cli import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_line_in_the_table_is_the_command_s_own_help(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert COMMANDS[name][1] == command.get_short_help_str(limit=200)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_a_private_store(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    leaves = command.commands.values() if isinstance(command, click.Group) else [command]
    assert all(any("--data" in param.opts for param in leaf.params) for leaf in leaves if leaf is not None)


def test_unknown_option_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["search", "--nonsense", "x"])
    assert (2, True) == (result.exit_code, "No such option" in result.output)


def test_bad_settings_end_in_one_sentence() -> None:
    result = CliRunner().invoke(main, ["config", "show", "--config", f"{__file__}/absent.toml"])
    assert result.exit_code == 2
    assert result.output.startswith("Error: The settings file")


def parameters() -> Iterator[tuple[str, click.Parameter]]:
    """Yield the options and arguments of all commands, each with its command's name."""
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        inner = command.commands if isinstance(command, click.Group) else {"": command}
        for path, leaf in inner.items():
            yield from ((f"{name} {path}".strip(), param) for param in leaf.params)


def test_every_number_is_bounded() -> None:
    numbers = click.types.IntParamType, click.types.FloatParamType
    unbounded = [
        (name, param.opts)
        for name, param in parameters()
        if isinstance(param.type, numbers) and getattr(param.type, "max", None) is None
    ]
    assert [] == unbounded


def test_every_text_is_text() -> None:
    taken = []
    for name, param in parameters():
        if isinstance(param.type, click.types.StringParamType):
            try:
                taken.append((name, param.opts, param.type.convert("http://\udcff/", param, None)))
            except click.BadParameter as exc:
                assert "not text in UTF-8" in exc.message
    assert [] == taken


@pytest.mark.parametrize(
    "command", [["search"], ["tail", "--once"], ["story", "list"], ["brief"], ["alert", "add", "a"]]
)
def test_query_that_begins_with_a_minus_is_told_where_it_goes(command: list[str]) -> None:
    refused = CliRunner().invoke(main, [*command, "-sport talks"])
    assert refused.exit_code == 2
    assert "A query that begins with - goes after --." in refused.output


def test_option_that_is_not_there_is_no_query_where_none_is_taken() -> None:
    refused = CliRunner().invoke(main, ["feed", "list", "-x"])
    assert refused.exit_code == 2
    assert "begins with" not in refused.output
