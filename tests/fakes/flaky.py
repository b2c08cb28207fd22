"""Ports that fail: the n-th call, before it does anything or after, the ones that follow go well again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from pipeline.errors import TransientError
from pipeline.ports.table import Transaction


def busy() -> Exception:
    """Make the error of a server that has no time just now."""
    return TransientError("busy", 0.0)


class Faults:
    """Count the calls of all ports that share it, and fail those with the numbers in ``fail``, from 1."""

    def __init__(self, *fail: int, error: Callable[[], Exception] = busy, after: bool = False) -> None:
        self._fail = frozenset(fail)
        self._error = error
        self.after = after
        self.calls = 0
        self.failed = 0

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call, or fail; with ``after``, what was asked has been done, but the answer is lost."""
        self.calls += 1
        fails = self.calls in self._fail
        if fails and not self.after:
            self.fail()
        result = function(*arguments, **options)
        if fails:
            self.fail()
        return result

    def fail(self) -> None:
        """Fail."""
        self.failed += 1
        raise self._error()


class Flaky:
    """Stand for a port, each method of which may fail; ``spare`` names those that never do."""

    def __init__(self, port: Any, faults: Faults, spare: tuple[str, ...] = ("close", "rewind")) -> None:
        self._port = port
        self._faults = faults
        self._spare = spare

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found) or name in self._spare:
            return found

        def method(*arguments: Any, **options: Any) -> Any:
            return self._faults.call(found, *arguments, **options)

        return method


def flaky(port: Any, faults: Faults) -> Any:
    """Return the port, failing as ``faults`` say."""
    return Flaky(port, faults)


def flaky_transaction(transaction: Transaction, faults: Faults) -> Transaction:
    """Return the transaction whose commit may fail: nothing in it is kept then."""

    @contextmanager
    def opened() -> Iterator[None]:
        with transaction():
            yield
            faults.call(lambda: None)

    return cast(Callable[[], AbstractContextManager[None]], opened)
