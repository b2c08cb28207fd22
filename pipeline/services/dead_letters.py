"""Records that a stage gave up on: listed, counted by kind, and sent back to it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.ports.log import Log, Message
from pipeline.ports.table import Transaction
from pipeline.topics import DEAD

REPLAY_GROUP = "dead-replay"
PAGE = 500
FIRST_WAIT_S = 1.0
# The log knows one place for all of a process: what one thread reads, another would miss, and deal with unread.
_reading = threading.Lock()


class DeadLetters:
    """Read the letters that were not sent back yet. A letter's kind is the stage that refused it."""

    def __init__(self, *, log: Log, transaction: Transaction, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._log = log
        self._transaction = transaction
        self._first_wait_s = first_wait_s

    def all(self, kind: str | None = None, limit: int | None = None) -> list[Message]:
        """Return the pending letters, of one kind if given, or the first of them; they stay pending."""
        found: list[Message] = []
        with self._place():
            for messages in self._read():
                found += (letter for letter in messages if kind is None or kind_of(letter) == kind)
                if limit is not None and len(found) >= limit:
                    break
        return found[:limit]

    def kinds(self) -> dict[str, int]:
        """Count the pending letters by kind, the most frequent first; asking again gives the same."""
        counts: Counter[str] = Counter()
        with self._place():
            for messages in self._read():
                counts.update(map(kind_of, messages))
        return dict(counts.most_common())

    def send_back(self, kind: str | None = None) -> int:
        """Return every pending letter that names its topic to the stage that refused it; return how many there were.

        With a kind, only those of it; the others stay pending.
        """
        with self._place():
            # All are read before any is sent back: what fails again at once is a letter of another time.
            letters = [message for messages in self._read() for message in messages]
            chosen = [letter for letter in letters if kind is None or kind_of(letter) == kind]
            if not chosen:
                return 0
            with self._transaction():
                self._log.append(returned(letter) for letter in chosen if letter.headers.get("topic"))
                # There is one place up to which letters are dealt with: those that stay go behind it, as they were.
                self._log.append(letter for letter in letters if kind is not None and kind_of(letter) != kind)
                self._log.commit(DEAD.name, REPLAY_GROUP)
            return len(chosen)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Have the place up to which letters are read to oneself, and put it back to what was dealt with."""
        with _reading:
            self._log.rewind(DEAD.name, REPLAY_GROUP)
            try:
                yield
            finally:
                # Reading without committing leaves the letters pending; only sending back marks them as dealt with.
                self._log.rewind(DEAD.name, REPLAY_GROUP)

    def _read(self) -> Iterator[list[Message]]:
        wait_s = self._first_wait_s
        while messages := self._log.read(DEAD.name, REPLAY_GROUP, PAGE, timeout=wait_s):
            yield list(messages)
            wait_s = 0.0


def kind_of(letter: Message) -> str:
    """Return the stage that refused a record."""
    return letter.headers.get("stage", "unknown")


def returned(letter: Message) -> Message:
    """Return a letter as the record that it was, with how often it was tried."""
    attempts = letter.headers.get("attempts", "1")
    return Message(topic=letter.headers["topic"], key=letter.key, value=letter.value, headers={"attempts": attempts})
