"""From seen to sent: how long after an article is seen its alert reaches a webhook, at 50 articles a second.

Seen is when a connector publishes the article; sent is when the webhook, a process of its own on loopback, has all of
the alert. Every article matches one rule of a thousand. The distributed figures need NEWSWIRE_KAFKA and
NEWSWIRE_ELASTICSEARCH; a worker and a notifier then run as processes, and what each process, servers included, computes
for an article is told: at the pace, more than the cores have is a queue that grows. NEWSWIRE_EXTRACT_PROCESSES=0 has
articles read for events by the process that matches.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline import config
from pipeline.flow import FLOW
from pipeline.model import AlertRule, Article, Document, derive_id
from pipeline.ports.log import CountingLog, Log, Message
from pipeline.settings import Settings
from pipeline.topics import ARTICLES, WORKER_GROUP
from pipeline.wiring import runners, stores
from pipeline.wiring.reading import readers_beside_up, reading
from tests.bench.corpus import Corpus
from tests.bench.processor import Processor, listening

ARTICLES_PER_S = 50
COUNT = 1000
# The first ones find caches cold and, distributed, consumers still joining; servers compile what they run first.
WARM_UP = 100
DISTRIBUTED_WARM_UP = 500
RULES = 1000
GIVE_UP_S = 120.0

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
                    return (measure or _measure)(store.log, received)
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
                return _distributed(store.log, received, settings, dict(zip(("worker", "notify"), roles, strict=True)))
            finally:
                for role in roles:
                    role.terminate()
                for role in roles:
                    role.wait(30)


def _distributed(
    log: CountingLog, received: dict[str, float], settings: Settings, roles: dict[str, subprocess.Popen[bytes]]
) -> dict[str, float]:
    """Measure delays, and the processor time of an article until everything is read."""
    servers = {"kafka": listening(settings.kafka), "elasticsearch": listening(settings.elasticsearch)}
    pids = {name: role.pid for name, role in roles.items()} | servers | {"publisher": os.getpid()}
    begun: list[Processor] = []

    def all_read() -> bool:
        return not any(log.backlog(stage.reads.name, WORKER_GROUP) for stage in FLOW)

    def warm() -> None:
        wait(all_read)
        begun.append(Processor(pids))

    figures = _measure(log, received, DISTRIBUTED_WARM_UP, warm)
    wait(all_read)
    used = {name: ms / COUNT for name, ms in begun[0].spent_ms().items() if ms}
    figures |= {f"{name}_processor_ms": round(ms, 2) for name, ms in used.items()}
    figures["cores_wanted"] = round(sum(used.values()) / 1000 * ARTICLES_PER_S, 2)
    return figures


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


def _measure(
    log: CountingLog, received: dict[str, float], warm_up: int = WARM_UP, warm: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Publish at the pace and wait for the alerts; after the first ones, call ``warm``."""
    corpus, seen = Corpus(), dict[str, float]()
    articles = [corpus.article(number) for number in range(warm_up + COUNT)]
    seen[articles[0].id] = publish(log, articles[0])
    wait(lambda: bool(received))
    _pace(log, articles[1:warm_up], seen)
    warm()
    _pace(log, articles[warm_up:], seen)
    # Copies among made-up articles alert nobody; what is still to come does so within a moment.
    wait(lambda: len(received) == len(seen), seconds=10.0)
    measured = [article.id for article in articles[warm_up:]]
    delays = sorted(1000 * (received[name] - seen[name]) for name in measured if name in received)
    if not delays:
        raise RuntimeError("no alert arrived")
    print(json.dumps({"sent": len(delays), "of": len(measured), "max_ms": round(delays[-1], 1)}), file=sys.stderr)
    return {f"p{share}_ms": round(delays[min(len(delays) - 1, len(delays) * share // 100)], 1) for share in (50, 99)}


def _pace(log: Log, articles: Sequence[Document], seen: dict[str, float]) -> None:
    start = time.monotonic()
    for number, article in enumerate(articles):
        time.sleep(max(0.0, start + number / ARTICLES_PER_S - time.monotonic()))
        seen[article.id] = publish(log, article)


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


def wait(done: Callable[[], bool], seconds: float = GIVE_UP_S) -> None:
    """Wait for a condition, or until the time is up."""
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.01)
