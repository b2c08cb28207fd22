"""What an alert is called, and when two names are the same."""

from __future__ import annotations

import unicodedata


def cleaned(name: str) -> str:
    """Return a name as it is kept: composed (NFC), without white space around it."""
    return unicodedata.normalize("NFC", name).strip()


def key(name: str) -> str:
    """Return what two names share that differ in case and composition only."""
    return unicodedata.normalize("NFC", cleaned(name).casefold())
