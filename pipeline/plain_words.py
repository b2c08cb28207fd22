"""What the errors of libraries and of the operating system mean, in words that a person can act on.

Every function returns a piece of a sentence: no capital before it, no full stop behind it.
"""

from __future__ import annotations

import errno
import re
from typing import Any

_ERRNO = {
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.EROFS: "the file system can only be read",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EFBIG: "the file would be larger than is allowed here",
    errno.ENOENT: "there is no such file or directory",
    errno.ENOTDIR: "a part of the path is no directory",
    errno.EISDIR: "it is a directory",
    errno.EEXIST: "it already exists",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its links lead in a circle",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open on this machine",
    errno.EIO: "the disk reports an error",
    errno.EBADF: "it is closed",
    errno.EPIPE: "nobody reads it any more",
    errno.ECONNREFUSED: "nothing listens there",
    errno.EADDRINUSE: "another program listens there already",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "bytes": "bytes",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time of day",
    "null": "nothing",
}
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`(?P<limit>[^,]*)(?:, got `(?P<got>[^`]*)`)?")
_LIMITS = (
    (re.compile(r" of length >= (\d+)"), r" of \1 or more"),
    (re.compile(r" of length <= (\d+)"), r" of \1 at most"),
    (re.compile(r" >= (\S+)"), r" of \1 or more"),
    (re.compile(r" <= (\S+)"), r" of \1 or less"),
    (re.compile(r" > (\S+)"), r" above \1"),
    (re.compile(r" < (\S+)"), r" below \1"),
)


def os_words(error: OSError) -> str:
    """Say what the operating system refused."""
    if error.errno in _ERRNO:
        return _ERRNO[error.errno]
    text = error.strerror or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def not_utf8(error: UnicodeError) -> str:
    """Say where bytes are no text in UTF-8."""
    return f"it is not text in UTF-8 (byte {error.start})" if isinstance(error, UnicodeDecodeError) else "it is no text"


def not_json(error: Exception) -> str:
    """Say that a text is no JSON, and where if that is known."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, UnicodeDecodeError):
        return not_utf8(error)
    place = re.search(r"\(byte (\d+)\)|char (\d+)", str(error))
    if "truncated" in str(error):
        return "it ends too early to be JSON"
    return f"it is no valid JSON (byte {place[1] or place[2]})" if place else "it is no valid JSON"


def unreadable(error: Exception) -> str:
    """Say why a record that was kept or sent cannot be read."""
    import msgspec  # nothing can be unreadable to it before it is there, and `--help` needs none of it

    if isinstance(error, msgspec.ValidationError):
        return invalid(error)
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError | RecursionError):
        return not_json(error)
    return str(error)


def invalid(error: Exception) -> str:
    """Say which part of a value is not as it should be; any other error keeps its own words."""
    import msgspec

    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if not isinstance(error, msgspec.ValidationError):
        return str(error)
    text, _, place = str(error).partition(" - at ")
    where = re.sub(r"^key in ", "a name in ", place.strip().strip("`")).replace("`", "")
    where = re.sub(r"\[(\d+)\]", lambda found: f", entry {int(found[1]) + 1}", where.replace("[...]", ""))
    where = where.replace("$.", "").replace("$", "").strip(", ")
    words = _words(text)
    return f"{where}: {words}" if where else words


def _words(text: str) -> str:
    if found := _EXPECTED.match(text):
        wanted = " or ".join(_TYPES.get(kind.strip(), kind.strip()) for kind in found["wanted"].split("|"))
        limit = found["limit"]
        for pattern, words in _LIMITS:
            limit = pattern.sub(words, limit)
        if "regex" in limit:
            limit = " of another form"
        got = f", not {_TYPES.get(found['got'], found['got'])}" if found["got"] else ""
        return f"{wanted}{limit} is expected{got}"
    if found := re.match(r"Invalid enum value (.*)", text):
        return f"{found[1]} is none of the values there are"
    if found := re.match(r"Object missing required field `(.*)`", text):
        return f"{found[1]!r} is missing"
    if found := re.match(r"Object contains unknown field `(.*)`", text):
        return f"there is no {found[1]!r}"
    if "datetime" in text or "date" in text.lower():
        return "it is no date and time such as 2022-02-24T12:00:00Z"
    return "it cannot be used"


class TomlError(ValueError):
    """Say what is wrong with a TOML text."""


def read_toml(content: bytes | str) -> dict[str, Any]:
    """Read TOML. Raises ``TomlError`` with words for whatever is wrong with it."""
    import tomllib

    try:
        return tomllib.loads(content if isinstance(content, str) else content.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise TomlError(not_utf8(exc)) from exc
    except tomllib.TOMLDecodeError as exc:
        found = re.search(r"\(at (line \d+, column \d+|end of document)\)", str(exc))
        place = "at its end" if found is None or found[1] == "end of document" else f"at {found[1]}"
        raise TomlError(f"it is no valid TOML {place}") from exc
    except RecursionError as exc:
        raise TomlError("it is nested too deep") from exc
    except ValueError as exc:
        raise TomlError("it has a number that is too long") from exc
