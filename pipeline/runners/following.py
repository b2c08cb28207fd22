"""A memory that is kept as a table is, beside the streams of a worker: shared by the stages that follow the table."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from pipeline.errors import TransientError, UnavailableError
from pipeline.flow import Stage
from pipeline.ports.table import Table
from pipeline.runners.advance import Learner
from pipeline.stages.decision import Memory
from pipeline.topics import TableTopic

log = logging.getLogger(__name__)

FOLLOW_S = 0.4


class Followed:
    """Keep the memory of a stage, and of those that follow the same table, as the table is, within half a second.

    ``is_there`` is set once the memory holds what the table held; nothing is to be decided before.
    """

    def __init__(self, app: Any, stage: Stage, follow: Callable[[TableTopic], Table]) -> None:
        assert stage.follows is not None
        self._app = app
        self._name = stage.name
        self._open_table = partial(follow, stage.follows)
        self._learner = Learner(stage.name)
        self.memory: Memory = stage.memory()
        self.is_there = asyncio.Event()
        app.task(self._follow)

    async def _follow(self) -> None:
        table = await asyncio.to_thread(self._open_table)
        while not self._app.should_stop:
            try:
                for key, value in await asyncio.to_thread(table.changes):
                    self._learner.learn(self.memory, key, value)
            except (TransientError, UnavailableError) as exc:
                log.warning("waiting stage=%s error=%s", self._name, exc)
            except Exception as exc:
                # Without the table the stage would stand still for good.
                log.exception("not followed stage=%s error=%r", self._name, exc)
            else:
                self.is_there.set()
            await asyncio.sleep(FOLLOW_S)
