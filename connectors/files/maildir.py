"""The connector of letters in a directory: a maildir, or files that end in ``.eml``."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import msgspec

from connectors.connector import Fetched, FetchError, Network, NotAFeedError, ParsedFeed, Request
from connectors.files.mail import parse_mail
from connectors.formats.parsed import ParsedEntry
from pipeline.plain_words import os_words

SCHEME = "mail"
SUFFIX = ".eml"
# The newest letters are read: as many, and no larger than that, together and each.
MAX_LETTERS = 1_000
MAX_BYTES = 40_000_000
MAX_LETTER_BYTES = 5_000_000
_NEW = ("cur", "new")


class MailConnector:
    """Letters in a maildir or a directory of .eml files, such as mail:///home/me/Maildir/.Newsletters."""

    name = "mail"

    def __init__(self, directory: Path | None = None) -> None:
        pass

    def claims(self, address: str) -> bool:
        """Claim directories that are named as mail."""
        return address.lower().startswith(f"{SCHEME}://")

    async def fetch(self, request: Request, network: Network) -> Fetched:
        """Return the newest letters, unless they are those of last time; the network is not needed for that."""
        return await asyncio.to_thread(_fetched, request)

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        """Read each letter; one that cannot be read costs only itself."""
        try:
            letters = msgspec.msgpack.decode(body, type=list[tuple[str, bytes]])
        except msgspec.DecodeError as exc:
            raise NotAFeedError(f"{address} could not be read: what was fetched of it is damaged.") from exc
        entries: list[ParsedEntry] = []
        errors: dict[int, str] = {}
        for place, (name, letter) in enumerate(letters):
            try:
                entries.append(parse_mail(letter, name))
            except NotAFeedError as exc:
                errors[place] = str(exc)
        return ParsedFeed(entries=tuple(entries), errors=errors, kind="mail")


def mail_address(directory: Path) -> str:
    """Return the address by which the letters of a directory are followed."""
    return f"{SCHEME}://{quote(directory.absolute().as_posix())}"


def letters_home(path: Path) -> Path | None:
    """Return the directory that a letter belongs to, or ``None`` for a file that is no letter."""
    above = path.parent.parent
    if path.parent.name in _NEW and _is_maildir(above):
        return above
    return path.parent if path.suffix.lower() == SUFFIX else None


def has_letters(directory: Path) -> bool:
    """Tell whether a directory is a maildir, or has letters of its own."""
    return directory.is_dir() and (_is_maildir(directory) or next(_files(directory), None) is not None)


def _is_maildir(directory: Path) -> bool:
    return all((directory / name).is_dir() for name in _NEW)


def _files(directory: Path) -> Iterator[Path]:
    if _is_maildir(directory):
        found = itertools.chain.from_iterable((directory / name).iterdir() for name in _NEW)
        return (file for file in found if not file.name.startswith("."))
    return (file for file in directory.iterdir() if file.suffix.lower() == SUFFIX and not file.name.startswith("."))


def _fetched(request: Request) -> Fetched:
    directory = Path(unquote(urlsplit(request.address).path))
    if not directory.is_dir():
        raise FetchError("address", f"There is no directory {directory}; {SCHEME}:// is followed by one with letters.")
    try:
        newest = sorted(_sized(directory), reverse=True)[:MAX_LETTERS]
        etag = blake2b(repr(sorted(name for _, name, _, _ in newest)).encode(), digest_size=16).hexdigest()
        if etag == request.etag:
            return Fetched(url=request.address, status=304, body=None, headers={"etag": etag})
        letters, size = [], 0
        for _, name, length, file in newest:
            size += length
            if size > MAX_BYTES:
                break
            letters.append((name, file.read_bytes()))
    except OSError as exc:
        raise FetchError("body", f"{exc.filename or directory} cannot be read: {os_words(exc)}.") from exc
    return Fetched(url=request.address, status=200, body=msgspec.msgpack.encode(letters), headers={"etag": etag})


def _sized(directory: Path) -> Iterator[tuple[float, str, int, Path]]:
    """Yield the letters that are not too large: when each came, its name without a reader's flags, its size."""
    for file in _files(directory):
        try:
            found = file.stat()
        except FileNotFoundError:
            continue  # a mail program moved it meanwhile; it is found the next time
        if file.is_file() and found.st_size <= MAX_LETTER_BYTES:
            yield found.st_mtime, file.name.partition(":2,")[0], found.st_size, file
