"""From seen to sent: how long after an article is seen its alert reaches a webhook, and what the pipeline carries.

First at 50 articles a second; then 1,500 come at once: ``capacity_per_s`` goes by when all of them are read for events,
``told_per_s`` by when the last alert is sent; then at half of this capacity, which compares with other machines: 50 a
second is hardly work for one and too much for another.

Seen is when a connector publishes the article; sent is when the webhook, a process of its own on loopback, has all of
the alert. Every article matches one rule of a thousand. The distributed figures need NEWSWIRE_KAFKA and
NEWSWIRE_ELASTICSEARCH; a worker and a notifier then run as processes, and what each process, servers included,
computes for an article is told (``compiling`` is Java's compilers, which have come to rest before: ``warm_up_s``).
NEWSWIRE_EXTRACT_PROCESSES=0 has articles read for events by the process that matches.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from itertools import count, islice
from pathlib import Path

import msgspec

from pipeline import config
from pipeline.model import AlertRule, Article, derive_id
from pipeline.ports.log import CountingLog, Log, Message
from pipeline.topics import ARTICLES, EARLY_INDEX, INDEX
from pipeline.wiring import runners, services, stores
from pipeline.wiring.reading import readers_beside_up, reading
from tests.bench.corpus import Corpus
from tests.bench.processor import Processor, listening

ARTICLES_PER_S = 50
COUNT = 1000
# The first ones find caches cold and, distributed, consumers still joining.
WARM_UP = 100
RULES = 1000
GIVE_UP_S = 120.0
# Servers that have just started compile for minutes what they run, on the cores of the pipeline here: that is let pass
# first, until the compilers take no more of a core than this for so long, or this many seconds are over.
COMPILING_SHARE, COMPILING_LOOK_S, COMPILING_GIVE_UP_S = 0.1, 10.0, 400.0
BURST = 1500
SHARE = 0.5
LOOK_S = 0.2

# Given the log and, by article, when its alert was received.
Measure = Callable[[CountingLog, dict[str, float]], dict[str, float]]

RECEIVER = """
import http.server, json, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received = time.time()
        self.send_response(204)
        self.end_headers()
        for alert in json.loads(body)["alerts"]:
            sys.stdout.write(f'{alert["article"]["id"]} {received}\\n')
        sys.stdout.flush()
    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def run() -> dict[str, float]:
    """Return milliseconds at the 50th and 99th percentile, embedded and, with servers, distributed."""
    figures = {f"embedded_{name}": value for name, value in embedded().items()} | processor()
    if os.environ.get("NEWSWIRE_KAFKA") and os.environ.get("NEWSWIRE_ELASTICSEARCH"):
        figures |= {f"distributed_{name}": value for name, value in distributed().items()}
    else:
        print("distributed: set NEWSWIRE_KAFKA and NEWSWIRE_ELASTICSEARCH (deploy/servers)", file=sys.stderr)
    return figures


def embedded(measure: Measure | None = None) -> dict[str, float]:
    """Measure the embedded runtime: pipeline and notifier in threads of one process, as `newswire up` runs them."""
    with tempfile.TemporaryDirectory() as directory, receiving() as (url, received):
        asked = {name: value for name, value in os.environ.items() if name == "NEWSWIRE_EXTRACT_PROCESSES"}
        settings = config.load(None, {"data": directory}, {"NEWSWIRE_NOTIFY_ALLOW": "127.0.0.0/8"} | asked)
        readers = reading(settings, usual=readers_beside_up())
        with stores.store(settings) as store, closing(readers) if readers is not None else nullcontext():
            _add_rules(store.rules.put, url)
            pipeline, stopping = runners.embedded(store, readers=readers), threading.Event()

            def work() -> None:
                while not stopping.is_set():
                    pipeline.step(0.1)

            worker = threading.Thread(target=work)
            with runners.notifying(store), pipeline.loading.beside(stopping):
                worker.start()
                try:
                    return (measure or partial(measured, waiting=_waiting(store)))(store.log, received)
                finally:
                    stopping.set()
                    worker.join()


def processor() -> dict[str, float]:
    """Measure what the pipeline's thread computes for an article, one at a time: a busy machine changes it little."""
    with tempfile.TemporaryDirectory() as directory:
        settings = config.load(None, {"data": directory}, {})
        with stores.store(settings) as store:
            _add_rules(store.rules.put, "terminal:")
            pipeline, corpus, seconds = runners.embedded(store), Corpus(), list[float]()
            with pipeline.loading.beside(threading.Event()):
                for number in range(WARM_UP + COUNT):
                    publish(store.log, corpus.article(number))
                    began = time.thread_time()
                    pipeline.step()
                    seconds.append(time.thread_time() - began)
    measured = sorted(1000 * each for each in seconds[WARM_UP:])
    return {f"processor_p{share}_ms": round(measured[COUNT * share // 100], 1) for share in (50, 99)}


def distributed(measure: Measure | None = None) -> dict[str, float]:
    """Measure the distributed runtime: a worker and a notifier as processes, on the Kafka and Elasticsearch given."""
    with tempfile.TemporaryDirectory() as directory, receiving() as (url, received):
        environment = {
            "NEWSWIRE_RUNTIME": "distributed",
            "NEWSWIRE_KAFKA": os.environ["NEWSWIRE_KAFKA"],
            "NEWSWIRE_ELASTICSEARCH": os.environ["NEWSWIRE_ELASTICSEARCH"],
            "NEWSWIRE_PREFIX": f"bench-{uuid.uuid4().hex[:8]}-",
            "NEWSWIRE_NOTIFY_ALLOW": "127.0.0.0/8",
            "NEWSWIRE_DATA": directory,
        }
        settings = config.load(None, None, environment)
        stores.set_up_servers(settings)
        with stores.store(settings) as store:
            _add_rules(store.rules.put, url)
            roles = [_start(role, environment, Path(directory)) for role in ("worker", "notify")]
            try:
                if measure is not None:
                    return measure(store.log, received)
                servers = {"kafka": listening(settings.kafka), "elasticsearch": listening(settings.elasticsearch)}
                waiting = _waiting(store)
                warmed = warm_up(store.log, received, waiting, Processor(servers))
                processor = Processor({"worker": roles[0].pid, "notify": roles[1].pid} | servers)
                figures = measured(store.log, received, waiting)
                given = 1 + 2 * (WARM_UP + COUNT) + BURST
                spent = {name: ms / given for name, ms in processor.spent_ms().items() if ms}
                processor_ms = {f"{name}_processor_ms": round(ms, 2) for name, ms in spent.items()}
                return figures | {"warm_up_s": round(warmed)} | processor_ms
            finally:
                for role in roles:
                    role.terminate()
                for role in roles:
                    role.wait(30)


@contextmanager
def receiving() -> Iterator[tuple[str, dict[str, float]]]:
    """Run a webhook; yield its address and when it received each article's alert, which fills as they come."""
    process = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output, received = process.stdout, dict[str, float]()

    def listen() -> None:
        for line in output:
            article, moment = line.split()
            received.setdefault(article, float(moment))

    try:
        port = int(output.readline())
        threading.Thread(target=listen, daemon=True).start()
        yield f"webhook+http://127.0.0.1:{port}/", received
    finally:
        process.kill()
        process.wait()
        output.close()


def warm_up(log: Log, received: Mapping[str, float], waiting: Callable[[], int], servers: Processor) -> float:
    """Publish at the fixed pace until Java's compilers rest, and wait for all of it; return the seconds this took."""
    articles = map(Corpus(seed=3).article, count(1_000_000))  # others than those that are measured
    publish(log, next(articles))
    wait(lambda: bool(received))
    began, before = time.monotonic(), servers.spent_ms()
    while (passed := time.monotonic() - began) < COMPILING_GIVE_UP_S:
        _published(log, islice(articles, int(ARTICLES_PER_S * COMPILING_LOOK_S)), ARTICLES_PER_S)
        spent = servers.spent_ms()
        compiled_ms = spent.get("compiling", 0.0) - before.get("compiling", 0.0)
        if compiled_ms < 1000 * COMPILING_SHARE * (time.monotonic() - began - passed):
            break
        before = spent
    wait(lambda: not waiting(), step_s=LOOK_S)
    return time.monotonic() - began


def _waiting(store: stores.Store) -> Callable[[], int]:
    # Nobody runs the sink here: what it would index waits for good.
    queues = [queue for queue in services.queues(store.settings) if queue[0] not in (EARLY_INDEX.name, INDEX.name)]
    return lambda: sum(store.log.backlog(topic, group) for _, topic, group in queues)


def measured(log: Log, received: Mapping[str, float], waiting: Callable[[], int]) -> dict[str, float]:
    """Return the delays at the fixed pace, the capacity, and the delays at a share of it.

    ``waiting`` tells how many records wait for any reader.
    """
    corpus = Corpus()
    articles = (corpus.article(number) for number in count())
    first = next(articles)
    publish(log, first)
    wait(lambda: bool(received))
    fixed = _paced(log, received, articles, ARTICLES_PER_S)
    wait(lambda: not waiting(), step_s=LOOK_S)
    carried = _carried(log, received, articles, waiting)
    pace = max(1.0, SHARE * carried["capacity_per_s"])
    shared = _paced(log, received, articles, pace)
    return fixed | carried | {"half_per_s": round(pace, 1)} | {f"half_{name}": each for name, each in shared.items()}


def _paced(log: Log, received: Mapping[str, float], articles: Iterator[Article], per_s: float) -> dict[str, float]:
    """Publish at a pace and wait for the alerts; return the percentiles of the delays, without the first ones."""
    seen = _published(log, islice(articles, WARM_UP + COUNT), per_s)
    # Copies among made-up articles alert nobody; what is still to come does so within a moment.
    wait(lambda: seen.keys() <= received.keys(), seconds=10.0)
    counted = list(seen)[WARM_UP:]
    delays = sorted(1000 * (received[name] - seen[name]) for name in counted if name in received)
    if not delays:
        raise RuntimeError("no alert arrived")
    said = {"per_s": round(per_s, 1), "sent": len(delays), "of": len(counted), "max_ms": round(delays[-1], 1)}
    print(json.dumps(said), file=sys.stderr)
    return {f"p{share}_ms": round(delays[min(len(delays) - 1, len(delays) * share // 100)], 1) for share in (50, 99)}


def _published(log: Log, articles: Iterable[Article], per_s: float) -> dict[str, float]:
    """Publish at a pace; return when each article was seen."""
    seen = dict[str, float]()
    start = time.monotonic()
    for number, article in enumerate(articles):
        time.sleep(max(0.0, start + number / per_s - time.monotonic()))
        seen[article.id] = publish(log, article)
    return seen


def _carried(
    log: Log, received: Mapping[str, float], articles: Iterator[Article], waiting: Callable[[], int]
) -> dict[str, float]:
    """Publish many at once; return how many a second went all the way, and of how many the alerts went out."""
    began = time.time()
    names = {article.id for article in islice(articles, BURST) if publish(log, article)}
    wait(lambda: not waiting(), seconds=5 * GIVE_UP_S, step_s=LOOK_S)
    ended = time.time()
    wait(lambda: names <= received.keys(), seconds=10.0)
    told = [received[name] for name in names if name in received]
    if not told:
        raise RuntimeError("no alert of those that came at once arrived")
    per_s = {"capacity_per_s": BURST / (ended - began), "told_per_s": len(told) / (max(told) - began)}
    return {name: round(value, 1) for name, value in per_s.items()}


def publish(log: Log, article: Article) -> float:
    """Publish an article that matches as one seen and published now; return when that was, in seconds since 1970."""
    now = datetime.now(UTC)
    fresh = Article(
        id=article.id,
        source=article.source,
        seen=now,
        published=now,
        title=article.title,
        text=f"{article.text} Benchmarkword.",
        language=article.language,
    )
    log.append([Message(topic=ARTICLES.name, key=ARTICLES.key(fresh), value=msgspec.json.encode(fresh))])
    return now.timestamp()


def _add_rules(put: Callable[[str, bytes], None], address: str) -> None:
    corpus, now = Corpus(seed=2), datetime.now(UTC)
    queries = ["benchmarkword", *(f'"{" ".join(corpus.name())}" benchmarkless' for _ in range(RULES - 1))]
    for number, query in enumerate(queries):
        rule = AlertRule(
            id=derive_id("bench", str(number)),
            name=f"rule {number}",
            query=query,
            created=now,
            channels=(address,),
            once_per="article",
            cap_per_hour=1_000_000,
        )
        put(rule.id, msgspec.json.encode(rule))


def _start(role: str, environment: dict[str, str], directory: Path) -> subprocess.Popen[bytes]:
    log = (directory / f"{role}.log").open("wb")
    with log:
        return subprocess.Popen(
            [sys.executable, "-c", "from pipeline.cli import main; main()", role],
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )


def wait(done: Callable[[], bool], seconds: float = GIVE_UP_S, step_s: float = 0.01) -> None:
    """Wait for a condition, or until the time is up."""
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(step_s)
