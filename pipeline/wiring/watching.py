"""Look at a store again and again, for as long as a shell stays open."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from pipeline.runners.trouble import Trouble

Found = TypeVar("Found")

_log = logging.getLogger(__name__)


def watched(look: Callable[[], Found], every_s: float) -> Iterator[Found]:
    """Yield what each look finds. The first one raises what goes wrong; later ones wait for what is away."""
    trouble, never = Trouble(_log, "watching"), threading.Event()
    found: Found | None = look()
    while found is not None:
        yield found
        time.sleep(every_s)
        found = trouble.until(look, never)
