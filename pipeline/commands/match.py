"""`newswire match`: which articles of a file match which rules, without any store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

import click

from pipeline.commands.given_files import read_given
from pipeline.errors import UsageError


@click.command
@click.option("--rules", "path", required=True, type=click.Path(path_type=Path), help="TOML: [[alert]] name, query.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per match.")
@click.argument("articles", type=click.File("rb"))
def match(path: Path, as_json: bool, articles: IO[bytes]) -> None:
    """Print which articles match which rules.

    ARTICLES holds one JSON object per line: url, title, text, published, language, source; only a title or a text is
    needed, and - is standard input. Exits with 1 when nothing matches.
    """
    from pipeline.services.match_articles import RuleFile
    from pipeline.views.matches import match_json, match_line
    from pipeline.wiring.stores import clock

    content = read_given(path)
    rules = RuleFile(content, str(path), clock())
    for line in rules.refused:
        click.echo(line, err=True)
    if not rules.is_usable:
        raise UsageError(f"{path} has no rule that can be used.")
    found = False
    for matched in rules.matches(articles, articles.name):
        found = True
        click.echo(match_json(matched) if as_json else match_line(matched))
    if not found:
        click.echo("No article matches any rule.", err=True)
        sys.exit(1)
