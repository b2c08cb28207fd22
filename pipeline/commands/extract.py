"""`newswire extract`: what texts say — events, quotations, dates, names — without any store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import IO, TYPE_CHECKING

import click
import msgspec

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.model import Document

MAX_BYTES = 64_000_000
FEW_WORDS = 12


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
    from pipeline.stages.extract.stage import read

    now = datetime.now(UTC)
    moment = _moment(published) if published else None
    for given in _documents(file, now):
        document = read(
            msgspec.structs.replace(
                given,
                published=given.published or moment or now,
                language=language or _language(given.text or "", given.language),
            )
        )
        if as_json:
            parts = {name: getattr(document, name) for name in ("events", "quotations", "dates", "entities")}
            click.echo(msgspec.json.encode(parts))
        else:
            _print(document)


def _language(text: str, declared: str | None) -> str | None:
    """Guess the language; a sentence or two in Latin letters are too little to guess from, and taken as English."""
    from pipeline.language.detect import detect

    if declared is None and text.count(" ") < FEW_WORDS and text.isascii():
        return "en"
    return detect(text, declared)


def _moment(published: str) -> datetime:
    try:
        if len(published) <= len("2022-02-21"):
            return datetime.combine(date.fromisoformat(published), time(12), UTC)
        moment = datetime.fromisoformat(published)
    except ValueError as exc:
        raise UsageError(f"--published {published!r} is not a date such as 2022-02-21 or 2022-02-21T12:00Z.") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Given(msgspec.Struct, frozen=True):
    title: str | None = None
    text: str | None = None
    published: str | None = None
    language: str | None = None
    url: str | None = None


def _documents(file: IO[bytes], now: datetime) -> Iterator[Document]:
    name = getattr(file, "name", "Standard input")
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{name} is not text in UTF-8 (byte {exc.start}).") from exc
    if not text.strip():
        raise UsageError(f"{name} is empty.")
    if not text.lstrip().startswith("{"):
        yield _document(_Given(title=text.strip().partition("\n")[0], text=text), now)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield _document(msgspec.json.decode(line, type=_Given), now)
            except msgspec.MsgspecError as exc:
                raise UsageError(f"{name}, line {number}, is not an article in JSON: {exc}.") from exc


def _document(given: _Given, now: datetime) -> Document:
    from pipeline.model import Document

    published = _moment(given.published) if given.published else None
    text = given.text or given.title
    return Document(
        id="-", source="-", seen=now, url=given.url, title=given.title, text=text, published=published,
        language=given.language,
    )  # fmt: skip


def _print(document: Document) -> None:
    for event in document.events:
        who = ", ".join(actor.name or actor.text for actor in event.actors) or "?"
        whom = ", ".join(actor.name or actor.text for actor in event.recipients)
        click.echo(f"event      {event.type:<10} {who}{' → ' if whom else ''}{whom}: {event.sentence.text}")
    for quotation in document.quotations:
        speaker = quotation.speaker
        who = (speaker.name or speaker.text) if speaker else "?"
        role = f" ({speaker.role})" if speaker and speaker.role else ""
        click.echo(f"quotation  {quotation.kind:<10} {who}{role}: {' '.join(quotation.text.split())}")
    for found in document.dates:
        click.echo(f"date       {found.value:<10} {found.text}")
    for name, kind in dict.fromkeys((entity.name, entity.type) for entity in document.entities):
        click.echo(f"name       {kind:<10} {name}")
