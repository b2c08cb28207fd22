"""`newswire extract`: what texts say — events, quotations, dates, names — without any store."""

from __future__ import annotations

from typing import IO

import click


@click.command
@click.option("--published", metavar="DATE", help="Day or time of publication; relative dates count from it.")
@click.option("--language", metavar="CODE", help="Language of the text, if it should not be guessed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per article.")
@click.argument("file", type=click.File("rb"))
def extract(file: IO[bytes], published: str | None, language: str | None, as_json: bool) -> None:
    """Print the events, quotations, dates and names of a text.

    FILE is plain text, its first line the title, or one article as JSON per line; - is standard input. The offsets
    count characters of the file, or of the article's "text". Nothing is normalised before.
    """
    from pipeline.services.extract_texts import MAX_BYTES, extract_texts, moment_of
    from pipeline.views.extracts import extract_json, extract_lines
    from pipeline.wiring.stores import clock

    moment = moment_of(published) if published else None
    content = file.read(MAX_BYTES + 1)
    name = getattr(file, "name", "Standard input")
    for document in extract_texts(content, name, clock(), published=moment, language=language):
        if as_json:
            click.echo(extract_json(document))
            continue
        for line in extract_lines(document):
            click.echo(line)
