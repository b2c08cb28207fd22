"""What the program writes about itself while it runs: text for people and journald, or one JSON object per line."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from pipeline.networks import masked

Format = Literal["text", "json"]
LEVELS = ("debug", "info", "warning", "error")
# What journald reads at the beginning of a line (sd-daemon(3)).
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object; what is written as key=value in a message stays readable in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            entry |= fields
        if record.exc_info:
            entry["trace"] = masked(self.formatException(record.exc_info))
        return msgspec.json.encode(entry).decode()


class TextFormatter(logging.Formatter):
    """Write a record as one line, its trace after it; for journald with its priority instead of the time."""

    def __init__(self, *, journald: bool) -> None:
        super().__init__()
        self._journald = journald

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.fromtimestamp(record.created).astimezone()
        head = f"<{_PRIORITIES.get(record.levelno, 6)}>" if self._journald else f"{moment:%Y-%m-%d %H:%M:%S} "
        fields = getattr(record, "fields", None) or {}
        more = "".join(f" {name}={value}" for name, value in fields.items())
        line = f"{head}{record.levelname.lower()} {record.name}: {record.getMessage()}{more}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return masked(line)


class _Handler(logging.StreamHandler[Any]):
    """Be told from the handlers of others, which stay."""


def set_up(form: Format, level: str) -> None:
    """Write log records to standard error in a form, from a level on."""
    handler = _Handler(sys.stderr)
    journald = form == "text" and "JOURNAL_STREAM" in os.environ
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(journald=journald))
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, _Handler):
            root.removeHandler(old)
    root.addHandler(handler)
    # Libraries are told of at warnings only: what they say below that is about themselves.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    for ours in ("newswire", "pipeline", "connectors"):
        logging.getLogger(ours).setLevel(level.upper())
