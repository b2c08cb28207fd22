"""Load what the stages' first records would wait for, before they come: a thread of its own, step by step.

What cannot be loaded is left: the record that needs it finds the same, and there it is told.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pipeline.flow import Stage

# A step lasts a second at most, on a slow machine; a thread that hangs longer holds up no stop.
END_WITHIN_S = 3.0

_log = logging.getLogger(__name__)


class Loading:
    """Load what the stages of ``flow`` say they need, or nothing until it is asked for.

    ``wait`` keeps a record from loading the same at the same time. What stages that are decided on apart need is loaded
    there, by those who ``begin`` to work then.
    """

    def __init__(self, flow: Sequence[Stage], begin: Callable[[], object] | None = None) -> None:
        here = [stage for stage in flow if begin is None or not stage.is_apart]
        self._steps = [*filter(None, [begin]), *(step for stage in here for step in stage.loads)]
        self._over = threading.Event()
        self._over.set()

    @contextmanager
    def beside(self, stopping: threading.Event) -> Iterator[None]:
        """Load in a thread beside the block, until all is there, or after a step ``stopping`` is set or it ends."""
        ended = threading.Event()
        thread = self.start(lambda: stopping.is_set() or ended.is_set())
        try:
            yield
        finally:
            ended.set()
            thread.join(END_WITHIN_S)

    def start(self, is_stopped: Callable[[], bool]) -> threading.Thread:
        """Begin to load; before each step it is asked whether to go on. Return the thread, which holds up no exit."""
        self._over.clear()
        thread = threading.Thread(target=self._run, args=(is_stopped,), name="loading", daemon=True)
        thread.start()
        return thread

    @property
    def is_under_way(self) -> bool:
        """Tell whether ``wait`` would wait."""
        return not self._over.is_set()

    def wait(self) -> None:
        """Return when nothing is being loaded any more."""
        self._over.wait()

    def _run(self, is_stopped: Callable[[], bool]) -> None:
        try:
            for step in self._steps:
                if is_stopped():
                    return
                step()
            # What was loaded stays: looking through it for garbage again and again holds up alerts for 50 ms each time.
            gc.collect()
            gc.freeze()
        except Exception as exc:  # noqa: BLE001 - the first record that needs it meets the same and tells it
            _log.debug("not loaded error=%r", exc)
        finally:
            self._over.set()
