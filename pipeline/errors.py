"""Everything Newswire raises on purpose.

NewswireError
├── UsageError        the person asked for something that cannot be done: exit code 2, one sentence
│   └── NotFoundError there is none of what the person named: exit code 1, one sentence
├── UnavailableError  a server or file that is needed cannot be reached: exit code 3, one sentence
│   └── DamagedError  what is kept is damaged: no waiting helps, a backup does
├── TransientError    the same attempt may succeed later: wait ``retry_after`` seconds and repeat
└── TerminalError     no repetition will help this record: dead letter

Anything else that escapes is a bug: the record becomes a dead letter with its traceback.
"""

from __future__ import annotations


class NewswireError(Exception):
    """Say in one sentence what the subject is, what happened to it and what to do."""


class UsageError(NewswireError):
    """Refuse a request that cannot be carried out as it was put."""


class NotFoundError(UsageError):
    """Report that there is nothing of the name, id or address that was asked for."""


class UnavailableError(NewswireError):
    """Report a server, store or file that cannot be reached or is of an unsupported version."""


class DamagedError(UnavailableError):
    """Report a store whose file is damaged: whoever runs on it ends, so that a backup can be put in its place."""


class TransientError(NewswireError):
    """Ask for the same attempt to be repeated after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TerminalError(NewswireError):
    """Give up on one record at one stage, with a reason a person can act on."""

    def __init__(self, article_id: str, stage: str, reason: str) -> None:
        super().__init__(f"{stage}: {article_id}: {reason}")
        self.article_id = article_id
        self.stage = stage
        self.reason = reason
