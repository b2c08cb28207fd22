"""Records that a stage gave up on: listed, and sent back to it."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.ports.log import Log, Message
from pipeline.ports.table import Transaction
from pipeline.topics import DEAD

REPLAY_GROUP = "dead-replay"
PAGE = 500
FIRST_WAIT_S = 1.0


class DeadLetters:
    """Read the letters that were not sent back yet."""

    def __init__(self, *, log: Log, transaction: Transaction, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._log = log
        self._transaction = transaction
        self._first_wait_s = first_wait_s

    def all(self) -> Iterator[Message]:
        """Yield the pending letters; they stay pending."""
        # Reading without committing leaves the letters pending; only sending back marks them as dealt with.
        for messages in self._read():
            yield from messages

    def send_back(self) -> int:
        """Return every pending letter that names its topic to the stage that refused it; return how many there were."""
        # All are read before any is sent back: what fails again at once is a letter of another time.
        letters = [message for messages in self._read() for message in messages]
        if letters:
            with self._transaction():
                self._log.append(returned(letter) for letter in letters if letter.headers.get("topic"))
                self._log.commit(DEAD.name, REPLAY_GROUP)
        return len(letters)

    def _read(self) -> Iterator[list[Message]]:
        wait_s = self._first_wait_s
        while messages := self._log.read(DEAD.name, REPLAY_GROUP, PAGE, timeout=wait_s):
            yield list(messages)
            wait_s = 0.0


def returned(letter: Message) -> Message:
    """Return a letter as the record that it was, with how often it was tried."""
    attempts = letter.headers.get("attempts", "1")
    return Message(topic=letter.headers["topic"], key=letter.key, value=letter.value, headers={"attempts": attempts})
