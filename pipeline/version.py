"""The version of the program, which the package takes from here, and how it introduces itself to servers."""

from __future__ import annotations

VERSION = "0.1.0"
USER_AGENT = f"Newswire/{VERSION.rpartition('.')[0]}"
