"""One SQLite file: opened, migrated, locked and written to in transactions that several threads may share."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from pipeline import private_files
from pipeline.adapters.sqlite.connection import Connection, said, translated
from pipeline.adapters.sqlite.damage import damaged
from pipeline.adapters.sqlite.schema import MIGRATIONS
from pipeline.errors import DamagedError, NewswireError, UnavailableError, UsageError

# Less than anyone waits for a program to stop.
BUSY_TIMEOUT_MS = 6_000
# How often it is looked whether another process has written.
LOOK_S = 0.2
# What a large transaction leaves of the journal beside the file.
JOURNAL_BYTES = 16_000_000
SLICE = 1_000
# What a backup is called until it is whole.
_PARTIAL = r".+\.[0-9a-f]{8}\.partial"


class Database:
    """Open one store file, or ``":memory:"`` for a private one.

    Each thread has a connection of its own, so readers never wait for the writer; writers take turns.
    Durable: a transaction that returned survives a power cut (``synchronous=FULL``). One that is ``read_only`` may lie
    where nothing can be written, not even the journal; it has to be of this version then.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False) -> None:
        self.path = str(path)
        self._read_only = read_only
        self._in_memory = self.path == ":memory:"
        self._local = threading.local()
        self._writing = threading.RLock()
        self._committed = threading.Condition()
        self._all: list[Connection] = []
        self._shared: Connection | None = None
        self.damage: DamagedError | None = None

    def open(self) -> Database:
        """Create or migrate the file. Raises ``UnavailableError`` when it cannot be read or is from a newer version."""
        try:
            if not self._in_memory:
                Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            with translated(self.path):
                self._migrate()
        except NewswireError:
            self.close()
            raise
        except (sqlite3.DatabaseError, OSError) as exc:
            self.close()
            raise UnavailableError(
                f"The store {self.path} cannot be opened ({said(exc)}); check the file and its directory's permissions."
            ) from exc
        return self

    def close(self) -> None:
        """Close the connections of all threads; idempotent."""
        for connection in self._all:
            connection.close()
        self._all.clear()
        self._shared = None
        self._local = threading.local()

    def __enter__(self) -> Database:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def connection(self) -> Connection:
        """Return this thread's connection, in autocommit mode."""
        if self._in_memory:
            if self._shared is None:
                self._shared = self.connect()
            return self._shared
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self.connect()
        return connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes inside one: kept together or dropped together. Re-entrant within a thread.

        Raises ``TransientError`` when the store is locked or its disk is full; nothing is kept then.
        """
        with self._writing:
            connection = self.connection
            if connection.in_transaction:
                yield
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended it already.
                if connection.in_transaction:
                    connection.rollback()
                raise
        with self._committed:
            self._committed.notify_all()

    def wait_for_commit(self, seconds: float) -> None:
        """Return when another thread of this process commits, soon after another process did, or after so long."""
        deadline = time.monotonic() + seconds
        before = self._data_version()
        while (left := deadline - time.monotonic()) > 0:
            with self._committed:
                if self._committed.wait(min(left, LOOK_S)):
                    return
            if self._data_version() != before:
                return

    def delete_in_slices(self, statement: str, **params: object) -> int:
        """Run a deletion of at most ``:slice`` rows until it finds none, so that writers take turns with it."""
        removed = 0
        while True:
            with self.transaction():
                count = self.connection.execute(statement, {**params, "slice": SLICE}).rowcount
            removed += count
            if count < SLICE:
                return removed

    @contextmanager
    def repeatable_transaction(self) -> Iterator[None]:
        """Make the writes inside one, without waiting for the disk: a power cut (no crash of ours) may undo it.

        For what does no harm when it happens again.
        """
        with self._writing:
            connection = self.connection
            if connection.in_transaction:
                yield
                return
            connection.execute("PRAGMA synchronous = NORMAL")
            try:
                with self.transaction():
                    yield
            finally:
                connection.execute("PRAGMA synchronous = FULL")

    def check(self) -> str:
        """Verify the file's structure and return a line about it. Raises ``UnavailableError`` when it is damaged."""
        (verdict,) = self.connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise damaged(self.path)
        return f"{self.path}, SQLite {sqlite3.sqlite_version}, schema {self._version()}"

    def back_up(self, target: Path) -> None:
        """Copy the store to ``target`` while others read and write it. Raises ``UsageError`` if it exists."""
        if target.exists():
            raise UsageError(f"{target} already exists; name a file that does not.")
        # VACUUM INTO reads one snapshot and writes a compact file; a half-written one would not be at `target`.
        # Of two that make the same backup at once, each writes its own.
        partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
        private_files.remove_left(target.parent, _PARTIAL, time.time())
        try:
            private_files.create(partial)  # an empty file takes it, and keeps its mode
            self._vacuum_into(partial)
            partial.rename(target)
        except (KeyboardInterrupt, SystemExit):
            partial.unlink(missing_ok=True)
            raise
        except (NewswireError, sqlite3.DatabaseError, OSError) as exc:
            partial.unlink(missing_ok=True)
            raise UnavailableError(
                f"The backup {target} could not be written: {exc if isinstance(exc, NewswireError) else said(exc)}."
            ) from exc

    def _vacuum_into(self, path: Path) -> None:
        """Write a compact copy, in a thread of its own: a statement as long as this would hold up Ctrl-C."""
        failures: list[BaseException] = []
        if self._in_memory:
            self.connection.execute("VACUUM INTO ?", (str(path),))
            return
        connection = self.connect()

        waited_for, given_up, done = threading.Event(), threading.Event(), threading.Event()

        def run() -> None:
            waited_for.wait()  # a Ctrl-C before that would leave it to itself
            try:
                if not given_up.is_set():
                    connection.execute("VACUUM INTO ?", (str(path),))
            except BaseException as exc:  # noqa: BLE001 - it is raised again by who waits
                failures.append(exc)
            finally:
                done.set()

        worker = threading.Thread(target=run, name="backup")
        try:
            worker.start()
            waited_for.set()
            done.wait()  # a Ctrl-C while a thread is joined has it taken for one that ended (bpo-45274)
        finally:
            given_up.set()
            waited_for.set()
            while worker.ident is not None and not done.is_set():
                connection.interrupt()  # which a statement that has yet to begin does not hear
                done.wait(LOOK_S)
            self._all.remove(connection)
            connection.close()
        if failures:
            raise failures[0]

    def connect(self) -> Connection:
        """Open another connection; ``close`` closes it, too."""
        address = self.path
        if self._read_only:
            # Without a journal nobody is writing, and none has to be made; what is in one has to be read with it.
            journal = Path(self.path + "-wal")
            still = "" if journal.exists() and journal.stat().st_size else "&immutable=1"
            address = f"{Path(self.path).absolute().as_uri()}?mode=ro{still}"
        with translated(self.path):
            connection = sqlite3.connect(
                address,
                uri=self._read_only,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
                factory=Connection,
            )
        connection.path = self.path
        connection.on_damage = self._found_damaged
        self._all.append(connection)
        if self._read_only:
            return connection
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        if self._in_memory or not Path(self.path).stat().st_size:
            # Of a new file only, and before anything is written to it: later it would take the right to write.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA temp_store = MEMORY")
        # Some systems' SQLite overwrites with zeros what it frees, postings that were merged as well: an eighth of all.
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    def _found_damaged(self, error: DamagedError) -> None:
        self.damage = error

    def _migrate(self) -> None:
        if self._version() == len(MIGRATIONS):
            return
        with self.transaction():
            version = self._version()
            if version > len(MIGRATIONS):
                raise UnavailableError(
                    f"The store {self.path} was written by a newer Newswire (schema {version}, "
                    f"this one knows {len(MIGRATIONS)}); upgrade Newswire."
                )
            if version == 0 and self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
                raise UnavailableError(
                    f"{self.path} is a database of another program; name another directory by --data."
                )
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    self.connection.execute(statement)
            self.connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _data_version(self) -> int:
        """Return a number that changes when another connection commits: it costs a look at shared memory."""
        (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _version(self) -> int:
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        return int(version)


class RunLock:
    """Hold the right to run the pipeline on one store, for as long as the process lives.

    An open exclusive transaction on a side file: portable, and gone with the process however it ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> RunLock:
        connection = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=0)
            connection.execute("BEGIN EXCLUSIVE")
        except (sqlite3.Error, OSError) as exc:
            if connection is not None:
                connection.close()
            if isinstance(exc, sqlite3.Error) and exc.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise UsageError(
                    f"Another `newswire up` is already running on {self._path.parent}; stop it, "
                    "or give this one a store of its own with --data DIR."
                ) from exc
            raise UnavailableError(
                f"The lock file {self._path} cannot be written ({said(exc)}); check the directory's permissions "
                "and free space, or give another one with --data DIR."
            ) from exc
        self._connection = connection
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
