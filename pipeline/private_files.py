"""Files that nobody but their owner may read, and that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # where there is none, one process writes a directory
    fcntl = None  # type: ignore[assignment]

OTHERS = 0o077
# What nobody has written to for so long was left by a process that was killed.
LEFT_AFTER_S = 3_600.0
LOOK_S = 0.02
# What stands in a data directory; one that holds other things too was not made for us alone.
_OURS = ("newswire.db", "newswire.toml", "up.lock", "alerts", "demo", "fulltext.toml", ".doctor", "audit.jsonl",
         "backups", "newswire.before-", "last-search.json")  # fmt: skip


def make_directory(path: Path) -> None:
    """Make a directory of the owner's alone, unless it is there. Raises ``OSError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as exc:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from exc
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)


def create(path: Path) -> None:
    """Make an empty file of the owner's alone, unless it is there. Raises ``OSError``."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def write(path: Path, content: bytes) -> None:
    """Put a file in the place of another in one step; it keeps the mode of that one. Raises ``OSError``."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(content)  # a terminal or a pipe
        return
    partial = _aside(path, content)
    try:
        if path.exists():
            partial.chmod(stat.S_IMODE(path.stat().st_mode))
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet. Raises ``FileExistsError`` where it is, and ``OSError``."""
    if os.path.lexists(path):
        raise FileExistsError(path)
    partial = _aside(path, content)
    try:
        if os.path.lexists(path):
            raise FileExistsError(path)
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def alone_in(directory: Path, within_s: float) -> Iterator[None]:
    """Keep other processes that ask for the same out of a directory. Raises ``TimeoutError``, and ``OSError``.

    The lock is on the directory itself, leaves no file there, and is gone with the process. File systems that know no
    such locks give none.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        deadline = time.monotonic() + within_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(errno.ETIMEDOUT, "another process holds it for long", str(directory)) from None
                time.sleep(LOOK_S)
            except OSError:
                break
        yield
    finally:
        os.close(descriptor)


def remove_left(directory: Path, pattern: str, now_s: float) -> None:
    """Remove files that match a pattern as a whole and that nobody has written to for an hour before ``now_s``."""
    with suppress(OSError):
        for path in directory.iterdir():
            if re.fullmatch(pattern, path.name):
                with suppress(OSError):  # another process may remove it just now
                    if path.is_file() and path.stat().st_mtime < now_s - LEFT_AFTER_S:
                        path.unlink()


def tightened(directory: Path, files: Iterable[Path] = (), *, ours: bool = False) -> list[str]:
    """Take from others what they may do with a data directory, the store in it and further files; say what was done.

    The directory itself is left as it is where it holds other things too, unless it is ``ours``.
    """
    lines = []
    inside = [directory / f"newswire.db{suffix}" for suffix in ("", "-wal", "-shm")] + [directory / "up.lock"]
    with suppress(OSError):
        inside += sorted((directory / "alerts").iterdir())
    for path in (*inside, *files):
        lines += _tightened(path, stat.S_ISREG)
    if ours or _holds_only_ours(directory):
        lines += _tightened(directory, stat.S_ISDIR)
    return lines


def _tightened(path: Path, is_kind: object) -> list[str]:
    try:
        found = path.lstat()
        if not callable(is_kind) or not is_kind(found.st_mode) or not found.st_mode & OTHERS:
            return []
        if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
            return []
        path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
    except OSError:
        return []
    return [f"Others could read {path}, which may hold secrets; now only you can."]


def _holds_only_ours(directory: Path) -> bool:
    try:
        names = [path.name for path in directory.iterdir()]
    except OSError:
        return False
    return "newswire.db" in names and all(name.startswith(_OURS) for name in names)


def _aside(path: Path, content: bytes) -> Path:
    """Write a file beside the one it is to become, down to the disk."""
    remove_left(path.parent, rf"\.{re.escape(path.name)}\.\d+\.partial", time.time())
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial
