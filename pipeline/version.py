"""The version of the program, and how it introduces itself to servers."""

from __future__ import annotations

VERSION = "0.1"
USER_AGENT = f"Newswire/{VERSION}"
