"""How records that a stage gave up on read on a terminal and as JSON."""

from __future__ import annotations

import msgspec

from pipeline.ports.log import Message


def letter_json(letter: Message) -> bytes:
    """Write a letter with all that its headers say."""
    return msgspec.json.encode({"key": letter.key, **letter.headers, "value": letter.value.decode("utf-8", "replace")})


def letter_line(letter: Message) -> str:
    """Write a letter as one line: key, stage, how often it was tried, and the last line of the reason."""
    reason = letter.headers.get("error", "").strip().rpartition("\n")[2]
    tried = letter.headers.get("attempts", "1")
    return f"{letter.key[:12]}  {letter.headers.get('stage', '?')}  tried {tried}x  {reason}"
