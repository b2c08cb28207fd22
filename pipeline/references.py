"""Secrets that stand elsewhere: ``{env = "NAME"}`` and ``{file = "PATH"}`` in the place of a text.

A reference is kept as it is written and followed when the secret is used, so that no store holds the secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.plain_words import not_utf8, os_words

_REFERENCE = re.compile(r"""\{\s*(env|file)\s*=\s*(?:"([^"{}]*)"|'([^'{}]*)')\s*\}""")
_LONGEST = 65_536


def is_reference(text: str) -> bool:
    """Tell whether a text is nothing but a reference."""
    return _REFERENCE.fullmatch(text.strip()) is not None


def has_reference(text: str) -> bool:
    """Tell whether a reference stands in a text."""
    return _REFERENCE.search(text) is not None


def reference(source: str, place: str) -> str:
    """Write a reference; ``source`` is env or file."""
    return f'{{{source} = "{place}"}}'


def anchored(text: str, directory: Path) -> str:
    """Return a text with each reference written in one way, and files named from the root of the file system."""

    def write(found: re.Match[str]) -> str:
        place = found[2] if found[2] is not None else found[3]
        if found[1] == "file":
            place = str(directory.absolute() / Path(place).expanduser())
        return reference(found[1], place)

    return _REFERENCE.sub(write, text)


def followed(text: str, name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a text with what its references lead to. Raises ``UsageError`` that begins with ``name``."""

    def lead(found: re.Match[str]) -> str:
        return secret(found[1], found[2] if found[2] is not None else found[3], name, environ)

    return _REFERENCE.sub(lead, text)


def secret(
    source: str, place: str, name: str, environ: Mapping[str, str] = os.environ, directory: Path = Path()
) -> str:
    """Return what a variable or a file holds; a file is read without the white space around its text.

    Raises ``UsageError`` that begins with ``name`` where there is no such variable or file.
    """
    if source == "env":
        if place not in environ:
            raise UsageError(f"{name}: the environment has no variable {place}; set it where Newswire is started.")
        return environ[place]
    try:
        with (directory / Path(place).expanduser()).open("rb") as file:
            return file.read(_LONGEST).decode("utf-8").strip()
    except OSError as exc:
        raise UsageError(f"{name}: the file {place} cannot be read: {os_words(exc)}.") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{name}: the file {place} cannot be read: {not_utf8(exc)}.") from exc
    except ValueError as exc:
        raise UsageError(f"{name}: {place!r} cannot be the name of a file.") from exc
