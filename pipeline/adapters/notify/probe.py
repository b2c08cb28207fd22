"""Whether something could be sent to a channel, found out without sending."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.adapters.notify.reasons import reason_of
from pipeline.errors import UnavailableError

CONNECT_S = 5.0
_PORTS = {"smtp": 25, "smtps": 465, "webhook+http": 80, "ntfy+http": 80}


def host_of(address: str) -> tuple[str | None, int]:
    """Return the host and port that an address of webhooks, ntfy or mail servers leads to, if it names one."""
    scheme, _, rest = address.partition(":")
    if scheme == "ntfy" and not rest.startswith("//"):
        return "ntfy.sh", 443
    if not rest.startswith("//") or scheme == "apprise":
        return None, 0
    try:
        parts = urlsplit(address)
        return parts.hostname, parts.port or _PORTS.get(scheme, 443)
    except ValueError:
        return None, 0


def reach(host: str, port: int) -> str:
    """Connect and hang up. Raises ``UnavailableError`` where nobody answers."""
    try:
        with socket.create_connection((host, port), CONNECT_S):
            return f"{host} answers"
    except (OSError, UnicodeError) as exc:
        why = reason_of(exc)
        raise UnavailableError(f"{host} cannot be reached ({why}); is it running, and is the address right?") from exc


def write_beside(file: Path) -> str:
    """See whether a file could be written. Raises ``UnavailableError``."""
    directory = next(each for each in file.parents if each.exists())
    if not os.access(directory, os.W_OK) or file.is_dir():
        raise UnavailableError(f"{file} cannot be written; name a file in a directory of your own.")
    return f"{file} can be written"
