"""What a person reads when a command ends in an exception, and its exit code: one sentence for each kind."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any, NamedTuple

import click

from pipeline.errors import NewswireError, NotFoundError, TransientError, UnavailableError
from pipeline.plain_words import os_words

NOT_FOUND = 1  # as of a search that finds nothing
USAGE = 2
UNAVAILABLE = 3
FAULT = 70  # sysexits.h: an error of the program itself
INTERRUPTED = 130  # as shells tell of a program that Ctrl-C ended
AGAIN_S = 0.01


class OutputError(OSError):
    """Report a standard output that takes nothing more."""


class _Output(io.FileIO):
    """Write to a stream's number, and tell its errors from those of other files."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as exc:
            raise OutputError(exc.errno, exc.strerror) from exc


class _Complaints(io.FileIO):
    """Write to the standard error output; what nobody hears any more is dropped, and the work goes on."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data).cast("B"))


def prepare_streams() -> None:
    """Let every character be printed, on terminals that have few of them too, and keep the numbers of closed streams.

    A file that is opened later would else get such a number, and what is printed would be written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # What is written there fails, as it does on a closed stream.
            place = os.open(os.devnull, os.O_RDONLY)
            if place != number:
                os.dup2(place, number)
                os.close(place)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    if sys.stderr is sys.__stderr__ or sys.__stderr__ is None:
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Complaints(sys.stderr.fileno(), "w", closefd=False)),
            encoding=sys.stderr.encoding,
            errors="backslashreplace",
            line_buffering=True,
            write_through=True,
        )
    if sys.stdout is sys.__stdout__ or sys.__stdout__ is None:
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Output(sys.stdout.fileno(), "w", closefd=False)),
            encoding=sys.stdout.encoding,
            errors="backslashreplace",
            line_buffering=sys.stdout.isatty(),
        )


class Ending(NamedTuple):
    """Hold how a command ends: its exit code, and what there is to say about it."""

    code: int
    sentence: str | None = None


def ending(error: BaseException) -> Ending:
    """Return how a command ends that raised ``error``; a fault of the program is kept in a file for its report."""
    if isinstance(error, BaseExceptionGroup):
        return ending(error.exceptions[0])
    if isinstance(error, click.exceptions.Exit):
        return Ending(error.exit_code)
    if isinstance(error, SystemExit):
        return Ending(error.code if isinstance(error.code, int) else 1 if error.code else 0)
    if isinstance(error, click.ClickException):
        return Ending(error.exit_code, _shown(error))
    if isinstance(error, KeyboardInterrupt) or (
        isinstance(error, click.Abort) and isinstance(error.__cause__, KeyboardInterrupt)
    ):
        return Ending(INTERRUPTED, "Stopped.")
    if isinstance(error, click.Abort) and error.__cause__ is not None:
        error = error.__cause__  # click takes any file that ends early for a person who does
    if isinstance(error, click.Abort):
        return Ending(USAGE, "Error: The input ended before the question was answered.")
    if isinstance(error, NewswireError):
        if isinstance(error, NotFoundError):
            return Ending(NOT_FOUND, f"Error: {error}")
        missing = isinstance(error, UnavailableError | TransientError)
        return Ending(UNAVAILABLE if missing else USAGE, f"Error: {error}")
    if isinstance(error, OutputError):
        return _without_output(error)
    if isinstance(error, OSError) and (known := _of_the_system(error)) is not None:
        return known
    if isinstance(error, MemoryError):
        return Ending(UNAVAILABLE, "Error: There is not enough memory for that; close other programs, or ask for less.")
    return Ending(FAULT, _reported(error))


def watch_threads() -> None:
    """Tell of a thread that ended in an exception in one sentence, too, and of none that the interpreter drops."""

    def tell(ended: threading.ExceptHookArgs) -> None:
        error = ended.exc_value
        if error is None or isinstance(error, SystemExit):
            return
        with suppress(OSError, ValueError):
            click.echo(ending(error).sentence, err=True)

    def drop(dropped: sys.UnraisableHookArgs) -> None:
        # Ctrl-C while something was thrown away: it is asked for once more when this function, where nobody hears it,
        # is left.
        if isinstance(dropped.exc_value, KeyboardInterrupt):
            with suppress(RuntimeError):  # the interpreter ends already
                threading.Timer(AGAIN_S, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            sys.__unraisablehook__(dropped)

    threading.excepthook = tell
    sys.unraisablehook = drop


def _shown(error: click.ClickException) -> str:
    """Return what click shows of an error: for a wrong call also how it is called."""
    text = io.StringIO()
    error.show(text)
    return text.getvalue().rstrip("\n")


def flush() -> Ending | None:
    """Write out what was printed; return how the command ends where that is not possible."""
    try:
        sys.stdout.flush()
    except OutputError as exc:
        return _without_output(exc)
    return None


def _without_output(error: OSError) -> Ending:
    """Tell of an output that takes nothing more, and see to it that nobody tries again when the program ends."""
    try:
        aside = os.open(os.devnull, os.O_WRONLY)
        os.dup2(aside, sys.stdout.fileno())
        os.close(aside)
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - to the end
    if error.errno == errno.EPIPE:
        # `newswire search … | head`: whoever read has seen enough.
        return Ending(0)
    return Ending(UNAVAILABLE, f"Error: Standard output cannot be written to: {os_words(error)}.")


def _of_the_system(error: OSError) -> Ending | None:
    words = os_words(error)
    if error.filename is not None:
        name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
        return Ending(UNAVAILABLE, f"Error: {name} cannot be used: {words}.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Ending(UNAVAILABLE, f"Error: Something could not be written: {words}; make room, and try again.")
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EIO):
        return Ending(UNAVAILABLE, f"Error: This machine cannot go on with it: {words}.")
    return None


def _reported(error: BaseException) -> str:
    """Keep what is needed to mend a fault in a file of the user's own, and say where."""
    # Only a fault needs these, which take a tenth of the start.
    import tempfile
    import traceback

    from pipeline.networks import masked

    words = f"Error: Newswire has a fault and could not go on ({type(error).__name__})"
    try:
        number, name = tempfile.mkstemp(prefix="newswire-fault-", suffix=".txt")  # 0600
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(masked("".join(traceback.format_exception(error))))
    except OSError:
        return f"{words}; please report it with what you did."
    return f"{words}; please report it with {name}."
