"""What texts say — events, quotations, dates, names — without any store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import msgspec

from connectors.files.jsonl import read_lines
from pipeline.errors import UsageError
from pipeline.model import Document, as_document

MAX_BYTES = 64_000_000
FEW_WORDS = 12


def extract_texts(
    content: bytes, name: str, now: datetime, *, published: datetime | None = None, language: str | None = None
) -> Iterator[Document]:
    """Yield the articles of a text, or of article lines in JSON, with what was found in them.

    At most ``MAX_BYTES`` are taken. Offsets count characters of the text as it is given. ``published`` and
    ``language`` are those of articles that do not say theirs. Raises ``UsageError`` naming the file.
    """
    from pipeline.stages.extract.stage import read

    for given in _documents(content, name, now):
        yield read(
            msgspec.structs.replace(
                given,
                published=given.published or published or now,
                language=language or _language(given.text or "", given.language),
            )
        )


def _language(text: str, declared: str | None) -> str | None:
    """Guess the language; a sentence of ASCII alone is English unless its little words are another's."""
    from pipeline.language.detect import commonest, detect

    if declared is None and text.count(" ") < FEW_WORDS and text.isascii():
        return commonest(text, least=2) or "en"
    return detect(text, declared)


def moment_of(published: str) -> datetime:
    """Read a day, at noon, or a time, in UTC unless it says otherwise. Raises ``UsageError``."""
    try:
        if len(published) <= len("2022-02-21"):
            return datetime.combine(date.fromisoformat(published), time(12), UTC)
        moment = datetime.fromisoformat(published)
    except ValueError as exc:
        raise UsageError(f"--published {published!r} is not a date such as 2022-02-21 or 2022-02-21T12:00Z.") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _documents(content: bytes, name: str, now: datetime) -> Iterator[Document]:
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{name} is not text in UTF-8 (byte {exc.start}).") from exc
    if not text.strip():
        raise UsageError(f"{name} is empty.")
    if not text.lstrip().startswith("{"):
        yield Document(id="-", source="-", seen=now, title=text.strip().partition("\n")[0], text=text)
        return
    for line in read_lines(text.encode().splitlines(), name, now):
        document = as_document(line.article)
        yield msgspec.structs.replace(document, id="-", source="-", text=document.text or document.title)
