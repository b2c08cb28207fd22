"""What waits in front of a slow stage is read before its turn, by others; it takes effect in the order of the log.

Nothing depends on it: what was read is held in memory until the record's own reader comes to it, and what is not held
then is asked for. So a process that ends in between loses nothing, and its articles are read again.

Whoever would only wait for the others reads with them, once it has waited for a while.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import islice

from pipeline.flow import Stage
from pipeline.ports.clock import Clock
from pipeline.ports.log import CountingLog, Message
from pipeline.ports.readers import Readers
from pipeline.runners.advance import Advanced, Buried, Decided, Given
from pipeline.runners.apart import answer, answered, question
from pipeline.runners.loading import Loading

GROUP = "ahead"
# Enough that readers have work while a large batch is compared; what was read of it is held in memory.
WINDOW = 128
# Fewer than this to read: more may come, of history too.
LOW = 32
# Of what was read, so many take effect at a time: a fresh article waits for them.
AT_ONCE = 16
# So many wait to take effect: they do now, whatever else waits, or there is nothing left to read.
RIPE = 48
# With fewer, whoever begins late does not begin: to start a reader takes as long as to read so many.
WORTH_IT = 200
LOOK_S = 1.0
# So often one waits for readers that have enough to do before it helps them: what it needs takes 150 MB.
PATIENCE = 200
# What is longer is left to readers: a fresh article waits for who helps.
HELP_BYTES = 8_000


class Ahead:
    """Hand what waits in front of ``stage`` to ``readers``, and what they made of it out in order.

    ``late``: begin only once so many records wait that it is worth it, and read here until somebody is ready.
    """

    def __init__(
        self,
        log: CountingLog,
        group: str,
        stage: Stage,
        readers: Readers,
        clock: Clock,
        *,
        late: bool = False,
        here: Callable[[Sequence[bytes]], Sequence[bytes]] = answer,
    ) -> None:
        self._log = log
        self._group = group
        self.stage = stage
        self._readers = readers
        self._clock = clock
        self._is_late = late
        self._here = here
        self._loading = Loading([stage])
        self._waited = 0
        self._looked_at = float("-inf")
        self._held: deque[tuple[Given, Future[bytes]]] = deque()
        self._taken = 0
        self._took_ripe = False

    def begin(self) -> None:
        """Have readers start before there is anything to read."""
        self._readers.begin()

    @property
    def is_on(self) -> bool:
        """Tell whether others read."""
        return not self._is_late

    @property
    def is_pending(self) -> bool:
        """Tell whether something is being read."""
        return bool(self._held)

    @property
    def is_low(self) -> bool:
        """Tell whether readers will soon have nothing left to read."""
        # From the end, where most are not done: it is asked before each step.
        unread = (1 for _, future in reversed(self._held) if not future.done())
        return sum(islice(unread, LOW)) < LOW

    def ready(self, most: int = AT_ONCE) -> int:
        """Return how many of the next records are read, up to a bound."""
        count = 0
        for _, future in self._held:
            if count == most or not future.done():
                break
            count += 1
        return count

    def ripe(self) -> Sequence[Message]:
        """Return what is to take effect before anything else: nothing, or much, and never twice in a row.

        Raises as ``Log.read``.
        """
        ready = self.ready(WINDOW) if len(self._held) >= RIPE and not self._took_ripe else 0
        self._took_ripe = ready >= RIPE
        return self._read(ready) if self._took_ripe else ()

    def read(self) -> Sequence[Message]:
        """Return the next records that are read, a few; or any where none is held. Raises as ``Log.read``.

        While readers have enough to do, what is read waits until it is as many as are taken at a time.
        """
        if not self._held:
            return self._read(self.stage.batch)
        ready = self.ready()
        return self._read(ready if ready == AT_ONCE or self.is_low else 0)

    def fill(self) -> None:
        """Hand over what waits. Raises as ``Log.read``."""
        if self._is_late:
            self._look()
        if self._is_late or len(self._held) > WINDOW - AT_ONCE:
            return
        for message in self._log.read(self.stage.reads.name, GROUP, WINDOW - len(self._held)):
            given = Given.read(message)
            self._held.append((given, self._readers.read(question(self.stage, given, self._clock()))))

    def help(self) -> bool:
        """Read the last record that nobody has begun, if readers have enough to do without it; tell whether it did."""
        if self.is_low:
            return False
        self._waited += 1
        if self._waited == PATIENCE:
            self._loading.start(lambda: False)
        if self._waited < PATIENCE or self._loading.is_under_way:
            return False
        for place in reversed(range(len(self._held))):
            given, future = self._held[place]
            if len(given.raw) <= HELP_BYTES and future.cancel():
                self._held[place] = given, self._read_here(given)
                return True
        return False

    def advance_all(self, batch: Sequence[Given], wait: Callable[[float], object]) -> Advanced:
        """Return what ``advance.advance_all`` would of records that were read from the log."""
        results: list[Decided | Buried] = []
        counts: Counter[str] = Counter()
        seconds = 0.0
        answers = self._answers(batch)
        while True:
            try:
                done = answered(self.stage, batch[len(results) :], answers)
            except BaseException:
                self.let_go()  # asked again, they may be answered otherwise
                raise
            results += done.results
            counts += done.counts
            seconds += done.apart_s
            if done.wait is None:
                return Advanced(results=tuple(results), counts=counts, apart_s=seconds)
            if wait(done.wait.retry_after):
                raise done.wait
            answers = [self._ask(given) for given in batch[len(results) :]]

    def let_go(self) -> None:
        """Let go of the answers that were handed out last, as when what was made of them is stored."""
        for _ in range(self._taken):
            self._held.popleft()[1].cancel()
        self._taken = 0

    def _read(self, count: int) -> Sequence[Message]:
        if not count:
            return ()
        messages = self._log.read(self.stage.reads.name, self._group, count)
        if not messages:  # nothing of what is held waits any more
            self._taken = len(self._held)
            self.let_go()
        return messages

    def _look(self) -> None:
        """Begin once it is worth it; read here until somebody is ready."""
        if self._readers.is_ready:
            self._is_late = False
        elif time.monotonic() - self._looked_at >= LOOK_S:
            self._looked_at = time.monotonic()
            if self._log.backlog(self.stage.reads.name, self._group) >= WORTH_IT:
                self._readers.begin()

    def _answers(self, batch: Sequence[Given]) -> list[Future[bytes]]:
        """Return the answers to records in order. What is held before them was dealt with otherwise."""
        answers, held, at = list[Future[bytes]](), list(self._held), 0
        for given in batch:
            found = next((n for n in range(at, len(held)) if held[n][0] == given), None)
            answers.append(held[found][1] if found is not None else self._ask(given))
            at = found + 1 if found is not None else at
        self._taken = at
        return answers

    def _read_here(self, given: Given) -> Future[bytes]:
        future: Future[bytes] = Future()
        try:
            (told,) = self._here([question(self.stage, given, self._clock())])
        except Exception as exc:  # noqa: BLE001 - a bug is told where the answer is missed, as a reader's
            future.set_exception(exc)
        else:
            future.set_result(told)
        return future

    def _ask(self, given: Given) -> Future[bytes]:
        return self._readers.read(question(self.stage, given, self._clock()))
